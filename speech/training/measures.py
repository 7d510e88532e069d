"""What is measured of each model, on speakers that it was not trained on."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from speech.evaluation import Evaluation, evaluate
from speech.lexicon.units import WORD_TABLES
from speech.models import Model
from speech.training.development import copy_recordings
from speech.training.other_words import HELD_OUT
from speech.training.recordings import ARABIC_ZIP, COMMANDS_ZIP, DIGITS_ZIP, HELD_OUT_ARABIC

DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
NOISE_DB = 10.0


@dataclass(frozen=True)
class Measure:
    """One row of the card: zips, the list of words, and what else `ivr speech eval` can be told.

    `only` keeps those folders of the zips alone, so that a row has one kind of speech.
    """

    name: str
    zips: tuple[str, ...]
    words: tuple[str, ...] | None = None
    strings: int = 0
    snr_db: float | None = None
    only: tuple[str, ...] | None = None


def measures_of(language: str) -> Iterator[Measure]:
    """Yield the rows of a language's card."""
    voices = f"voices-{language}.zip"
    table = WORD_TABLES[language]
    core, menu = tuple(table.CORE), tuple(table.MENU)
    if language == "en":
        yield Measure("digits, studio speaker", (DIGITS_ZIP,), DIGITS, strings=500)
        yield Measure("digits, crowd speakers", (COMMANDS_ZIP,), DIGITS, strings=300)
        yield Measure("digits at 10 dB, studio speaker", (DIGITS_ZIP,), DIGITS, snr_db=NOISE_DB)
        yield Measure("digits at 10 dB, crowd speakers", (COMMANDS_ZIP,), DIGITS, snr_db=NOISE_DB)
        yield Measure("Arabic words never heard, digits listed", (ARABIC_ZIP,), DIGITS, only=HELD_OUT_ARABIC)
        yield Measure("synthetic words never heard, digits listed", (voices,), DIGITS, only=HELD_OUT)
    if language == "ar":
        yield Measure("all 40 words", (ARABIC_ZIP,))
        yield Measure(
            "digits, yes and no", (ARABIC_ZIP,), (*DIGITS, "yes", "no"), only=(*DIGITS, "yes", "no"), strings=500
        )
        yield Measure("digits at 10 dB", (ARABIC_ZIP,), DIGITS, snr_db=NOISE_DB, only=DIGITS)
        yield Measure("other Arabic words, digits, yes and no listed", (ARABIC_ZIP,), (*DIGITS, "yes", "no"))
    yield Measure("synthetic: core words", (voices,), core, only=core)
    yield Measure("synthetic: all words", (voices,), (*core, *menu), only=(*core, *menu))


def measure(model: Model, zips: Path, row: Measure) -> Evaluation:
    """Measure one row on the zips of `write_development_zips`."""
    archives = [zips / f"DEV-{name}" for name in row.zips]
    if row.only is None:
        return evaluate(model, archives, words=row.words, strings=row.strings, snr_db=row.snr_db)
    with tempfile.TemporaryDirectory() as folder:
        chosen = [Path(folder) / archive.name for archive in archives]
        for archive, out in zip(archives, chosen, strict=True):
            copy_recordings(archive, out, lambda r: r.said in (row.only or ()))
        return evaluate(model, chosen, words=row.words, strings=row.strings, snr_db=row.snr_db)
