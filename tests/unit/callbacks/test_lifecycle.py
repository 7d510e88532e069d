"""The lifecycle: what may follow what, and what may not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callbacks import lifecycle as life
from callbacks.errors import IllegalEventError
from callbacks.lease import lease_until
from callbacks.model import CallbackRequest
from callbacks.policy import Policy

AT = datetime(2026, 3, 2, 10, 30, tzinfo=UTC)
POLICY = Policy()


def promised() -> CallbackRequest:
    return CallbackRequest(
        id="cb1",
        number="+442079460123",
        queue="shop",
        dossier={},
        created_at=AT,
        arrived_at=AT,
        promised_by=AT + timedelta(minutes=15),
        due_at=AT,
        looked_at=AT,
    )


CLAIMED = life.Claimed(at=AT, agent_id="desk", agent_number="+442079460100")


def after(*events: life.Event, request: CallbackRequest | None = None) -> CallbackRequest:
    request = request or promised()
    for event in events:
        request = life.apply(POLICY, request, event)
    return request


def talking() -> CallbackRequest:
    return after(
        CLAIMED,
        life.LegCreated(at=AT, fence=1, leg="agent", sid="CAa"),
        life.AgentAccepted(at=AT, fence=1, sid="CAa"),
        life.CustomerDialled(at=AT, fence=1),
        life.LegCreated(at=AT, fence=1, leg="customer", sid="CAc"),
        life.CustomerAnswered(at=AT, fence=1, sid="CAc"),
    )


def test_a_callback_that_goes_well_ends_with_the_agents_disposition() -> None:
    ended = after(life.CustomerLeft(at=AT, fence=1), life.Disposed(at=AT, fence=1, code="solved"), request=talking())
    assert (ended.state, ended.disposition) == ("ended", "solved")
    assert (ended.offers, ended.dials, ended.connects) == (1, 1, 1)


def test_the_intent_is_on_record_before_the_carrier_knows_of_it() -> None:
    claimed = after(CLAIMED)
    assert claimed.attempt is not None
    assert claimed.attempt.agent_leg.to_number == "+442079460100"
    assert claimed.attempt.agent_leg.sid is None


def test_each_claim_raises_the_fence_and_an_older_one_changes_nothing() -> None:
    again = after(CLAIMED, life.AgentDeclined(at=AT, fence=1), CLAIMED)
    assert again.fence == 2
    with pytest.raises(IllegalEventError, match="fence 1"):
        life.apply(POLICY, again, life.AgentAccepted(at=AT, fence=1, sid="CAa"))


def test_of_two_answers_only_one_can_bridge() -> None:
    with pytest.raises(IllegalEventError):
        life.apply(POLICY, talking(), life.CustomerAnswered(at=AT, fence=1, sid="CAother"))


def test_an_agent_who_declines_does_not_count_as_an_attempt_at_the_customer() -> None:
    request = after(CLAIMED, life.AgentDeclined(at=AT, fence=1))
    assert (request.state, request.offers, request.dials) == ("promised", 1, 0)
    assert request.due_at == AT, "the place in line is kept"


def test_a_customer_who_is_not_reached_is_tried_again_later_and_at_last_given_up() -> None:
    request = promised()
    for fence in (1, 2, 3):
        request = after(
            CLAIMED,
            life.AgentAccepted(at=AT, fence=fence, sid="CAa"),
            life.CustomerDialled(at=AT, fence=fence),
            life.CustomerUnreached(at=AT, fence=fence, reason="busy" if fence == 1 else "no-answer"),
            request=request,
        )
        if fence == 1:
            assert request.due_at == AT + timedelta(seconds=POLICY.retry_busy_s)
        if fence == 2:
            assert request.due_at == AT + timedelta(seconds=POLICY.retry_no_answer_s)
    assert (request.state, request.disposition) == ("ended", "unreached")


def test_a_number_that_cannot_exist_is_not_tried_again() -> None:
    request = after(
        CLAIMED,
        life.AgentAccepted(at=AT, fence=1, sid="CAa"),
        life.CustomerDialled(at=AT, fence=1),
        life.CustomerUnreached(at=AT, fence=1, reason="bad-number"),
    )
    assert request.disposition == "unreached"


def test_an_agent_who_leaves_before_the_customer_answers_leaves_the_promise_open() -> None:
    ready = after(CLAIMED, life.AgentAccepted(at=AT, fence=1, sid="CAa"), life.CustomerDialled(at=AT, fence=1))
    assert life.apply(POLICY, ready, life.AgentLeft(at=AT, fence=1)).state == "promised"


def test_a_conversation_without_a_code_still_ends_in_a_named_disposition() -> None:
    ended = life.apply(POLICY, talking(), life.AgentLeft(at=AT, fence=1))
    assert (ended.state, ended.disposition) == ("ended", "talked")


def test_a_leg_without_an_answer_from_the_carrier_is_looked_at_soon_and_a_known_one_later() -> None:
    claimed = after(CLAIMED)
    assert lease_until(POLICY, claimed) == AT + timedelta(seconds=POLICY.unknown_outcome_s)
    created = after(life.LegCreated(at=AT, fence=1, leg="agent", sid="CAa"), request=claimed)
    assert lease_until(POLICY, created) == AT + timedelta(seconds=POLICY.agent_lease_s)
    assert lease_until(POLICY, promised()) is None


EVENTS = st.sampled_from(
    [
        CLAIMED,
        life.LegCreated(at=AT, fence=1, leg="agent", sid="CAa"),
        life.LegCreated(at=AT, fence=1, leg="customer", sid="CAc"),
        life.SeenAlive(at=AT, fence=1),
        life.AgentAccepted(at=AT, fence=1, sid="CAa"),
        life.AgentDeclined(at=AT, fence=1),
        life.CustomerDialled(at=AT, fence=1),
        life.CustomerAnswered(at=AT, fence=1, sid="CAc"),
        life.CustomerUnreached(at=AT, fence=1, reason="busy"),
        life.AgentLeft(at=AT, fence=1),
        life.CustomerLeft(at=AT, fence=1),
        life.Disposed(at=AT, fence=1, code="solved"),
        life.Cancelled(at=AT),
        life.AgentAccepted(at=AT, fence=2, sid="CAb"),
        life.CustomerDialled(at=AT, fence=2),
        life.CustomerAnswered(at=AT, fence=2, sid="CAd"),
        life.AgentLeft(at=AT, fence=2),
    ]
)


@given(st.lists(EVENTS, max_size=40))
def test_in_any_order_there_is_one_conversation_and_an_ended_promise_has_a_disposition(
    events: list[life.Event],
) -> None:
    """Events come late, twice and out of order: an illegal one changes nothing, a legal one keeps the invariants."""
    request = promised()
    for event in events:
        before = request
        try:
            request = life.apply(POLICY, request, event)
        except IllegalEventError:
            assert request == before
        assert (request.state == "ended") == (request.disposition is not None)
        assert request.connects <= 1
        assert request.fence >= before.fence
        assert lease_until(POLICY, request) is None or request.state not in {"promised", "ended"}
