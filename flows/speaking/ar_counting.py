"""Counting in Modern Standard Arabic: agreement of gender, case and number between a numeral and what it counts.

Source: the rules of the counted noun (tamyiz al-adad) as school grammars give them:
1 and 2 agree with the noun, which says them itself; 3 to 10 take the opposite gender and a genitive plural; 11 to 99 an
accusative singular; hundreds and thousands a genitive singular, before which a dual loses its nun; and 101 is "a
hundred dirhams and a dirham". Words are written as in today's press: "مئة" without the alif that is not spoken,
hundreds in one word, the tanwin of the accusative.
"""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from flows.speaking.values import words_of

Gender = Literal["masculine", "feminine"]
# Nominative where nothing governs the number; oblique (genitive and accusative) after a preposition and in adverbs.
Case = Literal["nominative", "oblique"]


class Noun(msgspec.Struct, frozen=True):
    """What is counted, in the forms that numbers ask for; `dual` is nominative, `accusative` singular."""

    singular: str
    dual: str
    dual_oblique: str
    plural: str
    accusative: str
    gender: Gender = "masculine"


# By gender of what is counted; the forms of 3 to 10 look like the opposite gender.
_UNITS: Final[dict[Gender, tuple[str, ...]]] = {
    "masculine": words_of("صفر واحد اثنان ثلاثة أربعة خمسة ستة سبعة ثمانية تسعة عشرة"),
    "feminine": words_of("صفر واحدة اثنتان ثلاث أربع خمس ست سبع ثمان تسع عشر"),
}
_TEEN: Final[dict[Gender, str]] = {"masculine": "عشر", "feminine": "عشرة"}
_ELEVEN: Final[dict[Gender, str]] = {"masculine": "أحد عشر", "feminine": "إحدى عشرة"}
_TENS: Final = words_of("_ _ عشرون ثلاثون أربعون خمسون ستون سبعون ثمانون تسعون")
_HUNDREDS: Final = words_of("_ مئة مئتان ثلاثمئة أربعمئة خمسمئة ستمئة سبعمئة ثمانمئة تسعمئة")
# 10**12 is "تريليون" in the press; CLDR's "بليون" is 10**9 to many listeners.
_SCALES: Final = (
    (10**12, Noun("تريليون", "تريليونان", "تريليونين", "تريليونات", "تريليونًا")),
    (10**9, Noun("مليار", "ملياران", "مليارين", "مليارات", "مليارًا")),
    (10**6, Noun("مليون", "مليونان", "مليونين", "ملايين", "مليونًا")),
    (10**3, Noun("ألف", "ألفان", "ألفين", "آلاف", "ألفًا")),
)
_AND: Final = " و"


def _dual(word: str, case: Case, *, construct: bool) -> str:
    """A nominative dual in another case, without its nun where the counted noun follows at once."""
    word = word if case == "nominative" else f"{word[:-2]}ين"
    return word[:-1] if construct else word


def _hundreds(count: int, case: Case, *, construct: bool) -> str:
    return _dual(_HUNDREDS[2], case, construct=construct) if count == 2 else _HUNDREDS[count]


def _below_hundred(value: int, gender: Gender, case: Case, *, construct: bool) -> str:
    units = _UNITS[gender]
    if value == 8 and gender == "feminine" and construct:
        return "ثماني"
    if value <= 10:
        return _dual(units[2], case, construct=False) if value == 2 else units[value]
    if value == 11:
        return _ELEVEN[gender]
    if value == 12:
        return f"{_dual(units[2], case, construct=True)} {_TEEN[gender]}"
    if value < 20:
        unit = "ثماني" if value == 18 and gender == "feminine" else units[value - 10]
        return f"{unit} {_TEEN[gender]}"
    tens = _TENS[value // 10] if case == "nominative" else f"{_TENS[value // 10][:-2]}ين"
    unit_value = value % 10
    if unit_value == 0:
        return tens
    if unit_value == 1 and gender == "feminine":
        return f"إحدى{_AND}{tens}"
    return f"{_below_hundred(unit_value, gender, case, construct=False)}{_AND}{tens}"


def _scaled(count: int, scale: Noun, case: Case, *, construct: bool) -> str:
    """`count` (1 to 999) thousands, millions and so on."""
    hundreds, rest = divmod(count, 100)
    if count == 1:
        return scale.singular
    if count == 2:
        return _dual(scale.dual, case, construct=construct)
    if rest <= 2:
        words = f"{_hundreds(hundreds, case, construct=True)} {scale.singular}"
        return f"{words}{_AND}{_scaled(rest, scale, case, construct=construct)}" if rest else words
    words = _below_hundred(rest, scale.gender, case, construct=rest <= 10)
    if hundreds:
        words = f"{_hundreds(hundreds, case, construct=False)}{_AND}{words}"
    if rest <= 10:
        return f"{words} {scale.plural}"
    return f"{words} {scale.singular if construct else scale.accusative}"


def cardinal(value: int, gender: Gender = "masculine", case: Case = "nominative", *, construct: bool = False) -> str:
    """The words of a whole number from 0 to below 10**15.

    `gender` is that of what is counted; with `construct` a noun in the genitive follows at once ("ألفا" for "ألفان").
    """
    if value == 0:
        return _UNITS[gender][0]
    parts = []
    for size, scale in _SCALES:
        count = value // size % 1000
        if count:
            parts.append(_scaled(count, scale, case, construct=construct and value % size == 0))
    hundreds, rest = divmod(value % 1000, 100)
    if hundreds:
        parts.append(_hundreds(hundreds, case, construct=construct and rest == 0))
    if rest:
        parts.append(_below_hundred(rest, gender, case, construct=construct))
    return _AND.join(parts)


def counted(value: int, noun: Noun, case: Case = "nominative") -> str:
    """A whole number (0 to below 10**15) together with what it counts, in full agreement."""
    rest = value % 100
    if value == 1:
        return f"{noun.singular} {_UNITS[noun.gender][1]}"
    if value == 2:
        return noun.dual if case == "nominative" else noun.dual_oblique
    if value and rest in (1, 2):
        return f"{counted(value - rest, noun, case)}{_AND}{counted(rest, noun, case)}"
    if rest == 0:
        return f"{cardinal(value, noun.gender, case, construct=True)} {noun.singular}"
    words = cardinal(value, noun.gender, case, construct=rest <= 10)
    return f"{words} {noun.plural if rest <= 10 else noun.accusative}"
