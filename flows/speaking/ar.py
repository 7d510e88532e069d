"""Modern Standard Arabic: numbers, Gregorian dates with the month names of pan-Arab media, the clock, money.

Dates and times are in the oblique case: in a prompt they stand after a preposition or as an adverb. For counting with
agreement, as a plural filter needs it, see `flows/speaking/ar_counting.py` (`Noun`, `counted`, `cardinal`).
"""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Final

from flows.speaking.ar_counting import Gender, Noun, cardinal, counted
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

WEEKDAYS: Final = words_of("الاثنين الثلاثاء الأربعاء الخميس الجمعة السبت الأحد")
# The names used in Egypt, the Gulf and by pan-Arab broadcasters, not those of the Levant ("تشرين الثاني") or the
# Maghreb. Source: CLDR months of ar.
_MONTHS: Final = words_of("يناير فبراير مارس أبريل مايو يونيو يوليو أغسطس سبتمبر أكتوبر نوفمبر ديسمبر")
_ORDINALS: Final = words_of("_ الأول الثاني الثالث الرابع الخامس السادس السابع الثامن التاسع العاشر")
HOURS: Final = (
    *(
        "_",
        "الواحدة",
        "الثانية",
        "الثالثة",
        "الرابعة",
        "الخامسة",
        "السادسة",
        "السابعة",
        "الثامنة",
        "التاسعة",
        "العاشرة",
    ),
    *("الحادية عشرة", "الثانية عشرة"),
)
_MINUTE: Final = Noun("دقيقة", "دقيقتان", "دقيقتين", "دقائق", "دقيقة", "feminine")
# Until which hour each part of the day lasts. Source: CLDR day periods of ar.
_DAY_PARTS: Final = (
    (1, "بعد منتصف الليل"),
    (3, "ليلًا"),
    (6, "فجرًا"),
    (12, "صباحًا"),
    (13, "ظهرًا"),
    (18, "بعد الظهر"),
    (24, "مساءً"),
)

_HOUR: Final = Noun("ساعة", "ساعتان", "ساعتين", "ساعات", "ساعة", "feminine")

_FILS: Final = Noun("فلس", "فلسان", "فلسين", "فلوس", "فلسًا")
_CENT: Final = Noun("سنت", "سنتان", "سنتين", "سنتات", "سنتًا")
# Pound, dinar and riyal are money of several countries, so they carry the country's adjective.
# Source: CLDR currency names of ar.
_CURRENCIES: Final[dict[str, tuple[Noun, Noun | None]]] = {
    "GBP": (
        Noun("جنيه إسترليني", "جنيهان إسترلينيان", "جنيهين إسترلينيين", "جنيهات إسترلينية", "جنيهًا إسترلينيًا"),
        Noun("بنس", "بنسان", "بنسين", "بنسات", "بنسًا"),
    ),
    "USD": (Noun("دولار", "دولاران", "دولارين", "دولارات", "دولارًا"), _CENT),
    "EUR": (Noun("يورو", "يوروان", "يوروين", "يورو", "يورو"), _CENT),
    "AED": (Noun("درهم", "درهمان", "درهمين", "دراهم", "درهمًا"), _FILS),
    "SAR": (
        Noun("ريال سعودي", "ريالان سعوديان", "ريالين سعوديين", "ريالات سعودية", "ريالًا سعوديًا"),
        Noun("هللة", "هللتان", "هللتين", "هللات", "هللة", "feminine"),
    ),
    "EGP": (
        Noun("جنيه مصري", "جنيهان مصريان", "جنيهين مصريين", "جنيهات مصرية", "جنيهًا مصريًا"),
        Noun("قرش", "قرشان", "قرشين", "قروش", "قرشًا"),
    ),
    "JOD": (Noun("دينار أردني", "ديناران أردنيان", "دينارين أردنيين", "دنانير أردنية", "دينارًا أردنيًا"), _FILS),
    "KWD": (Noun("دينار كويتي", "ديناران كويتيان", "دينارين كويتيين", "دنانير كويتية", "دينارًا كويتيًا"), _FILS),
    "IRR": (Noun("ريال إيراني", "ريالان إيرانيان", "ريالين إيرانيين", "ريالات إيرانية", "ريالًا إيرانيًا"), None),
    "IRT": (Noun("تومان", "تومانان", "تومانين", "تومانات", "تومانًا"), None),
}


