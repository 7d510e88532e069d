"""Whose turn it is, and what is promised."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from callbacks.model import Agent, Waiter
from callbacks.policy import Policy, ahead_of, choose_agent, named_agent, promise_by, wait_minutes

AT = datetime(2026, 3, 2, 10, 31, 7, tzinfo=UTC)
POLICY = Policy()


def agent(name: str, *, idle_s: int = 0, **fields: object) -> Agent:
    base = Agent(id=name, name=name, number="+1", queues=("shop",), idle_since=AT - timedelta(seconds=idle_s))
    return msgspec.structs.replace(base, **fields)


def test_the_agent_who_has_been_idle_longest_is_rung() -> None:
    agents = [agent("desk", idle_s=5), agent("till", idle_s=50)]
    chosen = choose_agent(agents, "shop", AT, ahead=0)
    assert chosen is not None
    assert chosen.id == "till"


def test_nobody_is_rung_who_is_away_held_cooling_off_or_of_another_queue() -> None:
    agents = [
        agent("away", state="away"),
        agent("held", holder="call:CA1"),
        agent("cooling", not_before=AT + timedelta(seconds=1)),
        agent("other", queues=("clinic",)),
    ]
    assert choose_agent(agents, "shop", AT, ahead=0) is None


def test_a_free_agent_is_left_to_those_who_came_earlier() -> None:
    agents = [agent("desk"), agent("till")]
    assert choose_agent(agents, "shop", AT, ahead=1) is not None
    assert choose_agent(agents, "shop", AT, ahead=2) is None


def test_phone_waiters_and_callback_takers_stand_in_one_line() -> None:
    waiters = [Waiter(call_sid="CA1", arrived_at=AT - timedelta(seconds=9)), Waiter(call_sid="CA2", arrived_at=AT)]
    assert ahead_of(AT, waiters, []) == 1


@given(st.integers(0, 200), st.integers(0, 10**8))
def test_the_promise_is_at_least_a_quarter_of_an_hour_away_and_easy_to_say(ahead: int, seconds: int) -> None:
    now = AT + timedelta(seconds=seconds)
    by = promise_by(POLICY, now, ahead)
    assert by - now >= timedelta(minutes=15)
    assert by - now >= timedelta(seconds=(ahead + 1) * POLICY.handling_s)
    assert by.minute % 5 == 0
    assert by.second == by.microsecond == 0


def test_a_person_asked_for_by_name_is_not_taken_from_those_who_came_earlier() -> None:
    agents = [agent("desk"), agent("till", queues=("clinic",))]
    assert named_agent(agents, "desk", "shop", AT, ahead=0) is agents[0]
    assert named_agent(agents, "desk", "shop", AT, ahead=1) is None
    assert named_agent(agents, "till", "shop", AT, ahead=1) is agents[1], "nobody in this line waits for them"
    assert named_agent(agents, "nobody", "shop", AT, ahead=0) is None


def test_the_estimate_counts_the_conversations_before_mine() -> None:
    assert wait_minutes(POLICY, waiting=0, free=1, staffed=2) == 0
    assert wait_minutes(POLICY, waiting=0, free=0, staffed=2) == 5
    assert wait_minutes(POLICY, waiting=3, free=0, staffed=2) == 10
    assert wait_minutes(POLICY, waiting=1, free=0, staffed=0) == 10
