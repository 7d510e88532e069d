"""Unpacking a zip file that nobody vouches for: nothing is written outside the folder, and never more than is sane."""

from __future__ import annotations

import errno
import shutil
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import IO, Final

from speech.errors import SpeechError

# The largest official model unpacks to about 5 GB, in a few dozen files, and is half the size as a zip file.
MOST_BYTES: Final = 16 * 2**30
MOST_FILES: Final = 1000
MOST_RATIO: Final = 50
# Smaller files may be packed tighter than that: a text of one repeated line is no bomb.
RATIO_COUNTS_FROM_BYTES: Final = 10 * 2**20
CHUNK_BYTES: Final = 2**20
# What a Mac puts beside the files.
_LITTER: Final = ("__MACOSX", ".DS_Store")
_ENCRYPTED: Final = 0x1


class ArchiveError(SpeechError):
    """The archive is damaged, or holds what no model holds; the message says what. Nothing outside was touched."""

    code = "speech.archive"


def unpack(archive: Path, folder: Path, on_progress: Callable[[int, int], None] = lambda _done, _total: None) -> None:
    """Unpack into a folder, without the single top folder where there is one; `on_progress` gets bytes done and in all.

    Raises `ArchiveError` before anything is written where the list of contents shows it already, and `OSError`.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            files = dict(_checked(opened))
            total = sum(info.file_size for info in files.values())
            free = shutil.disk_usage(folder).free
            if total > free:
                raise OSError(errno.ENOSPC, f"unpacked it takes {total} bytes, and {free} are free", str(folder))
            done = 0
            for path, info in files.items():
                target = folder / path
                target.parent.mkdir(parents=True, exist_ok=True)
                with opened.open(info) as packed, target.open("xb") as written:
                    for count in _copied(packed, written, info):
                        done += count
                        on_progress(done, total)
    # A ValueError is a name in no known encoding.
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError) as error:
        raise ArchiveError(f"the archive is damaged, or cut short: {error}") from None
    except (FileExistsError, NotADirectoryError):
        raise ArchiveError("the archive has a file and a folder of one name") from None
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
        raise ArchiveError("the archive is damaged: it names places that it does not have") from None


def _copied(packed: IO[bytes], written: IO[bytes], info: zipfile.ZipInfo) -> Iterator[int]:
    """Copies in pieces; what is more than was announced is a lie about the size."""
    left = info.file_size
    while piece := packed.read(CHUNK_BYTES):
        left -= len(piece)
        if left < 0:
            raise ArchiveError(f"{info.filename} is larger than the archive says")
        written.write(piece)
        yield len(piece)


def _checked(opened: zipfile.ZipFile) -> Iterator[tuple[PurePosixPath, zipfile.ZipInfo]]:
    infos = [info for info in opened.infolist() if not set(_LITTER) & set(info.filename.split("/"))]
    for info in infos:
        _check_entry(info)
    files = [info for info in infos if not info.is_dir()]
    if not files:
        raise ArchiveError("the archive is empty")
    if len(files) > MOST_FILES:
        raise ArchiveError(f"the archive holds {len(files)} files; a model has a few dozen")
    total, packed = sum(info.file_size for info in files), sum(info.compress_size for info in files)
    if total > MOST_BYTES:
        raise ArchiveError(f"the archive would unpack to {total} bytes; {MOST_BYTES} is the most that is unpacked")
    if total > RATIO_COUNTS_FROM_BYTES and total > MOST_RATIO * packed:
        raise ArchiveError(f"the archive would unpack to {total // max(packed, 1)} times its size: no model does")
    paths = [PurePosixPath(info.filename) for info in files]
    if len({str(path).casefold() for path in paths}) < len(paths):
        raise ArchiveError("the archive holds one name twice")
    if len({path.parts[0] for path in paths}) == 1 and all(len(path.parts) > 1 for path in paths):
        paths = [path.relative_to(path.parts[0]) for path in paths]
    yield from zip(paths, files, strict=True)


def _check_entry(info: zipfile.ZipInfo) -> None:
    parts = info.filename.split("/")
    if not any(parts):
        raise ArchiveError("the archive holds a file without a name")
    if info.filename.startswith("/") or "\\" in info.filename or ":" in parts[0] or ".." in parts or "." in parts:
        raise ArchiveError(f"the archive would write outside its folder: {info.filename!r}")
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        what = "a link" if kind == stat.S_IFLNK else "a device or the like"
        raise ArchiveError(f"the archive holds {what}: {info.filename!r}; models are plain files")
    if info.flag_bits & _ENCRYPTED:
        raise ArchiveError(f"{info.filename!r} is encrypted")
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ArchiveError(f"{info.filename!r} is compressed in a way that models are not")
