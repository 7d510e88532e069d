"""Zips of recorded words, `WORD/SPEAKER_TAKE.wav`, as telephone audio."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Final

import msgspec

from speech.errors import SpeechError
from speech.wav import WavError, read_wav

# Source: ours. Ten minutes of 16-bit samples at 8 kHz: no recorded word is as long, and a zip may claim anything.
MOST_BYTES: Final = 10 * 60 * 16_000


class RecordingsError(SpeechError):
    """A zip of recordings is missing, is no zip, or holds no recordings; the message names it and says what to do."""

    code = "speech.recordings"


class RecordingError(SpeechError):
    """One file of a zip is no telephone audio; the message says why."""

    code = "speech.recording"


class Take(msgspec.Struct, frozen=True, kw_only=True):
    """One file of a zip: where it lies, the word of the model that its folder stands for, and who says it."""

    archive: str
    name: str
    word: str
    speaker: str


def takes_of(archives: Sequence[Path], labels: Mapping[str, str]) -> list[Take]:
    """Every recording of these zips, in the order of their names; files that are no recordings are passed over.

    Args:
        archives: the zips. A speaker of one zip is another person than one of the same name in another zip.
        labels: folder name to word of the model; a folder that is not named stands for itself, `call_back` for
            "call back".

    Raises `RecordingsError` where a zip is missing, broken, or holds no recording.
    """
    return [take for archive in archives for take in _takes(archive, labels)]


def _takes(archive: Path, labels: Mapping[str, str]) -> list[Take]:
    try:
        with zipfile.ZipFile(archive) as opened:
            names = sorted(opened.namelist())
    except FileNotFoundError:
        raise RecordingsError(f"{archive}: there is no such file") from None
    except zipfile.BadZipFile as error:
        raise RecordingsError(f"{archive}: is no zip file ({error})") from None
    except (OSError, ValueError, NotImplementedError) as error:
        raise RecordingsError(f"{archive}: cannot be read: {error}") from None
    takes = [take for name in names if (take := _take(archive, name, labels)) is not None]
    if not takes:
        found = f"holds no recordings named WORD/SPEAKER_TAKE.wav, but {names[0]} and the like" if names else "is empty"
        raise RecordingsError(f"{archive}: {found}")
    return takes


def _take(archive: Path, name: str, labels: Mapping[str, str]) -> Take | None:
    path = PurePosixPath(name)
    folder = path.parent.name
    # Source: macOS adds `__MACOSX/.../._NAME` beside every file that it packs.
    if path.suffix.lower() != ".wav" or not folder or path.name.startswith("."):
        return None
    speaker = path.stem.rpartition("_")[0] or path.stem
    return Take(archive=str(archive), name=name, word=word_of(folder, labels), speaker=f"{archive.name}:{speaker}")


def word_of(folder: str, labels: Mapping[str, str]) -> str:
    """The word or phrase that a folder of this name stands for."""
    return labels.get(folder) or labels.get(folder.lower()) or " ".join(folder.replace("_", " ").split())


def read_mulaw(opened: zipfile.ZipFile, name: str) -> bytes:
    """The audio of one WAV file of an open zip, as 8 kHz mu-law; raises `RecordingError` where it is none or broken."""
    try:
        if opened.getinfo(name).file_size > MOST_BYTES:
            raise RecordingError(f"is larger than {MOST_BYTES} bytes")
        audio = read_wav(opened.read(name))
    except WavError as error:
        raise RecordingError(f"cannot be heard: {error}") from None
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, RuntimeError, NotImplementedError, KeyError) as error:
        raise RecordingError(f"cannot be unpacked: {error}") from None
    if not audio:
        raise RecordingError("has no audio in it")
    return audio
