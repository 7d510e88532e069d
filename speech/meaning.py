"""What recognised words mean in a grammar: an intent, and the digits where digits were said."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from speech.grammar import Grammar, heard_digits

DIGITS_INTENT: Final = "digits"


def meaning(grammar: Grammar, texts: Sequence[str]) -> tuple[str | None, str | None]:
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


def _phrase_by_phrase(grammar: Grammar, texts: Sequence[str]) -> set[str]:
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
