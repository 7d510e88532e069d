"""Opening hours: what an operator may write, and when a table is open, also on the days when the clocks change.

One long file: tables, reading and instants are about the same few openings.
"""

from __future__ import annotations

import datetime as dt
import re
from contextlib import suppress
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from flows.hours import DAYS, Holidays, Hours, is_holiday, is_open, never_opens, next_opening, windows

LONDON = ZoneInfo("Europe/London")
OFFICE = {"mon-fri": ["09:00-12:30", "13:30-17:00"], "sat": ["10:00-13:00"]}
ALWAYS = {"every_day": ["00:00-24:00"]}
NIGHT = {"mon-fri": ["22:00-06:00"]}
NO_HOLIDAYS = Holidays()


def table(given: Any) -> Hours:
    return Hours.model_validate(given)


def at(text: str, zone: ZoneInfo = LONDON, *, fold: int = 0) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=zone, fold=fold)


def errors_of(model: type[Hours] | type[Holidays], given: Any) -> list[tuple[tuple[int | str, ...], str]]:
    with pytest.raises(ValidationError) as caught:
        model.model_validate(given)
    return [(error["loc"], error["msg"]) for error in caught.value.errors()]


def told(windows_: list[tuple[dt.datetime, dt.datetime]]) -> list[str]:
    return [f"{start:%a %H:%M}-{end:%H:%M}" for start, end in windows_]


# What may be written


def test_the_tables_of_the_guide_are_read() -> None:
    hours = table({**OFFICE, "closed_on_holidays": True})
    assert hours.closed_on_holidays
    assert [len(hours.spans(day)) for day in range(7)] == [2, 2, 2, 2, 2, 1, 0]


@pytest.mark.parametrize(
    ("key", "days"),
    [
        ("mon", "mon"),
        ("sun", "sun"),
        ("mon-thu", "mon tue wed thu"),
        ("mon-fri", "mon tue wed thu fri"),
        ("mon-sat", "mon tue wed thu fri sat"),
        ("sat-sun", "sat sun"),
        ("sun-thu", "sun mon tue wed thu"),
        ("sat-wed", "sat sun mon tue wed"),
        ("sat-thu", "sat sun mon tue wed thu"),
        ("tue-fri", "tue wed thu fri"),
        ("fri-mon", "fri sat sun mon"),
        ("every_day", " ".join(DAYS)),
    ],
)
def test_a_key_names_its_days(key: str, days: str) -> None:
    hours = table({key: ["09:00-10:00"]})
    assert {DAYS[day] for day in range(7) if hours.spans(day)} == set(days.split())


def test_the_narrower_of_two_keys_counts() -> None:
    hours = table({"every_day": ["08:00-20:00"], "mon-fri": ["09:00-17:00"], "wed": [], "sun": ["10:00-12:00"]})
    opens = ["".join(f"{span.start // 60}-{span.end // 60}" for span in hours.spans(day)) for day in range(7)]
    assert opens == ["9-17", "9-17", "", "9-17", "9-17", "8-20", "10-12"]


def test_a_table_that_was_written_out_and_read_again_is_the_same() -> None:
    hours = table({**OFFICE, "tue-thu": ["22:00-06:00"], "wed": [], "closed_on_holidays": False})
    again = Hours.model_validate_json(hours.model_dump_json())
    assert again == hours == table(hours.model_dump())
    assert [again.spans(day) for day in range(7)] == [hours.spans(day) for day in range(7)]


def test_two_keys_of_the_same_width_that_name_one_day_are_refused() -> None:
    errors = errors_of(Hours, {"mon-wed": ["09:00-10:00"], "tue-thu": []})
    assert "mon-wed and tue-thu both say when tue opens" in errors[0][1]


