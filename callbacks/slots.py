"""Which windows a caller may choose, and how many promises each of them can keep.

Windows lie on the office's clock and last exactly `window_minutes`. They begin on a full hour or a whole part of it
(every quarter where a window lasts 15 minutes), as soon as the office has opened and the window before has ended, and
end on the same day: so a window has the same instants whenever one asks. Of an hour that the clocks repeat only the
first is offered, since its name means that one; an hour that they skip does not exist.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import msgspec

from callbacks.model import Agent, Interval, parts_of
from callbacks.rules import QueueRules, RulesOf
from callbacks.sharing import Load, Sold, crews, most
from callbacks.shifts import clipped, instant, joined, midnight

# Promises by line and by the beginning of their window, as the counters of the store have them.
Booked = Mapping[tuple[str, datetime], int]
# Seconds that one conversation of a queue takes an agent, with its wrap-up.
TalkOf = Callable[[str], float]


class Slot(msgspec.Struct, frozen=True, kw_only=True):
    """A window that can be promised (UTC), and how many more promises it can keep."""

    starts: datetime
    ends: datetime
    capacity_left: int


def offered(
    rules_of: RulesOf,
    line: str,
    now: datetime,
    agents: Iterable[Agent],
    allowed: list[Interval],
    booked: Booked,
    talk_of: TalkOf,
) -> list[Slot]:
    """All windows of a line that can be promised now, in order.

    They begin `notice_minutes` ahead at the earliest and on the `days_ahead`-th day from today at the latest, and lie
    inside one opening of the office, inside one interval of `allowed` (the called party's hours), and inside the time
    of agents whose promises leave room. Capacity is taken from all who serve the line, each in the part of the window
    that they work, times `share_percent`, over the length of a conversation; time that other lines have promised is
    gone (see `callbacks.sharing`). Nobody there: no slot.
    """
    rules = rules_of(parts_of(line)[0])
    today = now.astimezone(ZoneInfo(rules.zone)).date()
    days = [today + timedelta(days=ahead) for ahead in range(rules.slots.days_ahead + 1)]
    office = _Office(rules_of, line, now, days, agents, booked, talk_of)
    earliest = now.astimezone(UTC) + timedelta(minutes=rules.slots.notice_minutes)
    fitting = (
        (window, office.capacity(window) - booked.get((line, window.starts), 0))
        for window in _inside(office.windows(), joined(allowed))
        if window.starts >= earliest
    )
    return [Slot(starts=window.starts, ends=window.ends, capacity_left=left) for window, left in fitting if left > 0]


def capacity(
    rules_of: RulesOf,
    line: str,
    starts: datetime,
    now: datetime,
    agents: Iterable[Agent],
    allowed: list[Interval],
    booked: Booked,
    talk_of: TalkOf,
) -> int:
    """The highest number that the counter of `line` and `starts` may reach, given the other counters in `booked`.

    0 where no window of the line begins then, it has begun, or it does not lie inside `allowed`. The notice does not
    count any more: who was offered a window may take it. Its own counter in `booked` does not matter.
    """
    rules = rules_of(parts_of(line)[0])
    today, day = (at.astimezone(ZoneInfo(rules.zone)).date() for at in (now, starts))
    if starts <= now or day > today + timedelta(days=rules.slots.days_ahead):
        return 0
    office = _Office(rules_of, line, now, [day], agents, booked, talk_of)
    return next(
        (office.capacity(each) for each in _inside(office.windows(), joined(allowed)) if each.starts == starts), 0
    )


class _Office:
    """One line's office on some days, worked out once for all its windows."""

    def __init__(
        self,
        rules_of: RulesOf,
        line: str,
        now: datetime,
        days: list[date],
        agents: Iterable[Agent],
        booked: Booked,
        talk_of: TalkOf,
    ) -> None:
        self._rules_of, self._line, self._talk_of, self._days = rules_of, line, talk_of, days
        self._rules = rules_of(parts_of(line)[0])
        now, zone = now.astimezone(UTC), ZoneInfo(self._rules.zone)
        # Two days back reach the beginning of today in every agent's zone, a day ahead the windows of other offices.
        since = min(now, midnight(days[0], zone)) - timedelta(days=2)
        until = midnight(days[-1] + timedelta(days=1), zone) + timedelta(days=1)

        @cache
        def openings_of(queue: str) -> list[Interval]:
            return joined(rules_of(queue).openings(since, until))

        self._openings = openings_of(parts_of(line)[0])
        self._people = crews(agents, now, until, openings_of)
        self._sold = Sold(
            self._load(other, starts.astimezone(UTC), count) for (other, starts), count in booked.items() if count > 0
        )

    def windows(self) -> Iterator[Interval]:
        """The windows of these days."""
        for day in self._days:
            yield from _windows(self._rules, day, self._openings)

    def capacity(self, window: Interval) -> int:
        """The most promises of the line in a window."""
        own = self._load(self._line, window.starts, 0)
        competing = self._sold.competing(window)
        return most(own, [each for each in competing if (each.line, each.window) != (own.line, window)], self._people)

    def _load(self, line: str, starts: datetime, count: int) -> Load:
        queue, _ = parts_of(line)
        slots = self._rules_of(queue).slots
        ends = starts + timedelta(minutes=slots.window_minutes)
        return Load(
            line=line,
            window=Interval(starts=starts, ends=ends),
            count=count,
            talk_us=math.ceil(self._talk_of(queue) * 1_000_000),
            share_percent=slots.share_percent,
        )


def _windows(rules: QueueRules, day: date, openings: list[Interval]) -> Iterator[Interval]:
    """The windows of a local day inside the openings."""
    zone, length = ZoneInfo(rules.zone), timedelta(minutes=rules.slots.window_minutes)
    begins, ends = midnight(day, zone), midnight(day + timedelta(days=1), zone)
    today = joined(clipped(opening, begins, ends) for opening in openings)
    clock = _clock_starts(day, zone, min(rules.slots.window_minutes, 60)) if today else []
    for opening in today:
        free_from = opening.starts
        for starts in clock:
            if free_from <= starts and starts + length <= opening.ends:
                yield Interval(starts=starts, ends=starts + length)
                free_from = starts + length


def _clock_starts(day: date, zone: ZoneInfo, step_minutes: int) -> list[datetime]:
    """The instants of a day at each full hour, and at multiples of `step_minutes` after it, that the clock shows."""
    walls = (datetime.combine(day, time(hour, minute)) for hour in range(24) for minute in range(0, 60, step_minutes))
    return [at for wall in walls if (at := instant(wall, zone)).astimezone(zone).replace(tzinfo=None) == wall]


def _inside(windows: Iterable[Interval], allowed: list[Interval]) -> Iterator[Interval]:
    """The windows that lie inside one interval of `allowed` each; both are in order."""
    remaining = iter(allowed)
    current = next(remaining, None)
    for window in windows:
        while current is not None and current.ends < window.ends:
            current = next(remaining, None)
        if current is not None and current.starts <= window.starts:
            yield window
