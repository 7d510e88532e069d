"""Can a promise be kept, and what is done where it cannot."""

from __future__ import annotations

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from callbacks.foresight import AGAIN, MOST_TELLINGS, Foreseen, foresee
from callbacks.model import CallbackRequest, Interval
from callbacks.rules import Policy
from tests.wishes import NOW, record

POLICY = Policy()
MINUTE = timedelta(minutes=1)
OPEN = [Interval(starts=NOW, ends=NOW + timedelta(hours=8))]


def seen(
    request: CallbackRequest, latest: int | None = None, now: datetime = NOW, allowed: list[Interval] = OPEN
) -> Foreseen:
    """What is foreseen where it is its turn in so many minutes at the latest."""
    turn = None if latest is None else (now, now + latest * MINUTE)
    return foresee(POLICY, request, now, turn=turn, allowed=allowed)


def test_a_promise_whose_turn_comes_in_time_is_left_alone_and_looked_at_again() -> None:
    assert seen(record(), latest=14) == Foreseen(what="fine", review_at=NOW + AGAIN)


def test_one_whose_turn_comes_too_late_is_hastened_once_and_then_its_customer_is_told() -> None:
    assert seen(record(), latest=16).what == "hasten"
    told = seen(record(widened=True), latest=16)
    assert (told.what, told.ends) == ("tell", NOW + 30 * MINUTE), "rounded up to a quarter of an hour"


def test_while_nobody_serves_the_line_a_promise_is_at_risk() -> None:
    assert seen(record()).what == "hasten"
    assert seen(record(widened=True)).what == "tell"


def test_a_turn_that_comes_at_an_hour_at_which_nobody_may_be_rung_is_no_turn() -> None:
    tomorrow = [Interval(starts=NOW + timedelta(hours=20), ends=NOW + timedelta(hours=28))]
    told = seen(record(widened=True), latest=5, allowed=tomorrow)
    assert told.ends == NOW + timedelta(hours=20, minutes=15), "ten minutes after the opening, rounded up"


def test_a_customer_is_told_twice_at_most() -> None:
    quiet = seen(record(widened=True, tellings=MOST_TELLINGS))
    assert (quiet.what, quiet.review_at) == ("fine", record().expires_at)


def test_nobody_is_told_where_there_is_no_time_to_name() -> None:
    assert seen(record(widened=True), allowed=[]).what == "fine"


def test_what_has_rung_when_we_said_so_follows_its_plan_from_there() -> None:
    assert seen(record(first_dialled_at=NOW)) == Foreseen(what="fine", review_at=record().expires_at)


def test_what_is_too_late_to_be_a_call_that_anybody_expects_expires() -> None:
    late = record()
    assert seen(late, now=late.expires_at).what == "expire"
    assert seen(record(first_dialled_at=NOW), now=late.expires_at).what == "expire"


@given(
    st.integers(0, 3000),
    st.none() | st.integers(0, 600),
    st.booleans(),
    st.integers(0, 3),
    st.booleans(),
    st.lists(st.tuples(st.integers(0, 2000), st.integers(1, 600)), max_size=3),
)
def test_whatever_is_foreseen_is_looked_at_again_or_is_over_and_a_new_time_is_a_better_one(
    at: int, latest: int | None, widened: bool, tellings: int, dialled: bool, hours: list[tuple[int, int]]
) -> None:
    now, end = NOW + at * MINUTE, NOW
    allowed = []
    for gap, length in hours:
        starts = max(end, now) + gap * MINUTE
        end = starts + length * MINUTE
        allowed.append(Interval(starts=starts, ends=end))
    request = record(widened=widened, tellings=tellings, first_dialled_at=NOW if dialled else None)
    found = seen(request, latest, now, allowed)
    assert found.what == "expire" or now < found.review_at <= max(request.expires_at, now + AGAIN)
    assert (found.ends is not None) == (found.what == "tell")
    if found.ends is not None:
        assert found.ends > max(now, request.promised_by)
        assert any(each.starts < found.ends <= each.ends for each in allowed)
        assert found.ends.minute % 15 == found.ends.second == 0