@pytest.mark.parametrize(
    ("given", "place", "words"),
    [
        ({"monday": []}, ("monday",), "not permitted"),
        ({"Mon": []}, ("Mon",), "not permitted"),
        ({"mon_fri": []}, ("mon_fri",), "not permitted"),
        ({"mon-mon": []}, ("mon-mon",), "not permitted"),
        ({"mon-fri-sun": []}, ("mon-fri-sun",), "not permitted"),
        ({"mon-fri\n": []}, ("mon-fri\n",), "not permitted"),
        ({1: []}, ("1",), "not permitted"),
        ({None: []}, ("None",), "not permitted"),
        ({"mon": "09:00-17:00"}, ("mon",), '["09:00-17:00"]'),
        ({"mon": None}, ("mon",), "[] for a day that is closed"),
        ({"tue-fri": 9}, ("tue-fri",), "list of openings"),
        ({"mon": ["9-17"]}, ("mon", 0), "09:00-17:30"),
        ({"mon": ["09:00-17:00", "9:00-17:00"]}, ("mon", 1), "09:00-17:30"),
        ({"tue-fri": ["24:00-25:00"]}, ("tue-fri", 0), "09:00-17:30"),
        ({"mon": ["09:60-17:00"]}, ("mon", 0), "09:00-17:30"),
        ({"mon": ["09:00 - 17:00"]}, ("mon", 0), "09:00-17:30"),
        ({"mon": ["٠٩:٠٠-١٧:٠٠"]}, ("mon", 0), "09:00-17:30"),
        ({"mon": ["09:00-17:00\n"]}, ("mon", 0), "09:00-17:30"),
        ({"mon": ["09:00-09:00"]}, ("mon", 0), "00:00-24:00"),
        ({"mon": [540]}, ("mon", 0), "string"),
        ({"closed_on_holidays": "maybe"}, ("closed_on_holidays",), "boolean"),
        ([], (), "dictionary"),
        ("always", (), "dictionary"),
    ],
)
def test_a_mistake_in_a_table_has_its_place_and_plain_words(
    given: Any, place: tuple[int | str, ...], words: str
) -> None:
    (error,) = errors_of(Hours, given)
    assert error[0] == place
    assert words in error[1]


def test_the_schema_lists_the_usual_keys_and_allows_the_other_ranges() -> None:
    schema = Hours.model_json_schema()
    assert schema["additionalProperties"] is False
    assert {*DAYS, "mon-fri", "sat-wed", "sat-sun", "every_day", "closed_on_holidays"} <= schema["properties"].keys()
    (pattern,) = schema["patternProperties"]
    assert re.search(pattern, "tue-fri")
    assert not re.search(pattern, "mond-fri")
    for name, field in schema["properties"].items():
        assert field["description"].endswith(".")
        assert name == "closed_on_holidays" or field["type"] == "array"
    opening = schema["properties"]["mon"]["items"]["pattern"]
    assert all(re.search(opening, text) for text in schema["properties"]["mon"]["items"]["examples"])


def test_a_table_without_any_opening_loads_and_never_opens() -> None:
    tables: list[dict[str, Any]] = [{}, {"mon": []}, {"every_day": []}, {"closed_on_holidays": False}]
    for empty in tables:
        assert never_opens(table(empty))
        assert next_opening(table(empty), NO_HOLIDAYS, at("2026-11-23 10:00")) is None
        assert windows(table(empty), NO_HOLIDAYS, at("2026-11-23 10:00"), count=3) == []
    assert not never_opens(table({"sun": ["09:00-10:00"]}))


# Holidays


def test_a_public_holiday_a_listed_day_and_an_exception_are_told_apart() -> None:
    holidays = Holidays.model_validate(
        {
            "calendar": "GB",
            "dates": {dt.date(2026, 12, 24): "Closing early"},
            "working_days": ["2026-12-25"],
        }
    )
    assert [is_holiday(holidays, dt.date(2026, 12, day)) for day in (23, 24, 25, 26, 28)] == [
        False,
        True,
        False,
        True,
        True,
    ]


def test_a_region_has_holidays_that_its_country_has_not() -> None:
    july = dt.date(2026, 7, 13)  # the Battle of the Boyne, observed in Northern Ireland
    assert is_holiday(Holidays(calendar="GB-NIR"), july)
    assert not is_holiday(Holidays(calendar="GB-ENG"), july)


def test_calendars_of_other_countries_are_known() -> None:
    assert is_holiday(Holidays(calendar="IR"), dt.date(2026, 3, 21))  # Nowruz
    assert is_holiday(Holidays(calendar="US"), dt.date(2021, 12, 31))  # the next year's holiday, observed


