"""When a customer's phone may ring: the office's openings, cut with the hours that count where the phone may be.

An instant is inside where the clock on the wall, in every zone that the number may be in, shows a time from the first
minute of the calling hours up to the last, which is not part of them. Nothing else is asked, so a change of the clocks
needs no rule of its own, and what follows is the careful side of each:

- Where the clocks skip the first minute, hours begin with the first valid one after it; where they skip the last, hours
  end with the jump.
- Where the first minute comes twice, hours begin with the first of the two; they pause where the wall shows again what
  was before it. Where the last minute comes twice, hours end with the first of the two; what the wall then shows again
  of the time before it is inside.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import reduce
from typing import Final
from zoneinfo import ZoneInfo

from callbacks.model import Interval
from callbacks.rules import CallingHours

DAY_MINUTES: Final = 24 * 60
# No zone changes its clocks and changes them back within this time.
_STRIDE: Final = timedelta(hours=6)
_SECOND: Final = timedelta(seconds=1)


def may_ring(at: datetime, zones: Sequence[str], hours: CallingHours) -> bool:
    """Whether a phone that may be in any of `zones` (IANA names) may ring at this aware instant.

    ValueError for no zone, a naive instant, or hours that do not end after they begin.
    """
    _check(zones, hours, at)
    return all(_shows_calling_hours(at.astimezone(ZoneInfo(zone)), hours) for zone in zones)


def callable_intervals(
    openings: Sequence[Interval], zones: Sequence[str], hours: CallingHours, since: datetime, until: datetime
) -> list[Interval]:
    """The parts of `openings` from `since` up to `until` in which `may_ring`: in UTC, in order, none touching another.

    `openings` are in order and do not overlap. ValueError as for `may_ring`.
    """
    _check(zones, hours, since, until, *(edge for opening in openings for edge in (opening.starts, opening.ends)))
    start, end = since.astimezone(UTC), until.astimezone(UTC)
    spans = [_in_utc(opening) for opening in openings]
    spans = common(_joined(spans), [Interval(starts=start, ends=end)])
    if not spans:
        return []
    start, end = spans[0].starts, spans[-1].ends
    return reduce(common, (_joined(_inside(ZoneInfo(zone), hours, start, end)) for zone in zones), spans)


def next_time(
    at: datetime, openings: Sequence[Interval], zones: Sequence[str], hours: CallingHours, until: datetime
) -> Interval | None:
    """The first callable interval that is not over at `at`, from `at` on; None where none begins before `until`.

    An interval that holds `at` begins with it. ValueError as for `may_ring`.
    """
    return next(iter(callable_intervals(openings, zones, hours, at, until)), None)


def _check(zones: Sequence[str], hours: CallingHours, *instants: datetime) -> None:
    if not 0 <= hours.from_minute < hours.to_minute <= DAY_MINUTES:
        raise ValueError("calling hours end after they begin, within one day")
    if not zones:
        raise ValueError("calling hours need at least one zone")
    if any(instant.utcoffset() is None for instant in instants):
        raise ValueError("an instant needs its zone")


def _shows_calling_hours(wall: datetime, hours: CallingHours) -> bool:
    return hours.from_minute <= wall.hour * 60 + wall.minute < hours.to_minute


def _inside(zone: ZoneInfo, hours: CallingHours, start: datetime, end: datetime) -> Iterator[Interval]:
    """What of UTC `start` to `end` is inside the hours in one zone: in order, possibly touching at a clock change."""
    first, last = timedelta(minutes=hours.from_minute), timedelta(minutes=hours.to_minute)
    for stretch in _steady(zone, start, end):
        # Between two changes the wall clock is UTC and an offset.
        offset = _offset(zone, stretch.starts)
        midnight = (stretch.starts + offset).replace(hour=0, minute=0, second=0, microsecond=0) - offset
        while midnight < stretch.ends:
            starts, ends = max(midnight + first, stretch.starts), min(midnight + last, stretch.ends)
            if starts < ends:
                yield Interval(starts=starts, ends=ends)
            midnight += timedelta(days=1)


def _steady(zone: ZoneInfo, start: datetime, end: datetime) -> Iterator[Interval]:
    """UTC `start` to `end`, cut where the zone changes its clocks."""
    begun = known = start
    while known < end:
        ahead = min(known + _STRIDE, end)
        if _offset(zone, known) != _offset(zone, ahead):
            change = _change(zone, known, ahead)
            yield Interval(starts=begun, ends=change)
            begun = change
        known = ahead
    if begun < end:
        yield Interval(starts=begun, ends=end)


def _change(zone: ZoneInfo, before: datetime, after: datetime) -> datetime:
    """The first second of the offset that counts at `after`, where another one counts at `before`."""
    old = _offset(zone, before)
    low, high = before.replace(microsecond=0), after
    while high - low > _SECOND:
        middle = (low + (high - low) / 2).replace(microsecond=0)
        if middle == low:
            middle += _SECOND
        if _offset(zone, middle) == old:
            low = middle
        else:
            high = middle
    return high


def _offset(zone: ZoneInfo, at: datetime) -> timedelta:
    return at.astimezone(zone).utcoffset() or timedelta(0)


def _in_utc(interval: Interval) -> Interval:
    # Two times in one zone are compared by their walls, which is wrong where an hour comes twice.
    return Interval(starts=interval.starts.astimezone(UTC), ends=interval.ends.astimezone(UTC))


def _joined(intervals: Sequence[Interval] | Iterator[Interval]) -> list[Interval]:
    """The same instants, with intervals that touch made one."""
    joined: list[Interval] = []
    for interval in intervals:
        if joined and interval.starts <= joined[-1].ends:
            joined[-1] = Interval(starts=joined[-1].starts, ends=max(joined[-1].ends, interval.ends))
        elif interval.starts < interval.ends:
            joined.append(interval)
    return joined


def common(some: list[Interval], others: list[Interval]) -> list[Interval]:
    """The instants in both, in order; each list is in order and its intervals do not touch."""
    shared, mine, theirs = [], 0, 0
    while mine < len(some) and theirs < len(others):
        one, other = some[mine], others[theirs]
        starts, ends = max(one.starts, other.starts), min(one.ends, other.ends)
        if starts < ends:
            shared.append(Interval(starts=starts, ends=ends))
        if one.ends < other.ends:
            mine += 1
        else:
            theirs += 1
    return shared
