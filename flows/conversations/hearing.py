"""What a perfect recogniser would make of a sentence at the present question. The edge has a real one."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final

import msgspec

from flows.actions import Grammar
from flows.messages import key_name, key_phrases, yes_no_phrases
from flows.phrases import normalised, spelling_key

# Words for a digit within a number that nobody says for its key.
OTHER_DIGIT_WORDS: Final[dict[str, dict[str, str]]] = {
    "en": {"oh": "0"},
    "ar": dict(zip(["واحدة", "ثلاث", "أربع", "خمس", "ست", "سبع", "ثماني", "تسع"], "13456789", strict=True)),
}
_SLOT: Final = re.compile(r"\{(\w+)\}")


class Meaning(msgspec.Struct, frozen=True, kw_only=True):
    """The keys that a sentence stands for, and what it says about the values of an open question, as keys."""

    keys: str
    slots: dict[str, str] = {}


def meaning_of(grammar: Grammar, text: str) -> Meaning | None:
    """What a sentence means in a grammar; None where it does not fit."""
    key = spelling_key(text)
    phrases = {spelling_key(phrase): keys for phrase, keys in grammar.phrases.items()}
    digits = digits_in(grammar.language, text)
    if key in phrases:
        return Meaning(keys=phrases[key])
    if digits is not None:
        if grammar.digits is not None and grammar.digits.min <= len(digits) <= grammar.digits.max:
            return Meaning(keys=digits)
        name = spelling_key(key_name(grammar.language, digits)) if len(digits) == 1 else ""
        return Meaning(keys=phrases[name]) if name in phrases else None
    return _by_example(grammar, key)


def digits_in(language: str, text: str) -> str | None:
    """The digits that a text says, in figures of any script or one word for each; None where it says more."""
    table = _digit_words(language)
    digits: list[str] = []
    for word in normalised(text).split():
        if word.isdecimal():
            digits += [str(unicodedata.decimal(figure)) for figure in word]
        elif (digit := table.get(spelling_key(word))) is not None:
            digits.append(digit)
        else:
            return None
    return "".join(digits) or None


@lru_cache
def _digit_words(language: str) -> dict[str, str]:
    names = {spelling_key(name): key for key in "0123456789" for name in key_phrases(language, key)}
    others = {spelling_key(word): digit for word, digit in OTHER_DIGIT_WORDS.get(language, {}).items()}
    return {**others, **names}


def _by_example(grammar: Grammar, key: str) -> Meaning | None:
    for example, keys in grammar.examples.items():
        found = _pattern(example).fullmatch(key)
        if found is not None:
            said = {name: _keys_of(grammar.language, value) for name, value in found.groupdict().items()}
            return Meaning(keys=keys, slots={name: value for name, value in said.items() if value is not None})
    return None


@lru_cache(maxsize=1024)
def _pattern(example: str) -> re.Pattern[str]:
    """An example sentence as a pattern over normalised texts; each `{slot}` is a named group."""
    parts = _SLOT.split(example)
    words: list[str] = []
    for index, part in enumerate(parts):
        if index % 2:
            words.append(f"(?P={part})" if part in parts[:index] else f"(?P<{part}>.+?)")
        elif spelling_key(part):
            words.append(re.escape(spelling_key(part)))
    return re.compile(" ".join(words))


def _keys_of(language: str, value: str) -> str | None:
    """What was said for a value, as keys; a value that cannot be told from the words is asked for."""
    answers = {spelling_key(phrase): key for phrase, key in yes_no_phrases(language).items()}
    return digits_in(language, value) or answers.get(value)
