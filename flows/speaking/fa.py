"""Persian: cardinal words joined by "و", Jalali dates, the twelve-hour clock with the part of the day."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Final

from flows.speaking.jalali import to_jalali
from flows.speaking.values import (
    exact,
    fraction_digits,
    fraction_groups,
    last_digits,
    phone_groups,
    spelled,
    split_amount,
    words_of,
)

_SMALL: Final = words_of(
    "صفر یک دو سه چهار پنج شش هفت هشت نه ده یازده دوازده سیزده چهارده پانزده شانزده هفده هجده نوزده"
)
_TENS: Final = words_of("_ _ بیست سی چهل پنجاه شصت هفتاد هشتاد نود")
_HUNDREDS: Final = words_of("_ صد دویست سیصد چهارصد پانصد ششصد هفتصد هشتصد نهصد")
# 10**12 is "تریلیون" in Iran's press; CLDR's "بیلیون" is taken for 10**9 by many listeners.
_SCALES: Final = ((10**12, "تریلیون"), (10**9, "میلیارد"), (10**6, "میلیون"), (10**3, "هزار"))
WEEKDAYS: Final = ("دوشنبه", "سه‌شنبه", "چهارشنبه", "پنج‌شنبه", "جمعه", "شنبه", "یکشنبه")
_MONTHS: Final = words_of("فروردین اردیبهشت خرداد تیر مرداد شهریور مهر آبان آذر دی بهمن اسفند")

# Until which hour each part of the day lasts. Source: CLDR day periods of fa, but "بعد از ظهر" for its "عصر", and
# "بامداد" from midnight on, because "دوازده شب" leaves open which of two nights is meant.
_DAY_PARTS: Final = ((4, "بامداد"), (12, "صبح"), (13, "ظهر"), (19, "بعد از ظهر"), (24, "شب"))

# Persian counts in the singular. Names without a country are the ones that mean one currency in Iran.
_CURRENCIES: Final[dict[str, tuple[str, str]]] = {
    "GBP": ("پوند", "پنی"),
    "USD": ("دلار", "سنت"),
    "EUR": ("یورو", "سنت"),
    "AED": ("درهم", "فلس"),
    "SAR": ("ریال سعودی", "هلله"),
    "EGP": ("پوند مصر", "قرش"),
    "JOD": ("دینار اردن", "فلس"),
    "KWD": ("دینار کویت", "فلس"),
    "IRR": ("ریال", ""),
    "IRT": ("تومان", ""),
}


def _below_thousand(value: int) -> str:
    hundreds, rest = divmod(value, 100)
    words = [_HUNDREDS[hundreds]] if hundreds else []
    if 0 < rest < 20:
        words.append(_SMALL[rest])
    elif rest:
        words.append(_TENS[rest // 10])
        if rest % 10:
            words.append(_SMALL[rest % 10])
    return " و ".join(words)


def cardinal(value: int) -> str:
    """The words of a whole number that is not negative."""
    if value == 0:
        return _SMALL[0]
    parts: list[str] = []
    for size, scale in _SCALES:
        count = value // size % 1000
        if count == 1 and size == 1000 and not parts:
            parts.append(scale)  # a thousand at the beginning is "هزار", never "یک هزار"
        elif count:
            parts.append(f"{_below_thousand(count)} {scale}")
    if value % 1000:
        parts.append(_below_thousand(value % 1000))
    return " و ".join(parts)


def number(value: int | float | Decimal) -> str:
    """Cardinal words; after "ممیز" the digits are one number, their leading zeros said before it.

    Source: CLDR rule-based number format of fa ("منفی", "ممیز"); for what follows the point, the grammar at
    dastur.info, 6.1.3 (decimal numerals).
    """
    spoken = exact(value)
    words = cardinal(abs(int(spoken)))
    fraction = fraction_digits(spoken)
    if fraction:
        words = " ".join([words, "ممیز", *(cardinal(group) for group in fraction_groups(fraction))])
    return f"منفی {words}" if spoken < 0 else words


def digits(text: str) -> str:
    """Each digit as a word, each letter by itself."""
    return " ".join(_SMALL[int(sign)] if sign in "0123456789" else sign for sign in spelled(text))


def ordinal(value: int) -> str:
    """The ordinal of a whole number, as in dates: "اول" for the first, then "دوم", "سوم"."""
    if value == 1:
        return "اول"
    words = cardinal(value)
    if words.endswith("سه"):
        return f"{words[:-1]}وم"
    return f"{words}‌ام" if words.endswith("سی") else f"{words}م"


def place(position: int) -> str:
    """A place in line: "نفر سوم"."""
    return f"نفر {ordinal(position)}"


def day(moment: datetime.date, *, today: datetime.date) -> str:
    """A day within a few weeks, without its month."""
    if (moment - today).days in (0, 1):
        return date(moment, today=today)
    return f"{WEEKDAYS[moment.weekday()]} {ordinal(to_jalali(moment)[2])}"


def waiting(low: int, high: int, *, hours: bool) -> str:
    """How long somebody waits: between two numbers of minutes or hours, the higher one at least 1."""
    unit = "ساعت" if hours else "دقیقه"
    if low >= high:
        return f"حدود {cardinal(high)} {unit}"
    return f"کمتر از {cardinal(high)} {unit}" if low < 1 else f"بین {cardinal(low)} تا {cardinal(high)} {unit}"


def date(day: datetime.date, *, today: datetime.date | None = None) -> str:
    """Weekday, day and month of the Jalali calendar, with the year where it is not the present one."""
    if today is not None and (day - today).days in (0, 1):
        return "امروز" if day == today else "فردا"
    year, month, month_day = to_jalali(day)
    words = f"{WEEKDAYS[day.weekday()]} {ordinal(month_day)} {_MONTHS[month - 1]}"
    return words if today is not None and to_jalali(today)[0] == year else f"{words} {cardinal(year)}"


def time(moment: datetime.time) -> str:
    """A time of day from "ساعت" on, with a quarter and a half as people say them."""
    words = f"ساعت {_SMALL[moment.hour % 12 or 12]}"
    match moment.minute:
        case 0:
            pass
        case 15:
            words += " و ربع"
        case 30:
            words += " و نیم"
        case minute:
            words += f" و {cardinal(minute)} دقیقه"
    return f"{words} {_part_of(moment)}"


def _part_of(moment: datetime.time) -> str:
    return next(name for until, name in _DAY_PARTS if moment.hour < until)


def between(starts: datetime.time, ends: datetime.time) -> tuple[str, str]:
    """Two times; "ساعت", and the part of the day where both are in it, are said once."""
    first, last = time(starts), time(ends).removeprefix("ساعت ")
    part = _part_of(starts)
    if part == _part_of(ends):
        first = first.removesuffix(f" {part}")
    return first, last


def money(amount: Decimal | int, currency: str) -> str:
    """Major and minor units in words, each left out where it is nothing."""
    sum_ = split_amount(amount, currency)
    major, minor = _CURRENCIES[currency]
    parts = []
    if sum_.major or not sum_.minor:
        parts.append(f"{cardinal(sum_.major)} {major}")
    if sum_.minor:
        parts.append(f"{cardinal(sum_.minor)} {minor}")
    words = " و ".join(parts)
    return f"منفی {words}" if sum_.negative else words


def phone_ending(number: str) -> str:
    """A phone number by its last four digits."""
    return f"شماره منتهی به {digits(last_digits(number))}"


def phone(number: str) -> str:
    """A phone number in full, in groups."""
    return "شماره " + "، ".join(digits(group) for group in phone_groups(number))
