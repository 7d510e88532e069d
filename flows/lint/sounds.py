"""How alike two phrases sound on a telephone, by rules from letters to classes of sounds.

No dictionary: for names and new words there is none, and a warning may be wrong where an error may not. Sounds that a
telephone line (300 to 3,400 Hz) and a recogniser confuse cost little, vowels cost little, all else costs one.
Source for what is confused: Miller and Nicely, "An analysis of perceptual confusions among some English consonants",
JASA 27 (1955): voicing and nasality survive, the place of articulation is lost first.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import pairwise
from typing import Final

from flows.phrases import spelling_key

# Up to this share of the longer phrase, and up to this cost in all, a difference is easily lost.
ALIKE: Final = 0.26
ALIKE_COST: Final = 1.5
_VOWELS: Final = frozenset("aeiou")
_VOWEL_COST: Final = 0.25
_VOWEL_GAP: Final = 0.5
_NEAR_COST: Final = 0.35

# Sounds that differ in little: F for th, S for sh, C for ch, N for ng, Q for the deep k and g of Arabic and Persian.
_NEAR: Final = frozenset(
    frozenset(pair)
    for pair in ("pb", "td", "kg", "fv", "sz", "mn", "fT", "vT", "sT", "sS", "SC", "Cj", "zj", "nN", "mN", "lr", "bv",
                 "pt", "tk", "bd", "dg", "hx", "xQ", "kQ", "gQ", "wv", "hQ", "kx")
)  # fmt: skip

_ENGLISH: Final = tuple(
    (re.compile(pattern), sound)
    for pattern, sound in (
        (r"'", ""), (r"^(?:kn|gn|pn)", "n"), (r"^wr", "r"), (r"^wh", "w"), (r"^hour", "our"), (r"^hon", "on"),
        (r"mb$", "m"), (r"tch", "C"), (r"sch", "sk"), (r"ch", "C"), (r"ph", "f"), (r"igh", "i"), (r"ough", "o"),
        (r"augh", "a"), (r"gh", ""), (r"sh", "S"), (r"[st]ion", "Son"), (r"th", "T"), (r"dge?", "d"), (r"ng", "N"),
        (r"ck", "k"), (r"c(?=[eiy])", "s"), (r"c", "k"), (r"qu?", "kw"), (r"x", "ks"), (r"g(?=[ei])", "j"),
        (r"(?<=[aeiou])y", "i"), (r"y$", "i"), (r"(?<![aeiou])e$", ""), (r"(?<=[^aeiouy])e(?=s$)", ""), (r"y", "i"),
    )
)  # fmt: skip

# Letters of one sound made one; `ا و ی` are the long vowels, ع and ء are hardly heard.
_SHARED_LETTERS: Final = {
    "ب": "b", "پ": "p", "ت": "t", "ط": "t", "ث": "s", "س": "s", "ص": "s", "ج": "j", "چ": "C", "ح": "h", "ه": "h",
    "خ": "x", "د": "d", "ذ": "z", "ز": "z", "ض": "z", "ظ": "z", "ژ": "j", "ر": "r", "ش": "S", "ع": "", "ء": "",
    "غ": "Q", "ق": "Q", "ف": "f", "ک": "k", "گ": "g", "ل": "l", "م": "m", "ن": "n", "و": "u", "ی": "i", "ا": "a",
}  # fmt: skip
# In Arabic ث is nearer to t and ض to d than in Persian.
_ARABIC_LETTERS: Final = {**_SHARED_LETTERS, "ث": "T", "ذ": "T", "ظ": "T", "ض": "d", "غ": "x"}


def sound_alike(first: str, second: str, language: str) -> bool:
    """Whether a caller who says one phrase may well be taken for saying the other."""
    one, other = sounds_of(first, language), sounds_of(second, language)
    most = min(ALIKE_COST, ALIKE * max(len(one), len(other)))
    return abs(len(one) - len(other)) * _VOWEL_GAP <= most and distance(one, other) <= most


@lru_cache(maxsize=8192)
def sounds_of(phrase: str, language: str) -> str:
    """A phrase as a row of sounds, one letter each, the words run together."""
    words = spelling_key(phrase).split()
    if language == "en":
        row = "".join(_english(word) for word in words)
    else:
        letters = _ARABIC_LETTERS if language == "ar" else _SHARED_LETTERS
        row = "".join(letters.get(letter, letter) for word in words for letter in _without_ending(word, language))
    return row[:1] + "".join(after for before, after in pairwise(row) if before != after)


def _english(word: str) -> str:
    for pattern, sound in _ENGLISH:
        word = pattern.sub(sound, word)
    return word


def _without_ending(word: str, language: str) -> str:
    # The final ه of Persian and ة of Arabic (one letter in the key) are a short vowel.
    return word[:-1] + "ا" if len(word) > 2 and word.endswith("ه") and language in ("ar", "fa") else word


@lru_cache(maxsize=65536)
def distance(first: str, second: str) -> float:
    """How far two rows of sounds are apart: the cost of turning one into the other, a lost consonant being 1."""
    row = [0.0]
    for sound in second:
        row.append(row[-1] + _gap(sound))
    for sound in first:
        previous, row = row, [row[0] + _gap(sound)]
        for index, other in enumerate(second):
            row.append(
                min(previous[index] + _cost(sound, other), previous[index + 1] + _gap(sound), row[index] + _gap(other))
            )
    return row[-1]


def _gap(sound: str) -> float:
    return _VOWEL_GAP if sound in _VOWELS else 1.0


def _cost(first: str, second: str) -> float:
    if first == second:
        return 0.0
    if first in _VOWELS and second in _VOWELS:
        return _VOWEL_COST
    return _NEAR_COST if frozenset((first, second)) in _NEAR else 1.0
