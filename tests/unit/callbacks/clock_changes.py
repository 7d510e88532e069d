"""Every change of the clocks from 2026 to 2031, in all IANA zones, and clocks read quarter by quarter: an oracle."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

FIRST, LAST = datetime(2026, 1, 1, tzinfo=UTC), datetime(2032, 1, 1, tzinfo=UTC)
# Every change is at a full quarter of an hour, and by a multiple of it.
STEP = timedelta(minutes=15)


def offset(zone: ZoneInfo, at: datetime) -> timedelta:
    return at.astimezone(zone).utcoffset() or timedelta()


@cache
def clock_changes() -> list[tuple[str, datetime]]:
    """A zone and an instant (UTC) for each change; one of those zones that change together and alike."""
    found: dict[tuple[datetime, timedelta, timedelta], str] = {}
    for name in sorted(available_timezones()):
        zone = ZoneInfo(name)
        at, before = FIRST, offset(zone, FIRST)
        while at < LAST:
            # Nobody changes the clocks and changes them back within this time.
            following = at + timedelta(days=14)
            after = offset(zone, following)
            if before != after:
                found.setdefault((_change(zone, at, following), before, after), name)
            at, before = following, after
    return [(name, change) for (change, _, _), name in found.items()]


def _change(zone: ZoneInfo, before: datetime, after: datetime) -> datetime:
    old = offset(zone, before)
    while after - before > timedelta(minutes=1):
        middle = before + timedelta(minutes=(after - before) // timedelta(minutes=2))
        before, after = (middle, after) if offset(zone, middle) == old else (before, middle)
    return after


@cache
def clock_around(name: str, change: datetime) -> list[tuple[datetime, datetime]]:
    """Each quarter of an hour (UTC) within two days of a change, with what a clock on the wall shows then."""
    zone = ZoneInfo(name)
    instants = [change + STEP * number for number in range(-2 * 96, 2 * 96)]
    return [(at, at.astimezone(zone).replace(tzinfo=None)) for at in instants]


def first_showing(clock: list[tuple[datetime, datetime]], wall: datetime) -> datetime | None:
    """When a clock first shows a time, or a later one where it skips it."""
    return next((at for at, shown in clock if shown >= wall), None)


def days(clock: list[tuple[datetime, datetime]]) -> list[date]:
    return sorted({shown.date() for _, shown in clock})
