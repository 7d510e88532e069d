"""The dispatcher on real Redis: one conversation, whatever the carrier does or does not say."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

import msgspec
import pytest
import redis

from callbacks import lifecycle_events as lifecycle
from callbacks.dispatch import Dispatcher
from callbacks.errors import DialError
from callbacks.model import Agent, CallbackRequest
from callbacks.redis_store import RedisStore
from callbacks.rules import Policy, QueueRules
from callbacks.service import Callbacks
from callbacks.shifts import is_free
from tests.patience import PATIENCE_S
from tests.scripted_carrier import ScriptedCarrier
from tests.wishes import CUSTOMER, NOW, book, london

POLICY = Policy()
AGENT = "+442079460100"


@pytest.fixture
def carrier() -> ScriptedCarrier:
    return ScriptedCarrier()


@pytest.fixture
def callbacks(redis_client: redis.Redis) -> Callbacks:
    made = Callbacks(RedisStore(redis_client, POLICY), POLICY, london)
    made.agents.put(Agent(id="desk", name="Desk", number=AGENT, queues=("shop",), idle_since=NOW))
    book(made)
    return made


def only(callbacks: Callbacks) -> CallbackRequest:
    (request,) = callbacks.store.requests(10)
    return request


def later(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def test_the_agent_is_rung_first_and_the_customer_only_once_the_agent_has_accepted(
    callbacks: Callbacks, carrier: ScriptedCarrier
) -> None:
    dispatcher = Dispatcher(callbacks, carrier)
    dispatcher.dispatch_due(NOW)
    dispatcher.dispatch_due(later(1))
    assert list(carrier.legs.values()) == [AGENT]
    callbacks.apply(only(callbacks).id, lifecycle.AgentAccepted(at=later(2), fence=1, sid="CA0"))
    dispatcher.dispatch_due(later(3))
    dispatcher.dispatch_due(later(4))
    assert list(carrier.legs.values()) == [AGENT, CUSTOMER]
    assert only(callbacks).state == "customer_dialling"


def test_a_lost_reply_is_looked_up_and_never_dialled_again(callbacks: Callbacks, carrier: ScriptedCarrier) -> None:
    dispatcher = Dispatcher(callbacks, carrier)
    carrier.lose_reply = True
    for seconds in range(0, 60, 3):
        dispatcher.dispatch_due(later(seconds))
    assert carrier.times_rung(AGENT) == 1
    attempt = only(callbacks).attempt
    assert attempt is not None
    assert attempt.agent_leg is not None
    assert attempt.agent_leg.sid == "CA0"


def test_a_leg_that_was_never_made_is_tried_again_under_a_new_fence(
    callbacks: Callbacks, carrier: ScriptedCarrier
) -> None:
    dispatcher = Dispatcher(callbacks, carrier)
    carrier.refuse = DialError("the connection broke", unknown_outcome=True)
    dispatcher.dispatch_due(NOW)
    carrier.refuse = None
    for seconds in (6, 12, 18, 24, 30, 36, 42):
        dispatcher.dispatch_due(later(seconds))
    assert carrier.times_rung(AGENT) == 1
    assert only(callbacks).fence == 2


def test_a_worker_that_dies_after_the_claim_leaves_its_request_to_the_next_one(
    callbacks: Callbacks, carrier: ScriptedCarrier
) -> None:
    assert callbacks.claims.claim(NOW) is not None  # and then nothing: the worker was killed before it dialled
    for seconds in (6, 12):
        assert carrier.times_rung(AGENT) == 0
        Dispatcher(callbacks, carrier).dispatch_due(later(seconds))
    assert carrier.times_rung(AGENT) == 1, "the carrier is there and knows of no leg: nobody waits any longer"
    assert only(callbacks).fence == 2


def test_a_customer_whose_leg_was_never_made_is_dialled_again_at_once(
    redis_client: redis.Redis, carrier: ScriptedCarrier
) -> None:
    def customer_first(queue: str) -> QueueRules:
        return msgspec.structs.replace(london(queue), order="customer_first")

    callbacks = Callbacks(RedisStore(redis_client, POLICY), POLICY, customer_first)
    callbacks.agents.put(Agent(id="desk", name="Desk", number=AGENT, queues=("shop",), idle_since=NOW))
    book(callbacks)
    assert callbacks.claims.claim(NOW) is not None  # and then nothing
    for seconds in (6, 12, 13):
        Dispatcher(callbacks, carrier).dispatch_due(later(seconds))
    assert carrier.times_rung(CUSTOMER) == 1
    assert (only(callbacks).dials, only(callbacks).fence) == (1, 2)


def test_a_worker_that_wakes_after_its_lease_hangs_up_the_leg_that_it_made(
    callbacks: Callbacks, carrier: ScriptedCarrier
) -> None:
    """It slept between its claim and its dial; meanwhile another worker took over."""
    slow = callbacks.claims.claim(NOW)
    assert slow is not None
    callbacks.apply(slow.id, lifecycle.AgentDeclined(at=later(20), fence=1, carrier_down=True))
    dispatcher = Dispatcher(callbacks, carrier)
    dispatcher.dispatch_due(later(40))
    assert only(callbacks).fence == 2
    dispatcher._ring(slow, "agent", later(41))
    assert carrier.ended == ["CA1"]


def test_a_customer_who_does_not_answer_frees_the_agent_and_keeps_the_promise(
    callbacks: Callbacks, carrier: ScriptedCarrier
) -> None:
    dispatcher = Dispatcher(callbacks, carrier)
    dispatcher.dispatch_due(NOW)
    callbacks.apply(only(callbacks).id, lifecycle.AgentAccepted(at=later(2), fence=1, sid="CA0"))
    dispatcher.dispatch_due(later(3))
    carrier.statuses["CA1"] = "no-answer"  # and no status webhook ever comes
    dispatcher.dispatch_due(later(3 + POLICY.customer_lease_s))
    request = only(callbacks)
    assert (request.state, request.dials) == ("scheduled", 1)
    assert carrier.let_go == 1
    callbacks.agents.release("desk", f"request:{request.id}:1", later(70))
    dispatcher.dispatch_due(later(80))
    assert carrier.times_rung(AGENT) == 1, "not before the retry plan says so"
    dispatcher.dispatch_due(later(80 + 15 * 60))
    assert carrier.times_rung(AGENT) == 2


def test_a_conversation_whose_end_was_not_reported_ends_all_the_same(
    callbacks: Callbacks, carrier: ScriptedCarrier
) -> None:
    dispatcher = Dispatcher(callbacks, carrier)
    dispatcher.dispatch_due(NOW)
    request_id = only(callbacks).id
    callbacks.apply(request_id, lifecycle.AgentAccepted(at=later(2), fence=1, sid="CA0"))
    dispatcher.dispatch_due(later(3))
    callbacks.apply(request_id, lifecycle.CustomerAnswered(at=later(5), fence=1, sid="CA1"))
    carrier.statuses["CA1"] = "talking"
    dispatcher.dispatch_due(later(70))
    assert only(callbacks).state == "talking"
    carrier.statuses.update(CA0="completed", CA1="completed")
    dispatcher.dispatch_due(later(140))
    dispatcher.dispatch_due(later(140 + POLICY.wrap_up_s))
    assert (only(callbacks).state, only(callbacks).disposition) == ("ended", "talked")
    dispatcher.dispatch_due(later(400))
    desk = callbacks.store.agent("desk")
    assert desk is not None
    assert desk.record.holder is None, "the agent is found to be free again"


@pytest.mark.parametrize("dials_at_once", [1, 4])
def test_eight_workers_at_once_ring_each_agent_and_each_customer_once(
    callbacks: Callbacks, carrier: ScriptedCarrier, dials_at_once: int
) -> None:
    for number in range(20):
        phone = f"+4420794602{number:02d}"
        callbacks.agents.put(Agent(id=f"a{number}", name="x", number=phone, queues=("shop",), idle_since=NOW))
        customer = f"+4420794603{number:02d}"
        book(callbacks, f"k{number}", customer)

    def work() -> None:
        dispatcher = Dispatcher(callbacks, carrier, dials_at_once=dials_at_once)
        for _ in range(5):
            dispatcher.dispatch_due(NOW)

    workers = [threading.Thread(target=work) for _ in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    rung = sorted(carrier.legs.values())
    assert len(rung) == 21
    assert len(set(rung)) == 21
    assert len({request.attempt.agent_id for request in callbacks.store.requests(50) if request.attempt}) == 21


def test_phones_are_rung_side_by_side(callbacks: Callbacks) -> None:
    """Each of the carrier's answers waits for all the other dials."""
    together = threading.Barrier(3, timeout=PATIENCE_S)

    class Slow(ScriptedCarrier):
        def ring_agent(self, request: CallbackRequest) -> str:
            together.wait()
            return super().ring_agent(request)

    for number in range(2):
        phone = f"+4420794602{number:02d}"
        callbacks.agents.put(Agent(id=f"a{number}", name="x", number=phone, queues=("shop",), idle_since=NOW))
        book(callbacks, f"k{number}", f"+4420794603{number:02d}")
    carrier = Slow()
    assert Dispatcher(callbacks, carrier, dials_at_once=3).dispatch_due(NOW) >= 3
    assert len(carrier.legs) == 3


