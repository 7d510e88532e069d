"""The lifecycle: what may follow what, what may not, and what stays true whatever happens.

One long file: the table of events is gone through once, and its rules are read side by side.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import get_args

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callbacks import lifecycle as life
from callbacks import lifecycle_events as events
from callbacks.errors import IllegalEventError
from callbacks.indexes import index_of
from callbacks.lease import lease_until, longest_lease
from callbacks.lifecycle import BEFORE_TALK, TABLE, WITHDRAWABLE
from callbacks.lifecycle_events import EVENTS, Event, Fenced
from callbacks.model import QUIET, Attempt, CallbackRequest, Leg, Order, State, UnreachedReason
from callbacks.rules import Policy, QueueRules, RetryPlan
from tests.wishes import NOW as AT
from tests.wishes import record

POLICY = Policy()
RULES = QueueRules(name="shop")
MINUTE = timedelta(minutes=1)
AGENT = "+442079460100"
STATES: tuple[State, ...] = get_args(State)
CLAIMED = events.Claimed(at=AT, agent_id="desk", agent_number=AGENT)


def after(*happened: Event, request: CallbackRequest | None = None, rules: QueueRules = RULES) -> CallbackRequest:
    request = request or record()
    for event in happened:
        request = life.apply(POLICY, rules, request, event)
    return request


def in_state(state: State, order: Order = "agent_first", **changes: object) -> CallbackRequest:
    """A request in a state, with all that it may have there."""
    fence = 0 if state in QUIET else 3
    leg = Leg(to_number=AGENT, intended_at=AT)
    attempt = Attempt(fence=fence, agent_id="desk", agent_leg=leg, customer_leg=leg, proved_at=AT)
    made = record(state=state, order=order, fence=fence, attempt=attempt, dials=1, unreached={"busy": 1})
    return msgspec.structs.replace(made, **changes)


def event_of(kind: type[Event], fence: int, at: datetime = AT) -> Event:
    """An event of a kind, of the attempt with this fence."""
    wanted = {
        "fence": fence,
        "until": at + MINUTE,
        "starts": at + 60 * MINUTE,
        "ends": at + 120 * MINUTE,
        "rank_at": at,
        "expires_at": at + timedelta(days=2),
        "told_by": "text",
        "call_sid": "CA9",
        "agent_id": "desk",
        "agent_number": AGENT,
        "leg": "customer",
        "sid": "CA1",
        "reason": "busy",
        "again_at": at + 5 * MINUTE,
        "code": "solved",
    }
    fields = {field.name for field in msgspec.structs.fields(kind)}
    return kind(at=at, **{name: value for name, value in wanted.items() if name in fields})


def talking(order: Order = "agent_first") -> CallbackRequest:
    if order == "agent_first":
        return after(
            CLAIMED,
            events.LegCreated(at=AT, fence=1, leg="agent", sid="CAa"),
            events.AgentAccepted(at=AT, fence=1, sid="CAa"),
            events.CustomerDialled(at=AT, fence=1),
            events.LegCreated(at=AT, fence=1, leg="customer", sid="CAc"),
            events.CustomerAnswered(at=AT, fence=1, sid="CAc"),
        )
    return after(
        CLAIMED,
        events.LegCreated(at=AT, fence=1, leg="customer", sid="CAc"),
        events.CustomerAnswered(at=AT, fence=1, sid="CAc"),
        events.CustomerProved(at=AT, fence=1),
        events.AgentAssigned(at=AT, fence=1, agent_id="desk", agent_number=AGENT),
        events.LegCreated(at=AT, fence=1, leg="agent", sid="CAa"),
        events.AgentAccepted(at=AT, fence=1, sid="CAa"),
        request=record(order="customer_first"),
    )


# ---------------------------------------------------------------- the table


@pytest.mark.parametrize("order", get_args(Order))
@pytest.mark.parametrize("kind", EVENTS.values(), ids=EVENTS)
@pytest.mark.parametrize("state", STATES)
def test_every_event_in_every_state_leads_where_the_table_says_or_is_illegal(
    state: State, kind: type[Event], order: Order
) -> None:
    before = in_state(state, order)
    event = event_of(kind, before.fence)
    targets = TABLE.get((state, kind))
    if targets is None:
        with pytest.raises(IllegalEventError):
            after(event, request=before)
    else:
        assert after(event, request=before).state in targets


@pytest.mark.parametrize(("state", "kind"), [pair for pair in TABLE if issubclass(pair[1], Fenced)])
def test_an_event_of_another_fence_is_illegal_wherever_it_comes(state: State, kind: type[Event]) -> None:
    before = in_state(state)
    for fence in (before.fence - 1, before.fence + 1):
        with pytest.raises(IllegalEventError, match=f"fence {fence}"):
            after(event_of(kind, fence), request=before)


@pytest.mark.parametrize(("state", "kind"), [pair for pair in TABLE if issubclass(pair[1], events.AboutAgent)])
def test_an_event_of_another_offer_is_illegal_wherever_it_comes(state: State, kind: type[Event]) -> None:
    before = in_state(state)
    with pytest.raises(IllegalEventError, match="offer"):
        after(msgspec.structs.replace(event_of(kind, before.fence), offer=2), request=before)


def test_the_table_names_every_state_and_every_event_and_no_other() -> None:
    assert {state for state, _ in TABLE} == set(STATES) - {"ended"}
    assert {kind for _, kind in TABLE} == set(EVENTS.values())
    assert {target for targets in TABLE.values() for target in targets} == set(STATES)
    assert set(BEFORE_TALK) | {"talking", "wrap_up", "ended"} == set(STATES)
    assert set(BEFORE_TALK) - set(WITHDRAWABLE) == {"customer_ready", "agent_joining"}


def test_from_every_state_a_promise_can_end() -> None:
    ends: set[State] = {"ended"}
    while more := {s for (s, _), targets in TABLE.items() if ends & set(targets)} - ends:
        ends |= more
    assert ends == set(STATES)


# ---------------------------------------------------------------- two orders


@pytest.mark.parametrize("order", get_args(Order))
def test_a_callback_that_goes_well_ends_with_the_agents_disposition(order: Order) -> None:
    ended = after(
        events.CustomerLeft(at=AT, fence=1), events.Disposed(at=AT, fence=1, code="solved"), request=talking(order)
    )
    assert (ended.state, ended.disposition, ended.ended_at) == ("ended", "solved", AT)
    assert (ended.offers, ended.dials, ended.connects) == (1, 1, 1)


def test_the_intent_is_on_record_before_the_carrier_knows_of_it() -> None:
    agents_first = after(CLAIMED).attempt
    assert agents_first is not None
    assert agents_first.agent_leg == Leg(to_number=AGENT, intended_at=AT)
    customers_first = after(CLAIMED, request=record(order="customer_first"))
    assert customers_first.attempt is not None
    assert customers_first.attempt.customer_leg == Leg(to_number=record().number, intended_at=AT)
    assert (customers_first.dials, customers_first.offers) == (1, 0)


def test_each_claim_raises_the_fence_and_an_older_one_changes_nothing() -> None:
    again = after(CLAIMED, events.AgentDeclined(at=AT, fence=1), CLAIMED)
    assert again.fence == 2
    with pytest.raises(IllegalEventError, match="fence 1"):
        after(events.AgentAccepted(at=AT, fence=1, sid="CAa"), request=again)


@pytest.mark.parametrize("order", get_args(Order))
def test_of_two_answers_only_one_can_bridge(order: Order) -> None:
    for event in (
        events.CustomerAnswered(at=AT, fence=1, sid="CAother"),
        events.CustomerProved(at=AT, fence=1),
        events.AgentAccepted(at=AT, fence=1, sid="CAother"),
    ):
        with pytest.raises(IllegalEventError):
            after(event, request=talking(order))


def test_while_somebody_is_asked_for_proof_another_leg_is_nobodys() -> None:
    proving = after(CLAIMED, events.CustomerAnswered(at=AT, fence=1, sid="CAc"), request=record(order="customer_first"))
    with pytest.raises(IllegalEventError, match="CAother"):
        after(events.CustomerAnswered(at=AT, fence=1, sid="CAother"), request=proving)
    assert after(events.CustomerAnswered(at=AT, fence=1, sid="CAc"), request=proving) == proving


@pytest.mark.parametrize("name", ["agent", "customer"])
def test_a_leg_that_is_known_is_not_replaced_by_another(name: str) -> None:
    with pytest.raises(IllegalEventError, match="CAother"):
        after(events.LegCreated(at=AT, fence=1, leg=name, sid="CAother"), request=talking())


def test_an_agent_who_declines_does_not_count_as_an_attempt_at_the_customer() -> None:
    request = after(CLAIMED, events.AgentDeclined(at=AT, fence=1))
    assert (request.state, request.offers, request.dials) == ("waiting", 1, 0)
    assert (request.due_at, request.rank_at) == (AT, AT), "the place in line is kept"


def test_a_customer_who_waits_keeps_waiting_while_agents_decline_each_under_an_offer_of_their_own() -> None:
    ready = after(
        CLAIMED,
        events.CustomerAnswered(at=AT, fence=1, sid="CAc"),
        events.CustomerProved(at=AT, fence=1),
        request=record(order="customer_first"),
    )
    for offer in (1, 2):
        ready = after(
            events.AgentAssigned(at=AT, fence=1, offer=max(1, offer - 1), agent_id=f"a{offer}", agent_number=AGENT),
            events.AgentDeclined(at=AT, fence=1, offer=offer),
            request=ready,
        )
        assert (ready.state, ready.offers, ready.fence) == ("customer_ready", offer, 1)
    with pytest.raises(IllegalEventError, match="offer"):
        after(events.AgentAssigned(at=AT, fence=1, offer=1, agent_id="a3"), request=ready)


def test_a_customer_who_waits_in_vain_is_called_again() -> None:
    ready = in_state("customer_ready", "customer_first")
    sorry = after(events.NobodyCame(at=AT, fence=3, again_at=AT + 5 * MINUTE), request=ready)
    assert (sorry.state, sorry.due_at, sorry.unreached) == ("scheduled", AT + 5 * MINUTE, ready.unreached)


def test_a_conversation_without_a_code_still_ends_in_a_named_disposition() -> None:
    ended = after(events.AgentLeft(at=AT + timedelta(minutes=2), fence=1), request=talking())
    assert (ended.state, ended.disposition) == ("ended", "talked")


# ---------------------------------------------------------------- tries


def tried(request: CallbackRequest, reason: UnreachedReason, at: datetime = AT) -> CallbackRequest:
    fence = request.fence + 1
    return after(
        *([events.CameDue(at=at)] if request.state == "scheduled" else []),
        msgspec.structs.replace(CLAIMED, at=at),
        events.AgentAccepted(at=at, fence=fence, sid="CAa"),
        events.CustomerDialled(at=at, fence=fence),
        events.CustomerUnreached(at=at, fence=fence, reason=reason),
        request=request,
    )


@pytest.mark.parametrize("reason", ["busy", "no-answer", "machine", "failed", "canceled"])
def test_tries_follow_the_plan_of_their_reason_and_end_with_it(reason: UnreachedReason) -> None:
    waits = RULES.retries.after(reason)
    request = record(expires_at=AT + timedelta(days=9))
    for number, minutes in enumerate(waits, start=1):
        request = tried(request, reason)
        assert (request.state, request.due_at, request.dials) == ("scheduled", AT + minutes * MINUTE, number)
    ended = tried(request, reason)
    assert (ended.state, ended.disposition) == ("ended", "unreached")


def test_reasons_are_counted_each_for_itself_and_dials_together() -> None:
    request = tried(tried(record(), "busy"), "no-answer")
    assert request.unreached == {"busy": 1, "no-answer": 1}
    assert request.due_at == AT + 15 * MINUTE
    strict = msgspec.structs.replace(RULES, most_dials=2)
    again = after(events.CameDue(at=AT), CLAIMED, events.AgentAccepted(at=AT, fence=3, sid="CAa"), request=request)
    given_up = after(
        events.CustomerDialled(at=AT, fence=3),
        events.CustomerUnreached(at=AT, fence=3, reason="machine"),
        request=again,
        rules=strict,
    )
    assert given_up.state == "ended"


def test_a_try_beyond_the_expiry_is_not_made() -> None:
    assert tried(record(expires_at=AT + 5 * MINUTE), "busy").disposition == "unreached"


def test_a_number_that_cannot_exist_is_not_tried_again() -> None:
    assert tried(record(), "bad-number").disposition == "bad_number"


def test_a_carrier_that_is_down_is_no_try_and_is_asked_again_ever_more_rarely() -> None:
    request, waits = record(), []
    for _ in range(7):
        request = tried(request, "carrier-down")
        waits.append((request.due_at - AT).total_seconds())
        assert (request.state, request.dials) == ("scheduled", 0)
    assert waits == [15, 30, 60, 120, 300, 300, 300]


def test_an_agents_carrier_that_is_down_is_asked_again_in_a_moment() -> None:
    request = after(CLAIMED, events.AgentDeclined(at=AT, fence=1, carrier_down=True))
    assert (request.state, request.due_at) == ("scheduled", AT + timedelta(seconds=POLICY.carrier_down_s))


def test_a_line_that_dropped_is_called_again_at_once_and_at_most_so_often() -> None:
    dropped = events.CustomerLeft(at=AT, fence=1, dropped=True)
    rescued = after(dropped, events.AgentLeft(at=AT, fence=1), request=talking())
    assert (rescued.state, rescued.rescues, rescued.rank_at) == ("waiting", 1, AT)
    again = msgspec.structs.replace(talking(), rescues=1)
    assert after(dropped, events.AgentLeft(at=AT, fence=1), request=again).disposition == "talked"
    silent = after(dropped, events.Disposed(at=AT, fence=1, code="talked"), request=talking())
    assert silent.state == "waiting", "nobody pressed a key"
    solved = after(dropped, events.Disposed(at=AT, fence=1, code="solved"), request=talking())
    assert solved.disposition == "solved", "the agent says that all was said"
    asked_for = after(events.Disposed(at=AT, fence=1, code="dropped", rescue=True), request=talking())
    assert asked_for.state == "waiting"
    assert after(events.AgentLeft(at=AT, fence=1, dropped=True), request=talking()).state == "waiting"


def test_a_follow_up_is_the_same_promise_later() -> None:
    follow_up = events.Disposed(at=AT, fence=1, code="follow_up", again_at=AT + 90 * MINUTE)
    request = after(follow_up, request=talking())
    assert (request.state, request.due_at) == ("scheduled", AT + 90 * MINUTE)


def test_a_voicemail_that_the_agent_heard_follows_the_plan_of_machines() -> None:
    voicemail = events.Disposed(at=AT, fence=1, code="voicemail", machine=True)
    request = after(voicemail, request=talking())
    assert (request.state, request.due_at, request.unreached) == ("scheduled", AT + 60 * MINUTE, {"machine": 1})
    last = msgspec.structs.replace(talking(), dials=RULES.most_dials)
    assert after(voicemail, request=last).disposition == "voicemail"


# ---------------------------------------------------------------- time


def put_off(until: datetime, request: CallbackRequest, by_call: str | None = "CA9") -> CallbackRequest:
    return after(events.PutOff(at=AT, until=until, by_call=by_call), request=request)


def test_what_is_not_due_until_later_is_not_brought_forward_by_a_put_off_or_its_end() -> None:
    tomorrow = AT + timedelta(days=1)
    held = put_off(AT + 15 * MINUTE, record(state="scheduled", due_at=tomorrow))
    assert (held.due_at, held.held_by_call) == (tomorrow, "CA9")
    resumed = after(events.Resumed(at=AT + MINUTE), request=held)
    assert (resumed.due_at, resumed.held_by_call) == (tomorrow, None)


def test_what_was_due_is_due_again_at_the_end_of_the_call() -> None:
    held = put_off(AT + 15 * MINUTE, record())
    assert (held.state, held.due_at) == ("scheduled", AT + 15 * MINUTE)
    assert after(events.Resumed(at=AT + MINUTE), request=held).due_at == AT + MINUTE
    windowed = put_off(AT + 15 * MINUTE, record(state="scheduled", due_at=AT + 9 * MINUTE, starts_at=AT + 9 * MINUTE))
    assert after(events.Resumed(at=AT + MINUTE), request=windowed).due_at == AT + 9 * MINUTE, "not before its window"


def test_a_put_off_for_the_hours_has_no_end_but_its_time() -> None:
    waiting = put_off(AT + 600 * MINUTE, record(), by_call=None)
    assert (waiting.due_at, waiting.held_by_call, waiting.rank_at) == (AT + 600 * MINUTE, None, AT)


@pytest.mark.parametrize("state", ["customer_ready", "agent_joining", "talking", "wrap_up"])
def test_a_customer_who_is_on_the_line_is_not_withdrawn_by_another_call(state: State) -> None:
    with pytest.raises(IllegalEventError):
        put_off(AT + MINUTE, in_state(state))


def moved(request: CallbackRequest, starts: datetime | None, by_call: str | None = None) -> CallbackRequest:
    ends = (starts or AT) + 60 * MINUTE
    return after(
        events.Moved(at=AT, starts=starts, ends=ends, rank_at=starts or AT, expires_at=ends, by_call=by_call),
        request=request,
    )


def test_a_move_is_a_new_promise_with_the_counters_of_the_old() -> None:
    tomorrow = AT + timedelta(days=1)
    old = in_state("waiting", tellings=2, widened=True, first_dialled_at=AT, dials=2)
    request = moved(old, tomorrow)
    assert (request.starts_at, request.due_at, request.first_promised_by) == (
        tomorrow,
        tomorrow,
        tomorrow + 60 * MINUTE,
    )
    assert (request.tellings, request.widened, request.first_dialled_at) == (0, False, None)
    assert (request.dials, request.unreached) == (2, old.unreached)
    assert request.review_at == tomorrow + 60 * MINUTE - timedelta(seconds=POLICY.foresight_s)


def test_a_move_within_a_call_is_not_due_before_that_call_is_over() -> None:
    request = moved(record(), None, by_call="CA9")
    assert (request.due_at, request.held_by_call) == (AT + timedelta(seconds=POLICY.put_off_s), "CA9")
    assert after(events.Resumed(at=AT + MINUTE), request=request).due_at == AT + MINUTE


def test_a_new_time_that_was_told_leaves_the_one_that_was_promised_first_on_record() -> None:
    told = after(events.Repromised(at=AT, ends=AT + 90 * MINUTE, told_by="text"), request=record())
    assert (told.promised_by, told.first_promised_by, told.tellings) == (AT + 90 * MINUTE, AT + 15 * MINUTE, 1)
    assert told.review_at == AT + 80 * MINUTE
    assert after(events.Repromised(at=AT, ends=AT + timedelta(days=5), told_by="text")).expires_at > AT + timedelta(4)


# ---------------------------------------------------------------- leases


def test_a_leg_without_an_answer_from_the_carrier_is_looked_at_soon_and_a_known_one_later() -> None:
    claimed = after(CLAIMED)
    assert lease_until(POLICY, claimed) == AT + timedelta(seconds=POLICY.unknown_outcome_s)
    created = after(events.LegCreated(at=AT, fence=1, leg="agent", sid="CAa"), request=claimed)
    assert lease_until(POLICY, created) == AT + timedelta(seconds=POLICY.agent_lease_s)
    assert lease_until(POLICY, record()) is None


@pytest.mark.parametrize("state", STATES)
def test_no_lease_is_longer_than_the_longest(state: State) -> None:
    until = lease_until(POLICY, in_state(state))
    assert (until is None) == (state in QUIET or state == "ended")
    assert until is None or AT <= until <= AT + longest_lease(POLICY)


# ---------------------------------------------------------------- whatever happens


@st.composite
def walks(draw: st.DrawFn) -> list[tuple[str, int, int, int, bool]]:
    """Events by name, each with how old its fence and offer are, how late it is, and one more choice."""
    step = st.tuples(
        st.sampled_from(sorted(EVENTS)),
        st.sampled_from([0, 0, 0, 0, 1, -1]),
        st.sampled_from([0, 0, 0, 1]),
        st.integers(-3, 30),
        st.booleans(),
    )
    return draw(st.lists(step, max_size=60))


def step_of(request: CallbackRequest, name: str, fence: int, offer: int, minutes: int, choice: bool) -> Event:
    event = event_of(EVENTS[name], request.fence - fence, AT + minutes * MINUTE)
    fields = {field.name for field in msgspec.structs.fields(type(event))}
    now = 1 if request.attempt is None else request.attempt.offer
    changes: dict[str, object] = {}
    if "offer" in fields:
        changes["offer"] = now + offer
    if "leg" in fields and choice:
        changes["leg"] = "agent"
    if name == "Moved" and choice:
        changes["starts"] = None
    for flag in ("rescue", "dropped", "carrier_down"):
        if flag in fields:
            changes[flag] = choice
    if "reason" in fields:
        changes["reason"] = ("busy", "carrier-down", "machine", "no-answer")[(minutes + choice) % 4]
    if "sid" in fields:
        changes["sid"] = f"CA{name[0]}{request.fence}"
    return msgspec.structs.replace(event, **changes)


@pytest.mark.parametrize("order", get_args(Order))
@settings(max_examples=150)
@given(walk=walks())
def test_whatever_happens_in_whatever_order_the_record_stays_sound_and_is_found(
    order: Order, walk: list[tuple[str, int, int, int, bool]]
) -> None:
    """Events come late, twice and out of order: an illegal one changes nothing, a legal one keeps what must hold."""
    patient = RetryPlan(busy=(1,) * 9, no_answer=(1,) * 9, machine=(1,) * 9)
    rules = msgspec.structs.replace(RULES, retries=patient, most_dials=9)
    request = record(order=order)
    conversations: dict[int, int] = {}
    for step in walk:
        before, event = request, step_of(request, *step)
        try:
            request = life.apply(POLICY, rules, request, event)
        except IllegalEventError:
            assert request == before
            continue
        assert before.state != "ended", "the end is the end"
        assert request.fence - before.fence == isinstance(event, events.Claimed)
        conversations[request.fence] = conversations.get(request.fence, 0) + request.connects - before.connects
        assert conversations[request.fence] <= 1
        for counter in ("offers", "connects", "rescues"):
            assert getattr(request, counter) >= getattr(before, counter)
        in_vain = isinstance(event, events.CustomerUnreached) and event.reason == "carrier-down"
        assert request.dials - before.dials in ({-1} if in_vain else {0, 1})
        assert request.dials >= 0
        assert request.rescues <= rules.most_rescues
        assert (request.state == "ended") == (request.disposition is not None) == (request.ended_at is not None)
        assert request.attempt is None or request.attempt.fence == request.fence
        assert (request.id, request.number, request.arrived_at) == (before.id, before.number, before.arrived_at)
        is_found(request)


def is_found(request: CallbackRequest) -> None:
    """No open request is forgotten by all indexes, and none is in two that lead to a dial."""
    index = index_of(POLICY, request)
    ways = [index.due_at, index.line, index.lease_at]
    assert sum(way is not None for way in ways) == request.is_open
    assert (index.open_for is not None) == request.is_open == (index.ended_at is None)
    assert (index.review_at is not None) == (request.state in QUIET)
    assert (index.slot is not None) + (index.backlog is not None) == request.is_open
    assert (index.dialling is not None) == (index.lease_at is not None)