@pytest.mark.parametrize(
    ("given", "place", "words"),
    [
        ({"calendar": "uk"}, ("calendar",), "GB-ENG"),
        ({"calendar": "XX"}, ("calendar",), "no calendar of public holidays for XX"),
        ({"calendar": "GB-XYZ"}, ("calendar",), "known: GB-ENG"),
        ({"calendar": "ir-1"}, ("calendar",), "GB-ENG"),
        ({"calender": "GB"}, ("calender",), "not permitted"),
        ({"dates": {"24.12.2026": "x"}}, ("dates", "24.12.2026", "[key]"), "2026-12-24"),
        ({"dates": {20261224: "x"}}, ("dates", 20261224, "[key]"), "2026-12-24"),
        ({"dates": {"2026-12-24": ""}}, ("dates", "2026-12-24"), "at least 1"),
        ({"working_days": ["2026-02-30"]}, ("working_days", 0), "date"),
        ({"working_days": [dt.datetime(2026, 12, 24, 9, tzinfo=dt.UTC)]}, ("working_days", 0), "2026-12-24"),
    ],
)
def test_a_mistake_in_the_holidays_has_its_place_and_plain_words(
    given: Any, place: tuple[int | str, ...], words: str
) -> None:
    errors = errors_of(Holidays, given)
    assert [tuple(map(str, error[0])) for error in errors] == [tuple(map(str, place))]
    assert words in errors[0][1]


def test_a_holiday_closes_a_table_unless_the_table_says_otherwise() -> None:
    holidays, christmas = Holidays(calendar="GB"), at("2026-12-25 10:00")
    assert not is_open(table(OFFICE), holidays, christmas)
    assert is_open(table({**OFFICE, "closed_on_holidays": False}), holidays, christmas)


# Open or closed


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2026-11-23 08:59:59", False),
        ("2026-11-23 09:00", True),
        ("2026-11-23 12:29:59", True),
        ("2026-11-23 12:30", False),
        ("2026-11-23 13:30", True),
        ("2026-11-23 17:00", False),
        ("2026-11-28 10:00", True),
        ("2026-11-28 13:00", False),
        ("2026-11-29 11:00", False),
    ],
)
def test_a_table_is_open_from_its_first_minute_until_before_its_last(moment: str, expected: bool) -> None:
    assert is_open(table(OFFICE), NO_HOLIDAYS, at(moment)) is expected


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2026-11-23 05:00", False),  # Sunday's night is not in the table
        ("2026-11-23 22:00", True),
        ("2026-11-24 05:59", True),
        ("2026-11-24 06:00", False),
        ("2026-11-28 03:00", True),  # the night that began on Friday
        ("2026-11-28 22:30", False),
    ],
)
def test_an_opening_across_midnight_belongs_to_the_day_on_which_it_begins(moment: str, expected: bool) -> None:
    assert is_open(table(NIGHT), NO_HOLIDAYS, at(moment)) is expected


def test_the_night_before_a_holiday_stays_open_and_that_of_the_holiday_does_not_open() -> None:
    holidays = Holidays.model_validate({"dates": {"2026-11-24": "Stocktaking"}})
    assert is_open(table(NIGHT), holidays, at("2026-11-24 05:00"))
    assert not is_open(table(NIGHT), holidays, at("2026-11-24 23:00"))
    assert not is_open(table(NIGHT), holidays, at("2026-11-25 05:00"))


def test_a_table_that_is_always_open_is_open_at_every_moment_and_never_opens_again() -> None:
    for moment in ("2026-11-23 00:00", "2026-11-23 23:59:59", "2026-03-29 02:30", "2026-12-31 23:59"):
        assert is_open(table(ALWAYS), NO_HOLIDAYS, at(moment))
    assert next_opening(table(ALWAYS), NO_HOLIDAYS, at("2026-11-23 10:00")) is None


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2026-11-23 08:00", "2026-11-23 09:00"),
        ("2026-11-23 09:00", "2026-11-23 13:30"),
        ("2026-11-23 12:45", "2026-11-23 13:30"),
        ("2026-11-27 17:00", "2026-11-28 10:00"),
        ("2026-11-28 13:00", "2026-11-30 09:00"),
        ("2026-12-24 17:00", "2026-12-29 09:00"),  # Christmas, Boxing Day, a Sunday, and the day observed instead
    ],
)
def test_the_next_opening_is_the_first_one_after_the_moment(moment: str, expected: str) -> None:
    found = next_opening(table(OFFICE), Holidays(calendar="GB"), at(moment))
    assert found == at(expected)
    assert found is not None
    assert found.tzinfo is LONDON


def test_a_table_that_opens_after_more_than_sixty_days_has_no_next_opening() -> None:
    dates = {dt.date(2026, 11, 23) + dt.timedelta(days=ahead): "Closed" for ahead in range(61)}
    moment = at("2026-11-23 08:00")
    assert next_opening(table(OFFICE), Holidays(dates=dates), moment) is None
    last = max(dates)
    shorter = {day: name for day, name in dates.items() if day != last}
    assert next_opening(table({"every_day": ["09:00-10:00"]}), Holidays(dates=shorter), moment) == dt.datetime.combine(
        last, dt.time(9), LONDON
    )


