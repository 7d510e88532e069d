"""Zips of recordings (`WORD/SPEAKER_TAKE.wav`, 8 kHz mu-law), read without numpy."""

from __future__ import annotations

import struct
import zipfile
from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

DIGITS_ZIP = "english_digits_8k.zip"
COMMANDS_ZIP = "english_commands_8k.zip"
ARABIC_ZIP = "arabic_commands_8k.zip"
# Foreign words that training never hears, from any speaker: the human part of the "never heard" rejection figure.
HELD_OUT_ARABIC = ("direction", "undo", "receive", "record", "digit", "options")
WAVE_FORMAT_MULAW = 7


@dataclass(frozen=True)
class Recording:
    """One file of a zip: its name there, what is said, by whom."""

    name: str
    said: str
    speaker: str


def recordings_of(path: Path, keep: Callable[[str], bool]) -> list[Recording]:
    """Return every recording whose speaker `keep` accepts, in the order of their names."""
    with zipfile.ZipFile(path) as archive:
        names = sorted(name for name in archive.namelist() if name.endswith(".wav"))
    found = []
    for name in names:
        said, _, file = name.rpartition("/")
        found.append(Recording(name, said, file.rpartition("_")[0]))
    return [r for r in found if keep(r.speaker)]


def read_files(path: Path, recordings: list[Recording]) -> Iterator[tuple[Recording, bytes]]:
    """Yield recordings with the bytes of their files."""
    with zipfile.ZipFile(path) as archive:
        for recording in recordings:
            yield recording, archive.read(recording.name)


def mulaw_sample(code: int) -> int:
    """Return the 16-bit sample of a mu-law byte. Source: ITU-T G.711 (bias 33 at 14 bits, 132 at 16)."""
    code = ~code & 0xFF
    magnitude = (((code & 0x0F) << 3) + 132 << ((code >> 4) & 7)) - 132
    return -magnitude if code & 0x80 else magnitude


_TABLE = [mulaw_sample(code) for code in range(256)]


def mulaw_wav_to_pcm(wav: bytes) -> bytes:
    """Return the samples of a mu-law WAV file as 16-bit little-endian PCM.

    Raises:
        ValueError: not a RIFF file of one channel of mu-law (WAVE format 7).
    """
    if wav[:4] != b"RIFF" or wav[8:12] != b"WAVE":
        raise ValueError("not a RIFF WAVE file")
    at, form = 12, None
    while at + 8 <= len(wav):
        kind, size = struct.unpack_from("<4sI", wav, at)
        if kind == b"fmt ":
            form = struct.unpack_from("<HH", wav, at + 8)
        elif kind == b"data":
            if form != (WAVE_FORMAT_MULAW, 1):
                raise ValueError(f"expected one channel of mu-law, found (format, channels) {form}")
            samples = array("h", (_TABLE[code] for code in wav[at + 8 : at + 8 + size]))
            return struct.pack(f"<{len(samples)}h", *samples)
        at += 8 + size + size % 2  # chunks are padded to even sizes
    raise ValueError("no data chunk")
