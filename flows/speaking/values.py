"""What the three languages share: the error, digits of other scripts, and exact amounts ready to be spoken."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from itertools import pairwise
from typing import Final

import msgspec

LIMIT: Final = 10**15
# Of a long number, nobody can hold more digits than this before the next pause.
MOST_IN_A_GROUP: Final = 4
# Without the value: what a caller has said may be sensitive, and errors are logged.
_TOO_LARGE: Final = "not a number below 10**15"
# Nobody can follow more digits after the point by ear, and a binary fraction (0.1 + 0.2) would have seventeen.
FRACTION_DIGITS: Final = 6
# Up to this many digits after the point are one number in Arabic and Persian ("twenty five"); more are said singly.
GROUPED_FRACTION_DIGITS: Final = 3

_ARABIC_INDIC: Final = "٠١٢٣٤٥٦٧٨٩"
_PERSIAN: Final = "۰۱۲۳۴۵۶۷۸۹"
_TO_ASCII: Final = str.maketrans(_ARABIC_INDIC + _PERSIAN, "0123456789" * 2)

# How many decimals the minor unit has. Source: CLDR supplemental currency data (ISO 4217, but no decimals for the rial,
# whose minor unit is out of use); the toman (ten rials, no ISO code of its own) has none either.
MINOR_DIGITS: Final[dict[str, int]] = {
    "GBP": 2,
    "USD": 2,
    "EUR": 2,
    "AED": 2,
    "SAR": 2,
    "EGP": 2,
    "JOD": 3,
    "KWD": 3,
    "IRR": 0,
    "IRT": 0,
}


class UnspeakableError(ValueError):
    """A value that has no spoken form here: an unknown language or currency, or a number that is too large."""

    code = "unspeakable"
    retryable = False


class Amount(msgspec.Struct, frozen=True):
    """A sum of money split into whole major and minor units."""

    negative: bool
    major: int
    minor: int


def words_of(table: str) -> tuple[str, ...]:
    """A table of words that is written as one text."""
    return tuple(table.split())


def ascii_digits(text: str) -> str:
    """The text with Arabic-Indic (U+0660) and Persian (U+06F0) digits as ASCII digits."""
    return text.translate(_TO_ASCII)


def exact(value: int | float | Decimal) -> Decimal:
    """The value as it is spoken: at most six digits after the point, no zeros at its end.

    Raises `UnspeakableError` for infinities, for what is no number, and from 10**15 on.
    """
    number = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    if not number.is_finite() or abs(number) >= LIMIT:
        raise UnspeakableError(_TOO_LARGE)
    number = number.quantize(Decimal(1).scaleb(-FRACTION_DIGITS), rounding=ROUND_HALF_EVEN)
    if abs(number) >= LIMIT:
        raise UnspeakableError(_TOO_LARGE)
    return number.to_integral_value() if number == number.to_integral_value() else number.normalize()


def fraction_digits(number: Decimal) -> str:
    """The digits after the point of what `exact` gave, empty for a whole number."""
    return f"{number:f}".partition(".")[2]


def fraction_groups(digits: str) -> list[int]:
    """The numbers that are said after the point: each leading zero, then the rest as one number where it is short."""
    if len(digits) > GROUPED_FRACTION_DIGITS:
        return [int(digit) for digit in digits]
    rest = digits.lstrip("0")
    return [0] * (len(digits) - len(rest)) + [int(rest)]


def spelled(text: str) -> list[str]:
    """Digits (as ASCII) and letters of a text, one by one; everything else only separates."""
    return [character for character in ascii_digits(text) if character in "0123456789" or character.isalpha()]


def split_amount(amount: Decimal | int, currency: str) -> Amount:
    """An amount in whole units of a currency, the minor unit rounded half up; raises `UnspeakableError`."""
    digits = MINOR_DIGITS.get(currency)
    if digits is None:
        raise UnspeakableError(f"unknown currency {currency!r} (known: {', '.join(sorted(MINOR_DIGITS))})")
    number = Decimal(amount)
    if not number.is_finite() or abs(number) >= LIMIT:
        raise UnspeakableError(_TOO_LARGE)
    units = int(abs(number).scaleb(digits).to_integral_value(rounding=ROUND_HALF_UP))
    major, minor = divmod(units, 10**digits)
    if major >= LIMIT:
        raise UnspeakableError(_TOO_LARGE)
    return Amount(negative=number < 0 and units > 0, major=major, minor=minor)


def last_digits(number: str) -> str:
    """The last four digits of a phone number, or all of a shorter one; raises `UnspeakableError` if there is none."""
    digits = "".join(character for character in ascii_digits(number) if character in "0123456789")
    if not digits:
        raise UnspeakableError("a phone number without digits")
    return digits[-4:]


def phone_groups(number: str) -> list[str]:
    """The digits of a phone number in groups of three or four; raises `UnspeakableError` if there is none."""
    digits = "".join(character for character in ascii_digits(number) if character in "0123456789")
    if not digits:
        raise UnspeakableError("a phone number without digits")
    count = -(-len(digits) // MOST_IN_A_GROUP)
    cuts = [len(digits) * index // count for index in range(count + 1)]
    return [digits[start:end] for start, end in pairwise(cuts)]
