"""Whose turn it is, and when to try again."""

from __future__ import annotations

from datetime import timedelta
from typing import get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from callbacks.model import Agent, UnreachedReason
from callbacks.policy import Person, assign, may_take, next_try, person_of, unreached_reason
from callbacks.rules import QueueRules, RetryPlan
from tests.wishes import NOW, person, record

RULES = QueueRules(name="shop", overflow=("front",), preferred_grace_s=300)
SECOND = timedelta(seconds=1)


def waiter(name: str, *, came: int = 0, line: str = "shop/en", **changes: object) -> Person:
    return msgspec.structs.replace(Person(key=name, line=line, rank_at=NOW + came * SECOND), **changes)


def served(people: list[Person], agents: list[Agent]) -> dict[str, str]:
    return {key: agent.id for key, agent in assign(people, agents, NOW).items()}


def test_the_agent_who_has_been_idle_longest_is_rung() -> None:
    agents = [person("desk", idle_since=NOW - 5 * SECOND), person("till", idle_since=NOW - 50 * SECOND)]
    assert served([waiter("a")], agents) == {"a": "till"}


def test_nobody_is_rung_who_is_away_held_cooling_off_beyond_their_pace_or_of_another_skill() -> None:
    agents = [
        person("away", state="away"),
        person("break", state="break"),
        person("held", holder="call:CA1"),
        person("cooling", not_before=NOW + SECOND),
        person("paced", per_hour=1, given_at=(NOW - SECOND,)),
        person("other", queues=("clinic",)),
        person("french", languages=("fr",)),
    ]
    assert served([waiter("a")], agents) == {}


def test_the_earlier_are_served_first_and_the_rest_wait() -> None:
    people = [waiter("late", came=2), waiter("first"), waiter("second", came=1)]
    assert served(people, [person("desk"), person("till")]) == {"first": "desk", "second": "till"}


def test_a_free_agent_whom_those_ahead_cannot_use_serves_who_comes_next() -> None:
    people = [waiter("english"), waiter("french", came=1, line="shop/fr")]
    assert served(people, [person("desk", languages=("fr",))]) == {"french": "desk"}


def test_of_two_who_came_in_the_same_moment_the_order_is_the_same_everywhere() -> None:
    people = [waiter("b"), waiter("a")]
    assert served(people, [person("desk")]) == served(people[::-1], [person("desk")]) == {"a": "desk"}


def test_a_preferred_agent_is_waited_for_while_they_work_and_no_longer_than_the_grace() -> None:
    busy, free = person("desk", holder="call:CA1"), person("till")
    patient = waiter("a", preferred="desk", grace_until=NOW + SECOND)
    assert served([patient], [busy, free]) == {}
    assert served([patient, waiter("b", came=1)], [busy, free]) == {"b": "till"}, "the others need not wait with them"
    assert served([patient], [person("desk", state="away"), free]) == {"a": "till"}
    assert served([patient], [free]) == {"a": "till"}, "they do not work here any more"
    over = msgspec.structs.replace(patient, grace_until=NOW)
    assert served([over], [busy, free]) == {"a": "till"}
    assert served([over], [person("desk"), person("till", idle_since=NOW - SECOND)]) == {"a": "desk"}


def test_a_promise_at_risk_may_be_taken_by_the_overflow_and_by_no_one_else() -> None:
    front, other = person("front", queues=("front",)), person("other", queues=("clinic",))
    calm, risky = (person_of(record(widened=widened), RULES) for widened in (False, True))
    assert [may_take(front, each) for each in (calm, risky)] == [False, True]
    assert not may_take(other, risky)
    assert not may_take(person("french", queues=("front",), languages=("fr",)), risky), "the language stays"


def test_a_request_in_line_waits_for_its_agent_since_it_came_due() -> None:
    made = person_of(record(preferred_agent="desk", due_at=NOW + 60 * SECOND), RULES)
    assert (made.preferred, made.grace_until, made.rank_at) == ("desk", NOW + 360 * SECOND, NOW)


@given(st.lists(st.integers(0, 5), max_size=8), st.lists(st.integers(0, 5), max_size=5))
def test_as_many_as_can_be_are_served_by_rank_and_nobody_twice(came: list[int], idle: list[int]) -> None:
    people = [waiter(f"p{number}", came=seconds) for number, seconds in enumerate(came)]
    agents = [person(f"a{number}", idle_since=NOW - seconds * SECOND) for number, seconds in enumerate(idle)]
    pairs = served(people, agents)
    assert len(pairs) == len(set(pairs.values())) == min(len(people), len(agents))
    ranks = {each.key: (each.rank_at, each.key) for each in people}
    left = [ranks[each.key] for each in people if each.key not in pairs]
    assert all(ranks[key] < other for key in pairs for other in left)


# ---------------------------------------------------------------- tries


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        ("busy", "busy"),
        ("failed", "failed"),
        ("canceled", "canceled"),
        ("no-answer", "no-answer"),
        ("completed", "no-answer"),
    ],
)
def test_a_leg_that_reached_nobody_has_a_reason(status: str, reason: str) -> None:
    assert unreached_reason(status) == reason


@given(
    st.sampled_from(get_args(UnreachedReason)),
    st.integers(1, 12),
    st.integers(0, 12),
    st.lists(st.integers(1, 600), max_size=4),
    st.integers(0, 900),
)
def test_a_next_try_is_in_the_plan_within_the_dials_and_before_the_expiry(
    reason: UnreachedReason, times: int, dials: int, waits: list[int], expires_minutes: int
) -> None:
    plan = RetryPlan(busy=tuple(waits), no_answer=tuple(waits), machine=tuple(waits), failed=tuple(waits))
    rules = msgspec.structs.replace(RULES, retries=plan, most_dials=8)
    expires_at = NOW + timedelta(minutes=expires_minutes)
    again_at = next_try(rules, record(unreached={reason: times}, dials=dials, expires_at=expires_at), reason, NOW)
    if reason == "carrier-down":
        assert again_at is not None
        assert 15 * SECOND <= again_at - NOW <= 300 * SECOND
    elif reason == "bad-number" or dials >= 8 or times > len(waits):
        assert again_at is None
    else:
        wanted = NOW + timedelta(minutes=waits[times - 1])
        assert again_at == (wanted if wanted < expires_at else None)
