"""Fitting doubt: what counts for an answer, what against it, and where the thresholds come to lie."""

from __future__ import annotations

import json
import math
import random
from pathlib import Path
from typing import Any

import pytest

np = pytest.importorskip("numpy", reason="the extra training is not installed")

from speech.doubt import Doubt, Evidence, assess, doubt_of, probability  # noqa: E402
from speech.grammar import Grammar  # noqa: E402
from speech.recognition import Hypothesis, Word  # noqa: E402
from speech.training.doubt_fit import (  # noqa: E402
    LISTED,
    area,
    cross_validated,
    curve,
    fit,
    logistic,
    report,
    weights_of,
    write,
)
from speech.training.doubt_trials import Example  # noqa: E402
from speech.trials import Outcome, Trial  # noqa: E402

Fitted = tuple[Doubt, dict[str, Any]]
LIST = Grammar(language="en", phrases={"one": "one", "two": "two"})


def example(draw: random.Random, number: int, *, listed: bool) -> Example:
    """Listed speech is usually far from other speech, other speech seldom; some of the listed is misheard."""
    margin = draw.gauss(3.0 if listed else -1.0, 1.5)
    said = "one" if listed else "cow"
    heard = "two" if listed and draw.random() < 0.1 else "one"
    length = round(200 * math.exp(draw.gauss(0, 0.2)))
    best = Hypothesis((Word(heard, 1.0, 300, 300 + length),), 100.0)
    unknown = Hypothesis((Word("[unk]", 1.0, 300, 500),), 100.0 - margin)
    other = Hypothesis((Word("two" if heard == "one" else "one", 1.0, 300, 500),), 100.0 - abs(draw.gauss(0, 2)))
    if heard == "two":
        other = Hypothesis((Word("one", 1.0, 300, 500),), 99.9)
    hypotheses = sorted((best, unknown, other), key=lambda each: -each.score)
    trial = Trial(said=(said,), speaker=f"zip:s{number % 17}")
    return Example(
        kind="digits" if listed else "other words, digit list",
        listed=listed,
        grammar=LIST,
        outcome=Outcome(trial=trial, hypotheses=tuple(hypotheses)),
    )


@pytest.fixture(scope="module")
def heard() -> list[Example]:
    draw = random.Random(5)  # noqa: S311
    return [example(draw, number, listed=number % 3 > 0) for number in range(450)]


@pytest.fixture(scope="module")
def fitted(heard: list[Example]) -> Fitted:
    return fit(heard, beam=6.0)


def test_what_was_fitted_tells_listed_from_other_speech_and_says_how_surely(fitted: Fitted) -> None:
    doubt, figures = fitted
    assert doubt.listed.weights["over_unknown"] > 0
    assert all(weight >= 0 for name, weight in doubt.chosen.weights.items() if name.startswith("over_"))
    assert dict(figures["curve"])[0.03] < 0.4
    assert sum(abs(sure - right) * share for sure, right, share in figures["calibration"]) < 0.1
    assert doubt.reject_below < doubt.accept_from <= 1.0


def test_about_three_in_a_hundred_listed_digits_are_rejected(heard: list[Example], fitted: Fitted) -> None:
    doubt, figures = fitted
    assert figures["kinds"]["digits"]["reject"] == pytest.approx(0.03, abs=0.02)
    accepted = [
        assess(doubt, each.grammar, each.outcome.hypotheses).band == "accept" for each in heard if not each.listed
    ]
    assert sum(accepted) / len(accepted) < 0.06


def test_the_same_recordings_give_the_same_numbers(heard: list[Example], fitted: Fitted) -> None:
    assert fit(heard, beam=6.0) == fitted


def test_nobody_is_judged_by_what_was_fitted_on_them(heard: list[Example]) -> None:
    alone = [each for each in heard if each.speaker == "zip:s3"]
    # Were they part of the fit, turning their truth around would change their own confidence.
    turned = [
        Example(kind=each.kind, listed=not each.listed, grammar=each.grammar, outcome=each.outcome)
        if each in alone
        else each
        for each in heard
    ]
    before, after = cross_validated(heard, 6.0), cross_validated(turned, 6.0)
    at = heard.index(alone[0])
    # The shares of the kinds change with them, so that only the intercept may move.
    assert before[at].listed == pytest.approx(after[at].listed, abs=0.1)


def test_evidence_that_would_count_the_wrong_way_is_left_out() -> None:
    def evidence(extras: float, over: float) -> Evidence:
        rest = dict.fromkeys(Evidence.__struct_fields__, 0.0)
        return Evidence(**rest | {"extras": extras, "over_unknown": over})

    draw = random.Random(2)  # noqa: S311
    truths = [draw.random() < 0.5 for _ in range(400)]
    rows = [(evidence(float(true), true + draw.gauss(0, 1)), true, 1.0) for true in truths]
    fitted = logistic(rows, LISTED)
    assert "extras" not in fitted.weights
    assert fitted.weights["over_unknown"] > 0
    assert probability(fitted, evidence(0, 5)) > probability(fitted, evidence(0, -5))


def test_one_kind_of_example_alone_gives_no_weights() -> None:
    its = Evidence(**dict.fromkeys(Evidence.__struct_fields__, 0.0))
    assert logistic([(its, True, 1.0)] * 5, LISTED).weights == {}
    assert logistic([], LISTED).weights == {}


def test_each_kind_of_other_speech_counts_the_same(heard: list[Example]) -> None:
    weights = weights_of(heard)
    listed = np.array([each.listed for each in heard])
    assert weights.sum() == pytest.approx(1.0)
    assert weights[listed].sum() == pytest.approx(0.8)


def test_a_curve_is_exact_where_scores_are_tied() -> None:
    listed, others = np.array([0.0] * 5 + [1.0] * 95), np.array([0.0] * 50 + [1.0] * 50)
    assert dict(curve(listed, others))[0.05] == 0.5
    assert dict(curve(listed, others))[0.01] == 1.0
    assert area(listed, others) == pytest.approx(0.95 * 0.5 * 0.5 + 0.05 * (0.5 + 0.5 * 0.5))


def test_a_card_keeps_what_it_has_and_gets_the_fit(tmp_path: Path, fitted: Fitted) -> None:
    (tmp_path / "model.json").write_text(json.dumps({"language": "ar", "figures": {"words": 1}}), encoding="utf-8")
    doubt, figures = fitted
    write(tmp_path, doubt, figures)
    card = json.loads((tmp_path / "model.json").read_text(encoding="utf-8"))
    assert (card["language"], card["figures"]["words"]) == ("ar", 1)
    assert doubt_of(card["doubt"]) is not None
    assert "accept" in report(doubt, figures)
