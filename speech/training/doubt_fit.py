"""Fit a model's doubt on development speakers: `python -m speech.training.doubt_fit MODEL --recordings DIR`.

Everything is heard once through libvosk, as in a call. Then a logistic regression says how likely each answer is right;
its weights, and from which confidence on an answer is accepted or rejected, are written into the model's card under
"doubt". The figures printed are cross-validated: no speaker is judged by weights that were fitted on him.

A model that was trained on all speakers knows the development speakers too, and would seem surer than it is on
strangers: fit the one that was trained without them, and write the result into the other with `--into`.
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
import json
import math
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from speech.doubt import Doubt, Evidence, Usual, confidence, evidence
from speech.grammar import Grammar
from speech.meaning import meant
from speech.model_card import CARD_NAME
from speech.models import Model, read_model
from speech.recognition import Hypothesis
from speech.training.doubt_trials import Example, examples, is_person, kinds_of
from speech.trials import Outcome

FOLDS = 5
# How much of what callers say to a turn is taken to be on its list. Source: ours; confidence means what it says where
# callers are about as obedient.
LISTED_SHARE = 0.8
# Strength of the pull of all weights to nothing, for features of unit deviation and weights of examples that sum to 1.
RIDGE = 0.002
FALSE_REJECTS = 0.03
FALSE_ACCEPTS = 0.01
# Kaldi's own default for `--lattice-beam`. Source: Kaldi, lattice-faster-decoder.h.
LATTICE_BEAM = 10.0
FEWEST_FOR_A_LENGTH = 8
LEAST_DEVIATION = 0.15
NAMES = Evidence.__struct_fields__
# Which way each piece of evidence may count: 1 for it, -1 against it.
SIGNS = {"shorter": -1, "longer": -1, "unexplained_s": -1}
CURVE_AT = (0.01, 0.02, 0.03, 0.05, 0.1)


def main() -> None:
    """Fit and write; the report goes to the standard output."""
    parser = argparse.ArgumentParser(description="Fit how far to trust a telephone model.")
    parser.add_argument("model", type=Path, help="folder of a model that never heard the development speakers")
    parser.add_argument("--recordings", type=Path, required=True, help="folder with the three zips of people")
    parser.add_argument("--voices", type=Path, nargs="*", default=[], help="zips of synthetic voices in its language")
    parser.add_argument("--into", type=Path, help="folder of the model whose card is written; default: the same")
    parser.add_argument("--processes", type=int, help="how many to use; default: as many as there are cores")
    parser.add_argument("--dry-run", action="store_true", help="report, and write nothing")
    arguments = parser.parse_args()
    model = read_model(arguments.model)
    began_s = time.monotonic()
    heard = list(examples(model, kinds_of(model, arguments.recordings, arguments.voices), arguments.processes))
    print(f"{len(heard)} recordings heard in {time.monotonic() - began_s:.0f} s")  # noqa: T201
    doubt, figures = fit(heard, lattice_beam(model))
    print(report(figures))  # noqa: T201
    if not arguments.dry_run:
        write(arguments.into or arguments.model, doubt, figures)


def write(folder: Path, doubt: Doubt, figures: dict[str, Any]) -> None:
    """Put what was fitted, and its figures, into a model's card, and leave the rest of it as it is."""
    path = folder / CARD_NAME
    card = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    card["doubt"] = _rounded(msgspec.to_builtins(doubt))
    card.setdefault("figures", {})["doubt"] = _rounded(figures)
    path.write_text(json.dumps(card, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def lattice_beam(model: Model) -> float:
    """How far below the best the recogniser still knows of others, by its configuration."""
    for line in (model.path / "conf" / "model.conf").read_text(encoding="utf-8").splitlines():
        name, _, value = line.strip().partition("=")
        if name == "--lattice-beam":
            return float(value)
    return LATTICE_BEAM


def fit(heard: Sequence[Example], beam: float) -> tuple[Doubt, dict[str, Any]]:
    """The doubt of one model, and its cross-validated figures by name.

    The thresholds are those of the cross-validated confidences, so that they hold for speakers who are not known.
    """
    held_out = cross_validated(heard, beam)
    reject_below, accept_from = _thresholds(heard, held_out)
    doubt = msgspec.structs.replace(_fit(heard, beam), reject_below=reject_below, accept_from=accept_from)
    return doubt, _figures(heard, held_out, doubt)


def cross_validated(heard: Sequence[Example], beam: float) -> np.ndarray:
    """The confidence of each answer by weights that were fitted on other speakers; 0 where there is no answer."""
    folds = [_fold(example.speaker) for example in heard]
    confidences = np.zeros(len(heard))
    for fold in sorted(set(folds)):
        inside = [example for example, its in zip(heard, folds, strict=True) if its != fold]
        fitted = _fit(inside, beam)
        for index, example in enumerate(heard):
            if folds[index] == fold:
                confidences[index] = judged(fitted, example)
    return confidences


def judged(doubt: Doubt, example: Example) -> float:
    """The confidence of the answer that a call would take; 0 where it would take none."""
    outcome = example.outcome
    index = _candidate(example.grammar, outcome.hypotheses)
    if index is None:
        return 0.0
    found = evidence(doubt, example.grammar, outcome.hypotheses, index, outcome.sound)
    return min(confidence(doubt, each) for each in found)


def _candidate(grammar: Grammar, hypotheses: Sequence[Hypothesis]) -> int | None:
    return next((i for i, each in enumerate(hypotheses) if meant(grammar, each.words) is not None), None)


def _answer_is_right(example: Example, index: int) -> bool:
    said = meant(example.grammar, example.outcome.hypotheses[index].words)
    return example.listed and said is not None and said.intent == " ".join(example.outcome.trial.said)


def _fit(heard: Sequence[Example], beam: float) -> Doubt:
    plain = Doubt(
        margin_cap=beam,
        intercept=0.0,
        weights={},
        usual=_usual(example.outcome for example in heard if example.right),
        accept_from=1.0,
        reject_below=0.0,
    )
    sizes: dict[str, int] = {}
    for example in heard:
        sizes[example.kind] = sizes.get(example.kind, 0) + 1
    listed = sum(example.listed for example in heard)
    others = len({example.kind for example in heard if not example.listed})
    rows, right, weights = [], [], []
    for example in heard:
        outcome = example.outcome
        index = _candidate(example.grammar, outcome.hypotheses)
        if index is None:
            continue
        (found,) = evidence(plain, example.grammar, outcome.hypotheses, index, outcome.sound)
        rows.append([getattr(found, name) for name in NAMES])
        right.append(_answer_is_right(example, index))
        share = LISTED_SHARE / listed if example.listed else (1 - LISTED_SHARE) / (others * sizes[example.kind])
        weights.append(share)
    intercept, found_weights = logistic(np.array(rows), np.array(right, float), np.array(weights))
    return msgspec.structs.replace(plain, intercept=intercept, weights=found_weights)


def logistic(rows: np.ndarray, right: np.ndarray, weights: np.ndarray) -> tuple[float, dict[str, float]]:
    """Fit log odds of `right`: the intercept, and the weight of each column by its name in `NAMES`.

    A column whose weight would count the wrong way is left out, the worst first.
    Source: iteratively reweighted least squares with a ridge; McCullagh and Nelder, Generalized Linear Models.
    """
    mean, deviation = rows.mean(0), np.maximum(rows.std(0), 1e-9)
    scaled = (rows - mean) / deviation
    signs = np.array([SIGNS.get(name, 1) for name in NAMES])
    kept = [column for column in range(len(NAMES)) if rows[:, column].std() > 1e-9]
    while True:
        solved = _newton(scaled[:, kept], right, weights)
        wrong = [(solved[1 + n] * signs[column], column) for n, column in enumerate(kept)]
        if not wrong or min(wrong)[0] >= 0:
            break
        kept.remove(min(wrong)[1])
    found = {NAMES[column]: float(solved[1 + n] / deviation[column]) for n, column in enumerate(kept)}
    intercept = float(solved[0] - sum(found[NAMES[column]] * mean[column] for column in kept))
    return intercept, {name: weight for name, weight in found.items() if weight}


def _newton(scaled: np.ndarray, right: np.ndarray, weights: np.ndarray) -> np.ndarray:
    design = np.column_stack([np.ones(len(scaled)), scaled])
    ridge = np.full(design.shape[1], RIDGE)
    ridge[0] = 0.0
    solved = np.zeros(design.shape[1])
    for _ in range(50):
        chance = 1 / (1 + np.exp(-np.clip(design @ solved, -30, 30)))
        slope = design.T @ (weights * (right - chance)) - ridge * solved
        curve = (design * (weights * chance * (1 - chance))[:, None]).T @ design + np.diag(ridge + 1e-9)
        step = np.linalg.solve(curve, slope)
        solved = solved + step
        if float(np.abs(step).max()) < 1e-8:
            break
    return solved


def _usual(outcomes: Iterable[Outcome]) -> dict[str, Usual]:
    lengths: dict[str, list[float]] = {"": []}
    for outcome in outcomes:
        for word in outcome.hypotheses[0].words:
            length = math.log(max(1, word.end_ms - word.start_ms))
            lengths[""].append(length)
            lengths.setdefault(word.text, []).append(length)
    return {
        text: Usual(mean=float(np.mean(each)), deviation=max(float(np.std(each)), LEAST_DEVIATION))
        for text, each in sorted(lengths.items())
        if len(each) >= FEWEST_FOR_A_LENGTH
    }


def _fold(speaker: str) -> int:
    return int.from_bytes(hashlib.sha256(speaker.encode()).digest()[:4], "big") % FOLDS


def _thresholds(heard: Sequence[Example], confidences: np.ndarray) -> tuple[float, float]:
    """From which confidence on an answer is not rejected, and from which on it is accepted."""
    right = np.array([e.right and e.kind == "digits" for e in heard])
    if not right.any():
        right = np.array([e.right for e in heard])
    reject_below = float(np.quantile(confidences[right], FALSE_REJECTS))
    wrong = np.sort(confidences[[not e.listed for e in heard]])
    allowed = math.floor(FALSE_ACCEPTS * len(wrong))
    accept_from = float(wrong[-1 - allowed]) + 1e-6 if len(wrong) else 0.95
    return reject_below, min(max(accept_from, reject_below), 1.0)


def _figures(heard: Sequence[Example], confidences: np.ndarray, doubt: Doubt) -> dict[str, Any]:
    kinds: dict[str, Any] = {}
    for name in dict.fromkeys(example.kind for example in heard):
        chosen = np.array([example.kind == name for example in heard])
        its, bands = confidences[chosen], [e for e in heard if e.kind == name]
        kinds[name] = {
            "files": int(chosen.sum()),
            "listed": bands[0].listed,
            "right": float(np.mean([e.right for e in bands])) if bands[0].listed else None,
            "accepted": float((its >= doubt.accept_from).mean()),
            "asked": float(((its < doubt.accept_from) & (its >= doubt.reject_below)).mean()),
            "rejected": float((its < doubt.reject_below).mean()),
        }
    listed = np.array([e.kind == "digits" for e in heard])
    if not listed.any():
        listed = np.array([e.listed for e in heard])
    others = np.array([not e.listed and "no speech" not in e.kind for e in heard])
    human = others & np.array([is_person(e.speaker) for e in heard])
    right = [float(e.right) for e in heard]
    return {
        "kinds": kinds,
        "curve": _curve(confidences[listed], confidences[others]),
        "curve_people": _curve(confidences[listed], confidences[human]),
        "calibration": _calibration(confidences[listed | others], np.array(right)[listed | others]),
    }


def _curve(listed: np.ndarray, others: np.ndarray) -> list[list[float]]:
    """False rejects (of all listed), and the false accepts (of all others) that they cost."""
    if not len(listed) or not len(others):
        return []
    return [[share, float((others >= np.quantile(listed, share)).mean())] for share in CURVE_AT]


def _calibration(confidences: np.ndarray, right: np.ndarray) -> list[list[float]]:
    """Mean confidence, share that is right, and number, in bins of confidence."""
    edges = (0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 0.97, 1.01)
    rows = []
    for low, high in itertools.pairwise(edges):
        inside = (confidences >= low) & (confidences < high)
        if inside.any():
            rows.append([float(confidences[inside].mean()), float(right[inside].mean()), float(inside.sum())])
    return rows


def report(figures: dict[str, Any]) -> str:
    """The figures as text."""
    lines = [f"{'kind':46} {'files':>6} {'right':>6} {'accept':>7} {'ask':>6} {'reject':>7}"]
    for name, row in figures["kinds"].items():
        right = "" if row["right"] is None else _percent(row["right"])
        shares = f"{_percent(row['accepted']):>7} {_percent(row['asked']):>6} {_percent(row['rejected']):>7}"
        lines.append(f"{name:46} {row['files']:6d} {right:>6} {shares}")
    for title, key in (("all other speech", "curve"), ("other speech of people", "curve_people")):
        points = ", ".join(f"{_percent(fr)} -> {_percent(fa)}" for fr, fa in figures[key])
        lines.append(f"digits rejected -> {title} let through: {points}")
    points = ", ".join(f"{sure:.2f}: {right:.2f} ({n:.0f})" for sure, right, n in figures["calibration"])
    lines.append(f"confidence: share that is right (files): {points}")
    return "\n".join(lines)


def _percent(share: float) -> str:
    return f"{100 * share:.1f}%"


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return float(f"{value:.5g}")
    if isinstance(value, dict):
        return {key: _rounded(each) for key, each in value.items()}
    return [_rounded(each) for each in value] if isinstance(value, list | tuple) else value


if __name__ == "__main__":
    sys.exit(main())
