"""What a store of callbacks must do, on a real Redis server."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
import redis

from callbacks import lifecycle
from callbacks.errors import IllegalEventError
from callbacks.model import Agent, CallbackRequest, Waiter
from callbacks.policy import Policy
from callbacks.redis_store import RedisStore
from callbacks.service import Callbacks
from callbacks.store import Change, Versioned

NOW = datetime(2026, 3, 2, 10, 30, tzinfo=UTC)
POLICY = Policy()


@pytest.fixture
def callbacks(redis_client: redis.Redis) -> Callbacks:
    return Callbacks(RedisStore(redis_client, POLICY), POLICY)


def promise(
    callbacks: Callbacks, key: str = "CA1:3:0", number: str = "+442079460123", at: datetime = NOW
) -> CallbackRequest:
    promised = callbacks.promise(
        key=key, number=number, queue="shop", dossier={"reason": "an order"}, arrived_at=at, now=NOW
    )
    return promised.request


def add_agent(callbacks: Callbacks, name: str, *, idle_since: datetime = NOW) -> None:
    agent = Agent(id=name, name=name, number=f"+44207946{len(name):04d}", queues=("shop",), idle_since=idle_since)
    callbacks.put_agent(agent, NOW)


def test_the_same_key_books_once(callbacks: Callbacks) -> None:
    assert promise(callbacks) == promise(callbacks)
    assert len(callbacks.store.ledger(10)) == 1


def test_one_open_promise_per_number_and_queue(callbacks: Callbacks) -> None:
    first = promise(callbacks)
    again = callbacks.promise(key="CA2:5:0", number=first.number, queue="shop", dossier={}, arrived_at=NOW, now=NOW)
    assert again.already_booked
    assert again.request.id == first.id
    callbacks.apply(first.id, lifecycle.Cancelled(at=NOW))
    assert promise(callbacks, key="CA2:6:0").id != first.id


def test_a_claim_takes_the_oldest_request_and_holds_its_agent(callbacks: Callbacks) -> None:
    promise(callbacks, "CA2:3:0", "+442079460124", at=NOW)
    older = promise(callbacks, "CA1:3:0", at=NOW - timedelta(seconds=30))
    add_agent(callbacks, "desk")
    claimed = callbacks.claim(NOW)
    assert claimed is not None
    assert claimed.id == older.id
    held = callbacks.store.agent("desk")
    assert held is not None
    assert held.record.holder == f"request:{older.id}:1"
    assert callbacks.claim(NOW) is None, "there is no second agent"


def test_a_change_on_a_stale_version_writes_nothing(callbacks: Callbacks) -> None:
    request = promise(callbacks)
    known = callbacks.store.request(request.id)
    assert known is not None
    stale = Versioned(msgspec.structs.replace(known.record, number="+1"), known.version - 1)
    assert not callbacks.store.commit(Change(commit_id="x", request=stale, ledger={"event": "never"}))
    assert callbacks.store.request(request.id) == known
    assert len(callbacks.store.ledger(10)) == 1


def test_the_same_commit_twice_answers_alike_and_happens_once(callbacks: Callbacks) -> None:
    """The client sends a script again when the answer to the first was lost."""
    request = promise(callbacks)
    known = callbacks.store.request(request.id)
    assert known is not None
    change = Change(commit_id="once", request=known, ledger={"event": "Once"})
    assert callbacks.store.commit(change)
    assert callbacks.store.commit(change)
    assert [entry["event"] for entry in callbacks.store.ledger(10)] == ["Promised", "Once"]
    again = callbacks.store.request(request.id)
    assert again is not None
    assert again.version == known.version + 1


def test_claimed_requests_are_not_due_and_come_back_when_their_lease_is_over(callbacks: Callbacks) -> None:
    promise(callbacks)
    add_agent(callbacks, "desk")
    assert callbacks.claim(NOW) is not None
    assert callbacks.store.due(NOW, 10) == []
    assert callbacks.store.overdue_leases(NOW, 10) == []
    later = NOW + timedelta(seconds=POLICY.unknown_outcome_s)
    assert len(callbacks.store.overdue_leases(later, 10)) == 1


def test_an_agent_who_declines_is_left_alone_for_a_while_and_the_next_one_is_rung(callbacks: Callbacks) -> None:
    request = promise(callbacks)
    add_agent(callbacks, "desk", idle_since=NOW - timedelta(hours=1))
    add_agent(callbacks, "till")
    first = callbacks.claim(NOW)
    assert first is not None
    assert first.attempt is not None
    assert first.attempt.agent_id == "desk"
    callbacks.apply(request.id, lifecycle.AgentDeclined(at=NOW, fence=1))
    second = callbacks.claim(NOW)
    assert second is not None
    assert second.attempt is not None
    assert second.attempt.agent_id == "till"
    desk = callbacks.store.agent("desk")
    assert desk is not None
    assert not desk.record.is_free(NOW)
    assert desk.record.is_free(NOW + timedelta(seconds=POLICY.decline_cool_off_s))


def test_a_caller_who_waits_is_served_before_a_later_callback_and_after_an_earlier_one(callbacks: Callbacks) -> None:
    add_agent(callbacks, "desk")
    earlier, later = NOW - timedelta(seconds=60), NOW - timedelta(seconds=10)
    promise(callbacks, at=earlier)

    def reserve(arrived_at: datetime) -> Agent | None:
        return callbacks.reserve_agent(
            queue="shop", call_sid="CA9", arrived_at=arrived_at, waiting=True, lease_s=60, now=NOW
        )

    assert reserve(later) is None
    assert reserve(earlier - timedelta(seconds=1)) is not None


def test_a_callback_waits_while_an_earlier_caller_is_in_line_and_not_after_they_are_gone(callbacks: Callbacks) -> None:
    promise(callbacks, at=NOW)
    early = NOW - timedelta(seconds=60)
    assert (
        callbacks.reserve_agent(queue="shop", call_sid="CA9", arrived_at=early, waiting=True, lease_s=60, now=NOW)
        is None
    )
    add_agent(callbacks, "desk")
    assert callbacks.claim(NOW) is None
    gone = NOW + timedelta(seconds=POLICY.line_patience_s + 1)
    assert callbacks.claim(gone) is not None


def test_an_agent_is_released_by_their_holder_alone(callbacks: Callbacks) -> None:
    add_agent(callbacks, "desk")
    assert (
        callbacks.reserve_agent(queue="shop", call_sid="CA9", arrived_at=NOW, waiting=False, lease_s=60, now=NOW)
        is not None
    )
    callbacks.release_agent("desk", "call:CAother", NOW)
    held = callbacks.store.agent("desk")
    assert held is not None
    assert held.record.holder == "call:CA9"
    callbacks.release_agent("desk", "call:CA9", NOW)
    freed = callbacks.store.agent("desk")
    assert freed is not None
    assert freed.record.is_free(NOW)


def test_an_event_that_does_not_fit_leaves_no_trace(callbacks: Callbacks) -> None:
    request = promise(callbacks)
    with pytest.raises(IllegalEventError):
        callbacks.apply(request.id, lifecycle.CustomerAnswered(at=NOW, fence=0, sid="CA1"))
    with pytest.raises(IllegalEventError):
        callbacks.apply("cbnone", lifecycle.Cancelled(at=NOW))
    assert len(callbacks.store.ledger(10)) == 1


def test_every_record_is_read_back_as_it_was_written(callbacks: Callbacks) -> None:
    request = promise(callbacks)
    known = callbacks.store.request(request.id)
    assert known is not None
    assert known.record == request
    assert callbacks.store.requests(10) == [request]


def test_a_callback_at_a_chosen_time_is_due_when_its_window_begins(callbacks: Callbacks) -> None:
    starts, ends = NOW + timedelta(hours=3), NOW + timedelta(hours=4)
    promised = callbacks.promise(
        key="CA1:3:0",
        number="+442079460123",
        queue="shop",
        dossier={},
        arrived_at=NOW,
        now=NOW,
        starts=starts,
        ends=ends,
    ).request
    assert (promised.starts_at, promised.due_at, promised.promised_by) == (starts, starts, ends)
    add_agent(callbacks, "desk")
    assert callbacks.claim(starts - timedelta(seconds=1)) is None
    claimed = callbacks.claim(starts)
    assert claimed is not None
    assert claimed.id == promised.id


def test_a_queue_stands_as_its_waiters_promises_and_agents_do(callbacks: Callbacks) -> None:
    assert msgspec.to_builtins(callbacks.standing("shop", NOW)) == {"waiting": 0, "free_agents": 0, "wait_minutes": 5}
    add_agent(callbacks, "desk")
    assert callbacks.standing("shop", NOW).wait_minutes == 0
    promise(callbacks)
    callbacks.store.keep_place("shop", Waiter(call_sid="CA9", arrived_at=NOW), NOW)
    assert msgspec.to_builtins(callbacks.standing("shop", NOW)) == {"waiting": 2, "free_agents": 1, "wait_minutes": 10}


def test_a_person_asked_for_by_name_is_reserved_and_nobody_else(callbacks: Callbacks) -> None:
    add_agent(callbacks, "desk")
    add_agent(callbacks, "till")
    for call_sid, expected in (("CA1", "till"), ("CA2", None)):
        found = callbacks.reserve_agent(
            queue="shop", call_sid=call_sid, arrived_at=NOW, waiting=False, lease_s=60, now=NOW, agent_id="till"
        )
        assert (found.id if found is not None else None) == expected


def test_a_second_arrival_of_the_same_key_that_comes_in_between_is_no_older_booking(
    callbacks: Callbacks, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first look finds nothing, the second one what the other arrival has booked meanwhile."""
    look = callbacks.store.request
    looks: list[str] = []

    def slow_look(request_id: str) -> Versioned[CallbackRequest] | None:
        found = look(request_id)
        looks.append(request_id)
        if len(looks) == 1:
            promise(callbacks)
        return found

    monkeypatch.setattr(callbacks.store, "request", slow_look)
    promised = callbacks.promise(
        key="CA1:3:0", number="+442079460123", queue="shop", dossier={}, arrived_at=NOW, now=NOW
    )
    assert not promised.already_booked
    assert len(callbacks.store.requests(10)) == 1
