"""The life of a callback request: states, events and what may follow what. Pure; the store makes it atomic.

`TABLE` is the whole of it; `docs/callback-lifecycle.svg` is drawn from it. Two ways lead to a conversation:

    scheduled --CameDue--> waiting --Claimed--+--agent first-----> agent_dialling -> agent_ready -> customer_dialling -+
                                              +--customer first--> customer_proving -> customer_ready -> agent_joining-+
    ended <-- wrap_up <-- talking <------------------------------------------------------------------------------------+

Every event about an attempt names the fence that it acts under, and one about an agent the offer too. An event of
another fence or offer, or one that the table does not know in the present state, raises `IllegalEventError`, and
nothing happens: so that of two answers only one can bridge, and a worker that slept past its lease changes nothing when
it wakes.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

import msgspec

from callbacks import lifecycle_events as events
from callbacks.errors import IllegalEventError
from callbacks.lifecycle_events import AboutAgent, Event, Fenced
from callbacks.model import Attempt, CallbackRequest, Leg, LegName, State
from callbacks.policy import next_try
from callbacks.rules import Policy, QueueRules

BEFORE_TALK: Final[tuple[State, ...]] = (
    "scheduled",
    "waiting",
    "agent_dialling",
    "agent_ready",
    "customer_dialling",
    "customer_proving",
    "customer_ready",
    "agent_joining",
)

# The customer is not on the line with us: their dial can be withdrawn because they call us.
WITHDRAWABLE: Final = tuple(state for state in BEFORE_TALK if state not in {"customer_ready", "agent_joining"})

# Where an event leads. Of several targets one is chosen by what stands beside it in `apply`.
TABLE: Final[dict[tuple[State, type[Event]], tuple[State, ...]]] = {
    # A promise and its time.
    ("scheduled", events.CameDue): ("waiting",),
    **{(state, events.PutOff): ("scheduled",) for state in WITHDRAWABLE},
    ("scheduled", events.Resumed): ("scheduled",),
    **{(state, events.Moved): ("scheduled",) for state in BEFORE_TALK},
    **{(state, events.Repromised): (state,) for state in BEFORE_TALK},
    ("scheduled", events.Hastened): ("scheduled",),
    ("waiting", events.Hastened): ("waiting",),
    **{(state, events.AnsweredLive): ("ended",) for state in WITHDRAWABLE},
    **{(state, events.Cancelled): ("ended",) for state in BEFORE_TALK},
    ("scheduled", events.Expired): ("ended",),
    ("waiting", events.Expired): ("ended",),
    # Agent first, then customer first: chosen by the request's order.
    ("waiting", events.Claimed): ("agent_dialling", "customer_proving"),
    ("agent_dialling", events.LegCreated): ("agent_dialling",),
    ("agent_dialling", events.SeenAlive): ("agent_dialling",),
    ("agent_dialling", events.AgentAccepted): ("agent_ready",),
    # A carrier that is down is left alone for a while.
    ("agent_dialling", events.AgentDeclined): ("waiting", "scheduled"),
    ("agent_dialling", events.AgentLeft): ("waiting",),
    ("agent_ready", events.LegCreated): ("agent_ready",),
    ("agent_ready", events.CustomerDialled): ("customer_dialling",),
    ("agent_ready", events.AgentLeft): ("waiting",),
    ("customer_dialling", events.LegCreated): ("customer_dialling",),
    ("customer_dialling", events.SeenAlive): ("customer_dialling",),
    ("customer_dialling", events.CustomerAnswered): ("talking",),
    ("customer_dialling", events.AgentLeft): ("waiting",),
    # Another try, or the end: chosen by the retry plan.
    ("customer_dialling", events.CustomerUnreached): ("scheduled", "ended"),
    ("customer_proving", events.LegCreated): ("customer_proving",),
    ("customer_proving", events.SeenAlive): ("customer_proving",),
    ("customer_proving", events.CustomerAnswered): ("customer_proving",),
    ("customer_proving", events.CustomerProved): ("customer_ready",),
    ("customer_proving", events.CustomerUnreached): ("scheduled", "ended"),
    ("customer_ready", events.LegCreated): ("customer_ready",),
    ("customer_ready", events.SeenAlive): ("customer_ready",),
    ("customer_ready", events.AgentAssigned): ("agent_joining",),
    ("customer_ready", events.NobodyCame): ("scheduled",),
    ("customer_ready", events.CustomerUnreached): ("scheduled", "ended"),
    ("agent_joining", events.LegCreated): ("agent_joining",),
    ("agent_joining", events.SeenAlive): ("agent_joining",),
    ("agent_joining", events.AgentAccepted): ("talking",),
    ("agent_joining", events.AgentDeclined): ("customer_ready",),
    ("agent_joining", events.AgentLeft): ("customer_ready",),
    ("agent_joining", events.CustomerUnreached): ("scheduled", "ended"),
    # The conversation and after it; a dropped line is called again, once.
    ("talking", events.LegCreated): ("talking",),
    ("talking", events.SeenAlive): ("talking",),
    ("talking", events.CustomerLeft): ("wrap_up",),
    ("talking", events.AgentLeft): ("ended", "waiting"),
    ("talking", events.Disposed): ("ended", "waiting", "scheduled"),
    ("wrap_up", events.AgentLeft): ("ended", "waiting"),
    ("wrap_up", events.Disposed): ("ended", "waiting", "scheduled"),
}

# Dispositions that nobody presses.
TALKED: Final = "talked"
UNREACHED: Final = "unreached"
BAD_NUMBER: Final = "bad_number"
CANCELLED: Final = "cancelled"
EXPIRED: Final = "expired"
ANSWERED_LIVE: Final = "answered_live"

_set = msgspec.structs.replace


def apply(policy: Policy, rules: QueueRules, request: CallbackRequest, event: Event) -> CallbackRequest:
    """The request after an event; raises `IllegalEventError` where the table, the fence or the offer forbids it."""
    targets = TABLE.get((request.state, type(event)))
    if targets is None:
        raise IllegalEventError(f"{type(event).__name__} does not fit a request that is {request.state}")
    _check_fence(request, event)
    after = _set(request, state=targets[0], looked_at=event.at)
    match event:
        case events.Claimed():
            return _claimed(request, after, event)
        case events.CameDue():
            return _set(after, held_by_call=None)
        case events.PutOff(until=until, by_call=by_call):
            # What is not due until later stays so.
            due_at = max(until, request.due_at) if request.state == "scheduled" else until
            return _set(after, due_at=due_at, held_by_call=by_call)
        case events.Resumed(at=at):
            # Whatever was due within a put-off is due now; only what is due later was not moved by it.
            put_off = request.due_at - at <= timedelta(seconds=policy.put_off_s)
            due_at = max(at, request.starts_at or at) if put_off else request.due_at
            return _set(after, due_at=due_at, held_by_call=None)
        case events.Moved():
            return _moved(policy, after, event)
        case events.Repromised(ends=ends):
            return _set(
                after,
                promised_by=ends,
                expires_at=max(request.expires_at, ends),
                review_at=ends - timedelta(seconds=policy.foresight_s),
                tellings=request.tellings + 1,
            )
        case events.Hastened(rank_at=rank_at, widened=widened, due_at=due_at):
            return _set(after, rank_at=rank_at, widened=widened, due_at=due_at or request.due_at)
        case events.Cancelled():
            return _end(after, CANCELLED, event.at)
        case events.AnsweredLive():
            return _end(after, ANSWERED_LIVE, event.at)
        case events.Expired():
            return _end(after, EXPIRED, event.at)
        case events.LegCreated(leg=leg, sid=sid):
            _check_only_leg(request, leg, sid)
            after = _with_sid(after, leg, sid)
            return _set(after, first_dialled_at=after.first_dialled_at or event.at) if leg == "customer" else after
        case events.SeenAlive():
            return after
        case _ if isinstance(event, AboutAgent):
            return _agent(policy, rules, request, after, event)
        case _:
            return _customer(policy, rules, request, after, event)


def _check_fence(request: CallbackRequest, event: Event) -> None:
    if isinstance(event, Fenced) and event.fence != request.fence:
        raise IllegalEventError(f"fence {event.fence} is not the current one, {request.fence}")
    of_agent = isinstance(event, AboutAgent) or (isinstance(event, events.LegCreated) and event.leg == "agent")
    if of_agent and request.attempt is not None and getattr(event, "offer", 1) != request.attempt.offer:
        raise IllegalEventError(f"this offer is not the current one, {request.attempt.offer}")


def _claimed(request: CallbackRequest, after: CallbackRequest, event: events.Claimed) -> CallbackRequest:
    fence = request.fence + 1
    after = _set(after, fence=fence)
    if request.order == "agent_first":
        leg = Leg(to_number=event.agent_number, intended_at=event.at)
        attempt = Attempt(fence=fence, agent_id=event.agent_id, agent_leg=leg)
        return _set(after, offers=request.offers + 1, attempt=attempt)
    attempt = Attempt(fence=fence, agent_id=event.agent_id)
    return _dialled(_set(after, state="customer_proving", attempt=attempt), event.at)


def _dialled(after: CallbackRequest, at: datetime) -> CallbackRequest:
    attempt = _set(_attempt(after), customer_leg=Leg(to_number=after.number, intended_at=at))
    return _set(after, dials=after.dials + 1, attempt=attempt)


def _agent(
    policy: Policy, rules: QueueRules, request: CallbackRequest, after: CallbackRequest, event: AboutAgent
) -> CallbackRequest:
    attempt = _attempt(request)
    match event:
        case events.AgentAccepted(sid=sid, at=at):
            after = _with_sid(after, "agent", sid)
            return _set(after, connects=request.connects + 1, connected_at=at) if after.state == "talking" else after
        case events.AgentAssigned(agent_id=agent_id, agent_number=number, at=at):
            again = attempt.agent_leg is not None
            leg = Leg(to_number=number, intended_at=at)
            attempt = _set(attempt, agent_id=agent_id, agent_leg=leg, offer=attempt.offer + again)
            return _set(after, offers=request.offers + 1, attempt=attempt)
        case events.AgentDeclined(carrier_down=down, never_made=never_made, at=at):
            if after.state == "customer_ready":
                return _set(after, attempt=_set(attempt, agent_id=""))
            if down and not never_made:
                return _set(after, state="scheduled", due_at=at + timedelta(seconds=policy.carrier_down_s))
            return after
        case events.AgentLeft(dropped=dropped, at=at):
            if after.state == "customer_ready":
                return _set(after, attempt=_set(attempt, agent_id=""))
            if after.state == "waiting":
                return after
            dropped = dropped or attempt.dropped or _was_short(policy, request, at)
            return _after_talk(rules, after, TALKED, at, rescue=dropped)
        case _:
            raise TypeError(f"{type(event).__name__} is not about an agent")


def _customer(
    policy: Policy, rules: QueueRules, request: CallbackRequest, after: CallbackRequest, event: Event
) -> CallbackRequest:
    match event:
        case events.CustomerDialled(at=at):
            return _dialled(after, at)
        case events.CustomerAnswered(sid=sid, at=at):
            if after.state == "customer_proving":
                _check_only_leg(request, "customer", sid)
            after = _with_sid(after, "customer", sid)
            after = _set(after, first_dialled_at=after.first_dialled_at or at)
            return _set(after, connects=request.connects + 1, connected_at=at) if after.state == "talking" else after
        case events.CustomerProved(at=at):
            return _set(after, attempt=_set(_attempt(after), proved_at=at))
        case events.NobodyCame(again_at=again_at):
            return _set(after, due_at=again_at)
        case events.CustomerUnreached(reason=reason, never_made=never_made, at=at):
            after = _counted(after, reason)
            if reason == "carrier-down":
                after = _set(after, dials=after.dials - 1)
            again_at = at if never_made else next_try(rules, after, reason, at)
            if again_at is None:
                return _end(after, BAD_NUMBER if reason == "bad-number" else UNREACHED, at)
            return _set(after, due_at=again_at)
        case events.CustomerLeft(dropped=dropped, at=at):
            dropped = dropped or _was_short(policy, request, at)
            return _set(after, attempt=_set(_attempt(after), dropped=dropped))
        case events.Disposed(code=code, at=at, rescue=rescue, again_at=again_at, machine=machine):
            if machine:
                after = _counted(after, "machine")
                again_at = next_try(rules, after, "machine", at)
            rescue = rescue or (code == TALKED and _attempt(request).dropped)
            return _after_talk(rules, after, code, at, rescue=rescue, again_at=again_at)
        case _:
            raise TypeError(f"{type(event).__name__} is not about a customer")


def _was_short(policy: Policy, request: CallbackRequest, at: datetime) -> bool:
    """Whether a talk that ends now was none: one of the two was gone, or was cut off, before it began."""
    if request.state != "talking" or request.connected_at is None:
        return False
    return at - request.connected_at < timedelta(seconds=policy.shortest_talk_s)


def _after_talk(
    rules: QueueRules,
    after: CallbackRequest,
    code: str,
    at: datetime,
    *,
    rescue: bool,
    again_at: datetime | None = None,
) -> CallbackRequest:
    if rescue and after.rescues < rules.most_rescues:
        return _set(after, state="waiting", due_at=at, rescues=after.rescues + 1)
    if again_at is not None:
        return _set(after, state="scheduled", due_at=again_at)
    return _end(after, code, at)


def _moved(policy: Policy, after: CallbackRequest, event: events.Moved) -> CallbackRequest:
    """The caller's own new time is a new promise: what was promised first does not bind any more.

    Nobody rings them while the call lasts in which they chose it.
    """
    not_before = event.at + timedelta(seconds=0 if event.by_call is None else policy.put_off_s)
    return _set(
        after,
        starts_at=event.starts,
        promised_by=event.ends,
        first_promised_by=event.ends,
        due_at=max(event.starts or event.at, not_before),
        rank_at=event.rank_at,
        expires_at=event.expires_at,
        held_by_call=event.by_call,
        review_at=event.ends - timedelta(seconds=policy.foresight_s),
        widened=False,
        tellings=0,
        first_dialled_at=None,
    )


def _counted(after: CallbackRequest, reason: str) -> CallbackRequest:
    return _set(after, unreached={**after.unreached, reason: after.unreached.get(reason, 0) + 1})


def _attempt(request: CallbackRequest) -> Attempt:
    if request.attempt is None:
        raise IllegalEventError(f"a request that is {request.state} has no attempt")
    return request.attempt


def _check_only_leg(request: CallbackRequest, name: LegName, sid: str) -> None:
    """An attempt has one leg to each: whatever else rings is nobody's."""
    attempt = _attempt(request)
    leg = attempt.agent_leg if name == "agent" else attempt.customer_leg
    if leg is None or leg.sid not in {None, sid}:
        raise IllegalEventError(f"{sid} is not the {name}'s leg of this attempt")


def _with_sid(request: CallbackRequest, name: LegName, sid: str) -> CallbackRequest:
    attempt = _attempt(request)
    if name == "agent" and attempt.agent_leg is not None:
        attempt = _set(attempt, agent_leg=_set(attempt.agent_leg, sid=sid))
    elif name == "customer" and attempt.customer_leg is not None:
        attempt = _set(attempt, customer_leg=_set(attempt.customer_leg, sid=sid))
    return _set(request, attempt=attempt)


def _end(request: CallbackRequest, disposition: str, at: datetime) -> CallbackRequest:
    return _set(request, state="ended", disposition=disposition, ended_at=at, held_by_call=None)
