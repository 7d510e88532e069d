"""The closed set of what a caller may say in one turn."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import cached_property

import msgspec

from speech.digits import UNKNOWN_WORD, digit_words, digits_without_words, to_digits
from speech.lexicon.spelling import normalised, spellings_of


class Digits(msgspec.Struct, frozen=True, kw_only=True):
    """A number said digit by digit, of `min` to `max` digits."""

    min: int = 1
    max: int = 1

    def __post_init__(self) -> None:
        if not 1 <= self.min <= self.max:
            raise ValueError("digits: min must be at least 1 and at most max")


class Grammar(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """What may be said: `phrases` maps a spoken phrase to an intent that is opaque to `speech`.

    Phrases are lower case, with one space between words. Universal phrases are simply phrases. A flow and a model may
    spell a word in different ways: the recogniser is given the model's spelling, and phrases are compared in a form in
    which both are the same.
    """

    language: str
    phrases: dict[str, str] = {}
    digits: Digits | None = None

    @cached_property
    def intents(self) -> dict[str, str]:
        """The intent of each phrase in its normal form; where two phrases have one form, that of the first."""
        found: dict[str, str] = {}
        for phrase, intent in self.phrases.items():
            if form := normalised(phrase, self.language):
                found.setdefault(form, intent)
        return found

    def intent_of(self, words: Sequence[str]) -> str | None:
        """The intent of these words, if they are one phrase."""
        phrase = " ".join(words)
        return self.phrases.get(phrase) or self.intents.get(normalised(phrase, self.language))


def vosk_phrases(grammar: Grammar, vocabulary: Collection[str] | None = None) -> list[str]:
    """The phrase list for the recogniser: phrases, spoken digits, and `[unk]` for whatever else is said.

    With a model's `vocabulary`, phrases are in the model's own spelling, and a phrase that has a word which the model
    does not know is left out, since the recogniser would drop that word and hear the rest of the phrase;
    `unknown_words` reports it.
    """
    wanted = list(grammar.phrases)
    if grammar.digits is not None:
        wanted += digit_words(grammar.language)
    if vocabulary is not None:
        spellings = spellings_of(frozenset(vocabulary), grammar.language)
        wanted = [own for phrase in wanted if (own := spellings.phrase(phrase)) is not None]
    return list(dict.fromkeys([*wanted, UNKNOWN_WORD]))


def unknown_words(grammar: Grammar, vocabulary: Collection[str]) -> list[str]:
    """The words without which something in this grammar cannot be said, sorted.

    A second word for a digit ("oh") and "double" are conveniences: they are not reported while the digit can be said.
    """
    spellings = spellings_of(frozenset(vocabulary), grammar.language)
    missing = {word for phrase in grammar.phrases for word in spellings.unknown(phrase)}
    if grammar.digits is not None:
        missing.update(digits_without_words(grammar.language, vocabulary))
    return sorted(missing)


def heard_digits(grammar: Grammar, words: Sequence[str]) -> str | None:
    """The digits said so far, or None where the grammar takes no digits or the words are something else."""
    return None if grammar.digits is None else to_digits(grammar.language, words)


def is_complete(grammar: Grammar, words: Sequence[str]) -> bool:
    """True when nothing more can be meant: the most digits that the grammar takes have been heard.

    A phrase is never complete in this sense: the caller may be on the way to a longer one.
    """
    digits = heard_digits(grammar, words)
    return grammar.digits is not None and digits is not None and len(digits) == grammar.digits.max


def is_phrase(grammar: Grammar, words: Sequence[str]) -> bool:
    """Whether the words are exactly one phrase of the grammar."""
    return grammar.intent_of(words) is not None


def is_last_phrase(grammar: Grammar, words: Sequence[str]) -> bool:
    """Whether the words are exactly one phrase, and no longer phrase and no number begins with them."""
    if not is_phrase(grammar, words) or heard_digits(grammar, words) is not None:
        return False
    phrase = normalised(" ".join(words), grammar.language)
    return not any(other.startswith(f"{phrase} ") for other in grammar.intents)