def number(value: int | float | Decimal, gender: Gender = "masculine") -> str:
    """Cardinal words in the nominative, as for counting things of a gender.

    After "فاصلة" the digits are one number, their leading zeros said before it. Source: CLDR rule-based number
    format of ar for "ناقص" and the word order; its "فاصل" is "فاصلة" (the comma) in school books and the news.
    """
    spoken = exact(value)
    words = cardinal(abs(int(spoken)), gender)
    fraction = fraction_digits(spoken)
    if fraction:
        words = " ".join([words, "فاصلة", *(cardinal(group) for group in fraction_groups(fraction))])
    return f"ناقص {words}" if spoken < 0 else words


def digits(text: str) -> str:
    """Each digit as a word, each letter by itself."""
    return " ".join(cardinal(int(sign)) if sign in "0123456789" else sign for sign in spelled(text))


def _ordinal(day: int) -> str:
    """The day of a month (1 to 31) with the article, in the oblique case."""
    if day <= 10:
        return _ORDINALS[day]
    tens, unit = divmod(day, 10)
    word = "الحادي" if unit == 1 else _ORDINALS[unit]
    if day < 20:
        return f"{word} عشر"
    ten = f"ال{cardinal(tens * 10, case='oblique')}"
    return f"{word} و{ten}" if unit else ten


def place(position: int) -> str:
    """A place in line, with the article, in the nominative; beyond a hundred as a number."""
    if position >= 100:
        return f"رقم {cardinal(position, case='oblique')}"
    if position <= 10 or 10 < position < 20:
        return _ordinal(position)
    tens, unit = divmod(position, 10)
    ten = f"ال{cardinal(tens * 10)}"
    return f"{'الحادي' if unit == 1 else _ORDINALS[unit]} و{ten}" if unit else ten


def day(moment: datetime.date, *, today: datetime.date) -> str:
    """A day within a few weeks; a day of the month alone is not understood, so that its month is said."""
    return date(moment, today=today)


def waiting(low: int, high: int, *, hours: bool) -> str:
    """How long somebody waits: between two numbers of minutes or hours, the higher one at least 1."""
    noun = _HOUR if hours else _MINUTE
    most = noun.singular if high == 1 else counted(high, noun, "oblique")
    if low >= high:
        return f"نحو {most}"
    return f"أقل من {most}" if low < 1 else f"بين {_least(low, noun)} و{most}"


def _least(low: int, noun: Noun) -> str:
    return noun.singular if low == 1 else counted(low, noun, "oblique")


def date(day: datetime.date, *, today: datetime.date | None = None) -> str:
    """Weekday, day and month, with the year where it is not the present one."""
    if today is not None and (day - today).days in (0, 1):
        return "اليوم" if day == today else "غدًا"
    words = f"{WEEKDAYS[day.weekday()]} {_ordinal(day.day)} من {_MONTHS[day.month - 1]}"
    if today is not None and today.year == day.year:
        return words
    return f"{words} عام {cardinal(day.year, case='oblique')}"


def time(moment: datetime.time) -> str:
    """A time of day from "الساعة" on, with a quarter, a third and a half as people say them."""
    words = f"الساعة {HOURS[moment.hour % 12 or 12]}"
    match moment.minute:
        case 0:
            pass
        case 15:
            words += " والربع"
        case 20:
            words += " والثلث"
        case 30:
            words += " والنصف"
        case minute:
            words += f" و{counted(minute, _MINUTE, 'oblique')}"
    if moment.hour == moment.minute == 0:
        return f"{words} منتصف الليل"
    return f"{words} {_part_of(moment)}"


def _part_of(moment: datetime.time) -> str:
    return next(name for until, name in _DAY_PARTS if moment.hour < until)


def between(starts: datetime.time, ends: datetime.time) -> tuple[str, str]:
    """Two times; "الساعة", and the part of the day where both are in it, are said once."""
    first, last = time(starts), time(ends).removeprefix("الساعة ")
    part = _part_of(starts)
    if part == _part_of(ends):
        first = first.removesuffix(f" {part}")
    return first, last


def money(amount: Decimal | int, currency: str) -> str:
    """Major and minor units in words, each left out where it is nothing, in full agreement with their numbers."""
    sum_ = split_amount(amount, currency)
    major, minor = _CURRENCIES[currency]
    parts = []
    if sum_.major or not sum_.minor:
        parts.append(counted(sum_.major, major))
    if sum_.minor and minor:
        parts.append(counted(sum_.minor, minor))
    words = " و".join(parts)
    return f"ناقص {words}" if sum_.negative else words


def phone_ending(number: str) -> str:
    """A phone number by its last four digits."""
    return f"الرقم المنتهي بالأرقام {digits(last_digits(number))}"


def phone(number: str) -> str:
    """A phone number in full, in groups."""
    return "الرقم " + "، ".join(digits(group) for group in phone_groups(number))
