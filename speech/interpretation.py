"""From recognised words to what the caller meant, and how far to trust it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

import msgspec

from speech.digits import UNKNOWN_WORD
from speech.grammar import Grammar, heard_digits
from speech.recognition import Word as Word  # it lived here once, and is looked for here

DIGITS_INTENT: Final = "digits"

Band = Literal["accept", "confirm", "reject"]


class Bands(msgspec.Struct, frozen=True, kw_only=True):
    """Where trust ends. Plain rules for now; a fitted table takes their place when there is data to fit on.

    Source: ours. The recogniser's confidence says 1.0 for unrelated words too, when it may only choose from a list:
    it can lower a band, and never raise one.
    """

    confirm_below: float = 0.6
    # Source: ours. The shortest digit in the shared recordings ("eight", "two") is about 150 ms long.
    shortest_utterance_ms: int = 120
    # A breath, a click or an "uh" before or after a phrase: then ask, instead of giving up. Around digits it may be
    # one more digit, so that digits are rejected with any unknown sound.
    longest_ignored_unknown_ms: int = 300


DEFAULT_BANDS: Final = Bands()


class Interpretation(msgspec.Struct, frozen=True, kw_only=True):
    """The meaning of one utterance; `intent` is None exactly where the band is "reject".

    `value` holds the digits for the intent "digits" and is None otherwise; `confidence` is the lowest of its words'.
    """

    intent: str | None
    value: str | None
    text: str
    confidence: float
    band: Band
    words: tuple[Word, ...]
    started_ms: int
    ended_ms: int


def interpret(grammar: Grammar, words: Sequence[Word], bands: Bands = DEFAULT_BANDS) -> Interpretation:
    """What the words mean in this grammar; never raises, whatever was heard."""
    core = _without_short_noise(words, bands)
    intent, value = _meaning(grammar, [word.text for word in core])
    if value is not None and len(core) != len(words):
        intent, value = None, None
    lowest = min((word.confidence for word in core), default=0.0)
    started_ms = words[0].start_ms if words else 0
    ended_ms = max(words[-1].end_ms, started_ms) if words else 0
    spoken_ms = core[-1].end_ms - core[0].start_ms if core else 0
    band: Band = "accept"
    if intent is None or spoken_ms < bands.shortest_utterance_ms:
        band, intent, value = "reject", None, None
    elif lowest < bands.confirm_below or len(core) != len(words):
        band = "confirm"
    return Interpretation(
        intent=intent,
        value=value,
        text=" ".join(word.text for word in words),
        confidence=lowest,
        band=band,
        words=tuple(words),
        started_ms=started_ms,
        ended_ms=ended_ms,
    )


def clipped(words: Sequence[Word], started_ms: int, ended_ms: int) -> list[Word]:
    """The words with their times inside the stretch in which the caller was loud.

    The recogniser counts the silence around an utterance to its first and last word, by a second and more.
    """
    return [
        msgspec.structs.replace(
            word,
            start_ms=min(max(word.start_ms, started_ms), ended_ms),
            end_ms=min(max(word.end_ms, started_ms), ended_ms),
        )
        for word in words
    ]


def is_noise(words: Sequence[Word], bands: Bands = DEFAULT_BANDS) -> bool:
    """Nothing that a caller would call speech: no word at all, or one short unknown sound.

    Noise is not an utterance: the flow must not hear "no match" because somebody coughed.
    """
    if not words:
        return True
    only = words[0]
    lone = len(words) == 1 and only.text == UNKNOWN_WORD
    return lone and only.end_ms - only.start_ms < bands.longest_ignored_unknown_ms


def _without_short_noise(words: Sequence[Word], bands: Bands) -> Sequence[Word]:
    """The words without one short `[unk]` at either end."""

    def is_short_noise(word: Word) -> bool:
        return word.text == UNKNOWN_WORD and word.end_ms - word.start_ms < bands.longest_ignored_unknown_ms

    first, last = 0, len(words)
    if last - first > 1 and is_short_noise(words[first]):
        first += 1
    if last - first > 1 and is_short_noise(words[last - 1]):
        last -= 1
    return words[first:last]


def _meaning(grammar: Grammar, texts: list[str]) -> tuple[str | None, str | None]:
    """Intent and value: one whole phrase, else digits of the right count, else one phrase or its like repeated."""
    phrase = " ".join(texts)
    if phrase in grammar.phrases:
        return grammar.phrases[phrase], None
    digits = heard_digits(grammar, texts)
    if digits is not None and grammar.digits is not None:
        fits = grammar.digits.min <= len(digits) <= grammar.digits.max
        return (DIGITS_INTENT, digits) if fits else (None, None)
    intents = _phrase_by_phrase(grammar, texts)
    # "Yes, yes" and "agent! operator!" mean one thing; "sales agent" may mean two.
    return (intents.pop() if len(intents) == 1 else None), None


def _phrase_by_phrase(grammar: Grammar, texts: list[str]) -> set[str]:
    """The intents of the phrases that `texts` is made of, longest first; empty where something is left over."""
    longest = max((len(phrase.split()) for phrase in grammar.phrases), default=0)
    intents: set[str] = set()
    at = 0
    while at < len(texts):
        for length in range(min(longest, len(texts) - at), 0, -1):
            intent = grammar.phrases.get(" ".join(texts[at : at + length]))
            if intent is not None:
                intents.add(intent)
                at += length
                break
        else:
            return set()
    return intents
