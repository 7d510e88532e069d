"""Models are installed from a server or a file, whole and tried, or not at all.

Long, because each way in which a download or an archive can be broken is a test, and all share one server.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import io
import os
import shutil
import stat
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from zip_server import ZipServer, zip_server

from speech import archives
from speech import install as installing
from speech.archives import ArchiveError
from speech.download import PAUSES_S, DownloadError
from speech.errors import SpeechError
from speech.install import AlreadyInstalledError, InstallError, Order, install
from speech.models import SHIPPED_DIR, Model, models_dir

NAME = "vosk-model-small-xx-1.0"
SHIPPED = SHIPPED_DIR / "telephone-en"
# Takes every model, without libvosk; what libvosk itself says is tested with it.
TAKES_ALL = (sys.executable, "-c", "")
REAL = installing.TRIAL
FILES = ("am/final.mdl", "conf/mfcc.conf", "conf/model.conf", *(f"graph/{name}" for name in ("HCLr.fst", "Gr.fst")))
FILES += ("graph/disambig_tid.int", "graph/phones/word_boundary.int", "graph/words.txt")

pytestmark = pytest.mark.skipif(not SHIPPED.is_dir(), reason="the model speech/models/telephone-en is not there")


def contents() -> dict[str, bytes]:
    return {name: (SHIPPED / name).read_bytes() for name in FILES}


def zipped(files: dict[str, bytes], top: str = f"{NAME}/") -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(f"{top}{name}", content)
    return made.getvalue()


@pytest.fixture(scope="module")
def good() -> bytes:
    return zipped(contents())


@pytest.fixture
def server() -> Iterator[ZipServer]:
    with zip_server() as running:
        yield running


@pytest.fixture
def serve(server: ZipServer) -> Callable[[bytes], ZipServer]:
    def put(archive: bytes) -> ZipServer:
        server.files[f"/{NAME}.zip"] = archive
        server.put_list({"name": NAME, "md5": hashlib.md5(archive).hexdigest(), "type": "small"})  # noqa: S324
        return server

    return put


def fetch(server: ZipServer, data_dir: Path, *, trial: tuple[str, ...] = TAKES_ALL, **changes: Any) -> Model:
    order = Order(**{"name": NAME, "base_url": server.url, **changes})
    return install(order, data_dir, sleep=lambda _s: None, trial=trial)


def from_file(archive: bytes, folder: Path, *, trial: tuple[str, ...] = TAKES_ALL) -> Model:
    file = folder / "given.zip"
    file.write_bytes(archive)
    return install(Order(name=NAME, file=file), folder, trial=trial)


def left_over(data_dir: Path) -> list[str]:
    """What an installation that failed has left, without the locks."""
    models = models_dir(data_dir)
    return sorted(
        str(path.relative_to(models)) for path in models.rglob("*") if path.is_file() and path.suffix != ".lock"
    )


def zips_asked_for(server: ZipServer) -> list[str | None]:
    return [asked for path, asked in server.asked if path.endswith(".zip")]


def test_a_model_is_downloaded_checked_unpacked_tried_and_put_in_its_place(
    serve: Callable[[bytes], ZipServer], good: bytes, tmp_path: Path
) -> None:
    stages: list[str] = []
    model = install(
        Order(name=NAME, base_url=serve(good).url), tmp_path, lambda stage, _done, _total: stages.append(stage)
    )
    assert model.path == tmp_path / "models" / NAME
    assert {name: (model.path / name).read_bytes() for name in FILES} == contents()
    assert list(dict.fromkeys(stages)) == ["download", "check", "unpack", "try"]
    assert left_over(tmp_path) == sorted(f"{NAME}/{name}" for name in FILES)


def test_a_download_that_was_cut_goes_on_where_it_ended(
    serve: Callable[[bytes], ZipServer], good: bytes, tmp_path: Path
) -> None:
    server = serve(good)
    server.cuts = [1000, 2000]
    fetch(server, tmp_path)
    assert zips_asked_for(server) == [None, "bytes=1000-", "bytes=3000-"]


def test_what_came_is_kept_for_the_next_command_where_the_server_stays_away(
    serve: Callable[[bytes], ZipServer], good: bytes, tmp_path: Path
) -> None:
    server = serve(good)
    server.cuts = [1000]
    server.statuses = [200, 200, *[503] * 9]
    with pytest.raises(DownloadError, match="503; 1000 bytes are kept: the same command goes on"):
        fetch(server, tmp_path)
    server.statuses = []
    server.asked.clear()
    fetch(server, tmp_path)
    assert zips_asked_for(server) == ["bytes=1000-"]


def test_a_server_that_knows_no_ranges_starts_over(
    serve: Callable[[bytes], ZipServer], good: bytes, tmp_path: Path
) -> None:
    server = serve(good)
    server.ranges, server.cuts = False, [1000]
    assert fetch(server, tmp_path).path.is_dir()
    assert zips_asked_for(server) == [None, "bytes=1000-"]


def test_a_file_that_has_changed_meanwhile_starts_over(
    serve: Callable[[bytes], ZipServer], good: bytes, tmp_path: Path
) -> None:
    server = serve(zipped({**contents(), "README": b"first"}))
    server.cuts, server.statuses = [1000], [200, 200, *[503] * 9]
    with pytest.raises(DownloadError):
        fetch(server, tmp_path)
    server.statuses, server.etag = [], '"second"'
    assert not (fetch(serve(good), tmp_path).path / "README").exists()


@pytest.mark.parametrize("etag", [None, 'W/"weak"'])
def test_a_rest_is_not_asked_for_where_nothing_says_that_the_file_is_the_same(
    serve: Callable[[bytes], ZipServer], good: bytes, tmp_path: Path, etag: str | None
) -> None:
    server = serve(good)
    server.etag, server.cuts = etag, [1000]
    fetch(server, tmp_path)
    assert zips_asked_for(server) == [None, None]


def test_a_whole_download_that_was_not_unpacked_is_not_fetched_again(
    serve: Callable[[bytes], ZipServer], good: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = serve(good)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(tmp_path))

    with monkeypatch.context() as patched:
        patched.setattr(installing, "unpack", full)
        with pytest.raises(InstallError, match="No space left on device"):
            fetch(server, tmp_path)
    assert left_over(tmp_path) == [f".downloads/{NAME}.zip.note", f".downloads/{NAME}.zip.part"]
    server.asked.clear()
    fetch(server, tmp_path)
    assert zips_asked_for(server) == [f"bytes={len(good)}-"]


def test_an_interrupted_installation_leaves_nothing_but_the_download(
    serve: Callable[[bytes], ZipServer], good: bytes, tmp_path: Path
) -> None:
    server = serve(good)

    def interrupt(stage: str, *_: object) -> None:
        if stage == "unpack":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        install(Order(name=NAME, base_url=server.url), tmp_path, interrupt)
    assert left_over(tmp_path) == [f".downloads/{NAME}.zip.note", f".downloads/{NAME}.zip.part"]


def test_a_download_that_was_interrupted_goes_on_with_the_next_command(
    serve: Callable[[bytes], ZipServer], good: bytes, tmp_path: Path
) -> None:
    server = serve(good)

    def interrupt(_stage: str, done: int, _total: int | None) -> None:
        if done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        install(Order(name=NAME, base_url=server.url), tmp_path, interrupt)
    kept = (models_dir(tmp_path) / ".downloads" / f"{NAME}.zip.part").stat().st_size
    assert 0 < kept < len(good)
    fetch(server, tmp_path)
    assert zips_asked_for(server) == [None, f"bytes={kept}-"]


def test_what_a_killed_installation_left_is_cleared_away(
    serve: Callable[[bytes], ZipServer], good: bytes, tmp_path: Path
) -> None:
    left = tmp_path / "models" / f".installing-{NAME}-abc"
    left.mkdir(parents=True)
    (left / "half").write_bytes(b"half")
    fetch(serve(good), tmp_path)
    assert not left.exists()


def test_a_wrong_checksum_installs_nothing_and_throws_the_download_away(
    serve: Callable[[bytes], ZipServer], good: bytes, tmp_path: Path
) -> None:
    server = serve(good)
    server.put_list({"name": NAME, "md5": "0" * 32})
    with pytest.raises(InstallError, match=r"its md5 sum is .*, and should be 000000"):
        fetch(server, tmp_path)
    assert left_over(tmp_path) == []


def test_a_checksum_of_the_operators_own_takes_the_place_of_the_list(
    server: ZipServer, good: bytes, tmp_path: Path
) -> None:
    server.files[f"/{NAME}.zip"] = good
    with pytest.raises(InstallError, match="sha256"):
        fetch(server, tmp_path, checksum="a" * 64)
    fetch(server, tmp_path, checksum=hashlib.sha256(good).hexdigest().upper())
    assert {path for path, _ in server.asked} == {f"/{NAME}.zip"}


@pytest.mark.parametrize(
    ("listed", "said"),
    [
        (b"[]", "does not list vosk-model-small-xx-1.0"),
        (b'[{"name": "vosk-model-small-xx-1.0"}]', "has no checksum"),
        (b"<html>", "is not the list of models"),
        (b'[{"name": "vosk-model-small-xx-1.0", "md5": "0", "type": "big"}]', "has a static graph"),
        (b'[{"name": "vosk-model-small-xx-1.0", "md5": "zz"}]', "'zz' is no checksum"),
    ],
)
def test_a_list_that_does_not_vouch_for_the_model_is_said_before_anything_is_fetched(
    server: ZipServer, good: bytes, tmp_path: Path, listed: bytes, said: str
) -> None:
    server.files.update({f"/{NAME}.zip": good, "/model-list.json": listed})
    with pytest.raises(InstallError, match=said):
        fetch(server, tmp_path)
    assert zips_asked_for(server) == []


def test_an_official_model_that_takes_no_phrase_lists_is_refused_before_anything_is_fetched(
    server: ZipServer, tmp_path: Path
) -> None:
    with pytest.raises(InstallError, match=r"static graph.*Take vosk-model-small-ar-0\.3"):
        fetch(server, tmp_path, name="vosk-model-ar-mgb2-0.4")
    assert server.asked == []


def test_a_missing_file_and_a_web_page_are_told_apart(
    serve: Callable[[bytes], ZipServer], good: bytes, tmp_path: Path
) -> None:
    server = serve(good)
    del server.files[f"/{NAME}.zip"]
    with pytest.raises(DownloadError, match="there is nothing at"):
        fetch(server, tmp_path)
    server.files[f"/{NAME}.zip"] = b"<html>Please log in</html>"
    server.content_type = "text/html; charset=utf-8"
    with pytest.raises(DownloadError, match=r"a web page in place of a file.*--from"):
        fetch(server, tmp_path)
    assert left_over(tmp_path) == []


def test_a_redirect_is_followed_and_not_for_ever(
    serve: Callable[[bytes], ZipServer], good: bytes, tmp_path: Path
) -> None:
    server = serve(good)
    server.files["/elsewhere"] = good
    server.redirect = "/elsewhere"
    assert fetch(server, tmp_path / "one").path.is_dir()
    server.redirect = f"/{NAME}.zip"
    with pytest.raises(DownloadError, match="leads on more than"):
        fetch(server, tmp_path / "other")


def test_a_server_that_is_busy_is_asked_for_its_list_again_and_not_for_ever(
    serve: Callable[[bytes], ZipServer], good: bytes, tmp_path: Path
) -> None:
    server = serve(good)
    server.statuses = [503, 429]
    assert fetch(server, tmp_path / "one").path.is_dir()
    server.asked.clear()
    server.statuses = [503] * 9
    with pytest.raises(DownloadError, match=r"model-list\.json cannot be had: the server answers 503; try again later"):
        fetch(server, tmp_path / "other")
    assert server.asked == [("/model-list.json", None)] * (1 + len(PAUSES_S))


def test_a_server_that_does_not_answer_is_said_with_its_address(tmp_path: Path) -> None:
    with zip_server() as gone:
        pass
    with pytest.raises(DownloadError, match=rf"{gone.url}/model-list\.json cannot be had.*--from"):
        fetch(gone, tmp_path)


def test_an_address_of_another_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match="http://"):
        install(Order(name=NAME, base_url="ftp://127.0.0.1"), tmp_path)


def test_a_local_file_is_installed_without_any_network(good: bytes, tmp_path: Path) -> None:
    assert from_file(good, tmp_path, trial=REAL).vocabulary >= {"yes", "no"}
    assert (tmp_path / "given.zip").read_bytes() == good


def test_a_local_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(InstallError, match=r"No such file or directory: .*missing\.zip"):
        install(Order(name=NAME, file=tmp_path / "missing.zip"), tmp_path)


def test_an_archive_without_a_top_folder_is_fine_and_so_is_one_from_a_mac(tmp_path: Path) -> None:
    litter = {f"__MACOSX/{NAME}/._am": b"litter", f"{NAME}/.DS_Store": b"litter"}
    for number, archive in enumerate((zipped(contents(), ""), zipped({**contents()}, f"{NAME}/"))):
        assert from_file(archive, _folder(tmp_path / str(number))).path.is_dir()
    made = from_file(
        zipped({**{f"{NAME}/{k}": v for k, v in contents().items()}, **litter}, ""), _folder(tmp_path / "mac")
    )
    assert not (made.path / ".DS_Store").exists()


def _folder(path: Path) -> Path:
    path.mkdir()
    return path


def test_a_truncated_archive_is_refused(good: bytes, tmp_path: Path) -> None:
    _refused(good[: len(good) // 2], tmp_path, "damaged, or cut short")


def test_a_damaged_archive_is_refused(good: bytes, tmp_path: Path) -> None:
    damaged = bytearray(good)
    damaged[2000] ^= 0xFF
    _refused(bytes(damaged), tmp_path, "damaged, or cut short")


def test_what_is_no_archive_is_refused(tmp_path: Path) -> None:
    _refused(b"<html>not found</html>", tmp_path, "damaged, or cut short: File is not a zip file")


@pytest.mark.parametrize(
    "name",
    ["../../escaped", "a/../../../escaped", "/tmp/escaped", "C:/escaped", "..\\escaped", "a/./b"],  # noqa: S108
)
def test_a_path_out_of_the_folder_is_refused_before_anything_is_written(tmp_path: Path, name: str) -> None:
    _refused(zipped({**contents(), name: b"gotcha"}, ""), tmp_path, "would write outside its folder")
    assert not list(tmp_path.parent.rglob("escaped"))


@pytest.mark.parametrize(
    ("kind", "said"), [(stat.S_IFLNK, "a link"), (stat.S_IFCHR, "a device"), (stat.S_IFIFO, "dev")]
)
def test_links_and_devices_are_refused(tmp_path: Path, kind: int, said: str) -> None:
    made = io.BytesIO(zipped(contents()))
    with zipfile.ZipFile(made, "a") as archive:
        entry = zipfile.ZipInfo(f"{NAME}/ivector")
        entry.external_attr = (kind | 0o777) << 16
        archive.writestr(entry, "/etc/passwd")
    _refused(made.getvalue(), tmp_path, said)


def test_a_zip_bomb_is_refused_by_its_ratio_its_size_and_its_number_of_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _refused(zipped({"am/final.mdl": bytes(30 * 2**20)}), tmp_path, "times its size")
    _refused(zipped({f"f{number}": b"" for number in range(archives.MOST_FILES + 1)}), tmp_path, "1001 files")
    monkeypatch.setattr(archives, "MOST_BYTES", 1000)
    _refused(zipped(contents()), tmp_path, "1000 is the most")


def test_a_file_that_is_larger_than_announced_ends_there(tmp_path: Path) -> None:
    honest = zipped({"am/final.mdl": bytes(5000)})
    announced = (5000).to_bytes(4, "little")
    assert honest.count(announced) == 2
    _refused(honest.replace(announced, (100).to_bytes(4, "little")), tmp_path, "larger|damaged")


def test_one_name_twice_and_a_file_that_is_a_folder_too_are_refused(tmp_path: Path) -> None:
    _refused(zipped({"am/x": b"1", "AM/X": b"2"}), tmp_path, "one name twice")
    _refused(zipped({"am": b"1", "am/final.mdl": b"2"}), tmp_path, "a file and a folder of one name")


def test_an_encrypted_archive_and_a_strange_compression_are_refused(tmp_path: Path) -> None:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_BZIP2) as archive:
        archive.writestr("am/final.mdl", b"content")
    _refused(made.getvalue(), tmp_path, "compressed in a way")
    locked = bytearray(zipped({"am/final.mdl": b"content"}))
    locked[locked.index(b"PK\x01\x02") + 8] |= 1
    _refused(bytes(locked), tmp_path, "encrypted")


def test_an_archive_that_needs_more_than_the_disk_has_is_refused_before_it_is_unpacked(
    good: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(archives.shutil, "disk_usage", lambda _path: usage._replace(free=1000))
    _refused(good, tmp_path, "and 1000 are free")


def test_an_empty_archive_and_a_photo_album_are_refused(tmp_path: Path) -> None:
    _refused(zipped({}), tmp_path, "the archive is empty")
    _refused(zipped({f"IMG_{number}.jpg": b"\xff\xd8\xff" for number in range(9)}), tmp_path, r"no speech model.*IMG_0")


def test_a_model_with_a_static_graph_is_refused_with_what_to_take(tmp_path: Path) -> None:
    files = contents()
    files["graph/HCLG.fst"] = files.pop("graph/HCLr.fst")
    del files["graph/Gr.fst"]
    _refused(zipped(files), tmp_path, r"vosk-model-small-xx-1\.0 has a static graph.*lgraph")


def test_a_useless_model_is_not_kept_as_a_download(serve: Callable[[bytes], ZipServer], tmp_path: Path) -> None:
    server = serve(zipped({"holiday.jpg": b"\xff\xd8\xff"}))
    with pytest.raises(InstallError, match=r"nothing was installed: the folder vosk-model-small-xx-1\.0 is no speech"):
        fetch(server, tmp_path)
    assert left_over(tmp_path) == []


@pytest.mark.parametrize("broken", ["am/final.mdl", "graph/HCLr.fst", "graph/Gr.fst"])
def test_a_model_that_libvosk_refuses_or_dies_of_is_not_installed(tmp_path: Path, broken: str) -> None:
    files = contents()
    files[broken] = files[broken][: len(files[broken]) // 2]
    _refused(
        zipped(files), tmp_path, "libvosk does not take vosk-model-small-xx-1.0: it (gave up|crashed with SIG)", REAL
    )


def test_a_model_on_which_libvosk_hangs_is_not_installed(
    good: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(installing, "TRIAL_S", 0.5)
    hangs = (sys.executable, "-c", "import signal; signal.pause()")
    _refused(good, tmp_path, "did not come back within", hangs)


def test_a_crash_is_told_by_its_signal(good: bytes, tmp_path: Path) -> None:
    crashes = (sys.executable, "-c", "import os; os.kill(os.getpid(), 11)")
    _refused(good, tmp_path, "crashed with SIGSEGV", crashes)


def test_a_model_that_memory_does_not_allow_is_not_even_tried(
    good: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(installing.memory, "available_bytes", lambda: 10**6)
    _refused(
        good,
        tmp_path,
        r"takes about \d+ MB of memory, and 1 MB are free",
        (sys.executable, "-c", "raise SystemExit(9)"),
    )


def test_installing_twice_says_so_and_asks_no_server(
    serve: Callable[[bytes], ZipServer], good: bytes, tmp_path: Path
) -> None:
    server = serve(good)
    fetch(server, tmp_path)
    server.asked.clear()
    with pytest.raises(AlreadyInstalledError, match="is installed already, in "):
        fetch(server, tmp_path)
    assert server.asked == []
    with pytest.raises(AlreadyInstalledError, match="came with this installation"):
        fetch(server, tmp_path, name="telephone-en")


def test_a_folder_of_that_name_that_is_no_model_is_left_alone(good: bytes, tmp_path: Path) -> None:
    album = models_dir(tmp_path) / NAME
    album.mkdir(parents=True)
    (album / "beach.jpg").write_bytes(b"\xff\xd8\xff")
    with pytest.raises(InstallError, match="Move it away first"):
        from_file(good, tmp_path)
    assert (album / "beach.jpg").exists()


def test_two_installations_of_one_model_do_not_run_at_once(good: bytes, tmp_path: Path) -> None:
    downloads = models_dir(tmp_path) / ".downloads"
    downloads.mkdir(parents=True)
    with (downloads / f"{NAME}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(InstallError, match="under way"):
            from_file(good, tmp_path)
    from_file(good, tmp_path)


@pytest.mark.parametrize("name", ["../elsewhere", "/etc", "", ".hidden", "a/b", "a b"])
def test_a_name_that_is_a_path_is_no_name(tmp_path: Path, name: str) -> None:
    with pytest.raises(InstallError, match="is no name of a model"):
        install(Order(name=name, file=tmp_path / "x.zip"), tmp_path)


def _refused(archive: bytes, folder: Path, said: str, trial: tuple[str, ...] = TAKES_ALL) -> None:
    with pytest.raises(SpeechError, match=said) as caught:
        from_file(archive, folder, trial=trial)
    assert isinstance(caught.value, ArchiveError | InstallError)
    assert left_over(folder) == []
