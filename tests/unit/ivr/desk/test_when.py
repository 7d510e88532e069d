"""Times as people at a desk write and read them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.desk.errors import DeskError
from ivr.desk.when import EXAMPLES, length_words, parse_when, time_words, window_words

LONDON = ZoneInfo("Europe/London")
# A Monday in summer, half past eleven at night in London.
NOW = datetime(2026, 7, 6, 22, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("14:00", "2026-07-06T13:00"),
        ("9:05", "2026-07-06T08:05"),
        ("today 14:00", "2026-07-06T13:00"),
        ("Tomorrow  09:00", "2026-07-07T08:00"),
        ("mon 09:00", "2026-07-06T08:00"),
        ("sun 09:00", "2026-07-12T08:00"),
        ("2026-12-01 09:00", "2026-12-01T09:00"),
        ("2026-12-01T09:00", "2026-12-01T09:00"),
        ("2026-12-01T09:00:00+02:00", "2026-12-01T07:00"),
        ("2026-12-01T09:00:00Z", "2026-12-01T09:00"),
        # The hour that the clocks skip moves to its end; of one that comes twice it is the first.
        ("2027-03-28 01:30", "2027-03-28T01:00"),
        ("2026-10-25 01:30", "2026-10-25T00:30"),
    ],
)
def test_a_time_is_the_offices_unless_it_has_an_offset(text: str, at: str) -> None:
    assert parse_when(text, LONDON, NOW) == datetime.fromisoformat(at).replace(tzinfo=UTC)


@pytest.mark.parametrize("text", ["asap", " ASAP ", "as soon as possible"])
def test_as_soon_as_possible_is_no_instant(text: str) -> None:
    assert parse_when(text, LONDON, NOW) is None


@pytest.mark.parametrize("text", ["", "soon", "25:00", "2026-13-01 09:00", "2026-02-30 09:00", "monday 9", "9", "٩:٠٠"])
def test_what_is_no_time_is_answered_with_examples_that_are(text: str) -> None:
    with pytest.raises(DeskError) as error:
        parse_when(text, LONDON, NOW)
    assert error.value.code == "invalid"
    assert error.value.allowed == EXAMPLES
    for example in EXAMPLES:
        parse_when(example, LONDON, NOW)


@given(st.text(max_size=40))
def test_any_other_text_is_refused_or_read_and_never_a_fault(text: str) -> None:
    try:
        at = parse_when(text, LONDON, NOW)
    except DeskError:
        return
    assert at is None or at.tzinfo is not None


@given(st.integers(-400 * 24 * 60, 400 * 24 * 60))
def test_what_is_shown_of_a_time_within_a_week_can_be_written_again(minutes: int) -> None:
    at = NOW + timedelta(minutes=minutes)
    shown = time_words(at, LONDON, NOW)
    assert f"{at.astimezone(LONDON):%H:%M}" in shown
    local = at.astimezone(LONDON)
    if shown.startswith(("today", "tomorrow")) and local.fold == 0:
        assert parse_when(shown, LONDON, NOW) == at


@pytest.mark.parametrize(
    ("days", "words"),
    [
        (0, "today 12:00"),
        (1, "tomorrow 12:00"),
        (-1, "yesterday 12:00"),
        (2, "Wed 08 Jul 12:00"),
        (400, "Tue 10 Aug 2027 12:00"),
    ],
)
def test_days_are_told_in_words(days: int, words: str) -> None:
    assert time_words(datetime(2026, 7, 6, 11, 0, tzinfo=UTC) + timedelta(days=days), LONDON, NOW) == words


def test_a_window_names_its_day_once_unless_it_ends_on_another() -> None:
    starts = datetime(2026, 7, 7, 8, 0, tzinfo=UTC)
    assert window_words(starts, starts + timedelta(hours=1), LONDON, NOW) == "tomorrow 09:00-10:00"
    night = starts + timedelta(hours=14)
    assert window_words(night, night + timedelta(hours=2), LONDON, NOW) == "tomorrow 23:00 - Wed 08 Jul 01:00"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-3, "0 s"),
        (35, "35 s"),
        (119, "119 s"),
        (120, "2 min"),
        (7199, "119 min"),
        (11100, "3 h 05 min"),
        (190_000, "2 days 4 h"),
    ],
)
def test_lengths_are_told_in_words(seconds: float, words: str) -> None:
    assert length_words(seconds) == words
