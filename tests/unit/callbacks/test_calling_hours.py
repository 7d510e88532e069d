"""When a customer's phone may ring: the office's openings, and the clock on the wall where the phone may be.

The oracle of these tests is that clock, minute by minute: a minute is inside where the wall shows a time in the calling
hours in every zone, and nothing else is.
"""

from __future__ import annotations

import zoneinfo
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callbacks.calling_hours import callable_intervals, may_ring, next_time
from callbacks.model import Interval
from callbacks.rules import CallingHours

MINUTE = timedelta(minutes=1)
DAY_MINUTES = 24 * 60
SINCE, UNTIL = datetime(2026, 1, 1, tzinfo=UTC), datetime(2031, 1, 1, tzinfo=UTC)
NINE_TO_EIGHT = CallingHours()


class Change(NamedTuple):
    """A zone's change of clocks: the first minute of the new offset, and both offsets in minutes."""

    at: datetime
    before: int
    after: int


def offset_minutes(zone: ZoneInfo, at: datetime) -> int:
    offset = at.astimezone(zone).utcoffset()
    assert offset is not None
    assert offset % MINUTE == timedelta(0)
    return offset // MINUTE


def changes_of(name: str) -> tuple[Change, ...]:
    zone, found, at = ZoneInfo(name), [], SINCE
    after = offset_minutes(zone, at)
    while at < UNTIL:
        low, high = at, at + timedelta(days=8)
        before, after = after, offset_minutes(zone, high)
        if before != after:
            while high - low > MINUTE:
                middle = low + ((high - low) // 2) // MINUTE * MINUTE
                if offset_minutes(zone, middle) == before:
                    low = middle
                else:
                    high = middle
            found.append(Change(high, before, after))
        at += timedelta(days=8)
    return tuple(found)


@lru_cache(None)
def all_zones() -> list[str]:
    return sorted(zoneinfo.available_timezones())


@lru_cache(None)
def zones_by_clock() -> dict[tuple[int, tuple[Change, ...]], list[str]]:
    """All zones, those together whose clocks show the same at every instant of these five years."""
    alike = defaultdict(list)
    for name in all_zones():
        alike[offset_minutes(ZoneInfo(name), SINCE), changes_of(name)].append(name)
    return dict(alike)


def of_wall(clock: str) -> int:
    return int(clock[:2]) * 60 + int(clock[3:])


def calling_hours(hours: str) -> CallingHours:
    first, last = hours.split("-")
    return CallingHours(from_minute=of_wall(first), to_minute=of_wall(last))


def minutes_in(interval: Interval, grid: int = 1) -> list[datetime]:
    count = (interval.ends - interval.starts) // MINUTE
    return [interval.starts + minute * MINUTE for minute in range(0, count, grid)]


def wall_of(at: datetime, zone: ZoneInfo) -> int:
    wall = at.astimezone(zone)
    return wall.hour * 60 + wall.minute


def covered(intervals: list[Interval], grid: int = 1) -> list[datetime]:
    return [minute for interval in intervals for minute in minutes_in(interval, grid)]


def assert_in_order_and_apart(intervals: list[Interval]) -> None:
    assert all(interval.starts < interval.ends for interval in intervals)
    assert all(one.ends < other.starts for one, other in pairwise(intervals))
    assert all(edge.tzinfo is UTC for interval in intervals for edge in (interval.starts, interval.ends))


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def span(starts: str, ends: str) -> Interval:
    return Interval(starts=utc(starts), ends=utc(ends))


def test_the_zones_of_these_tests_are_all_there_are_and_most_changes_are_found() -> None:
    names = [name for alike in zones_by_clock().values() for name in alike]
    assert len(names) > 590
    changing = [changes for _, changes in zones_by_clock() if changes]
    assert len(changing) > 25
    assert sum(map(len, changing)) > 250
    # Half an hour on Lord Howe Island, two hours on Troll.
    assert {abs(change.after - change.before) for changes in changing for change in changes} >= {30, 60, 120}


def test_around_every_change_of_clocks_in_five_years_each_minute_in_hours_is_there_and_no_other() -> None:
    for (_, changes), (name, *_) in zones_by_clock().items():
        zone = ZoneInfo(name)
        for change in changes:
            around = Interval(starts=change.at - timedelta(hours=4), ends=change.at + timedelta(hours=4))
            walls = {minute: wall_of(minute, zone) for minute in minutes_in(around)}
            for hours in hours_about(change):
                intervals = callable_intervals([around], [name], hours, around.starts, around.ends)
                inside = [minute for minute, wall in walls.items() if hours.from_minute <= wall < hours.to_minute]
                assert covered(intervals) == inside, (name, change, hours)
                assert_in_order_and_apart(intervals)


def hours_about(change: Change) -> list[CallingHours]:
    """Hours that begin and end before, within and after what the clocks skip or show twice."""
    utc_minute = change.at.hour * 60 + change.at.minute
    walls = sorted((utc_minute + offset) % DAY_MINUTES for offset in (change.before, change.after))
    within = (walls[0] + (change.after - change.before) // 2) % DAY_MINUTES
    marks = sorted({0, within, *walls, (walls[0] - 20) % DAY_MINUTES, (walls[1] + 20) % DAY_MINUTES, DAY_MINUTES})
    return [
        CallingHours(from_minute=first, to_minute=last)
        for place, first in enumerate(marks)
        for last in marks[place + 1 :]
    ]


def test_on_the_days_around_every_change_the_usual_hours_are_kept_in_every_zone() -> None:
    for (_, changes), alike in zones_by_clock().items():
        zone = ZoneInfo(alike[0])
        for change in changes:
            midnight = change.at.replace(hour=0, minute=0)
            days = Interval(starts=midnight - timedelta(days=1), ends=midnight + timedelta(days=2))
            # Every edge lies on a quarter of an hour: no zone is a few minutes off.
            inside = [minute for minute in minutes_in(days, grid=15) if 540 <= wall_of(minute, zone) < 1200]
            for name in alike:
                intervals = callable_intervals([days], [name], NINE_TO_EIGHT, days.starts, days.ends)
                assert covered(intervals, grid=15) == inside, (name, change)
                assert_in_order_and_apart(intervals)


def test_every_zone_has_its_eleven_hours_on_each_day_of_a_year_without_change() -> None:
    week = Interval(starts=utc("2027-02-01T00:00"), ends=utc("2027-02-08T00:00"))
    for (_, changes), alike in zones_by_clock().items():
        if any(week.starts <= change.at <= week.ends for change in changes):
            continue
        for name in alike:
            intervals = callable_intervals([week], [name], NINE_TO_EIGHT, week.starts, week.ends)
            assert sum((each.ends - each.starts for each in intervals), timedelta()) == timedelta(hours=77), name


@st.composite
def moments(draw: st.DrawFn) -> tuple[list[str], datetime]:
    """One to four zones, and an instant: mostly one at which the first of them changes its clocks."""
    changes, alike = draw(st.sampled_from([(key[1], names) for key, names in zones_by_clock().items()]))
    zones = [draw(st.sampled_from(alike))]
    zones += draw(st.lists(st.sampled_from(all_zones()), max_size=3))
    at = draw(st.sampled_from([change.at for change in changes] or [SINCE])) if draw(st.booleans()) else None
    if at is None:
        at = SINCE + MINUTE * draw(st.integers(0, (UNTIL - SINCE) // MINUTE))
    return zones, at


@st.composite
def openings_about(draw: st.DrawFn, at: datetime) -> list[Interval]:
    edges = sorted(draw(st.lists(st.integers(-900, 900), min_size=2, max_size=6)))
    return [
        Interval(starts=at + MINUTE * first, ends=at + MINUTE * last)
        for first, last in zip(edges[::2], edges[1::2], strict=False)
    ]


@settings(max_examples=150)
@given(data=st.data())
def test_in_any_zones_exactly_the_open_minutes_in_hours_are_callable(data: st.DataObject) -> None:
    zones, at = data.draw(moments())
    openings = data.draw(openings_about(at))
    first, last = sorted(data.draw(st.lists(st.integers(0, DAY_MINUTES), min_size=2, max_size=2, unique=True)))
    hours = CallingHours(from_minute=first, to_minute=last)
    since, until = (at + MINUTE * data.draw(st.integers(-1000, 1000)) for _ in range(2))

    intervals = callable_intervals(openings, zones, hours, since, until)

    clocks = [ZoneInfo(zone) for zone in zones]
    open_minutes = [minute for minute in covered(openings) if since <= minute < until]
    inside = [minute for minute in open_minutes if all(first <= wall_of(minute, clock) < last for clock in clocks)]
    assert covered(intervals) == inside
    assert_in_order_and_apart(intervals)
    for minute in open_minutes[:: max(1, len(open_minutes) // 20)]:
        assert may_ring(minute, zones, hours) == (minute in inside)
    found = next_time(since, openings, zones, hours, until)
    assert found == (intervals[0] if intervals else None)


@settings(max_examples=50)
@given(data=st.data())
def test_the_order_of_zones_and_repeated_zones_change_nothing(data: st.DataObject) -> None:
    zones, at = data.draw(moments())
    opening = Interval(starts=at - timedelta(days=2), ends=at + timedelta(days=2))
    turned = [*reversed(zones), *zones]
    assert callable_intervals([opening], turned, NINE_TO_EIGHT, opening.starts, opening.ends) == callable_intervals(
        [opening], zones, NINE_TO_EIGHT, opening.starts, opening.ends
    )


@pytest.mark.parametrize(
    ("zone", "hours", "day", "expected"),
    [
        # The clocks skip 01:00 to 02:00: hours that begin in there begin at 02:00, which is 01:00 UTC.
        ("Europe/London", "01:30-05:00", "2026-03-29", [("01:00", "04:00")]),
        ("Europe/London", "00:00-01:30", "2026-03-29", [("00:00", "01:00"), ("23:00", "24:00")]),
        # 01:00 to 02:00 comes twice, at 00:00 and at 01:00 UTC.
        ("Europe/London", "01:30-05:00", "2026-10-25", [("00:30", "01:00"), ("01:30", "05:00")]),
        ("Europe/London", "00:30-01:30", "2026-10-25", [("00:00", "00:30"), ("01:00", "01:30")]),
        ("Europe/London", "01:00-02:00", "2026-10-25", [("00:00", "02:00")]),
        ("Europe/London", "09:00-20:00", "2026-03-28", [("09:00", "20:00")]),
        ("Europe/London", "09:00-20:00", "2026-03-29", [("08:00", "19:00")]),
        ("Europe/London", "09:00-20:00", "2026-10-25", [("09:00", "20:00")]),
        ("Australia/Lord_Howe", "02:15-04:00", "2026-10-03", [("15:30", "17:00")]),
        ("Asia/Tehran", "09:00-20:00", "2026-06-01", [("05:30", "16:30")]),
        ("UTC", "00:00-24:00", "2026-06-01", [("00:00", "24:00")]),
    ],
)
def test_hours_on_the_days_of_a_change_are_these(
    zone: str, hours: str, day: str, expected: list[tuple[str, str]]
) -> None:
    midnight = utc(f"{day}T00:00")
    opening = Interval(starts=midnight, ends=midnight + timedelta(days=1))
    assert callable_intervals([opening], [zone], calling_hours(hours), opening.starts, opening.ends) == [
        Interval(starts=midnight + MINUTE * of_wall(first), ends=midnight + MINUTE * of_wall(last))
        for first, last in expected
    ]


def test_a_day_that_a_zone_left_out_has_no_hours() -> None:
    # Samoa went from the 29th of December 2011 to the 31st.
    week = span("2011-12-28T00:00", "2012-01-01T18:00")
    intervals = callable_intervals([week], ["Pacific/Apia"], NINE_TO_EIGHT, week.starts, week.ends)
    walls = [interval.starts.astimezone(ZoneInfo("Pacific/Apia")) for interval in intervals]
    assert [wall.day for wall in walls if wall.hour == 9] == [28, 29, 31, 1]


def test_a_number_that_may_be_on_either_coast_is_called_while_it_is_day_on_both() -> None:
    day = span("2026-07-01T00:00", "2026-07-02T00:00")
    zones = ("America/New_York", "America/Los_Angeles")
    assert callable_intervals([day], zones, NINE_TO_EIGHT, day.starts, day.ends) == [
        span("2026-07-01T16:00", "2026-07-02T00:00")
    ]


def test_zones_that_share_no_hour_leave_no_time() -> None:
    day = span("2026-07-01T00:00", "2026-07-03T00:00")
    zones = ("Europe/London", "Pacific/Auckland")
    assert callable_intervals([day], zones, calling_hours("10:00-18:00"), day.starts, day.ends) == []
    assert next_time(day.starts, [day], zones, calling_hours("10:00-18:00"), day.ends) is None


def test_openings_in_the_offices_zone_count_as_instants_even_where_its_hour_comes_twice() -> None:
    london = ZoneInfo("Europe/London")
    # From the second 01:30 to 02:30, by walls that would say the first.
    starts = datetime(2026, 10, 25, 1, 30, tzinfo=london, fold=1)
    opening = Interval(starts=starts, ends=datetime(2026, 10, 25, 2, 30, tzinfo=london))
    since, until = datetime(2026, 10, 25, tzinfo=london), datetime(2026, 10, 26, tzinfo=london)
    assert callable_intervals([opening], ["Asia/Karachi"], calling_hours("00:00-24:00"), since, until) == [
        span("2026-10-25T01:30", "2026-10-25T02:30")
    ]


def test_openings_that_touch_are_one_and_a_break_remains_a_break() -> None:
    openings = [
        span("2026-07-01T09:00", "2026-07-01T12:00"),
        span("2026-07-01T12:00", "2026-07-01T13:00"),
        span("2026-07-01T14:00", "2026-07-01T17:00"),
    ]
    assert callable_intervals(openings, ["UTC"], NINE_TO_EIGHT, openings[0].starts, openings[-1].ends) == [
        span("2026-07-01T09:00", "2026-07-01T13:00"),
        openings[-1],
    ]


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("2026-07-01T06:00", ("2026-07-01T09:00", "2026-07-01T12:00")),
        ("2026-07-01T09:00", ("2026-07-01T09:00", "2026-07-01T12:00")),
        ("2026-07-01T11:59:59.5", ("2026-07-01T11:59:59.5", "2026-07-01T12:00")),
        ("2026-07-01T12:00", ("2026-07-02T09:00", "2026-07-02T12:00")),
        ("2026-07-02T12:00", None),
    ],
)
def test_the_next_time_holds_the_instant_or_follows_it(at: str, expected: tuple[str, str] | None) -> None:
    openings = [span(f"2026-07-0{day}T08:00", f"2026-07-0{day}T12:00") for day in (1, 2)]
    found = next_time(utc(at), openings, ["UTC"], NINE_TO_EIGHT, utc("2026-07-09T00:00"))
    assert found == (None if expected is None else span(*expected))


def test_one_opening_of_years_has_every_change_of_clocks_in_it() -> None:
    years = Interval(starts=SINCE, ends=utc("2028-01-01T00:00"))
    for (_, changes), (name, *_) in zones_by_clock().items():
        if changes:
            intervals = callable_intervals([years], [name], NINE_TO_EIGHT, years.starts, years.ends)
            assert len(intervals) in {730, 731}
            for interval in intervals[1:-1]:
                edges = (interval.starts - MINUTE, interval.starts, interval.ends - MINUTE, interval.ends)
                assert [may_ring(edge, [name], NINE_TO_EIGHT) for edge in edges] == [False, True, True, False], name


def test_hours_begin_with_the_first_instant_of_their_first_minute() -> None:
    first = utc("2026-07-01T09:00")
    assert may_ring(first, ["UTC"], NINE_TO_EIGHT)
    assert not may_ring(first - timedelta(microseconds=1), ["UTC"], NINE_TO_EIGHT)


def test_hours_end_with_the_last_instant_before_their_last_minute() -> None:
    last = utc("2026-07-01T20:00") - timedelta(microseconds=1)
    assert may_ring(last, ["UTC"], NINE_TO_EIGHT)
    assert not may_ring(last + timedelta(microseconds=1), ["UTC"], NINE_TO_EIGHT)


def test_nothing_is_callable_before_it_begins() -> None:
    day = span("2026-07-01T00:00", "2026-07-02T00:00")
    assert callable_intervals([day], ["UTC"], NINE_TO_EIGHT, day.ends, day.starts) == []
    assert callable_intervals([], ["UTC"], NINE_TO_EIGHT, day.starts, day.ends) == []


@pytest.mark.parametrize(("first", "last"), [(600, 600), (1200, 540), (-1, 540), (540, 1441)])
def test_hours_that_do_not_end_after_they_begin_are_refused(first: int, last: int) -> None:
    hours = CallingHours(from_minute=first, to_minute=last)
    with pytest.raises(ValueError, match="calling hours end after they begin"):
        may_ring(SINCE, ["UTC"], hours)


def test_nobody_is_called_where_no_zone_is_known() -> None:
    with pytest.raises(ValueError, match="at least one zone"):
        may_ring(SINCE, (), NINE_TO_EIGHT)
    with pytest.raises(ValueError, match="at least one zone"):
        callable_intervals([], (), NINE_TO_EIGHT, SINCE, UNTIL)


def test_an_instant_without_its_zone_is_refused() -> None:
    naive = SINCE.replace(tzinfo=None)
    with pytest.raises(ValueError, match="needs its zone"):
        may_ring(naive, ["UTC"], NINE_TO_EIGHT)
    with pytest.raises(ValueError, match="needs its zone"):
        callable_intervals([Interval(starts=naive, ends=naive)], ["UTC"], NINE_TO_EIGHT, SINCE, UNTIL)
