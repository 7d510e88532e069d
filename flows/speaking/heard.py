"""What callers say for a day, a time or a window; the other direction of the rest of this folder.

The phrases are words as a recogniser writes them. A lone number is in none of them: it is the name of a key.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from flows.speaking import ar, en, fa
from flows.speaking.ar_counting import cardinal as arabic_cardinal
from flows.speaking.values import words_of

# Until which hour callers say each part of the day; the parts are `night`, `morning`, `afternoon`, `evening`.
PARTS_OF_THE_DAY: Final = ((6, "night"), (12, "morning"), (18, "afternoon"), (24, "evening"))
_EN_PARTS: Final = {
    "night": "at night",
    "morning": "in the morning",
    "afternoon": "in the afternoon",
    "evening": "in the evening",
}
_EN_DAYS: Final = words_of(
    "_ first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth "
    "fifteenth sixteenth seventeenth eighteenth nineteenth twentieth"
)
_EN_TENS: Final = {20: "twentieth", 30: "thirtieth"}
_EN_TENS_BEFORE: Final = {20: "twenty", 30: "thirty"}
_DAYS_OF_A_WEEK: Final = 7


def part_of_day(moment: datetime.time) -> str:
    """Which part of the day a time is in."""
    return next(name for until, name in PARTS_OF_THE_DAY if moment.hour < until)


@lru_cache(maxsize=1024)
def day_phrases(language: str, day: datetime.date, *, today: datetime.date) -> tuple[str, ...]:
    """What callers say for a day; a weekday alone is the next one of its name."""
    return tuple(dict.fromkeys(_DAYS[language](day, today)))


@lru_cache(maxsize=4096)
def window_phrases(language: str, starts: datetime.datetime, ends: datetime.datetime) -> tuple[str, ...]:
    """What callers say for a window of one day, given in local time: its two ends, or a full hour inside of it."""
    return tuple(dict.fromkeys(_WINDOWS[language](starts, ends)))


def _full_hours(starts: datetime.datetime, ends: datetime.datetime) -> Iterator[datetime.time]:
    """The beginning, and each full hour after it before the end."""
    yield starts.time()
    moment = starts.replace(minute=0, second=0, microsecond=0) + datetime.timedelta(hours=1)
    while moment < ends and moment.date() == starts.date():
        yield moment.time()
        moment += datetime.timedelta(hours=1)


def _is_near(day: datetime.date, today: datetime.date) -> bool:
    return 0 <= (day - today).days < _DAYS_OF_A_WEEK


# ---------------------------------------------------------------- English


def _en_ordinal(day: int) -> str:
    if day < len(_EN_DAYS):
        return _EN_DAYS[day]
    tens, unit = day // 10 * 10, day % 10
    return f"{_EN_TENS_BEFORE[tens]} {_EN_DAYS[unit]}" if unit else _EN_TENS[tens]


def _en_day(day: datetime.date, today: datetime.date) -> Iterator[str]:
    weekday, ordinal = en.WEEKDAYS[day.weekday()].lower(), _en_ordinal(day.day)
    if (day - today).days in (0, 1):
        yield en.date(day, today=today)
    if _is_near(day, today):
        yield from (weekday, f"on {weekday}")
    yield from (f"{weekday} the {ordinal}", f"the {ordinal}", f"on the {ordinal}")


def _en_clock(moment: datetime.time) -> str:
    hour, after = en.cardinal(moment.hour % 12 or 12), en.cardinal(moment.hour % 12 + 1)
    match moment.minute:
        case 0:
            return hour
        case 15:
            return f"quarter past {hour}"
        case 30:
            return f"half past {hour}"
        case 45:
            return f"quarter to {after}"
        case minute:
            return f"{hour} {en.cardinal(minute)}"


def _en_window(starts: datetime.datetime, ends: datetime.datetime) -> Iterator[str]:
    first, last = _en_clock(starts.time()), _en_clock(ends.time())
    yield from (f"between {first} and {last}", f"from {first} to {last}", f"{first} to {last}")
    for moment in _full_hours(starts, ends):
        clock, part = _en_clock(moment), _EN_PARTS[part_of_day(moment)]
        yield from (f"at {clock}", f"at {clock} {part}")
        if moment.minute == 0:
            yield from (f"{clock} o'clock", f"at {clock} o'clock")


# ---------------------------------------------------------------- Arabic


def _ar_day(day: datetime.date, today: datetime.date) -> Iterator[str]:
    weekday = ar.WEEKDAYS[day.weekday()]
    if (day - today).days in (0, 1):
        yield ar.date(day, today=today)
    if _is_near(day, today):
        yield from (weekday, f"يوم {weekday}")
    dated = ar.date(day, today=day - datetime.timedelta(days=2))
    yield from (dated, f"يوم {dated}")


def _ar_clock(moment: datetime.time) -> str:
    hour = ar.HOURS[moment.hour % 12 or 12]
    match moment.minute:
        case 0:
            return hour
        case 15:
            return f"{hour} والربع"
        case 20:
            return f"{hour} والثلث"
        case 30:
            return f"{hour} والنصف"
        case 45:
            return f"{ar.HOURS[moment.hour % 12 + 1]} إلا ربعًا"
        case minute:
            return f"{hour} و{arabic_cardinal(minute, 'feminine', 'oblique')}"


def _ar_window(starts: datetime.datetime, ends: datetime.datetime) -> Iterator[str]:
    first, last = _ar_clock(starts.time()), _ar_clock(ends.time())
    yield from (f"بين {first} و{last}", f"بين الساعة {first} والساعة {last}")
    yield from (f"من {first} إلى {last}", f"من الساعة {first} إلى الساعة {last}")
    for moment in _full_hours(starts, ends):
        clock = f"الساعة {_ar_clock(moment)}"
        yield from (clock, f"في {clock}", ar.time(moment), f"في {ar.time(moment)}")


# ---------------------------------------------------------------- Persian


def _fa_day(day: datetime.date, today: datetime.date) -> Iterator[str]:
    weekday = fa.WEEKDAYS[day.weekday()]
    if (day - today).days in (0, 1):
        yield fa.date(day, today=today)
    if _is_near(day, today):
        yield weekday
    yield fa.day(day, today=day - datetime.timedelta(days=2))


def _fa_clock(moment: datetime.time) -> str:
    hour, after = fa.cardinal(moment.hour % 12 or 12), fa.cardinal(moment.hour % 12 + 1)
    match moment.minute:
        case 0:
            return hour
        case 15:
            return f"{hour} و ربع"
        case 30:
            return f"{hour} و نیم"
        case 45:
            return f"یک ربع به {after}"
        case minute:
            return f"{hour} و {fa.cardinal(minute)} دقیقه"


def _fa_window(starts: datetime.datetime, ends: datetime.datetime) -> Iterator[str]:
    first, last = _fa_clock(starts.time()), _fa_clock(ends.time())
    yield from (f"بین {first} و {last}", f"بین ساعت {first} و {last}", f"از {first} تا {last}")
    yield f"از ساعت {first} تا {last}"
    for moment in _full_hours(starts, ends):
        yield from (f"ساعت {_fa_clock(moment)}", fa.time(moment))


_DAYS: Final = {"en": _en_day, "ar": _ar_day, "fa": _fa_day}
_WINDOWS: Final = {"en": _en_window, "ar": _ar_window, "fa": _fa_window}
