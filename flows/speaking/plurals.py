"""Plural categories of the three languages.

Source: Unicode CLDR, Language Plural Rules, cardinal rules of en, ar and fa
(https://www.unicode.org/cldr/charts/latest/supplemental/language_plural_rules.html). The operand n is the absolute
value, i its whole part and v the number of visible digits after the point; a value counts as it is spoken, so zeros at
its end are not visible.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

PluralCategory = Literal["zero", "one", "two", "few", "many", "other"]


def english(n: Decimal) -> PluralCategory:
    """one: i = 1 and v = 0."""
    return "one" if abs(n) == 1 else "other"


def persian(n: Decimal) -> PluralCategory:
    """one: i = 0 or n = 1."""
    return "one" if abs(n) < 1 or abs(n) == 1 else "other"


def arabic(n: Decimal) -> PluralCategory:
    """zero: 0, one: 1, two: 2, few: n % 100 = 3..10, many: n % 100 = 11..99, for whole numbers only."""
    if n != n.to_integral_value():
        return "other"
    whole = abs(int(n))
    if whole <= 2:
        first: tuple[PluralCategory, ...] = ("zero", "one", "two")
        return first[whole]
    hundreds = whole % 100
    if hundreds < 3:
        return "other"
    return "few" if hundreds <= 10 else "many"
