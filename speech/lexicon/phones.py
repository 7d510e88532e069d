"""The phones of all languages: how long each lasts at least, and what it is like.

One inventory serves English, Arabic and Persian, so that a phone that only few people said in one language borrows from
those who said it in another. Names follow ARPAbet; Arabic adds its pharyngeals and emphatics.
Source: ARPAbet; International Phonetic Association, Handbook, 1999 (articulation).
"""

from __future__ import annotations

from typing import Final, Literal

import msgspec

Kind = Literal["stop", "affricate", "fricative", "nasal", "liquid", "glide", "vowel"]


class Phone(msgspec.Struct, frozen=True):
    """`states`: outputs of 30 ms that it passes through, its least duration.

    Consonants have a `place`, from 0 (lips) to 1 (glottis); vowels have `height` and `back`, 0 to 1, of where they
    begin and, for diphthongs, of where they end.
    """

    states: int
    kind: Kind
    voiced: bool = True
    place: float = 0.0
    emphatic: bool = False
    height: float = 0.0
    back: float = 0.0
    end_height: float | None = None
    end_back: float | None = None


def _consonant(kind: Kind, place: float, states: int = 1, *, voiced: bool, emphatic: bool = False) -> Phone:
    return Phone(states, kind, voiced, place, emphatic)


def _vowel(states: int, height: float, back: float, end: tuple[float, float] | None = None) -> Phone:
    end_height, end_back = end or (None, None)
    return Phone(states, "vowel", height=height, back=back, end_height=end_height, end_back=end_back)


PHONES: Final[dict[str, Phone]] = {
    "P": _consonant("stop", 0.0, voiced=False),
    "B": _consonant("stop", 0.0, voiced=True),
    "T": _consonant("stop", 0.3, voiced=False),
    "D": _consonant("stop", 0.3, voiced=True),
    "K": _consonant("stop", 0.7, voiced=False),
    "G": _consonant("stop", 0.7, voiced=True),
    "Q": _consonant("stop", 0.8, voiced=False),
    "GS": _consonant("stop", 1.0, voiced=False),  # hamza
    "TE": _consonant("stop", 0.3, voiced=False, emphatic=True),
    "DE": _consonant("stop", 0.3, voiced=True, emphatic=True),
    "CH": _consonant("affricate", 0.45, 2, voiced=False),
    "JH": _consonant("affricate", 0.45, 2, voiced=True),
    "F": _consonant("fricative", 0.1, 2, voiced=False),
    "V": _consonant("fricative", 0.1, voiced=True),
    "TH": _consonant("fricative", 0.2, 2, voiced=False),
    "DH": _consonant("fricative", 0.2, voiced=True),
    "S": _consonant("fricative", 0.3, 2, voiced=False),
    "Z": _consonant("fricative", 0.3, voiced=True),
    "SE": _consonant("fricative", 0.3, 2, voiced=False, emphatic=True),
    "ZE": _consonant("fricative", 0.2, voiced=True, emphatic=True),
    "SH": _consonant("fricative", 0.45, 2, voiced=False),
    "ZH": _consonant("fricative", 0.45, voiced=True),
    "X": _consonant("fricative", 0.75, 2, voiced=False),
    "GH": _consonant("fricative", 0.75, voiced=True),
    "HP": _consonant("fricative", 0.9, voiced=False),  # pharyngeal: the Arabic hah
    "AYN": _consonant("fricative", 0.9, voiced=True),
    "HH": _consonant("fricative", 1.0, voiced=False),
    "M": _consonant("nasal", 0.0, voiced=True),
    "N": _consonant("nasal", 0.3, voiced=True),
    "NG": _consonant("nasal", 0.7, voiced=True),
    "L": _consonant("liquid", 0.3, voiced=True),
    "R": _consonant("liquid", 0.4, voiced=True),
    "W": _consonant("glide", 0.05, voiced=True),
    "Y": _consonant("glide", 0.5, voiced=True),
    "AH": _vowel(2, 0.35, 0.5),
    "EH": _vowel(2, 0.4, 0.1),
    "IH": _vowel(2, 0.8, 0.2),
    "IY": _vowel(2, 1.0, 0.0),
    "ER": _vowel(2, 0.5, 0.5),
    "AE": _vowel(2, 0.15, 0.2),
    "AA": _vowel(2, 0.0, 0.7),
    "UH": _vowel(2, 0.8, 0.8),
    "UW": _vowel(3, 1.0, 1.0),
    "AO": _vowel(3, 0.25, 0.9),
    "OW": _vowel(3, 0.5, 0.8, (0.9, 0.9)),
    "AW": _vowel(3, 0.0, 0.4, (0.9, 0.9)),
    "AY": _vowel(3, 0.0, 0.4, (0.9, 0.1)),
    "EY": _vowel(3, 0.5, 0.1, (0.9, 0.1)),
    "OY": _vowel(3, 0.4, 0.9, (0.9, 0.1)),
    "A": _vowel(1, 0.1, 0.3),  # short, Arabic fatha
    "I": _vowel(1, 0.85, 0.15),  # kasra
    "U": _vowel(1, 0.85, 0.85),  # damma
}
