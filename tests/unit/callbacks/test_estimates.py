"""How long a wait will be, what is said of it, and what is promised."""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from statistics import fmean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callbacks.estimates import LEAST_SAMPLES, History, expected_wait, forecast, promise_by, talk_s
from callbacks.model import Interval
from callbacks.rules import always_open

AT = datetime(2026, 3, 2, 10, 31, 7, tzinfo=UTC)
STEPS = {0, 1, 2, 3, 5, 10, 15, 20, 30, 45, 60, 90, 120}
SPREAD = History((60.0, 90.0, 120.0, 150.0, 180.0, 240.0, 300.0, 420.0, 600.0, 840.0) * 5)  # mean 300 s
EVER = always_open(AT - timedelta(days=1), AT + timedelta(days=9))


def test_before_there_is_any_history_or_anybody_there_is_no_estimate() -> None:
    assert expected_wait(3, 2, History()) is None
    assert expected_wait(3, 2, History((300.0,) * (LEAST_SAMPLES - 1))) is None
    assert expected_wait(3, 2, History((0.0,) * LEAST_SAMPLES)) is None
    assert expected_wait(3, 0, SPREAD) is None
    assert expected_wait(3, 2, History((300.0,) * LEAST_SAMPLES)) is not None


def test_the_wait_grows_with_the_position_and_shrinks_with_the_agents() -> None:
    assert expected_wait(1, 1, SPREAD) == (1, 10)
    assert expected_wait(5, 2, SPREAD) == (5, 20)
    assert expected_wait(5, 8, SPREAD) == (1, 5)
    assert expected_wait(40, 2, SPREAD) == (60, 120)


def test_only_the_last_two_hundred_conversations_count() -> None:
    assert talk_s(History((9_999.0,) * 50 + (60.0,) * 200), 300) == 60
    assert talk_s(History((60.0,) * 9), 300) == 300
    assert talk_s(SPREAD, 1) == 300


@given(st.integers(1, 500), st.integers(1, 50), st.lists(st.floats(1, 7200), min_size=10, max_size=60))
def test_what_is_said_is_a_window_of_minutes_that_can_be_said(position: int, agents: int, talks: list[float]) -> None:
    said = expected_wait(position, agents, History(tuple(talks)))
    between = forecast(AT, position, agents, History(tuple(talks)), 300)
    assert said is not None
    assert between is not None
    assert all(minutes in STEPS or (minutes > 120 and minutes % 60 == 0) for minutes in said)
    assert 0 <= said[0] < said[1]
    # Rounded outward, never inward.
    assert AT + timedelta(minutes=said[0]) <= between[0] <= between[1] <= AT + timedelta(minutes=said[1], seconds=1e-3)


def test_a_forecast_without_history_rests_on_the_assumed_length() -> None:
    between = forecast(AT, 4, 2, History(), 300)
    assert between is not None
    assert AT < between[0] < AT + timedelta(minutes=10) < between[1] < AT + timedelta(minutes=30)
    assert forecast(AT, 4, 0, SPREAD, 300) is None


def waits(draw: Random, mean_s: float, spread: float, agents: int, most: int) -> Iterator[float]:
    """Seconds until each of the next departures from agents who have long been busy, by a walk through the events."""
    busy = [draw.random() * _talk(draw, mean_s, spread) for _ in range(agents)]
    heapq.heapify(busy)
    looked_at = 10 * mean_s
    count = 0
    while count < most:
        left_at = heapq.heappop(busy)
        heapq.heappush(busy, left_at + _talk(draw, mean_s, spread))
        if left_at > looked_at:
            count += 1
            yield left_at - looked_at


def _talk(draw: Random, mean_s: float, spread: float) -> float:
    variance = math.log(1 + spread**2)
    return draw.lognormvariate(math.log(mean_s) - variance / 2, math.sqrt(variance))


@pytest.mark.parametrize("spread", [0.5, 0.8, 1.2])
@pytest.mark.parametrize("samples", [10, 50, 200])
def test_three_waits_in_five_end_in_the_forecast_and_most_in_what_is_said(spread: float, samples: int) -> None:
    draw = Random(samples)  # noqa: S311 - the same calls each time, not a secret
    positions = (1, 2, 3, 5, 10, 20)
    forecast_right, said_right, later, earlier = [], [], [], []
    for mean_s in (180, 300, 420):
        for agents in (1, 3, 8):
            for _ in range(8):
                history = History(tuple(_talk(draw, mean_s, spread) for _ in range(samples)))
                true_s = list(waits(draw, mean_s, spread, agents, positions[-1]))
                for position in positions:
                    wait = timedelta(seconds=true_s[position - 1])
                    said = expected_wait(position, agents, history)
                    between = forecast(AT, position, agents, history, 0)
                    assert said is not None
                    assert between is not None
                    forecast_right.append(between[0] <= AT + wait <= between[1])
                    said_right.append(timedelta(minutes=said[0]) <= wait <= timedelta(minutes=said[1]))
                    later.append(wait > timedelta(minutes=said[1]))
                    earlier.append(wait < timedelta(minutes=said[0]))
    # Nominally 60%; what can be said is coarser, so more waits lie in it, and misses lie on both sides.
    assert 0.5 <= fmean(forecast_right) <= 0.7
    assert 0.65 <= fmean(said_right) <= 0.92
    assert max(fmean(later), fmean(earlier)) <= 0.2


def test_a_promise_is_at_least_a_quarter_of_an_hour_ahead_and_rounded_up_to_five_minutes() -> None:
    assert promise_by(AT, 0, EVER) == datetime(2026, 3, 2, 10, 50, tzinfo=UTC)
    assert promise_by(AT, 40, EVER) == datetime(2026, 3, 2, 11, 15, tzinfo=UTC)
    assert promise_by(AT.replace(minute=30, second=0), 15, EVER) == datetime(2026, 3, 2, 10, 45, tzinfo=UTC)


def day(number: int, first: int, last: int) -> Interval:
    start = datetime(2026, 3, number, tzinfo=UTC)
    return Interval(starts=start + timedelta(hours=first), ends=start + timedelta(hours=last))


def test_where_the_office_closes_before_the_rest_of_the_wait_counts_from_the_next_opening() -> None:
    openings = [day(2, 9, 11), day(3, 9, 17)]
    assert promise_by(AT, 29, openings) is not None
    assert promise_by(AT, 28, openings) == datetime(2026, 3, 2, 11, 0, tzinfo=UTC)
    # 28 minutes and 53 seconds are left today.
    assert promise_by(AT, 30, openings) == datetime(2026, 3, 3, 9, 15, tzinfo=UTC)
    assert promise_by(AT, 90, openings) == datetime(2026, 3, 3, 10, 5, tzinfo=UTC)


def test_a_promise_made_at_night_is_for_the_morning() -> None:
    openings = [day(1, 9, 17), day(2, 12, 17)]
    assert promise_by(AT, 5, openings) == datetime(2026, 3, 2, 12, 15, tzinfo=UTC)


def test_where_no_opening_leaves_room_there_is_no_promise() -> None:
    assert promise_by(AT, 5, []) is None
    assert promise_by(AT, 5, [day(1, 9, 17)]) is None
    assert promise_by(AT, 600, [day(2, 9, 11), day(3, 9, 17)]) is None
