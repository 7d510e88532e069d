"""Costs of words and of `[unk]`, compared on a part of the development split.

`python -m speech.training.vosk_tune MODEL --recordings ../shared/speech --voices data/training/voices.zip` prints a row
for each set of costs; the chosen ones are the defaults of `graph.Costs`.
"""

from __future__ import annotations

import argparse
import itertools
import shutil
import sys
import tempfile
from pathlib import Path

from speech.training import vosk_evaluate as ev
from speech.training.export import write_graph_folder
from speech.training.graph import Costs
from speech.training.lexicon import COMMANDS, DIGITS
from speech.training.other_words import HELD_OUT
from speech.training.recordings import COMMANDS_ZIP, DIGITS_ZIP

COLUMNS = ("studio", "crowd", "strings", "crowd strings", "breath", "commands", "unheard", "yes/no", "menu")


class Bench:
    """The takes that every set of costs is compared on, read once."""

    def __init__(self, recordings: Path, voices: Path) -> None:
        """Read every second or so of the development recordings."""
        self.studio = ev.development_takes(recordings / DIGITS_ZIP, DIGITS)
        self.crowd = ev.development_takes(recordings / COMMANDS_ZIP, DIGITS)
        self.commands = ev.development_takes(recordings / COMMANDS_ZIP, COMMANDS)[::2]
        self.unheard = ev.development_takes(voices, HELD_OUT)[::7]
        self.breath = ev.development_takes(voices, ev.digit_strings(voices))[::2]
        self.menu = ev.development_takes(voices, [w for w in ev.MENU_LIST if w not in DIGITS])[::3]

    def measure(self, model: Path) -> list[float]:
        """Return one share for each of `COLUMNS`."""
        ear = ev.Recogniser(model)
        scores = [
            ev.score_texts(ear, self.studio[::2], ev.DIGIT_LIST),
            ev.score_texts(ear, self.crowd[::2], ev.DIGIT_LIST),
            ev.score_strings(ear, self.studio, 150, 1),
            ev.score_strings(ear, self.crowd, 100, 1),
            ev.score_texts(ear, self.breath, ev.DIGIT_LIST),
            ev.score_rejection(ear, self.commands, ev.DIGIT_LIST),
            ev.score_rejection(ear, self.unheard, ev.DIGIT_LIST),
            ev.score_rejection(ear, self.studio[::4] + self.crowd[::4], ev.YES_NO_LIST),
            ev.score_texts(ear, self.menu, ev.MENU_LIST),
        ]
        return [score.share for score in scores]


def _numbers(text: str) -> list[float]:
    return [float(part) for part in text.split(",")]


def main() -> None:
    """Measure every combination of the given costs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("--recordings", type=Path, required=True)
    parser.add_argument("--voices", type=Path, required=True)
    parser.add_argument("--word", type=_numbers, default=[Costs.word])
    parser.add_argument("--garbage", type=_numbers, default=[Costs.garbage])
    parser.add_argument("--unlisted", type=_numbers, default=[Costs.unlisted])
    arguments = parser.parse_args()
    bench = Bench(arguments.recordings, arguments.voices)
    sys.stdout.write("word garbage unlisted | " + " | ".join(COLUMNS) + " | mean\n")
    for word, garbage, unlisted in itertools.product(arguments.word, arguments.garbage, arguments.unlisted):
        with tempfile.TemporaryDirectory() as name:
            model = Path(name)
            for part in ("am", "conf"):
                shutil.copytree(arguments.model / part, model / part)
            write_graph_folder(model, Costs(word, garbage, unlisted, Costs().extra))
            shares = bench.measure(model)
        row = " | ".join(f"{100 * share:{len(column)}.1f}" for column, share in zip(COLUMNS, shares, strict=True))
        mean = 100 * sum(shares) / len(shares)
        sys.stdout.write(f"{word:4g} {garbage:7g} {unlisted:8g} | {row} | {mean:.1f}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
