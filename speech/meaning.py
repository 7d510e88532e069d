"""What recognised words mean in a grammar: an intent, and the digits where digits were said."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from speech.digits import UNKNOWN_WORD
from speech.grammar import Grammar, heard_digits
from speech.recognition import Word

DIGITS_INTENT: Final = "digits"
# A breath, a click or an "uh" before or after a phrase: then one may ask, instead of giving up. Source: ours.
LONGEST_NOISE_MS: Final = 300


class Meant(msgspec.Struct, frozen=True):
    """What an utterance means: `value` has the digits of a number, `words` are those that say it.

    `times` is how often a phrase of this meaning is said; a number is said once.
    """

    intent: str
    value: str | None
    words: tuple[Word, ...]
    times: int


def meant(grammar: Grammar, words: Sequence[Word]) -> Meant | None:
    """What these words mean: one whole phrase, else digits of the right count, else one phrase or its like repeated.

    None where they mean nothing. A short unknown sound at either end is passed over beside a phrase. Beside digits it
    may be one more digit, so that they mean nothing then.
    """
    core = tuple(without_noise(words))
    texts = [word.text for word in core]
    intent = grammar.intent_of(texts)
    if intent is not None:
        return Meant(intent, None, core, 1)
    digits = heard_digits(grammar, texts)
    if digits is not None and grammar.digits is not None:
        fits = grammar.digits.min <= len(digits) <= grammar.digits.max and len(core) == len(words)
        return Meant(DIGITS_INTENT, digits, core, 1) if fits else None
    intents = _phrase_by_phrase(grammar, texts)
    # "Yes, yes" and "agent! operator!" mean one thing; "sales agent" may mean two.
    return Meant(intents[0], None, core, len(intents)) if len(set(intents)) == 1 else None


def without_noise(words: Sequence[Word]) -> Sequence[Word]:
    """The words without one short `[unk]` at either end."""
    first, last = 0, len(words)
    if last - first > 1 and is_short_noise(words[first]):
        first += 1
    if last - first > 1 and is_short_noise(words[last - 1]):
        last -= 1
    return words[first:last]


def is_short_noise(word: Word) -> bool:
    """Whether this is a sound that is no word, and as short as a cough."""
    return word.text == UNKNOWN_WORD and word.end_ms - word.start_ms < LONGEST_NOISE_MS


def _phrase_by_phrase(grammar: Grammar, texts: Sequence[str]) -> list[str]:
    """The intents of the phrases that `texts` is made of, longest first; empty where something is left over."""
    longest = max((len(phrase.split()) for phrase in grammar.intents), default=0)
    intents: list[str] = []
    at = 0
    while at < len(texts):
        for length in range(min(longest, len(texts) - at), 0, -1):
            intent = grammar.intent_of(texts[at : at + length])
            if intent is not None:
                intents.append(intent)
                at += length
                break
        else:
            return []
    return intents
