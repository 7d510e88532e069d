"""Zips with the development speakers alone: what the figures are measured on, through `speech.evaluation`."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

from speech.training.recordings import ARABIC_ZIP, COMMANDS_ZIP, DIGITS_ZIP, Recording, recordings_of
from speech.training.speakers import is_development

PEOPLE = (DIGITS_ZIP, COMMANDS_ZIP, ARABIC_ZIP)


def write_development_zips(recordings: Path, voices: Path, out: Path) -> None:
    """Write `DEV-NAME.zip` for every zip of people and of voices, with held-out speakers only.

    Words spoken in one breath (`four_two`) are left out: they have no folder name that is one word.
    """
    out.mkdir(parents=True, exist_ok=True)
    labels = {folder for name in PEOPLE for folder in _folders(recordings / name)}
    for path in [*(recordings / name for name in PEOPLE), *sorted(voices.glob("voices-*.zip"))]:
        copy_recordings(
            path,
            out / f"DEV-{path.name}",
            lambda r: is_development(r.speaker) and (r.said in labels or "_" not in r.said),
        )


def _folders(path: Path) -> set[str]:
    return {recording.said for recording in recordings_of(path, lambda _: True)}


def copy_recordings(path: Path, out: Path, wanted: Callable[[Recording], bool]) -> None:
    """Write a zip with some of another one's recordings."""
    part = out.with_suffix(".part")
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(part, "w", zipfile.ZIP_STORED) as target:
        for recording in recordings_of(path, lambda _: True):
            if wanted(recording):
                target.writestr(recording.name, source.read(recording.name))
    part.replace(out)
