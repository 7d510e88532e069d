"""Fit a model's doubt on development speakers: `python -m speech.training.doubt_fit MODEL --recordings DIR`.

Everything is heard once through libvosk, as in a call. Then one logistic regression says how likely anything of the
list was said, and another one how likely it was this of the list. Their weights, and from which confidence on an answer
is accepted or rejected, are written into the model's card under "doubt". The figures printed are cross-validated: no
speaker is judged by weights that were fitted on him.

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
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from speech.doubt import Assessment, Doubt, Evidence, Regression, Usual, assess, band_of, evidence
from speech.meaning import meant
from speech.model_card import CARD_NAME
from speech.models import Model, read_model
from speech.training.doubt_trials import MOST_OF_A_KIND, Example, examples, is_person, kinds_of
from speech.trials import Outcome

FOLDS = 5
# How much of what callers say to a turn is taken to be on its list. Source: ours; confidence means what it says where
# callers are about as obedient.
LISTED_SHARE = 0.8
# Strength of the pull of all weights to nothing, for features of unit deviation and weights of examples that sum to 1.
RIDGE = 0.002
FALSE_REJECTS = 0.03
FALSE_ACCEPTS = 0.01
# However well it can be told from other speech, an answer that is this likely wrong is worth a question. Source: ours.
LEAST_ACCEPTED = 0.9
# Kaldi's own default for `--lattice-beam`. Source: Kaldi, lattice-faster-decoder.h.
LATTICE_BEAM = 10.0
FEWEST_FOR_A_LENGTH = 8
LEAST_DEVIATION = 0.15
# What each regression looks at, and which way that may count: 1 for it, -1 against it.
LISTED = {"over_unknown": 1, "over_unknown_near": 1, "shorter": -1, "longer": -1, "unexplained_s": -1, "extras": -1}
CHOSEN = {"over_other": 1, "over_other_near": 1, "shorter": -1, "longer": -1}
CURVE_AT = (0.01, 0.02, 0.03, 0.05, 0.1)


def main() -> None:
    """Fit and write; the report goes to the standard output."""
    parser = argparse.ArgumentParser(description="Fit how far to trust a telephone model.")
    parser.add_argument("model", type=Path, help="folder of a model that never heard the development speakers")
    parser.add_argument("--recordings", type=Path, required=True, help="folder with the three zips of people")
    parser.add_argument("--voices", type=Path, nargs="*", default=[], help="zips of synthetic voices in its language")
    parser.add_argument("--into", type=Path, help="folder of the model whose card is written; default: the same")
    parser.add_argument("--processes", type=int, default=1, help="how many to use; each costs a start for every kind")
    parser.add_argument("--most", type=int, default=MOST_OF_A_KIND, help="how many recordings of a kind at most")
    parser.add_argument("--dry-run", action="store_true", help="report, and write nothing")
    arguments = parser.parse_args()
    model = read_model(arguments.model)
    began_s = time.monotonic()
    kinds = kinds_of(model, arguments.recordings, arguments.voices, arguments.most)
    heard = list(examples(model, kinds, arguments.processes))
    print(f"{len(heard)} recordings heard in {time.monotonic() - began_s:.0f} s")  # noqa: T201
    doubt, figures = fit(heard, lattice_beam(model))
    print(report(doubt, figures))  # noqa: T201
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
    reject_below = _reject_below(heard, held_out)
    accept_from = _accept_from(heard, held_out, reject_below)
    doubt = msgspec.structs.replace(_fit(heard, beam), reject_below=reject_below, accept_from=accept_from)
    return doubt, _figures(heard, held_out, doubt)


def cross_validated(heard: Sequence[Example], beam: float) -> list[Assessment]:
    """What doubt says of each answer that was fitted on other speakers; no confidence where there is no answer."""
    folds = [_fold(example.speaker) for example in heard]
    fitted = {
        fold: _fit([example for example, its in zip(heard, folds, strict=True) if its != fold], beam)
        for fold in sorted(set(folds))
    }
    return [judged(fitted[fold], example) for example, fold in zip(heard, folds, strict=True)]


def judged(doubt: Doubt, example: Example) -> Assessment:
    """What doubt says of the answer that a call would take."""
    outcome = example.outcome
    index = _candidate(example)
    return assess(doubt, example.grammar, outcome.hypotheses, -1 if index is None else index, outcome.sound)


def _candidate(example: Example) -> int | None:
    meanings = (meant(example.grammar, each.words) for each in example.outcome.hypotheses)
    return next((index for index, each in enumerate(meanings) if each is not None), None)


def _answer_is_right(example: Example, index: int) -> bool:
    said = meant(example.grammar, example.outcome.hypotheses[index].words)
    return example.listed and said is not None and said.intent == " ".join(example.outcome.trial.said)


def _fit(heard: Sequence[Example], beam: float) -> Doubt:
    """Fit both regressions; nothing is accepted or rejected by the result yet."""
    nothing = Regression(intercept=0.0, weights={})
    plain = Doubt(
        margin_cap=beam,
        listed=nothing,
        chosen=nothing,
        usual=_usual(example.outcome for example in heard if example.right),
        accept_from=1.0,
        reject_below=0.0,
    )
    weights = weights_of(heard)
    found: list[tuple[Evidence, bool, bool, float]] = []
    for example, weight in zip(heard, weights, strict=True):
        index = _candidate(example)
        if index is None:
            continue
        (its,) = evidence(plain, example.grammar, example.outcome.hypotheses, index, example.outcome.sound)
        found.append((its, example.listed, _answer_is_right(example, index), weight))
    # What was listed and taken for another phrase says nothing about other speech, and other speech nothing about
    # which phrase of the list was said.
    listed = [(its, right, weight) for its, is_listed, right, weight in found if right or not is_listed]
    chosen = [(its, right, weight) for its, is_listed, right, weight in found if is_listed]
    return msgspec.structs.replace(plain, listed=logistic(listed, LISTED), chosen=logistic(chosen, CHOSEN))


def weights_of(heard: Sequence[Example]) -> np.ndarray:
    """How much each example counts: listed speech as much as callers say of it, each kind of other speech the same."""
    sizes: dict[str, int] = {}
    for example in heard:
        sizes[example.kind] = sizes.get(example.kind, 0) + 1
    listed = sum(example.listed for example in heard)
    others = len({example.kind for example in heard if not example.listed})
    return np.array(
        [
            LISTED_SHARE / listed if example.listed else (1 - LISTED_SHARE) / (others * sizes[example.kind])
            for example in heard
        ]
    )


def logistic(examples: Sequence[tuple[Evidence, bool, float]], signs: Mapping[str, int]) -> Regression:
    """Fit the log odds of true examples, given as evidence, truth and weight.

    `signs` names what is looked at, and which way it may count. What would count the wrong way is left out, the worst
    first. Source: iteratively reweighted least squares with a ridge; McCullagh and Nelder, Generalized Linear Models.
    """
    truth = np.array([true for _, true, _ in examples], float)
    weights = np.array([weight for _, _, weight in examples])
    if not len(truth) or truth.min() == truth.max():
        # Only one kind of example: nothing to tell apart.
        return Regression(intercept=4.0 if len(truth) and truth[0] else 0.0, weights={})
    weights = weights / weights.sum()
    kept = list(signs)
    while True:
        rows = np.array([[getattr(its, name) for name in kept] for its, _, _ in examples]).reshape(len(truth), -1)
        mean, deviation = rows.mean(0), np.maximum(rows.std(0), 1e-9)
        solved = _newton((rows - mean) / deviation, truth, weights)
        wrong = min(((solved[1 + n] * signs[name], name) for n, name in enumerate(kept)), default=(0.0, ""))
        if wrong[0] >= 0:
            break
        kept.remove(wrong[1])
    found = dict(zip(kept, (solved[1:] / deviation).tolist(), strict=True))
    return Regression(intercept=float(solved[0] - (solved[1:] / deviation) @ mean), weights=found)


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


def _reject_below(heard: Sequence[Example], judgements: Sequence[Assessment]) -> float:
    """Below which probability of listed speech we reject, so that few digits are.

    Digits that were heard as other digits do not count: nobody is helped when those get through.
    """
    listed = [judgements[index].listed for index in _digits(heard)]
    return float(np.quantile(listed, FALSE_REJECTS))


def _digits(heard: Sequence[Example]) -> list[int]:
    """The digits that people said, but for those that were heard as others; without any, those of voices."""
    for name in ("digits", "synthetic digits"):
        found = [n for n, example in enumerate(heard) if example.kind == name and not _misheard(example)]
        if found:
            return found
    return [n for n, example in enumerate(heard) if example.listed and not _misheard(example)]


def _misheard(example: Example) -> bool:
    """Whether listed speech was taken for something else of the list."""
    index = _candidate(example)
    return index == 0 and not _answer_is_right(example, index)


def _accept_from(heard: Sequence[Example], judgements: Sequence[Assessment], reject_below: float) -> float:
    """From which confidence on we accept, so that few of all utterances are acted on although they meant otherwise."""
    weights = weights_of(heard)
    candidates = [_candidate(example) for example in heard]
    wrong = [n for n, (e, c) in enumerate(zip(heard, candidates, strict=True)) if c != 0 or not _answer_is_right(e, c)]
    wrong.sort(key=lambda index: -judgements[index].confidence)
    let_through = np.cumsum(weights[wrong])
    stopped = np.flatnonzero(let_through > FALSE_ACCEPTS * weights.sum())
    highest = judgements[wrong[stopped[0]]].confidence if len(stopped) else 0.0
    return min(max(highest + 1e-6, reject_below, LEAST_ACCEPTED), 1.0)


def _figures(heard: Sequence[Example], judgements: Sequence[Assessment], doubt: Doubt) -> dict[str, Any]:
    bands = np.array([band_of(doubt, its.confidence, its.listed) for its in judgements])
    kinds: dict[str, Any] = {}
    for name in dict.fromkeys(example.kind for example in heard):
        chosen = np.array([example.kind == name for example in heard])
        inside = [example for example in heard if example.kind == name]
        kinds[name] = {
            "files": len(inside),
            "right": float(np.mean([each.right for each in inside])) if inside[0].listed else None,
            **{band: float((bands[chosen] == band).mean()) for band in ("accept", "confirm", "reject")},
        }
    digits = _digits(heard)
    others = [i for i, e in enumerate(heard) if not e.listed and "no speech" not in e.kind]
    people = [i for i in others if is_person(heard[i].speaker)]
    listed = np.array([its.listed for its in judgements])
    candidates = [_candidate(example) for example in heard]
    right = [index is not None and _answer_is_right(e, index) for e, index in zip(heard, candidates, strict=True)]
    wrong = [i for i, e in enumerate(heard) if e.listed and _misheard(e)]
    return {
        "kinds": kinds,
        "curve": curve(listed[digits], listed[others]),
        "curve_people": curve(listed[digits], listed[people]),
        "misheard": {"files": len(wrong), "accept": float(np.mean(bands[wrong] == "accept")) if wrong else None},
        "calibration": _calibration(judgements, right, weights_of(heard)),
    }


def curve(listed: np.ndarray, others: np.ndarray) -> list[list[float]]:
    """False rejects (at most so much of what is listed), and the false accepts (of all others) that they cost."""
    if not len(listed) or not len(others):
        return []
    ordered = np.sort(listed)
    return [[share, float((others >= ordered[math.floor(share * len(ordered))]).mean())] for share in CURVE_AT]


def area(listed: np.ndarray, others: np.ndarray) -> float:
    """The area under false accepts against false rejects: how likely other speech seems surer than listed speech."""
    above = (others[:, None] > listed[None, :]).mean()
    return float(above + 0.5 * (others[:, None] == listed[None, :]).mean())


def _calibration(judgements: Sequence[Assessment], right: Sequence[bool], weights: np.ndarray) -> list[list[float]]:
    """Mean confidence, share that is right, and share of all that callers say, in bins of confidence."""
    confidences, truth = np.array([its.confidence for its in judgements]), np.array(right, float)
    rows = []
    for low, high in itertools.pairwise((0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 0.97, 1.01)):
        inside = (confidences >= low) & (confidences < high)
        if inside.any():
            its = weights[inside]
            means = float(np.average(confidences[inside], weights=its)), float(np.average(truth[inside], weights=its))
            rows.append([*means, float(its.sum() / weights.sum())])
    return rows


def report(doubt: Doubt, figures: dict[str, Any]) -> str:
    """The figures as text."""
    lines = [f"{'kind':46} {'files':>6} {'right':>6} {'accept':>7} {'ask':>6} {'reject':>7}"]
    for name, row in figures["kinds"].items():
        right = "" if row["right"] is None else _percent(row["right"])
        shares = f"{_percent(row['accept']):>7} {_percent(row['confirm']):>6} {_percent(row['reject']):>7}"
        lines.append(f"{name:46} {row['files']:6d} {right:>6} {shares}")
    for title, key in (("all other speech", "curve"), ("other speech of people", "curve_people")):
        points = ", ".join(f"{_percent(fr)} -> {_percent(fa)}" for fr, fa in figures[key])
        lines.append(f"digits rejected -> {title} let through: {points}")
    misheard = figures["misheard"]
    if misheard["files"]:
        lines.append(
            f"listed, heard as something else listed: {misheard['files']}, of these accepted "
            f"{_percent(misheard['accept'])}"
        )
    points = ", ".join(f"{sure:.2f}: {right:.2f} ({_percent(share)})" for sure, right, share in figures["calibration"])
    lines.append(f"confidence: share that is right (share of all): {points}")
    for name, each in (("listed", doubt.listed), ("chosen", doubt.chosen)):
        weights = ", ".join(f"{key} {weight:+.2f}" for key, weight in each.weights.items())
        lines.append(f"log odds of {name}: {each.intercept:+.2f}, {weights}")
    lines.append(f"rejected below {doubt.reject_below:.3f} of listed, accepted from {doubt.accept_from:.3f}")
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
