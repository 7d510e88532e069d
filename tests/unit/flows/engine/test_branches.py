"""Branches: on values, hours, holidays and the state of a queue."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from flows import actions, events
from tests.unit.flows.engine.calls import AT, FOUR_DIGITS, Call, asking, flow_of


def branching(*cases: str, at: datetime = AT, set_first: dict[str, Any] | None = None, **more: Any) -> Call:
    """A call that says "0", "1", ... for the case that held, "otherwise" for none."""
    ends = {f"case_{index}": {"type": "end", "prompt": str(index), "outcome": "solved"} for index in range(len(cases))}
    flow = flow_of(
        {
            "set": {"type": "set", "values": set_first or {"x": 1}, "next": "branch"},
            "branch": {
                "type": "branch",
                "cases": [{"when": when, "to": f"case_{index}"} for index, when in enumerate(cases)],
                "otherwise": "none",
                **more.pop("branch", {}),
            },
            **ends,
            "none": {"type": "end", "prompt": "otherwise", "outcome": "unsolved"},
        },
        hours={"shop": {"mon-fri": ["09:00-17:00"]}},
        holidays={"dates": {"2026-03-03": "stocktaking"}},
        **more,
    )
    return Call(flow, at=at)


@pytest.mark.parametrize(
    ("values", "heard"),
    [({"tries": 1}, "0"), ({"tries": 3}, "1"), ({"tries": 5}, "otherwise")],
)
def test_a_branch_goes_to_the_first_case_that_is_true_else_to_otherwise(values: dict[str, int], heard: str) -> None:
    assert branching("tries < 2", "tries < 4", set_first=values).spoken == heard


@pytest.mark.parametrize(
    ("at", "heard"),
    [
        (datetime(2026, 3, 2, 8, 59, tzinfo=UTC), "otherwise"),
        (datetime(2026, 3, 2, 9, 0, tzinfo=UTC), "0"),
        (datetime(2026, 3, 2, 17, 0, tzinfo=UTC), "otherwise"),
        (datetime(2026, 3, 3, 10, 0, tzinfo=UTC), "otherwise"),
        (datetime(2026, 3, 7, 10, 0, tzinfo=UTC), "otherwise"),
        (datetime(2026, 7, 1, 8, 0, tzinfo=UTC), "0"),
    ],
    ids=["before", "opening", "closing", "holiday", "saturday", "summer time"],
)
def test_a_branch_knows_the_hours_and_the_holidays_in_the_offices_zone(at: datetime, heard: str) -> None:
    assert branching("open('shop')", at=at).spoken == heard


def test_a_branch_on_holidays() -> None:
    assert branching("holiday()", at=datetime(2026, 3, 3, 10, tzinfo=UTC)).spoken == "0"
    assert branching("holiday()").spoken == "otherwise"


def test_a_branch_on_a_queue_asks_how_it_stands_and_goes_on_with_the_answer() -> None:
    call = branching("queue.waiting > 4", "queue.wait_minutes > 10", "queue.free_agents > 0")
    assert call.did == [actions.AskQueue(queue="shop")]
    call.on(events.QueueKnown(at=AT, waiting=2, free_agents=1, wait_minutes=3))
    assert call.spoken == "2"


def test_a_branch_may_ask_about_another_queue() -> None:
    assert branching("queue.waiting > 4", branch={"queue": "repairs"}).last == actions.AskQueue(queue="repairs")


def test_a_queue_that_cannot_be_asked_is_an_apology_and_a_person() -> None:
    assert branching("queue.waiting > 4").fail().seeks()


def test_the_state_of_a_queue_that_nobody_asked_for_changes_nothing() -> None:
    call = Call(flow_of({"ask": asking(FOUR_DIGITS)}))
    before = call.state
    assert call.on(events.QueueKnown(at=AT, waiting=1, free_agents=1, wait_minutes=1)).did == []
    assert call.state == before


@pytest.mark.parametrize("when", ["missing > 2", "1 + 1", "'text'", "x > 'a'"])
def test_a_branch_that_has_no_answer_is_an_apology_and_a_person(when: str) -> None:
    call = branching(when)
    assert call.seeks()
    assert "I am sorry" in call.nobody().spoken


# ---------------------------------------------------------------- set


def test_set_works_out_every_value_from_those_before_it() -> None:
    nodes = {
        "a": {"type": "set", "values": {"x": 2, "open": True, "word": "'yes'"}, "next": "b"},
        "b": {"type": "set", "values": {"x": "x + 1", "y": "x * 10", "z": "default(missing, 7)"}, "next": "end"},
    }
    call = Call(flow_of(nodes))
    assert call.state.values == {"x": 3, "y": 20, "z": 7, "open": True, "word": "yes"}
