"""When agents work: shifts as people write them, as instants, and whether somebody may be given a call now.

A local time that the clocks skip moves to the first valid instant; one that comes twice means the first. A shift across
midnight belongs to the day on which it begins, and so does its day off. Results are in UTC.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Final
from zoneinfo import ZoneInfo

from callbacks.model import Agent, Interval, Shift

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY_MINUTES: Final = 24 * 60
WEEK_MINUTES: Final = 7 * DAY_MINUTES

_DAY: Final = f"(?:{'|'.join(DAYS)})"
_SPAN: Final = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]-(?:(?:[01][0-9]|2[0-3]):[0-5][0-9]|24:00)"
_ENTRY: Final = re.compile(rf"({_DAY})(?:-({_DAY}))?((?: {_SPAN})+)")
_EXAMPLE: Final = "mon-fri 09:00-12:30 13:00-17:00, sat 10:00-14:00"


def instant(wall: datetime, zone: ZoneInfo) -> datetime:
    """The instant (UTC) of a naive time on the wall: the first of two; the first valid one where the clocks skip it."""
    first = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if first.astimezone(zone).replace(tzinfo=None) == wall:
        return first
    # In a gap the two readings lie on either side of the change, which is found by halving.
    before, after = wall.replace(tzinfo=zone, fold=1).astimezone(UTC), first
    offset = after.astimezone(zone).utcoffset()
    while after - before > timedelta(seconds=1):
        middle = before + timedelta(seconds=(after - before) // timedelta(seconds=2))
        if middle.astimezone(zone).utcoffset() == offset:
            after = middle
        else:
            before = middle
    return after


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """The instant (UTC) at which a local day begins."""
    return instant(datetime.combine(day, time()), zone)


def joined(intervals: Iterable[Interval]) -> list[Interval]:
    """The same time in UTC and in order, without empty intervals; those that touch or overlap become one."""
    result: list[Interval] = []
    for starts, ends in sorted((each.starts.astimezone(UTC), each.ends.astimezone(UTC)) for each in intervals):
        if ends <= starts:
            continue
        if result and starts <= result[-1].ends:
            starts, ends = result[-1].starts, max(ends, result.pop().ends)
        result.append(Interval(starts=starts, ends=ends))
    return result


def working(agent: Agent, since: datetime, until: datetime) -> list[Interval]:
    """When the agent's shifts say that they work between two instants; without shifts always, but on days off."""
    since, until = since.astimezone(UTC), until.astimezone(UTC)
    if not agent.shifts and not agent.days_off:
        return joined([Interval(starts=since, ends=until)])
    return joined(clipped(each, since, until) for _, each in _by_day(agent, since, until))


def counted_on(agent: Agent, now: datetime, until: datetime, openings: list[Interval]) -> list[Interval]:
    """When promises from now until then may count on the agent, in order: by shifts, else while the office is open.

    Who is away has left the working day that has begun, and is not counted on before the next one: a shift (without
    shifts, an opening) that has begun today or is still running ends that agent's day. Who is away before the first
    shift of a day has not come yet. `openings` must be joined and reach back to the beginning of today to tell.
    """
    pieces = list(_by_day(agent, now, until))
    if not agent.shifts:
        pieces = [
            (day, clipped(piece, opening.starts, opening.ends))
            for day, piece in pieces
            for opening in openings
            if opening.starts < piece.ends and piece.starts < opening.ends
        ]
    begun = [day for day, piece in pieces if piece.starts <= now]
    if agent.state == "away" and begun:
        pieces = [(day, piece) for day, piece in pieces if day > max(begun)]
    return joined(clipped(piece, now, until) for _, piece in pieces)


def on_shift(agent: Agent, at: datetime) -> bool:
    """Whether the agent works at an instant, by their shifts and days off."""
    return bool(working(agent, at, at.astimezone(UTC) + timedelta(microseconds=1)))


def within_pace(agent: Agent, at: datetime) -> bool:
    """Whether one more call now stays within `per_hour`.

    Calls that were given less than an hour from now count, on either side: where a clock has been set back, the pace is
    kept, and nobody is held up for longer than an hour.
    """
    if agent.per_hour is None:
        return True
    return sum(abs(at - given) < timedelta(hours=1) for given in agent.given_at) < agent.per_hour


