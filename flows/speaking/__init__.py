"""How values are spoken, as words that any text-to-speech voice reads right (in English also as digits, where all do).

Each function takes a language of `LANGUAGES`; it raises `UnspeakableError` for another, or for a value without a spoken
form.
"""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Final, Literal, Protocol

from flows.speaking import ar, en, fa, plurals
from flows.speaking.fa_vowels import with_nine
from flows.speaking.jalali import from_jalali, to_jalali
from flows.speaking.plurals import PluralCategory
from flows.speaking.values import UnspeakableError, ascii_digits, exact

__all__ = [
    "LANGUAGES",
    "Language",
    "PluralCategory",
    "UnspeakableError",
    "ascii_digits",
    "between",
    "date",
    "day",
    "digits",
    "from_jalali",
    "money",
    "number",
    "phone",
    "phone_ending",
    "place",
    "plural_category",
    "time",
    "to_jalali",
    "waiting",
]

Language = Literal["en", "ar", "fa"]
LANGUAGES: Final[tuple[Language, ...]] = ("en", "ar", "fa")


class _Speech(Protocol):
    """What each language's module offers."""

    def number(self, value: int | float | Decimal) -> str: ...
    def digits(self, text: str) -> str: ...
    def date(self, day: datetime.date, *, today: datetime.date | None = None) -> str: ...
    def time(self, moment: datetime.time) -> str: ...
    def between(self, starts: datetime.time, ends: datetime.time) -> tuple[str, str]: ...
    def money(self, amount: Decimal | int, currency: str) -> str: ...
    def phone(self, number: str) -> str: ...
    def phone_ending(self, number: str) -> str: ...
    def place(self, position: int) -> str: ...
    def day(self, moment: datetime.date, *, today: datetime.date) -> str: ...
    def waiting(self, low: int, high: int, *, hours: bool) -> str: ...


# The day of the month tells days apart for so long, in every month.
DAYS_WITHOUT_MONTH: Final = 27
# A wait of more minutes than this is told in hours.
MOST_MINUTES_TOLD: Final = 120

_SPEECH: Final[dict[str, _Speech]] = {"en": en, "ar": ar, "fa": fa}
_PLURALS: Final = {"en": plurals.english, "ar": plurals.arabic, "fa": plurals.persian}


def _speech(language: str) -> _Speech:
    if language not in _SPEECH:
        raise UnspeakableError(f"unknown language {language!r} (known: {', '.join(LANGUAGES)})")
    return _SPEECH[language]


def _told(language: str, words: str) -> str:
    """What a voice needs besides the letters: in Persian, "nine" is told from "no" by a mark."""
    return with_nine(words) if language == "fa" else words


def number(language: str, value: int | float | Decimal) -> str:
    """Cardinal words of a number between -10**15 and 10**15, exclusive; at most six digits after the point are said.

    Arabic counts in the masculine; for another gender, and for counting with a noun, see `flows.speaking.ar_counting`.
    """
    return _told(language, _speech(language).number(value))


def digits(language: str, text: str) -> str:
    """A text sign by sign: in English "4 8 2 1", in Arabic and Persian the words of the digits; letters are spelled.

    Digits may be ASCII, Arabic-Indic or Persian; every other sign only separates.
    """
    return _told(language, _speech(language).digits(text))


def date(language: str, day: datetime.date, *, today: datetime.date | None = None) -> str:
    """A day with its weekday, in the Jalali calendar for Persian, else in the Gregorian.

    With `today`, that day and the next are "today" and "tomorrow", and the year is said only where it differs; without
    `today` it always is.
    """
    return _told(language, _speech(language).date(day, today=today))


def time(language: str, moment: datetime.time) -> str:
    """A time of day on the twelve-hour clock, to the minute; in Arabic and Persian from the word for "o'clock" on."""
    return _told(language, _speech(language).time(moment))


def between(language: str, starts: datetime.time, ends: datetime.time) -> tuple[str, str]:
    """The two ends of a window, for a sentence that joins them; what both have in common is said once."""
    first, last = _speech(language).between(starts, ends)
    return _told(language, first), _told(language, last)


def money(language: str, amount: Decimal | int, currency: str) -> str:
    """An amount of an ISO 4217 currency (or "IRT", the toman) in words, the minor unit rounded half up."""
    return _told(language, _speech(language).money(amount, currency))


def plural_category(language: str, value: int | Decimal) -> PluralCategory:
    """The CLDR cardinal plural category of a number as `number` says it."""
    _speech(language)
    return _PLURALS[language](exact(value))


def phone_ending(language: str, number: str) -> str:
    """A phone number by its last four digits: the caller knows the rest, and a bystander need not."""
    return _told(language, _speech(language).phone_ending(number))


def phone(language: str, number: str) -> str:
    """A phone number in full, in groups with a pause between, as it is read back to whoever keyed it in."""
    return _told(language, _speech(language).phone(number))


def place(language: str, position: int) -> str:
    """A place in line, from 1: "third", and its forms in the sentence of each language that tells it."""
    return _told(language, _speech(language).place(position))


def day(language: str, moment: datetime.date, *, today: datetime.date) -> str:
    """A day as short as the language allows: within the next four weeks without its month, else as `date` says it."""
    near = 0 <= (moment - today).days <= DAYS_WITHOUT_MONTH
    return _told(language, _speech(language).day(moment, today=today)) if near else date(language, moment, today=today)


def waiting(language: str, low_minutes: int, high_minutes: int) -> str:
    """How long somebody is likely to wait, as a window: "between ten and fifteen minutes"; long ones in hours."""
    low, high = max(0, low_minutes), max(1, high_minutes)
    hours = high > MOST_MINUTES_TOLD
    if hours:
        low, high = low // 60, -(-high // 60)
    return _told(language, _speech(language).waiting(low, high, hours=hours))
