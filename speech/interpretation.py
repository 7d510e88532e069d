"""From recognised words to what the caller meant, and how far to trust it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from speech.doubt import Assessment, Doubt, Sound, assess
from speech.doubt import Band as Band
from speech.grammar import Grammar
from speech.meaning import Meant, is_short_noise, meant
from speech.recognition import Hypothesis
from speech.recognition import Word as Word  # it lived here once, and is looked for here

# The plain rules, without fitted doubt: below this share of probability we ask. Source: ours; it is near 1.0 for
# unrelated words too, when the recogniser may only choose from a list: it can lower a band, and never raise one.
CONFIRM_BELOW: Final = 0.6
# Source: ours. The shortest digit in the shared recordings ("eight", "two") is about 150 ms long.
SHORTEST_UTTERANCE_MS: Final = 120


class Interpretation(msgspec.Struct, frozen=True, kw_only=True):
    """The meaning of one utterance; `intent` is None exactly where the band is "reject".

    `value` holds the digits for the intent "digits" and is None otherwise. `confidence` is how likely the meaning is
    right, for digits that of the weakest one; without fitted doubt it is the recogniser's lowest for a word.
    """

    intent: str | None
    value: str | None
    text: str
    confidence: float
    band: Band
    words: tuple[Word, ...]
    started_ms: int
    ended_ms: int


def interpret(
    grammar: Grammar, hypotheses: Sequence[Hypothesis], *, doubt: Doubt | None = None, sound: Sound | None = None
) -> Interpretation:
    """What was meant in this grammar; never raises, whatever was heard.

    Where the likeliest hypothesis means nothing, fitted doubt may find another one worth a question, never more.

    Args:
        grammar: what could be said.
        hypotheses: what the recogniser heard, the likeliest first, with its own times; none: nothing was said.
        doubt: what was fitted for the model that heard it; None leaves it to plain rules.
        sound: how loud it was meanwhile, where that is known.
    """
    meanings = [meant(grammar, hypothesis.words) for hypothesis in hypotheses[: None if doubt else 1]]
    index = next((index for index, each in enumerate(meanings) if each is not None), 0)
    said = meanings[index] if meanings else None
    words = hypotheses[index].words if hypotheses else ()
    found = _plain(said) if doubt is None else assess(doubt, grammar, hypotheses, index, sound)
    band = found.band
    if said is None or said.words[-1].end_ms - said.words[0].start_ms < SHORTEST_UTTERANCE_MS:
        band = "reject"
    elif band == "accept" and (index > 0 or len(said.words) != len(words)):
        band = "confirm"
    return Interpretation(
        intent=None if said is None or band == "reject" else said.intent,
        value=None if said is None or band == "reject" else said.value,
        text=" ".join(word.text for word in words),
        confidence=found.confidence,
        band=band,
        words=tuple(words),
        started_ms=words[0].start_ms if words else 0,
        ended_ms=max(words[-1].end_ms, words[0].start_ms) if words else 0,
    )


def _plain(said: Meant | None) -> Assessment:
    lowest = min((word.confidence for word in said.words), default=0.0) if said is not None else 0.0
    return Assessment(confidence=lowest, listed=lowest, band="confirm" if lowest < CONFIRM_BELOW else "accept")


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


def is_noise(words: Sequence[Word]) -> bool:
    """Nothing that a caller would call speech: no word at all, or one short unknown sound.

    Noise is not an utterance: the flow must not hear "no match" because somebody coughed.
    """
    return not words or (len(words) == 1 and is_short_noise(words[0]))
