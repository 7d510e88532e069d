"""Zips of recorded words: what is in them, and what is wrong with them."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from speech.recorded import RecordingError, RecordingsError, read_mulaw, takes_of
from tests.wave_files import FILES, TONE, wave_file


def archive(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in files.items():
            made.writestr(name, content)
    return path


def test_folders_are_words_and_names_begin_with_the_speaker(tmp_path: Path) -> None:
    zipped = archive(
        tmp_path / "a.zip",
        {
            "zero/ann_b_1.wav": b"",
            "call_back/kay.wav": b"",
            "top/nine/x_2.WAV": b"",
            "README.md": b"",
            "loose.wav": b"",
        },
    )
    takes = takes_of([zipped], {})
    assert [(take.word, take.speaker) for take in takes] == [
        *(("call back", "a.zip:kay"), ("nine", "a.zip:x"), ("zero", "a.zip:ann_b"))
    ]


def test_labels_of_the_model_name_the_words(tmp_path: Path) -> None:
    zipped = archive(tmp_path / "a.zip", {"zoom_in/a_1.wav": b"", "Zero/a_1.wav": b"", "go/a_1.wav": b""})
    words = {take.word for take in takes_of([zipped], {"zoom_in": "تكبير", "zero": "صفر"})}
    assert words == {"تكبير", "صفر", "go"}


def test_what_another_system_packs_beside_the_files_is_no_recording(tmp_path: Path) -> None:
    zipped = archive(tmp_path / "a.zip", {"__MACOSX/one/._a_1.wav": b"", "one/a_1.wav": b""})
    assert [take.name for take in takes_of([zipped], {})] == ["one/a_1.wav"]


def test_a_speaker_of_one_zip_is_nobody_of_another(tmp_path: Path) -> None:
    zips = [archive(tmp_path / name, {"one/a_1.wav": b""}) for name in ("a.zip", "b.zip")]
    assert len({take.speaker for take in takes_of(zips, {})}) == 2


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "there is no such file"),
        (b"photo", "is no zip file"),
        ({}, "words.zip: is empty"),
        ({"a.wav": b"", "b.txt": b""}, "holds no recordings named WORD/SPEAKER_TAKE.wav, but a.wav and the like"),
    ],
)
def test_a_zip_that_holds_no_recordings_is_named(
    tmp_path: Path, content: bytes | dict[str, bytes] | None, message: str
) -> None:
    path = tmp_path / "words.zip"
    if isinstance(content, dict):
        archive(path, content)
    elif content is not None:
        path.write_bytes(content)
    with pytest.raises(RecordingsError, match=message) as caught:
        takes_of([path], {})
    assert "words.zip" in str(caught.value)


def test_a_folder_in_place_of_a_zip_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecordingsError, match="cannot be read"):
        takes_of([tmp_path], {})


def heard(tmp_path: Path, content: bytes) -> bytes:
    with zipfile.ZipFile(archive(tmp_path / "a.zip", {"one/a_1.wav": content})) as opened:
        return read_mulaw(opened, "one/a_1.wav")


def test_every_kind_of_file_is_heard_as_telephone_audio(tmp_path: Path) -> None:
    lengths = {kind: len(heard(tmp_path, content)) for kind, content in FILES.items()}
    assert lengths == dict.fromkeys(FILES, len(TONE))
    assert heard(tmp_path, wave_file(7, 8, b"\x10\x20\x30")) == b"\x10\x20\x30"
    assert len(heard(tmp_path, wave_file(1, 16, bytes(32_000), rate=16_000))) == 8000


def test_a_file_that_was_cut_off_gives_what_there_is(tmp_path: Path) -> None:
    assert heard(tmp_path, wave_file(7, 8, b"\x10" * 100)[:-40]) == b"\x10" * 60


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not a RIFF"),
        (b"RIFF\0\0\0\0WAVE", "no sound"),
        (wave_file(7, 8, b""), "has no audio"),
        (b"RIFF\0\0\0\0WAVEdata\4\0\0\0abcd", "no sound"),
        (wave_file(17, 4, b"ab"), "WAV format 17 with 4 bits"),
    ],
)
def test_what_cannot_be_heard_says_why(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(RecordingError, match=message):
        heard(tmp_path, content)


def test_a_file_whose_bytes_are_damaged_says_so(tmp_path: Path) -> None:
    path = archive(tmp_path / "a.zip", {"one/a_1.wav": wave_file(7, 8, bytes(range(256)) * 8)})
    damaged = bytearray(path.read_bytes())
    damaged[60:90] = b"\0" * 30
    path.write_bytes(damaged)
    with zipfile.ZipFile(path) as opened, pytest.raises(RecordingError, match="cannot be unpacked"):
        read_mulaw(opened, "one/a_1.wav")


def test_a_file_that_claims_to_be_huge_is_not_unpacked(tmp_path: Path) -> None:
    path = archive(tmp_path / "a.zip", {"one/a_1.wav": b"\0" * 20_000_000})
    with zipfile.ZipFile(path) as opened, pytest.raises(RecordingError, match="is larger than"):
        read_mulaw(opened, "one/a_1.wav")
