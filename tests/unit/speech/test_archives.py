"""However an archive is damaged, it is refused as an archive, and nothing is written outside the folder."""

from __future__ import annotations

import contextlib
import io
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from speech.archives import ArchiveError, unpack


def archive() -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as opened:
        opened.writestr("model/am/final.mdl", b"a network " * 20)
        opened.writestr("model/conf/\u00e9.conf", b"--beam=13\n")
        opened.writestr("model/graph/", b"")
    return made.getvalue()


GOOD = archive()
# Where the second file's name is told for the second time, and where the list of contents begins.
NAME, DIRECTORY = GOOD.rindex(b"\xc3\xa9"), GOOD.rindex(b"PK\x05\x06") + 16


def test_the_good_one_is_unpacked(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(GOOD)
    (tmp_path / "into").mkdir()
    seen: list[tuple[int, int]] = []
    unpack(tmp_path / "a.zip", tmp_path / "into", lambda done, total: seen.append((done, total)))
    assert (tmp_path / "into" / "am" / "final.mdl").read_bytes() == b"a network " * 20
    assert seen[-1] == (210, 210)


@given(
    changes=st.lists(st.tuples(st.integers(0, len(GOOD) - 1), st.integers(0, 255)), max_size=4),
    length=st.one_of(st.just(len(GOOD)), st.integers(0, len(GOOD))),
)
@example(changes=[(NAME, 0x20)], length=len(GOOD))
@example(changes=[(DIRECTORY + 3, 0x7F)], length=len(GOOD))
def test_a_damaged_archive_is_refused_or_does_no_harm(changes: list[tuple[int, int]], length: int) -> None:
    damaged = bytearray(GOOD)
    for place, value in changes:
        damaged[place] = value
    with TemporaryDirectory() as made:
        folder = Path(made) / "into"
        folder.mkdir()
        (Path(made) / "a.zip").write_bytes(damaged[:length])
        with contextlib.suppress(ArchiveError):
            unpack(Path(made) / "a.zip", folder)
        assert sorted(path.name for path in Path(made).iterdir()) == ["a.zip", "into"]


def test_a_name_in_no_encoding_is_damage(tmp_path: Path) -> None:
    damaged = bytearray(GOOD)
    damaged[NAME] = 0x20
    (tmp_path / "a.zip").write_bytes(damaged)
    with pytest.raises(ArchiveError, match="damaged"):
        unpack(tmp_path / "a.zip", tmp_path)