def test_while_the_carrier_is_down_it_is_asked_for_one_leg_at_a_time(
    callbacks: Callbacks, carrier: ScriptedCarrier
) -> None:
    for number in range(8):
        phone = f"+4420794602{number:02d}"
        callbacks.agents.put(Agent(id=f"a{number}", name="x", number=phone, queues=("shop",), idle_since=NOW))
        book(callbacks, f"k{number}", f"+4420794603{number:02d}")
    dispatcher = Dispatcher(callbacks, carrier, dials_at_once=4)
    put_off = []
    for seconds in range(3):
        carrier.refuse = DialError("the carrier answered 429", unknown_outcome=False)
        dispatcher.dispatch_due(later(seconds))
        put_off.append(sum(each.state == "scheduled" for each in callbacks.store.requests(20)))
    assert put_off == [4, 5, 6]
    carrier.refuse = None
    dispatcher.dispatch_due(later(3))
    assert len(carrier.legs) == 3, "one to see that it works, then all that are left"


def test_a_carrier_that_is_down_is_asked_again_later_without_blaming_the_agent(
    callbacks: Callbacks, carrier: ScriptedCarrier
) -> None:
    dispatcher = Dispatcher(callbacks, carrier)
    carrier.refuse = DialError("the carrier answered 429", unknown_outcome=False)
    dispatcher.dispatch_due(NOW)
    desk = callbacks.store.agent("desk")
    assert desk is not None
    assert is_free(desk.record, NOW)
    carrier.refuse = None
    dispatcher.dispatch_due(later(1))
    assert carrier.times_rung(AGENT) == 0
    dispatcher.dispatch_due(later(POLICY.carrier_down_s))
    assert carrier.times_rung(AGENT) == 1


def test_an_agent_who_was_left_waiting_in_the_conference_is_let_go(
    callbacks: Callbacks, carrier: ScriptedCarrier
) -> None:
    """Web died between noting that the customer was not reached and telling the agent."""
    dispatcher = Dispatcher(callbacks, carrier)
    dispatcher.dispatch_due(NOW)
    request_id = only(callbacks).id
    callbacks.apply(request_id, lifecycle.AgentAccepted(at=later(2), fence=1, sid="CA0"))
    dispatcher.dispatch_due(later(3))
    callbacks.apply(request_id, lifecycle.CustomerUnreached(at=later(9), fence=1, reason="busy"))
    carrier.statuses["CA0"] = "talking"
    dispatcher.dispatch_due(later(POLICY.agent_lease_s))
    assert carrier.let_go == 1
    carrier.statuses["CA0"] = "completed"
    dispatcher.dispatch_due(later(POLICY.agent_lease_s + POLICY.talk_check_s))
    desk = callbacks.store.agent("desk")
    assert desk is not None
    assert desk.record.holder is None
