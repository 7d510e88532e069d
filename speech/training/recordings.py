"""Zips of recordings, `WORD/SPEAKER_TAKE.wav`."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

DIGITS_ZIP = "english_digits_8k.zip"
COMMANDS_ZIP = "english_commands_8k.zip"
ARABIC_ZIP = "arabic_commands_8k.zip"
# Foreign words that training never hears, from any speaker: the human part of the "never heard" rejection figure.
HELD_OUT_ARABIC = ("direction", "undo", "receive", "record", "digit", "options")


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
