"""From recognised words to what the caller meant, and how far to trust it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from speech.digits import UNKNOWN_WORD
from speech.doubt import Assessment, Doubt, Sound, assess
from speech.doubt import Band as Band
from speech.grammar import Grammar
from speech.meaning import DIGITS_INTENT as DIGITS_INTENT
from speech.meaning import meaning
from speech.recognition import Hypothesis
from speech.recognition import Word as Word  # it lived here once, and is looked for here


class Bands(msgspec.Struct, frozen=True, kw_only=True):
    """Where trust ends by plain rules, which hold for every model; what is fitted for one (`Doubt`) is stricter."""

    # Without fitted doubt: the recogniser's own share of probability. Source: ours; it is near 1.0 for unrelated words
    # too, when it may only choose from a list: it can lower a band, and never raise one.
    confirm_below: float = 0.6
    # Source: ours. The shortest digit in the shared recordings ("eight", "two") is about 150 ms long.
    shortest_utterance_ms: int = 120
    # A breath, a click or an "uh" before or after a phrase: then ask, instead of giving up. Around digits it may be
    # one more digit, so that digits are rejected with any unknown sound.
    longest_ignored_unknown_ms: int = 300


DEFAULT_BANDS: Final = Bands()


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
    grammar: Grammar,
    hypotheses: Sequence[Hypothesis],
    *,
    doubt: Doubt | None = None,
    sound: Sound | None = None,
    bands: Bands = DEFAULT_BANDS,
) -> Interpretation:
    """What was meant in this grammar; never raises, whatever was heard.

    Args:
        grammar: what could be said.
        hypotheses: what the recogniser heard, the likeliest first; none means that nothing was said.
        doubt: what was fitted for the model that heard it; None leaves the plain rules of `bands` alone.
        sound: how loud it was meanwhile, where that is known.
        bands: the plain rules, which hold in any case.
    """
    words = hypotheses[0].words if hypotheses else ()
    core = _without_short_noise(words, bands)
    intent, value = meaning(grammar, [word.text for word in core])
    if value is not None and len(core) != len(words):
        intent, value = None, None
    started_ms = words[0].start_ms if words else 0
    ended_ms = max(words[-1].end_ms, started_ms) if words else 0
    spoken_ms = core[-1].end_ms - core[0].start_ms if core else 0
    if doubt is None:
        lowest = min((word.confidence for word in core), default=0.0)
        found = Assessment(confidence=lowest, band="confirm" if lowest < bands.confirm_below else "accept")
    else:
        found = assess(doubt, grammar, core, hypotheses, sound)
    band = found.band
    if intent is None or band == "reject" or spoken_ms < bands.shortest_utterance_ms:
        band, intent, value = "reject", None, None
    elif len(core) != len(words):
        band = "confirm"
    return Interpretation(
        intent=intent,
        value=value,
        text=" ".join(word.text for word in words),
        confidence=found.confidence,
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
