"""Zips of recorded words, `WORD/SPEAKER_TAKE.wav`, as telephone audio: mu-law or 16-bit WAV files at 8 kHz."""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Final

import msgspec

from speech import mulaw
from speech.errors import SpeechError

# Source: Microsoft, Multimedia Programming Interface and Data Specifications 1.0, and RFC 2361.
WAVE_FORMAT_PCM: Final = 1
WAVE_FORMAT_MULAW: Final = 7
WAVE_FORMAT_EXTENSIBLE: Final = 0xFFFE
# Source: ours. Ten minutes of 16-bit samples: no recorded word is as long, and a zip may claim anything.
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
    """The audio of one file of an open zip, 8 kHz mu-law; raises `RecordingError` where it is none or broken."""
    try:
        if opened.getinfo(name).file_size > MOST_BYTES:
            raise RecordingError(f"is larger than {MOST_BYTES} bytes")
        return mulaw_of_wav(opened.read(name))
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, RuntimeError, NotImplementedError, KeyError) as error:
        raise RecordingError(f"cannot be unpacked: {error}") from None


def mulaw_of_wav(wav: bytes) -> bytes:
    """The audio of a WAV file of one channel, mu-law or 16-bit, 8 kHz, as mu-law; raises `RecordingError`.

    A file that is shorter than its header says gives what there is.
    """
    if wav[:4] != b"RIFF" or wav[8:12] != b"WAVE":
        raise RecordingError("is no RIFF WAVE file")
    at, form = 12, None
    while at + 8 <= len(wav):
        kind, size = struct.unpack_from("<4sI", wav, at)
        body = wav[at + 8 : at + 8 + size]
        if kind == b"fmt " and len(body) >= 16:
            form = _format(body)
        elif kind == b"data":
            return _as_mulaw(form, body)
        at += 8 + size + size % 2  # chunks are padded to even sizes
    raise RecordingError("has no audio in it")


def _format(body: bytes) -> tuple[int, int, int, int]:
    """Coding, channels, samples per second, bits per sample."""
    coding, channels, rate_hz = struct.unpack_from("<HHI", body)
    (bits,) = struct.unpack_from("<H", body, 14)
    if coding == WAVE_FORMAT_EXTENSIBLE and len(body) >= 26:
        (coding,) = struct.unpack_from("<H", body, 24)  # the first two bytes of the sub-format's GUID
    return coding, channels, rate_hz, bits


def _as_mulaw(form: tuple[int, int, int, int] | None, body: bytes) -> bytes:
    if form is None:
        raise RecordingError("has audio before it says which")
    coding, channels, rate_hz, bits = form
    if channels != 1 or rate_hz != mulaw.RATE_HZ:
        raise RecordingError(f"has {channels} channels at {rate_hz} Hz; one at {mulaw.RATE_HZ} Hz is wanted")
    if (coding, bits) == (WAVE_FORMAT_PCM, 16):
        audio = mulaw.encode(body[: len(body) // 2 * 2])
    elif (coding, bits) == (WAVE_FORMAT_MULAW, 8):
        audio = body
    else:
        raise RecordingError(f"is coded as WAVE format {coding} with {bits} bits; mu-law or 16-bit PCM is wanted")
    if not audio:
        raise RecordingError("has no audio in it")
    return audio