# Windows


def test_windows_begin_on_the_hour_after_the_notice_and_stay_inside_one_opening() -> None:
    found = windows(table(OFFICE), NO_HOLIDAYS, at("2026-11-27 09:20"), count=7)
    assert told(found) == [
        *("Fri 11:00-12:00", "Fri 14:00-15:00", "Fri 15:00-16:00", "Fri 16:00-17:00"),
        *("Sat 10:00-11:00", "Sat 11:00-12:00", "Sat 12:00-13:00"),
    ]


def test_a_window_may_begin_exactly_when_the_notice_ends() -> None:
    assert told(windows(table(OFFICE), NO_HOLIDAYS, at("2026-11-23 09:00"), count=1)) == ["Mon 10:00-11:00"]
    assert told(windows(table(OFFICE), NO_HOLIDAYS, at("2026-11-23 09:00"), count=1, notice_minutes=0)) == [
        "Mon 09:00-10:00"
    ]


def test_the_first_whole_hour_of_an_opening_may_begin_after_it() -> None:
    assert told(windows(table({"mon": ["09:30-12:00"]}), NO_HOLIDAYS, at("2026-11-23 06:00"), count=2)) == [
        "Mon 10:00-11:00",
        "Mon 11:00-12:00",
    ]


def test_long_and_short_windows_do_not_overlap() -> None:
    hours, moment = table({"mon": ["09:00-13:00"]}), at("2026-11-23 06:00")
    assert told(windows(hours, NO_HOLIDAYS, moment, count=2, length_minutes=120)) == [
        "Mon 09:00-11:00",
        "Mon 11:00-13:00",
    ]
    assert told(windows(hours, NO_HOLIDAYS, moment, count=2, length_minutes=90)) == [
        "Mon 09:00-10:30",
        "Mon 11:00-12:30",
    ]
    assert told(windows(hours, NO_HOLIDAYS, moment, count=2, length_minutes=30)) == [
        "Mon 09:00-09:30",
        "Mon 10:00-10:30",
    ]


def test_a_window_longer_than_every_opening_does_not_exist() -> None:
    assert windows(table(OFFICE), NO_HOLIDAYS, at("2026-11-23 06:00"), count=1, length_minutes=240) == []


def test_openings_that_touch_at_midnight_are_one() -> None:
    found = windows(table(ALWAYS), NO_HOLIDAYS, at("2026-11-23 21:30"), count=2, length_minutes=120)
    assert told(found) == ["Mon 23:00-01:00", "Tue 01:00-03:00"]


def test_holidays_have_no_windows() -> None:
    found = windows(table(OFFICE), Holidays(calendar="GB"), at("2026-12-24 16:30"), count=1)
    assert [(start.date(), start.hour) for start, _ in found] == [(dt.date(2026, 12, 29), 9)]


# Clock changes: London skips 01:00-02:00 on 2026-03-29 and has 01:00-02:00 twice on 2026-10-25.


def test_an_opening_that_begins_in_a_skipped_hour_begins_at_the_first_valid_minute() -> None:
    hours = table({"sun": ["01:30-04:00"]})
    assert next_opening(hours, NO_HOLIDAYS, at("2026-03-29 00:00")) == at("2026-03-29 02:00")
    assert not is_open(hours, NO_HOLIDAYS, at("2026-03-29 00:59"))
    assert is_open(hours, NO_HOLIDAYS, at("2026-03-29 02:00"))


def test_an_opening_inside_a_skipped_hour_does_not_happen() -> None:
    hours = table({"sun": ["01:10-01:50"]})
    found = next_opening(hours, NO_HOLIDAYS, at("2026-03-29 00:00"))
    assert found == at("2026-04-05 01:10")


def test_an_hour_that_comes_twice_means_the_first() -> None:
    hours = table({"sun": ["00:00-01:30"]})
    assert is_open(hours, NO_HOLIDAYS, at("2026-10-25 01:29"))
    assert not is_open(hours, NO_HOLIDAYS, at("2026-10-25 01:30"))
    assert not is_open(hours, NO_HOLIDAYS, at("2026-10-25 01:15", fold=1))


def test_an_opening_over_the_repeated_hour_stays_open_for_both() -> None:
    hours = table({"sun": ["01:00-03:00"]})
    assert is_open(hours, NO_HOLIDAYS, at("2026-10-25 01:30"))
    assert is_open(hours, NO_HOLIDAYS, at("2026-10-25 01:30", fold=1))