def is_free(agent: Agent, now: datetime) -> bool:
    """Whether the agent may be rung now: available, in no call, not cooling off, on shift and within the pace."""
    cooling_off = agent.not_before is not None and now < agent.not_before
    ready = agent.state == "available" and agent.holder is None and not cooling_off
    return ready and within_pace(agent, now) and on_shift(agent, now)


def parse_shifts(text: str) -> tuple[Shift, ...]:
    """Shifts as people write them, "mon-fri 09:00-12:30 13:00-17:00, sat 10:00-14:00", in order; "" for none.

    Raises ValueError, which says what to write, where an entry is none or two shifts overlap.
    """
    plain = " ".join(re.sub(r"\s*[-–]\s*", "-", text.lower()).split())
    shifts = sorted(shift for entry in plain.split(",") if plain for shift in _parsed(entry.strip()))
    for earlier, later in pairwise(sorted((*map(_in_week, shifts), *(_in_week(each, 1) for each in shifts)))):
        if later[0] < earlier[1]:
            names = sorted({shifts_text([earlier[2]]), shifts_text([later[2]])})
            raise ValueError(f"these shifts overlap: {' and '.join(names)}; write each hour once")
    return tuple(shifts)


def shifts_text(shifts: Iterable[Shift]) -> str:
    """Shifts as people write them; `parse_shifts` reads it back."""
    ordered = sorted(shifts)
    spans = [
        " ".join(f"{_clock(each.from_minute)}-{_clock(each.to_minute)}" for each in ordered if each.weekday == day)
        for day in range(7)
    ]
    entries: list[str] = []
    first = 0
    for day in range(7):
        if day < 6 and spans[day + 1] == spans[first]:
            continue
        if spans[first]:
            days = DAYS[first] if first == day else f"{DAYS[first]}-{DAYS[day]}"
            entries.append(f"{days} {spans[first]}")
        first = day + 1
    return ", ".join(entries)


def clipped(interval: Interval, since: datetime, until: datetime) -> Interval:
    """The part of an interval between two instants; it is empty (and may end before it starts) where there is none."""
    return Interval(starts=max(interval.starts, since), ends=min(interval.ends, until))


def _by_day(agent: Agent, since: datetime, until: datetime) -> Iterator[tuple[date, Interval]]:
    """The agent's shifts that may touch the time between two instants, each with its local day; whole days if none."""
    zone = ZoneInfo(agent.zone)
    # A shift ends on the next day at the latest.
    day, last = since.astimezone(zone).date() - timedelta(days=1), until.astimezone(zone).date()
    while day <= last:
        if day.isoformat() not in agent.days_off:
            if not agent.shifts:
                yield day, Interval(starts=midnight(day, zone), ends=midnight(day + timedelta(days=1), zone))
            base = datetime.combine(day, time())
            for shift in agent.shifts:
                if shift.weekday == day.weekday():
                    starts, ends = (base + timedelta(minutes=minute) for minute in _minutes(shift))
                    yield day, Interval(starts=instant(starts, zone), ends=instant(ends, zone))
        day += timedelta(days=1)


def _minutes(shift: Shift) -> tuple[int, int]:
    """From and to, in minutes after the midnight of the shift's day."""
    next_day = shift.to_minute <= shift.from_minute
    return shift.from_minute, shift.to_minute + DAY_MINUTES * next_day


def _in_week(shift: Shift, weeks: int = 0) -> tuple[int, int, Shift]:
    base = shift.weekday * DAY_MINUTES + weeks * WEEK_MINUTES
    start, end = _minutes(shift)
    return base + start, base + end, shift


def _parsed(entry: str) -> Iterator[Shift]:
    found = _ENTRY.fullmatch(entry)
    if found is None:
        raise ValueError(f'"{entry}" is not a shift; write days and times such as "{_EXAMPLE}"')
    first = DAYS.index(found[1])
    count = (DAYS.index(found[2] or found[1]) - first) % 7 + 1
    for span in found[3].split():
        start, end = (int(clock[:2]) * 60 + int(clock[3:]) for clock in span.split("-"))
        if start == end:
            raise ValueError(f'"{span}" begins and ends at the same time; for the whole day write "00:00-24:00"')
        for step in range(count):
            yield Shift(weekday=(first + step) % 7, from_minute=start, to_minute=end)


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"
