"""How well doubt tells right answers from other speech, against Vosk's own confidence on the same recordings.

    python -m tests.benchmarks.doubt [--model NAME] [--recordings DIR] [--voices ZIP...] [--json]

Both hear the same recordings of speakers that training never heard, under the list of the ten digits. For each share of
digits that is rejected in vain (false rejects), the table says what share of other speech is let through (false
accepts). Ours is cross-validated: no speaker is judged by numbers that were fitted on him. Vosk's is what the engine
itself gives with `SetWords`: the lowest confidence of the words of its answer (minimum Bayes risk).

A digit that was heard as `[unk]`, or as nothing, is rejected whatever the threshold, and other speech that was heard so
is rejected too: so the curve of Vosk's own confidence ends where its recogniser ends. Digits that were heard as other
digits are left out here, and told apart below: how often a wrong digit is accepted without a question.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from speech import mulaw
from speech.digits import UNKNOWN_WORD
from speech.models import Model, find_model
from speech.recorded import read_mulaw
from speech.trials import CHUNK_MS, LEAD_MS, TAIL_MS, Trial
from tests.recordings import RECORDINGS

if TYPE_CHECKING:
    from speech.training.doubt_trials import Example

SHARES = (0.01, 0.02, 0.03, 0.05, 0.1)
DIGITS = "digits"
LIST = "digit list"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="telephone-en", help="name or folder of a model")
    parser.add_argument("--data-dir", type=Path, default=Path("data"))
    parser.add_argument("--recordings", type=Path, default=RECORDINGS)
    parser.add_argument("--voices", type=Path, nargs="*", default=[])
    parser.add_argument("--most", type=int, default=420, help="how many recordings of a kind at most")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    missing = reason_to_skip(arguments.recordings)
    if missing:
        sys.stderr.write(f"skipped: {missing}\n")
        return
    model = find_model(arguments.model, arguments.data_dir)
    found = measure(model, arguments.recordings, arguments.voices, arguments.most)
    sys.stdout.write((json.dumps(found) if arguments.json else as_text(found)) + "\n")


def reason_to_skip(recordings: Path) -> str | None:
    """Why this cannot be measured here; None where it can."""
    try:
        import numpy  # noqa: F401
    except ImportError:
        return "numpy is not installed (pip install 'zerohold[training]')"
    from speech.training.recordings import ARABIC_ZIP, COMMANDS_ZIP, DIGITS_ZIP

    absent = [name for name in (DIGITS_ZIP, COMMANDS_ZIP, ARABIC_ZIP) if not (recordings / name).is_file()]
    return f"{recordings} has no {', '.join(absent)}" if absent else None


def measure(model: Model, recordings: Path, voices: Sequence[Path], most: int) -> dict[str, Any]:
    """The figures of both, as plain values; shares are between 0 and 1."""
    from speech.training.doubt_trials import examples, kinds_of

    return compare(model, list(examples(model, kinds_of(model, recordings, voices, most))))


def compare(model: Model, heard: Sequence[Example]) -> dict[str, Any]:
    """The figures of both for what was heard."""
    from speech.training import doubt_fit

    judged = doubt_fit.cross_validated(heard, doubt_fit.lattice_beam(model))
    rows = [
        (example, its)
        for example, its in zip(heard, judged, strict=True)
        if example.kind == DIGITS or (LIST in example.kind and "noise" not in example.kind and not example.listed)
    ]
    raw = Raw(model.path)
    theirs = [raw.confidence(example.outcome.trial, list(example.grammar.phrases)) for example, _ in rows]
    digits = [n for n, (example, _) in enumerate(rows) if example.kind == DIGITS]
    misheard = [n for n in digits if is_another_digit(rows[n][0].outcome.text, rows[n][0].outcome.trial.said[0])]
    digits = [n for n in digits if n not in set(misheard)]
    groups = {"all": [n for n, (example, _) in enumerate(rows) if example.kind != DIGITS]}
    for n in groups["all"]:
        groups.setdefault(rows[n][0].kind, []).append(n)
    scores = {"ours": [its.listed for _, its in rows], "vosk": theirs}
    whole = {"ours": [its.confidence for _, its in rows], "vosk": theirs}
    return {
        "model": model.name,
        "digits": len(digits),
        "misheard": len(misheard),
        "others": {
            name: {
                "files": len(group),
                **{
                    whose: {
                        "curve": curve([score[n] for n in digits], [score[n] for n in group]),
                        "area": area([score[n] for n in digits], [score[n] for n in group]),
                    }
                    for whose, score in scores.items()
                },
            }
            for name, group in groups.items()
        },
        "wrong_digits": {
            whose: {
                "curve": curve([score[n] for n in digits], [score[n] for n in misheard]),
                "area": area([score[n] for n in digits], [score[n] for n in misheard]),
            }
            for whose, score in whole.items()
        },
    }


def is_another_digit(text: str, said: str) -> bool:
    """Whether an answer is something listed, and not what was said."""
    return bool(text) and UNKNOWN_WORD not in text.split() and text != said


class Raw:
    """Vosk's own confidence: the engine with a phrase list, asked for words and not for alternatives."""

    def __init__(self, model: Path) -> None:
        import vosk

        vosk.SetLogLevel(-1)
        self._vosk, self._model = vosk, vosk.Model(str(model))

    def confidence(self, trial: Trial, phrases: Sequence[str]) -> float:
        """The lowest of the answer's words; 0 where it has `[unk]` or no word."""
        quiet = mulaw.SILENCE * mulaw.BYTES_PER_MS
        audio = quiet * LEAD_MS + (trial.audio or self._audio(trial)) + quiet * TAIL_MS
        engine = self._vosk.KaldiRecognizer(
            self._model, mulaw.RATE_HZ, json.dumps([*phrases, UNKNOWN_WORD], ensure_ascii=False)
        )
        engine.SetWords(True)
        words: list[dict[str, Any]] = []
        step = CHUNK_MS * mulaw.BYTES_PER_MS
        for at in range(0, len(audio), step):
            if engine.AcceptWaveform(mulaw.decode(audio[at : at + step])):
                words += json.loads(engine.Result()).get("result", [])
        words += json.loads(engine.FinalResult()).get("result", [])
        if any(word["word"] == UNKNOWN_WORD for word in words):
            return 0.0
        return min((float(word["conf"]) for word in words), default=0.0)

    def _audio(self, trial: Trial) -> bytes:
        ((archive, name),) = trial.parts
        with zipfile.ZipFile(archive) as opened:
            return read_mulaw(opened, name)


