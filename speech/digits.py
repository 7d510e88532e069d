"""Spoken digits, per language: the words, and what a row of them means."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Final

from speech.lexicon.spelling import normalised, spellings_of

UNKNOWN_WORD: Final = "[unk]"

# Every word that names one digit. Arabic lists the masculine and the feminine forms and the common spellings without
# hamza, Persian the written and the colloquial form of six.
DIGIT_WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "en": {
        "zero": "0",
        "oh": "0",
        "one": "1",
        "two": "2",
        "three": "3",
        "four": "4",
        "five": "5",
        "six": "6",
        "seven": "7",
        "eight": "8",
        "nine": "9",
    },
    "ar": {
        "صفر": "0",
        "واحد": "1",
        "واحدة": "1",
        "اثنان": "2",
        "اثنين": "2",
        "إثنان": "2",
        "إثنين": "2",
        "ثلاثة": "3",
        "ثلاث": "3",
        "أربعة": "4",
        "اربعة": "4",
        "أربع": "4",
        "خمسة": "5",
        "خمس": "5",
        "ستة": "6",
        "ست": "6",
        "سبعة": "7",
        "سبع": "7",
        "ثمانية": "8",
        "ثماني": "8",
        "تسعة": "9",
        "تسع": "9",
    },
    "fa": {
        "صفر": "0",
        "یک": "1",
        "دو": "2",
        "سه": "3",
        "چهار": "4",
        "پنج": "5",
        "شش": "6",
        "شیش": "6",
        "هفت": "7",
        "هشت": "8",
        "نه": "9",
    },
}

# "double five" is 55. Arabic and Persian callers repeat the digit instead.
REPEAT_WORDS: Final[Mapping[str, Mapping[str, int]]] = {"en": {"double": 2, "triple": 3}, "ar": {}, "fa": {}}


def base_language(language: str) -> str:
    """`en-US` and `en_GB` are `en`."""
    return language.replace("_", "-").split("-", 1)[0].lower()


def digit_words(language: str) -> list[str]:
    """Every word that may be part of a spoken number, in a fixed order; empty for a language without a table."""
    base = base_language(language)
    return [*DIGIT_WORDS.get(base, {}), *REPEAT_WORDS.get(base, {})]


def digits_without_words(language: str, vocabulary: Iterable[str]) -> list[str]:
    """The digit words of `language` whose digit cannot be said at all with the words of `vocabulary`."""
    spellings = spellings_of(frozenset(vocabulary), language)
    table = DIGIT_WORDS.get(base_language(language), {})
    sayable = {digit for word, digit in table.items() if spellings.find(word) is not None}
    return [word for word, digit in table.items() if digit not in sayable]


@lru_cache(maxsize=8)
def _digits_by_form(base: str) -> dict[str, str]:
    return {normalised(word, base): digit for word, digit in DIGIT_WORDS.get(base, {}).items()}


def to_digits(language: str, words: Sequence[str]) -> str | None:
    """The digits that `words` say, or None where a word is no digit or a "double" has nothing to repeat."""
    base = base_language(language)
    table, repeats = _digits_by_form(base), REPEAT_WORDS.get(base, {})
    digits: list[str] = []
    times = 1
    for word in (normalised(word, base) for word in words):
        if word in repeats and times == 1:
            times = repeats[word]
        elif word in table:
            digits.append(table[word] * times)
            times = 1
        else:
            return None
    return "".join(digits) if digits and times == 1 else None
