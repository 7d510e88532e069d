"""When agents work, and what people write of it."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from callbacks.model import Agent, Interval, Shift
from callbacks.shifts import counted_on, instant, is_free, on_shift, parse_shifts, shifts_text, within_pace, working
from tests.unit.callbacks.clock_changes import STEP, clock_around, clock_changes, days, first_showing

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
LONDON, BERLIN = "Europe/London", "Europe/Berlin"


def agent(shifts: str = "", **fields: object) -> Agent:
    base = Agent(id="desk", name="desk", number="+442079460001", queues=("shop",), idle_since=MONDAY)
    return msgspec.structs.replace(base, shifts=parse_shifts(shifts), **fields)


def at(text: str, zone: str = LONDON, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold).astimezone(UTC)


def walls(intervals: list[Interval], zone: str = LONDON) -> list[str]:
    return [
        f"{each.starts.astimezone(ZoneInfo(zone)):%a %H:%M}-{each.ends.astimezone(ZoneInfo(zone)):%a %H:%M}"
        for each in intervals
    ]


def test_shifts_are_working_time_in_the_agents_zone() -> None:
    found = working(agent("mon-tue 09:00-17:00", zone=BERLIN), MONDAY, MONDAY + timedelta(days=7))
    assert walls(found, BERLIN) == ["Mon 09:00-Mon 17:00", "Tue 09:00-Tue 17:00"]
    assert found[0].starts == datetime(2026, 3, 2, 8, tzinfo=UTC)


def test_working_time_is_cut_at_both_ends() -> None:
    found = working(agent("mon 09:00-17:00", zone=LONDON), at("2026-03-02T10:00"), at("2026-03-02T11:00"))
    assert walls(found) == ["Mon 10:00-Mon 11:00"]


def test_a_shift_across_midnight_belongs_to_the_day_on_which_it_begins() -> None:
    night = agent("sun-mon 22:00-06:00", zone=LONDON, days_off=("2026-03-02",))
    assert walls(working(night, MONDAY, MONDAY + timedelta(days=2))) == ["Mon 00:00-Mon 06:00"]
    assert on_shift(night, at("2026-03-02T05:59"))
    assert not on_shift(night, at("2026-03-02T06:00"))
    assert not on_shift(night, at("2026-03-02T23:00"))


def test_without_shifts_an_agent_works_always_but_on_days_off() -> None:
    free = agent(zone=BERLIN, days_off=("2026-03-03",))
    assert walls(working(free, MONDAY, MONDAY + timedelta(days=3)), BERLIN) == [
        "Mon 01:00-Tue 00:00",
        "Wed 00:00-Thu 01:00",
    ]
    assert working(agent(), MONDAY, MONDAY + timedelta(days=3)) == [
        Interval(starts=MONDAY, ends=MONDAY + timedelta(days=3))
    ]


def test_shifts_that_touch_are_one_interval_and_an_empty_time_has_none() -> None:
    touching = agent("mon 20:00-24:00, tue 00:00-04:00", zone=LONDON)
    assert walls(working(touching, MONDAY, MONDAY + timedelta(days=3))) == ["Mon 20:00-Tue 04:00"]
    assert working(agent(), MONDAY, MONDAY) == []


def test_a_time_that_the_clocks_skip_is_the_first_valid_one_and_one_that_comes_twice_the_first() -> None:
    berlin = ZoneInfo(BERLIN)
    assert instant(datetime.fromisoformat("2026-03-29T02:30"), berlin) == datetime(2026, 3, 29, 1, tzinfo=UTC)
    assert instant(datetime.fromisoformat("2026-10-25T02:30"), berlin) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    half = ZoneInfo("Australia/Lord_Howe")  # skips 02:00-02:30 only
    assert instant(datetime.fromisoformat("2026-10-04T02:10"), half).astimezone(half).time() == time(2, 30)


@pytest.mark.parametrize("shifts", ["mon-sun 22:00-06:00", "mon-sun 00:30-02:30 03:00-23:00", "mon-sun 23:30-00:15"])
def test_at_every_clock_change_agents_work_from_the_first_showing_of_one_time_to_that_of_the_other(shifts: str) -> None:
    for name, change in clock_changes():
        clock = clock_around(name, change)
        since, until = change - timedelta(days=1), change + timedelta(days=1)
        expected: set[datetime] = set()
        for day in days(clock):
            midnight = datetime.combine(day, time())
            for shift in parse_shifts(shifts)[: len(parse_shifts(shifts)) // 7]:
                end = shift.to_minute + 1440 * (shift.to_minute <= shift.from_minute)
                first = first_showing(clock, midnight + timedelta(minutes=shift.from_minute))
                last = first_showing(clock, midnight + timedelta(minutes=end))
                if first is not None and last is not None:
                    expected |= {passing for passing, _ in clock if first <= passing < last}
        found = working(agent(shifts, zone=name), since, until)
        got = {passing for passing, _ in clock if any(each.starts <= passing < each.ends for each in found)}
        assert got == {passing for passing in expected if since <= passing < until}, (name, change)
        assert all(each.starts.timestamp() % STEP.total_seconds() == 0 for each in found), (name, change)


def test_the_pace_counts_the_calls_of_the_last_hour() -> None:
    paced = agent(per_hour=2, given_at=(MONDAY, MONDAY + timedelta(minutes=30)))
    assert not within_pace(paced, MONDAY + timedelta(minutes=59))
    assert within_pace(paced, MONDAY + timedelta(minutes=60))
    assert within_pace(agent(given_at=(MONDAY,) * 50), MONDAY)


def test_a_clock_that_was_set_back_holds_nobody_up_for_longer_than_an_hour() -> None:
    ahead = agent(per_hour=1, given_at=(MONDAY + timedelta(minutes=50),))
    assert not within_pace(ahead, MONDAY)
    assert within_pace(agent(per_hour=1, given_at=(MONDAY + timedelta(days=1),)), MONDAY)


@pytest.mark.parametrize(
    ("fields", "free"),
    [
        ({}, True),
        ({"state": "break"}, False),
        ({"state": "away"}, False),
        ({"holder": "call:CA1"}, False),
        ({"not_before": at("2026-03-02T10:00:01")}, False),
        ({"not_before": at("2026-03-02T10:00:00")}, True),
        ({"per_hour": 1, "given_at": (at("2026-03-02T09:30"),)}, False),
        ({"days_off": ("2026-03-02",)}, False),
        ({"zone": "America/New_York"}, False),
    ],
)
def test_an_agent_is_free_who_is_available_unheld_rested_on_shift_and_within_the_pace(
    fields: dict[str, object], free: bool
) -> None:
    assert is_free(agent("mon 09:00-17:00", **{"zone": LONDON, **fields}), at("2026-03-02T10:00")) is free


WEEK = [
    Interval(starts=at(f"2026-03-0{day}T09:00"), ends=at(f"2026-03-0{day}T17:00")) for day in range(2, 7)
]  # an office's openings, Monday to Friday


def days_counted(now: str, **fields: object) -> list[str]:
    moment = at(now)
    return walls(counted_on(agent(**{"zone": LONDON, **fields}), moment, at("2026-03-05T00:00"), WEEK))


def test_who_is_away_in_a_shift_is_not_counted_on_before_the_next_day() -> None:
    shifts = "mon-wed 09:00-12:00 13:00-17:00"
    assert days_counted("2026-03-03T10:00", shifts=shifts, state="away") == [
        "Wed 09:00-Wed 12:00",
        "Wed 13:00-Wed 17:00",
    ]
    assert "Tue 13:00-Tue 17:00" in days_counted("2026-03-03T10:00", shifts=shifts, state="break")


def test_who_is_away_before_the_first_shift_of_the_day_has_not_come_yet() -> None:
    assert days_counted("2026-03-03T08:59", shifts="tue 09:00-17:00", state="away") == ["Tue 09:00-Tue 17:00"]
    assert days_counted("2026-03-03T17:30", shifts="tue 09:00-17:00", state="away") == []


def test_who_is_away_in_a_night_shift_is_counted_on_again_from_the_next_one() -> None:
    found = days_counted("2026-03-03T00:30", shifts="mon-tue 22:00-06:00", state="away")
    assert found == ["Tue 22:00-Wed 06:00"]


def test_without_shifts_an_agent_is_counted_on_in_the_offices_openings() -> None:
    assert days_counted("2026-03-03T08:00", state="away") == ["Tue 09:00-Tue 17:00", "Wed 09:00-Wed 17:00"]
    assert days_counted("2026-03-03T16:00", state="away") == ["Wed 09:00-Wed 17:00"]
    assert days_counted("2026-03-03T16:00", state="away", days_off=("2026-03-04",)) == []


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("mon-fri 09:00-17:00, sat 10:00-14:00", "mon-fri 09:00-17:00, sat 10:00-14:00"),
        ("Sat-Thu 9:30 ", None),
        ("  MON - FRI   09:00 – 12:30   13:00-17:00 ", "mon-fri 09:00-12:30 13:00-17:00"),
        ("sat-mon 09:00-12:00", "mon 09:00-12:00, sat-sun 09:00-12:00"),
        ("mon 09:00-12:00, mon 13:00-17:00", "mon 09:00-12:00 13:00-17:00"),
        ("fri 22:00-06:00, sat 06:00-24:00", "fri 22:00-06:00, sat 06:00-24:00"),
        ("mon-sun 00:00-24:00", "mon-sun 00:00-24:00"),
        ("", ""),
    ],
)
def test_shifts_are_read_as_people_write_them(text: str, canonical: str | None) -> None:
    if canonical is None:
        with pytest.raises(ValueError, match="is not a shift"):
            parse_shifts(text)
    else:
        assert shifts_text(parse_shifts(text)) == canonical


def test_the_example_of_a_shift_is_one_shift_for_each_day() -> None:
    assert parse_shifts("sat-sun 22:00-06:00") == (
        Shift(weekday=5, from_minute=1320, to_minute=360),
        Shift(weekday=6, from_minute=1320, to_minute=360),
    )


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("monday 09:00-17:00", '"monday 09:00-17:00" is not a shift; write days and times such as "mon-fri'),
        ("mon 9-17", '"mon 9-17" is not a shift'),
        ("mon 09:00-17:00,", '"" is not a shift'),
        ("mon", '"mon" is not a shift'),
        ("mon 24:00-08:00", "is not a shift"),
        ("mon 09:00-09:00", 'for the whole day write "00:00-24:00"'),
        ("mon-fri 09:00-17:00, fri 09:00-15:00", "fri 09:00-15:00 and fri 09:00-17:00; write each hour once"),
        ("sun 22:00-06:00, mon 05:00-09:00", "mon 05:00-09:00 and sun 22:00-06:00"),
    ],
)
def test_what_is_no_shift_is_refused_with_what_to_write(text: str, error: str) -> None:
    with pytest.raises(ValueError, match=re.escape(error)):
        parse_shifts(text)


@given(
    st.sets(st.integers(0, 7 * 24 * 60 - 1), min_size=2, max_size=20).map(sorted),
    st.booleans(),
)
def test_shifts_are_read_back_as_they_were_written(bounds: list[int], across: bool) -> None:
    shifts = [
        Shift(weekday=start // 1440, from_minute=start % 1440, to_minute=end % 1440)
        for start, end in zip(bounds[::2], bounds[1::2], strict=False)
        if end - start < 1440 and (across or start // 1440 == end // 1440)
    ]
    assert parse_shifts(shifts_text(shifts)) == tuple(sorted(shifts))
