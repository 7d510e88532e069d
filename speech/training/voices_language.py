"""What synthetic speakers say in one language: words with pronunciations, phrases, digit strings. Pure."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Word:
    """One word: `text` as labelled, and phones (IPA; `ˈ` opens the stressed vowel).

    spoken: as the language's own voices read it; empty: they are given the phones. tag: tells takes of the
    pronunciations of one text apart.
    """

    text: str
    spoken: str
    phones: tuple[str, ...]
    tag: str = ""


Text = tuple[Word, ...]


@dataclass(frozen=True)
class Language:
    """Everything that is said in one language.

    core: words that need most takes. menu: the rest of the vocabulary. trained, held_out: speech outside the
    vocabulary, for trained and for held-out voices. digits: what strings are made of; `repeaters` ("double") may
    stand before a digit. phrases: said in one breath. natives: espeak-ng's own voices of the language, in so many
    variants. foreign: espeak-ng voices of other languages that say it with their accent, each in so many variants.
    festival: see `voices_accents.FESTIVAL`. amounts: of each kind of voice, what one voice says: takes of a core word,
    takes of a menu word, words outside the vocabulary, strings, phrases.
    """

    code: str
    core: tuple[Word, ...]
    menu: tuple[Word, ...]
    trained: tuple[Word, ...]
    held_out: tuple[Word, ...]
    digits: tuple[Word, ...]
    natives: tuple[str, ...]
    foreign: tuple[str, ...]
    festival: tuple[str, ...]
    amounts: Mapping[str, tuple[int, int, int, int, int]]
    variants: int
    foreign_variants: int
    repeaters: tuple[Word, ...] = ()
    phrases: tuple[Text, ...] = ()
    string_lengths: tuple[int, ...] = (2, 3, 3, 4, 4, 5, 6, 7)


def parse_words(table: str, stressed: Callable[[tuple[str, ...]], tuple[str, ...]]) -> tuple[Word, ...]:
    """Read a table with one word a line, `text | phones`; phones are separated by spaces.

    A word may have several lines: what is pronounced otherwise gets another `tag`, and with it other names in the zip.

    Args:
        table: the lines.
        stressed: marks the stressed vowel of a word that has no mark (`ˈ`).

    Raises:
        ValueError: a line has not two parts, or a part is empty.
    """
    words: list[Word] = []
    for line in filter(str.strip, table.splitlines()):
        parts = [part.strip() for part in line.split("|")]
        if len(parts) != 2 or not all(parts):
            raise ValueError(f"not `text | phones`: {line!r}")
        phones = tuple(parts[1].split())
        marked = phones if any(p.startswith("ˈ") for p in phones) else stressed(phones)
        before = sum(word.text == parts[0] for word in words)
        words.append(Word(parts[0], "", marked, "" if before == 0 else f"v{before}"))
    return tuple(words)


def with_stress_on(phones: tuple[str, ...], at: int) -> tuple[str, ...]:
    """Mark one phone as the stressed vowel."""
    return (*phones[:at], f"ˈ{phones[at]}", *phones[at + 1 :])


def digit_string(rng: random.Random, language: Language) -> Text:
    """Draw a string of digits; a third of them repeats a digit, for those join worst."""
    length = rng.choice(language.string_lengths)
    digits = [rng.choice(language.digits) for _ in range(length)]
    if rng.random() < 0.35:
        at = rng.randrange(length - 1)
        digits[at + 1] = digits[at]
    if language.repeaters and rng.random() < 0.25:
        digits.insert(rng.randrange(length), rng.choice(language.repeaters))
    return tuple(digits)


def texts(rng: random.Random, language: Language, kind: str, *, held_out: bool) -> Iterator[tuple[Text, str]]:
    """Yield (text, take) for one voice of a kind (`native`, `foreign`, `flite`, `festival`).

    A held-out voice says every word outside the vocabulary that is kept for it, and no other.
    """
    core, menu, other, strings, phrases = language.amounts[kind]
    for word in language.core:
        for take in range(core):
            yield (word,), f"{word.tag}{take}"
    for word in language.menu:
        for take in range(menu):
            yield (word,), f"{word.tag}{take}"
    others = language.held_out if held_out else rng.sample(language.trained, min(other, len(language.trained)))
    for word in others:
        yield (word,), "0"
    for number in range(strings):
        yield digit_string(rng, language), f"s{number}"
    for number in range(phrases if language.phrases else 0):
        yield rng.choice(language.phrases), f"p{number}"
