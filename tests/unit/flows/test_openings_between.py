"""When a table is open between two instants: in every zone, on the days when its clocks change, too."""

from __future__ import annotations

import datetime as dt
from functools import lru_cache
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.hours import Holidays, Hours, is_open, openings_between
from tests.unit.flows.test_hours import ALWAYS, HOLIDAYS, LONDON, NIGHT, NO_HOLIDAYS, OFFICE, TABLES, at, moments, table

FIRST, LAST = dt.datetime(2026, 1, 1, tzinfo=dt.UTC), dt.datetime(2031, 1, 1, tzinfo=dt.UTC)
DAY, MINUTE = dt.timedelta(days=1), dt.timedelta(minutes=1)
# Openings that begin, end and lie where clocks change: at midnight and in the small hours.
SMALL_HOURS = table({"every_day": ["00:30-01:15", "01:45-02:30", "03:00-09:00", "22:00-00:15"]})

Openings = list[tuple[dt.datetime, dt.datetime]]


def told(found: Openings, zone: ZoneInfo = LONDON) -> list[str]:
    return [f"{opens.astimezone(zone):%a %H:%M}-{closes.astimezone(zone):%H:%M}" for opens, closes in found]


def between(hours: Hours, since: str, until: str, holidays: Holidays = NO_HOLIDAYS) -> Openings:
    return openings_between(hours, holidays, LONDON, at(since), at(until))


def test_openings_are_cut_to_the_two_instants() -> None:
    office = table(OFFICE)
    assert told(between(office, "2026-03-02 10:00", "2026-03-03 11:30")) == [
        "Mon 10:00-12:30",
        "Mon 13:30-17:00",
        "Tue 09:00-11:30",
    ]
    assert between(office, "2026-03-02 12:30", "2026-03-02 13:30") == []
    assert between(office, "2026-03-02 10:00", "2026-03-02 10:00") == []
    assert between(office, "2026-03-02 11:00", "2026-03-02 10:00") == []


def test_a_night_that_began_the_day_before_is_open() -> None:
    assert told(between(table(NIGHT), "2026-03-03 01:00", "2026-03-03 23:00")) == ["Tue 01:00-06:00", "Tue 22:00-23:00"]


def test_a_table_that_never_closes_is_one_opening() -> None:
    since, until = at("2026-03-20 12:00"), at("2026-11-02 12:00")
    found = openings_between(table(ALWAYS), NO_HOLIDAYS, LONDON, since, until)
    assert found == [(since.astimezone(dt.UTC), until.astimezone(dt.UTC))]


def test_a_holiday_has_no_openings() -> None:
    found = between(table(OFFICE), "2026-12-24 16:00", "2026-12-29 10:00", Holidays(calendar="GB"))
    assert told(found) == ["Thu 16:00-17:00", "Tue 09:00-10:00"]


def test_the_instants_are_in_utc_whatever_zone_was_asked_in() -> None:
    tokyo = ZoneInfo("Asia/Tokyo")
    since, until = at("2026-07-06 00:00", tokyo), at("2026-07-07 00:00", tokyo)
    found = openings_between(table(OFFICE), NO_HOLIDAYS, LONDON, since, until)
    assert [moment.isoformat() for opening in found for moment in opening] == [
        "2026-07-06T08:00:00+00:00",
        "2026-07-06T11:30:00+00:00",
        "2026-07-06T12:30:00+00:00",
        "2026-07-06T15:00:00+00:00",
    ]


def test_openings_that_meet_where_the_clocks_jump_are_one() -> None:
    hours = table({"sun": ["00:30-01:20", "01:40-03:00"]})  # 01:00-02:00 is skipped
    assert told(between(hours, "2026-03-29 00:00", "2026-03-29 12:00")) == ["Sun 00:30-03:00"]


@lru_cache(maxsize=1)
def clock_changes() -> tuple[tuple[ZoneInfo, dt.datetime], ...]:
    """Every change of the clocks from 2026 to 2030: a zone, and the first instant of the new time.

    Zones whose clocks change at the same instant in the same way are the same here.
    """
    found: dict[tuple[dt.datetime, dt.timedelta, dt.timedelta], ZoneInfo] = {}
    for name in sorted(available_timezones()):
        zone = ZoneInfo(name)
        here = FIRST
        while here < LAST:
            ahead = here + 7 * DAY
            if offset(zone, here) != offset(zone, ahead):
                first = first_with_another_offset(zone, here, ahead)
                found.setdefault((first, offset(zone, first - MINUTE), offset(zone, first)), zone)
            here = ahead
    return tuple((zone, first) for (first, _, _), zone in found.items())


