"""How hard the training is, and how fast, at each part of it."""

from __future__ import annotations

import pytest

pytest.importorskip("torch", reason="torch comes with the training extra")
pytest.importorskip("scipy", reason="scipy comes with the training extra")
pytest.importorskip("soundfile", reason="soundfile comes with the training extra")

from speech.training.augment import MILD, NOISY, WILD
from speech.training.train import (
    PEAK_RATE,
    REFINE_RATE,
    REFINE_SHARE,
    learning_rate,
    stage_of,
)


def test_speech_is_distorted_wildly_then_mildly_and_at_last_noise_comes_back() -> None:
    parts = (0.0, 0.69, 0.71, 1.0, 1 + 0.5 * REFINE_SHARE, 1 + 1.5 * REFINE_SHARE, 1 + 2 * REFINE_SHARE)
    assert [stage_of(done) for done in parts] == [WILD, WILD, MILD, MILD, MILD, NOISY, NOISY]


def test_the_rate_rises_falls_and_each_round_of_refining_begins_lower_and_falls_again() -> None:
    assert learning_rate(0.001, 10) < learning_rate(0.01, 100)
    assert learning_rate(0.01, 100) == pytest.approx(PEAK_RATE, abs=2e-6)
    assert learning_rate(0.999, 12_000) < 0.01 * PEAK_RATE
    for a_round in (0, 1):
        first, last = (learning_rate(1 + REFINE_SHARE * (a_round + part), 13_000) for part in (0.001, 0.999))
        assert first == pytest.approx(REFINE_RATE, rel=0.01)
        assert first > 100 * last
