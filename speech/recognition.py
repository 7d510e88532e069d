"""What a recogniser tells: words, whole hypotheses with their scores, and what it can do. Plain values."""

from __future__ import annotations

from msgspec import Struct


class Word(Struct, frozen=True):
    """One recognised word; times are media time in milliseconds, confidence is the recogniser's own, 0 to 1.

    The confidence is the share of all hypotheses' probability that has this word at this place.
    """

    text: str
    confidence: float
    start_ms: int
    end_ms: int


class Hypothesis(Struct, frozen=True):
    """A whole utterance as it may have been; `score` is its log likelihood (natural logarithm), higher is better."""

    words: tuple[Word, ...]
    score: float


class Heard(Struct, frozen=True):
    """What came of one piece of audio: the words of the utterance so far, and the level of each of its 20 ms parts.

    Levels are dB below full scale; the last part may be shorter, and no audio has no level.
    """

    words: list[str]
    levels_dbfs: tuple[float, ...]


class Capabilities(Struct, frozen=True):
    """What a recogniser can do; `language` is None where it is not known, `rate_hz` is the rate of its own audio."""

    language: str | None
    rate_hz: int
    phrase_lists: bool
    partials: bool
    alternatives: int
    word_times: bool