def curve(listed: Sequence[float], others: Sequence[float]) -> list[list[float]]:
    """At most so many false rejects, those that come of the nearest threshold, and the false accepts that it leaves.

    A threshold lets through what is as high; where scores are tied, no threshold parts them.
    """
    ordered = sorted(listed)
    if not ordered or not others:
        return []
    points = []
    for share in SHARES:
        threshold = ordered[math.floor(share * len(ordered))]
        # What was rejected by the recogniser itself has no score, and no threshold lets it through.
        threshold = max(threshold, sys.float_info.min)
        points.append(
            [
                share,
                sum(score < threshold for score in listed) / len(listed),
                sum(score >= threshold for score in others) / len(others),
            ]
        )
    return points


def area(listed: Sequence[float], others: Sequence[float]) -> float | None:
    """The area under false accepts against false rejects: 0 is perfect, 0.5 is a coin."""
    if not listed or not others:
        return None
    above = sum((other > score) + 0.5 * (other == score) for other in others for score in listed)
    return above / (len(listed) * len(others))


def as_text(found: dict[str, Any]) -> str:
    """The figures as Markdown tables."""
    lines = [f"{found['model']}: {found['digits']} digits, {found['misheard']} more heard as other digits", ""]
    head = " | ".join(f"{100 * share:g} %" for share in SHARES)
    lines += [
        f"| other speech let through at false rejects of | files | {head} | area |",
        "|---" * (len(SHARES) + 3) + "|",
    ]
    for name, group in found["others"].items():
        lines += [_row(f"{name}: {title}", group["files"], group[key]) for key, title in _TITLES]
    for key, title in _TITLES:
        lines.append(_row(f"wrong digits: {title}", found["misheard"], found["wrong_digits"][key]))
    return "\n".join(lines)


_TITLES = (("ours", "ours"), ("vosk", "Vosk's own"))


def _row(name: str, files: int, its: dict[str, Any]) -> str:
    # A curve that cannot reach a share of false rejects is at the next that it can: that is said in brackets.
    cells = [
        f"{100 * accepts:.1f}" + (f" (at {100 * rejects:.1f})" if rejects > share + 0.005 else "")
        for share, rejects, accepts in its["curve"]
    ]
    whole = "" if its["area"] is None else f"{its['area']:.4f}"
    return f"| {name} | {files} | {' | '.join(cells)} | {whole} |"


if __name__ == "__main__":
    main()