def offset(zone: ZoneInfo, instant: dt.datetime) -> dt.timedelta:
    return instant.astimezone(zone).utcoffset() or dt.timedelta()


def first_with_another_offset(zone: ZoneInfo, low: dt.datetime, high: dt.datetime) -> dt.datetime:
    before = offset(zone, low)
    while high - low > MINUTE:
        middle = low + (high - low) // (2 * MINUTE) * MINUTE
        low, high = (middle, high) if offset(zone, middle) == before else (low, middle)
    return high


def check(hours: Hours, zone: ZoneInfo, since: dt.datetime, until: dt.datetime, holidays: Holidays) -> Openings:
    """Openings are in order, apart and within the two instants, and open exactly where the table says so."""
    found = openings_between(hours, holidays, zone, since, until)
    edges = [since, *(moment for opening in found for moment in opening), until]
    assert edges == sorted(edges)
    assert all(opens < closes for opens, closes in found)
    assert all(closes < opens for (_, closes), (opens, _) in pairwise(found))
    for opens, closes in found:
        for moment in (opens, opens + (closes - opens) / 2, closes - dt.timedelta(seconds=1)):
            assert is_open(hours, holidays, moment.astimezone(zone)), (zone, moment)
    shut = [(edges[index], edges[index + 1]) for index in range(0, len(edges), 2)]
    for closes, opens in shut:
        if closes < opens:
            for moment in (closes, closes + (opens - closes) / 2, opens - dt.timedelta(seconds=1)):
                assert not is_open(hours, holidays, moment.astimezone(zone)), (zone, moment)
    return found


def test_there_are_many_clock_changes_in_the_zones_of_the_world() -> None:
    changes = clock_changes()
    assert len(changes) > 100
    jumps = {offset(zone, first) - offset(zone, first - MINUTE) for zone, first in changes}
    assert {dt.timedelta(hours=1), dt.timedelta(hours=-1), dt.timedelta(minutes=30)} <= jumps


@pytest.mark.parametrize("hours", [SMALL_HOURS, table(OFFICE), table(NIGHT)], ids=["small hours", "office", "night"])
def test_around_every_clock_change_until_2031_the_openings_are_those_of_the_table(hours: Hours) -> None:
    for zone, first in clock_changes():
        check(hours, zone, first - 187 * MINUTE, first + 247 * MINUTE, NO_HOLIDAYS)


def test_an_opening_begins_and_ends_at_its_times_on_the_wall_or_where_the_clocks_jump() -> None:
    times = {"00:30", "01:15", "01:45", "02:30", "03:00", "09:00", "22:00", "00:15"}
    for zone, first in clock_changes():
        since, until = first - DAY, first + DAY
        for opening in openings_between(SMALL_HOURS, NO_HOLIDAYS, zone, since, until):
            for moment in opening:
                on_the_wall = f"{moment.astimezone(zone):%H:%M}"
                assert on_the_wall in times or moment in (since, first, until), (zone, moment)


@settings(deadline=None)
@given(TABLES, HOLIDAYS, moments(), st.integers(0, 20_000), st.integers(0, 20_000))
def test_two_halves_of_a_time_have_the_openings_of_the_whole(
    hours: Hours, holidays: Holidays, moment: dt.datetime, first_minutes: int, second_minutes: int
) -> None:
    zone = moment.tzinfo
    assert isinstance(zone, ZoneInfo)
    since = moment.astimezone(dt.UTC)
    middle = since + first_minutes * MINUTE
    until = middle + second_minutes * MINUTE
    whole = check(hours, zone, since, until, holidays)
    halves = [
        *openings_between(hours, holidays, zone, since, middle),
        *openings_between(hours, holidays, zone, middle, until),
    ]
    divided = [(opens, closes) for opens, closes in whole if opens < middle < closes]
    joined = [opening for opening in halves if middle not in opening] + divided
    untouched = [opening for opening in halves if middle in opening and not divided]
    assert sorted([*joined, *untouched]) == whole
