"""English as it is spoken on the telephone in Britain: "one hundred and one", "the 23rd of November".

Numbers have no hyphens, so that a spoken form is spelled as a recogniser writes it. Dates and times keep digits: every
English voice reads "9 30 AM" and "23rd" right.
"""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Final

from flows.speaking.values import exact, fraction_digits, last_digits, phone_groups, spelled, split_amount, words_of

_SMALL: Final = words_of(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen "
    "fourteen fifteen sixteen seventeen eighteen nineteen"
)
_TENS: Final = words_of("_ _ twenty thirty forty fifty sixty seventy eighty ninety")
_SCALES: Final = ((10**12, "trillion"), (10**9, "billion"), (10**6, "million"), (10**3, "thousand"))
WEEKDAYS: Final = words_of("Monday Tuesday Wednesday Thursday Friday Saturday Sunday")
MONTHS: Final = words_of("January February March April May June July August September October November December")

# Singular and plural of the major and the minor unit. No two currencies have the same name: where several
# countries share one, it carries the country's, except the pound sterling.
_CURRENCIES: Final[dict[str, tuple[str, str, str, str]]] = {
    "GBP": ("pound", "pounds", "penny", "pence"),
    "USD": ("dollar", "dollars", "cent", "cents"),
    "EUR": ("euro", "euros", "cent", "cents"),
    "AED": ("dirham", "dirhams", "fils", "fils"),
    "SAR": ("Saudi riyal", "Saudi riyals", "halala", "halalas"),
    "EGP": ("Egyptian pound", "Egyptian pounds", "piastre", "piastres"),
    "JOD": ("Jordanian dinar", "Jordanian dinars", "fils", "fils"),
    "KWD": ("Kuwaiti dinar", "Kuwaiti dinars", "fils", "fils"),
    "IRR": ("Iranian rial", "Iranian rials", "", ""),
    "IRT": ("toman", "tomans", "", ""),
}


def _below_thousand(value: int) -> str:
    hundreds, rest = divmod(value, 100)
    words = [f"{_SMALL[hundreds]} hundred"] if hundreds else []
    if rest:
        small = _SMALL[rest] if rest < 20 else _TENS[rest // 10] + (f" {_SMALL[rest % 10]}" if rest % 10 else "")
        words.append(small)
    return " and ".join(words)


def cardinal(value: int) -> str:
    """The words of a whole number that is not negative."""
    if value == 0:
        return _SMALL[0]
    parts = [f"{_below_thousand(value // size % 1000)} {scale}" for size, scale in _SCALES if value // size % 1000]
    rest = value % 1000
    if rest:
        # "one thousand and one", but "one thousand one hundred"
        parts.append(f"and {_below_thousand(rest)}" if parts and rest < 100 else _below_thousand(rest))
    return " ".join(parts)


def number(value: int | float | Decimal) -> str:
    """Cardinal words; digits after the point are said one by one."""
    spoken = exact(value)
    words = cardinal(abs(int(spoken)))
    fraction = fraction_digits(spoken)
    if fraction:
        words = " ".join([words, "point", *(_SMALL[int(digit)] for digit in fraction)])
    return f"minus {words}" if spoken < 0 else words


def digits(text: str) -> str:
    """Digits and letters with spaces between, so that no voice reads them as a quantity or a word."""
    return " ".join(spelled(text))


def ordinal(day: int) -> str:
    """A whole number in order, with its digits: "23rd"."""
    suffix = "th" if 11 <= day % 100 <= 13 else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")
    return f"{day}{suffix}"


_PLACES: Final = words_of("_ first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth")


def place(position: int) -> str:
    """A place in line: "third", "21st"."""
    return _PLACES[position] if position < len(_PLACES) else ordinal(position)


def day(moment: datetime.date, *, today: datetime.date) -> str:
    """A day within a few weeks, without its month: "today", "Wednesday the 4th"."""
    if (moment - today).days in (0, 1):
        return date(moment, today=today)
    return f"{WEEKDAYS[moment.weekday()]} the {ordinal(moment.day)}"


def waiting(low: int, high: int, *, hours: bool) -> str:
    """How long somebody waits: between two numbers of minutes or hours, the higher one at least 1."""
    one, many = ("hour", "hours") if hours else ("minute", "minutes")
    unit = one if high == 1 else many
    most = ("an" if hours else "a") if high == 1 else cardinal(high)
    if low >= high:
        return f"about {most} {unit}"
    return f"less than {most} {unit}" if low < 1 else f"between {cardinal(low)} and {cardinal(high)} {unit}"


def date(day: datetime.date, *, today: datetime.date | None = None) -> str:
    """Weekday, day and month, with the year where it is not the present one."""
    if today is not None and (day - today).days in (0, 1):
        return "today" if day == today else "tomorrow"
    words = f"{WEEKDAYS[day.weekday()]} the {ordinal(day.day)} of {MONTHS[day.month - 1]}"
    return words if today is not None and today.year == day.year else f"{words} {day.year}"


def time(moment: datetime.time) -> str:
    """A time of day on the twelve-hour clock: "9 AM", "9 05 AM"."""
    minute = f" {moment.minute:02d}" if moment.minute else ""
    return f"{moment.hour % 12 or 12}{minute} {'AM' if moment.hour < 12 else 'PM'}"


def between(starts: datetime.time, ends: datetime.time) -> tuple[str, str]:
    """Two times of which both are told apart by the second one's half of the day: "9", "10 AM"."""
    first, last = time(starts), time(ends)
    return (first[:-3], last) if first[-3:] == last[-3:] else (first, last)


def money(amount: Decimal | int, currency: str) -> str:
    """Major and minor units in words, each left out where it is nothing."""
    sum_ = split_amount(amount, currency)
    names = _CURRENCIES[currency]
    parts = []
    if sum_.major or not sum_.minor:
        parts.append(f"{cardinal(sum_.major)} {names[sum_.major != 1]}")
    if sum_.minor:
        parts.append(f"{cardinal(sum_.minor)} {names[2 + (sum_.minor != 1)]}")
    words = " and ".join(parts)
    return f"minus {words}" if sum_.negative else words


def phone_ending(number: str) -> str:
    """A phone number by its last four digits."""
    return f"the number ending in {digits(last_digits(number))}"


def phone(number: str) -> str:
    """A phone number in full, in groups."""
    return "the number " + ", ".join(digits(group) for group in phone_groups(number))