def test_windows_leave_out_the_skipped_hour_and_name_the_repeated_one_once() -> None:
    spring = windows(table(ALWAYS), NO_HOLIDAYS, at("2026-03-28 23:30"), count=3, notice_minutes=0)
    assert told(spring) == ["Sun 00:00-02:00", "Sun 02:00-03:00", "Sun 03:00-04:00"]
    assert spring[0][1].timestamp() - spring[0][0].timestamp() == 3_600
    autumn = windows(table(ALWAYS), NO_HOLIDAYS, at("2026-10-25 00:30"), count=2, notice_minutes=0)
    assert told(autumn) == ["Sun 01:00-02:00", "Sun 02:00-03:00"]


def test_a_zone_that_skips_midnight_opens_at_the_first_minute_of_the_day() -> None:
    cairo = ZoneInfo("Africa/Cairo")  # skips 00:00-01:00 on 2026-04-24
    found = next_opening(table({"fri": ["00:00-12:00"]}), NO_HOLIDAYS, at("2026-04-23 12:00", cairo))
    assert found == at("2026-04-24 01:00", cairo)


@st.composite
def moments(draw: st.DrawFn) -> dt.datetime:
    zone = ZoneInfo(
        draw(st.sampled_from(["Europe/London", "Asia/Tehran", "Africa/Cairo", "Australia/Lord_Howe", "UTC"]))
    )
    naive = draw(st.datetimes(dt.datetime(2015, 1, 1), dt.datetime(2035, 1, 1)))  # noqa: DTZ001 - a wall time
    return naive.replace(tzinfo=dt.UTC).astimezone(zone)


CLOCKS = st.tuples(st.integers(0, 23), st.integers(0, 59)).map(lambda clock: f"{clock[0]:02}:{clock[1]:02}")
OPENINGS = (
    st.tuples(CLOCKS, CLOCKS | st.just("24:00"))
    .filter(lambda pair: pair[0] != pair[1])
    .map(lambda pair: f"{pair[0]}-{pair[1]}")
)
TABLES = st.dictionaries(st.sampled_from([*DAYS, "every_day"]), st.lists(OPENINGS, max_size=3)).map(table)
HOLIDAYS = st.sampled_from([NO_HOLIDAYS, Holidays(calendar="GB-SCT"), Holidays(calendar="IR")])


@settings(deadline=None)
@given(TABLES, HOLIDAYS, moments())
def test_the_next_opening_is_open_and_the_minute_before_it_is_not(
    hours: Hours, holidays: Holidays, moment: dt.datetime
) -> None:
    found = next_opening(hours, holidays, moment)
    if found is None:
        return
    assert found.timestamp() > moment.timestamp()
    assert is_open(hours, holidays, found)
    before = (found.astimezone(dt.UTC) - dt.timedelta(seconds=1)).astimezone(found.tzinfo)
    assert not is_open(hours, holidays, before)


@settings(deadline=None)
@given(TABLES, HOLIDAYS, moments(), st.sampled_from([30, 60, 90, 120]), st.sampled_from([0, 60, 600]))
def test_every_window_is_on_the_hour_in_order_after_the_notice_and_open_throughout(
    hours: Hours, holidays: Holidays, moment: dt.datetime, length_minutes: int, notice_minutes: int
) -> None:
    found = windows(hours, holidays, moment, count=5, length_minutes=length_minutes, notice_minutes=notice_minutes)
    assert len(found) <= 5
    earliest = moment.timestamp() + notice_minutes * 60
    for start, end in found:
        assert start.minute == start.second == 0
        assert start.timestamp() >= earliest
        assert end.timestamp() > start.timestamp()
        passing = start.astimezone(dt.UTC)
        while passing.timestamp() < end.timestamp():
            assert is_open(hours, holidays, passing.astimezone(start.tzinfo))
            passing += dt.timedelta(minutes=15)
        earliest = end.timestamp()


@given(
    st.text(max_size=12) | st.lists(st.text(max_size=12)) | st.dictionaries(st.text(max_size=9), st.text(max_size=12))
)
def test_nothing_that_is_read_from_a_file_breaks_the_models(given: Any) -> None:
    for model, value in ((Hours, given), (Hours, {"mon": given}), (Holidays, given), (Holidays, {"dates": given})):
        with suppress(ValidationError):
            assert isinstance(model.model_validate(value), model)
