"""Times as people at a desk write and read them, by the office's clock: pure, the present instant comes in."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from callbacks.shifts import DAYS, instant
from ivr.desk.errors import DeskError

ASAP: Final = "asap"
EXAMPLES: Final = (ASAP, "14:00", "tomorrow 09:00", "fri 09:00", "2026-03-03 14:00", "2026-03-03T14:00:00+00:00")
WEEK: Final = 7
_LOCAL: Final = re.compile(
    rf"(?:(?P<day>today|tomorrow|{'|'.join(DAYS)}|\d{{4}}-\d\d-\d\d) )?(?P<hour>[01]?\d|2[0-3]):(?P<minute>[0-5]\d)"
)


def parse_when(text: str, zone: ZoneInfo, now: datetime) -> datetime | None:
    """An instant in UTC; None for "asap".

    A time without a day is today's, a weekday the next one, today included. Raises `DeskError`.
    """
    plain = " ".join(text.lower().split())
    if plain in {ASAP, "as soon as possible"}:
        return None
    found = _LOCAL.fullmatch(plain)
    if found is not None:
        day = _day(found["day"], now.astimezone(zone).date())
        if day is not None:
            return instant(datetime.combine(day, time(int(found["hour"]), int(found["minute"]))), zone)
    return parse_instant(text, zone)


def parse_instant(text: str, zone: ZoneInfo) -> datetime:
    """An instant in UTC of an ISO 8601 date or time; without an offset it is the office's. Raises `DeskError`."""
    try:
        at = datetime.fromisoformat(text.strip())
        return instant(at, zone) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):
        raise DeskError("invalid", f'"{text}" is not a time; write one such as these', allowed=EXAMPLES) from None


def day_words(day: date, today: date) -> str:
    """A day in words: today, tomorrow, the weekday within a week, else the date."""
    days = (day - today).days
    near = {-1: "yesterday", 0: "today", 1: "tomorrow"}
    if days in near:
        return near[days]
    return f"{day:%a %d %b}" if abs(days) < 300 else f"{day:%a %d %b %Y}"


def time_words(at: datetime, zone: ZoneInfo, now: datetime) -> str:
    """An instant by the office's clock: "tomorrow 14:00"."""
    local = at.astimezone(zone)
    return f"{day_words(local.date(), now.astimezone(zone).date())} {local:%H:%M}"


def window_words(starts: datetime, ends: datetime, zone: ZoneInfo, now: datetime) -> str:
    """A window by the office's clock: "tomorrow 14:00-15:00"."""
    local_ends = ends.astimezone(zone)
    if local_ends.date() == starts.astimezone(zone).date():
        return f"{time_words(starts, zone, now)}-{local_ends:%H:%M}"
    return f"{time_words(starts, zone, now)} - {time_words(ends, zone, now)}"


def length_words(seconds: float) -> str:
    """A length of time in words: "35 s", "12 min", "3 h 05 min", "2 days 4 h"."""
    length = timedelta(seconds=max(0, round(seconds)))
    minutes = length // timedelta(minutes=1)
    if length < timedelta(minutes=2):
        return f"{length.seconds} s"
    if minutes < 120:
        return f"{minutes} min"
    if length < timedelta(days=2):
        return f"{minutes // 60} h {minutes % 60:02} min"
    return f"{length.days} days {length.seconds // 3600} h"


def count_words(count: int, word: str) -> str:
    """How many, in words: "1 call", "2 calls"."""
    return f"{count} {word}" if count == 1 else f"{count} {word}s"


def _day(word: str | None, today: date) -> date | None:
    if word in {None, "today"}:
        return today
    if word == "tomorrow":
        return today + timedelta(days=1)
    if word in DAYS:
        return today + timedelta(days=(DAYS.index(word) - today.weekday()) % WEEK)
    try:
        return date.fromisoformat(str(word))
    except ValueError:
        return None
