"""Hypotheses of one utterance: joined from its pieces, and the confidence of their words."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from speech.recognition import Hypothesis, Word

# Source: issue 5. What is less likely than five others changes no decision.
MOST_HYPOTHESES: Final = 6
# Words that ended longer ago belong to no utterance that anybody still waits for. Source: ours; four times the cap.
KEPT_MS: Final = 60_000


def with_confidence(hypotheses: Iterable[Hypothesis]) -> list[Hypothesis]:
    """The hypotheses, likeliest first and each text once; a word has the share of probability that has it there.

    Two words are the same at the same place where they are the same text and the middle of one lies in the other.
    """
    kept = _best_of_each_text(hypotheses)
    if not kept:
        return []
    best = kept[0].score
    weights = [math.exp(hypothesis.score - best) for hypothesis in kept]
    total = sum(weights)

    def share(word: Word) -> float:
        agreeing = (
            weight
            for weight, other in zip(weights, kept, strict=True)
            if any(_same_place(word, candidate) for candidate in other.words)
        )
        return min(1.0, sum(agreeing) / total)

    return [
        Hypothesis(
            tuple(msgspec.structs.replace(word, confidence=share(word)) for word in hypothesis.words),
            hypothesis.score,
        )
        for hypothesis in kept
    ]


def joined(before: Sequence[Hypothesis], after: Sequence[Hypothesis], now_ms: float) -> tuple[Hypothesis, ...]:
    """The likeliest combinations of two pieces of one utterance: words in a row, scores added.

    A piece without any word adds nothing. Words that ended more than `KEPT_MS` before `now_ms` are dropped.
    """
    if not any(hypothesis.words for hypothesis in after):
        after = ()
    if before and after:
        both = [Hypothesis(one.words + two.words, one.score + two.score) for one in before for two in after]
    else:
        both = list(before or after)
    oldest_ms = now_ms - KEPT_MS
    if any(hypothesis.words and hypothesis.words[0].end_ms < oldest_ms for hypothesis in both):
        both = [
            Hypothesis(tuple(word for word in hypothesis.words if word.end_ms >= oldest_ms), hypothesis.score)
            for hypothesis in both
        ]
    kept = _best_of_each_text(both)[:MOST_HYPOTHESES]
    return tuple(kept) if any(hypothesis.words for hypothesis in kept) else ()


def _best_of_each_text(hypotheses: Iterable[Hypothesis]) -> list[Hypothesis]:
    best: dict[tuple[str, ...], Hypothesis] = {}
    for hypothesis in sorted(hypotheses, key=lambda one: -one.score):
        best.setdefault(tuple(word.text for word in hypothesis.words), hypothesis)
    return list(best.values())


def _same_place(word: Word, other: Word) -> bool:
    if word.text != other.text:
        return False
    middle = word.start_ms + word.end_ms
    return 2 * other.start_ms <= middle <= 2 * other.end_ms or (
        2 * word.start_ms <= other.start_ms + other.end_ms <= 2 * word.end_ms
    )
