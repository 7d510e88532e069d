"""The life of a callback request: states, events and what may follow what. Pure; the store makes it atomic.

    promised --Claimed--> agent_dialling --AgentAccepted--> agent_ready --CustomerDialled--> customer_dialling
       ^                        |                               |                               |        |
       +------AgentDeclined-----+                               |                               |        |
       +------AgentLeft-----------------------------------------+-------------------------------+        |
       +------CustomerUnreached (another try)---------------------------------------------------+        |
                                                                                                          |
       ended <--Disposed, AgentLeft-- wrap_up <--CustomerLeft-- talking <--------CustomerAnswered---------+

Every event but `Claimed` and `Cancelled` names the fence that it acts under. An event of another fence, or one that
the table does not know in the present state, raises `IllegalEventError`, and nothing happens: so that of two answers
only one can bridge, and a worker that slept past its lease changes nothing when it wakes.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

import msgspec

from callbacks.errors import IllegalEventError
from callbacks.model import Attempt, CallbackRequest, Leg, LegName, State
from callbacks.policy import Policy, UnreachedReason, next_try


class _Event(msgspec.Struct, frozen=True, kw_only=True):
    at: datetime


class _FencedEvent(_Event, frozen=True, kw_only=True):
    fence: int


class Claimed(_Event, frozen=True, kw_only=True):
    """A worker takes the request and intends to ring this agent."""

    agent_id: str
    agent_number: str


class LegCreated(_FencedEvent, frozen=True, kw_only=True):
    """The carrier accepted a leg and gave it a SID."""

    leg: LegName
    sid: str


class SeenAlive(_FencedEvent, frozen=True, kw_only=True):
    """A worker asked the carrier: the attempt is still under way, so its lease is extended."""


class AgentAccepted(_FencedEvent, frozen=True, kw_only=True):
    """The agent heard the whisper and pressed 1."""

    sid: str


class AgentDeclined(_FencedEvent, frozen=True, kw_only=True):
    """The agent did not answer, did not press 1, or could not be rung."""

    carrier_down: bool = False


class CustomerDialled(_FencedEvent, frozen=True, kw_only=True):
    """A worker intends to ring the customer."""


class CustomerAnswered(_FencedEvent, frozen=True, kw_only=True):
    """The customer's phone was picked up."""

    sid: str


class CustomerUnreached(_FencedEvent, frozen=True, kw_only=True):
    """The customer's phone was not picked up."""

    reason: UnreachedReason


class AgentLeft(_FencedEvent, frozen=True, kw_only=True):
    """The agent's leg is over."""


class CustomerLeft(_FencedEvent, frozen=True, kw_only=True):
    """The customer's leg is over."""


class Disposed(_FencedEvent, frozen=True, kw_only=True):
    """The conversation has its disposition."""

    code: str


class Cancelled(_Event, frozen=True, kw_only=True):
    """The callback is no longer wanted."""


Event = (
    Claimed
    | LegCreated
    | SeenAlive
    | AgentAccepted
    | AgentDeclined
    | CustomerDialled
    | CustomerAnswered
    | CustomerUnreached
    | AgentLeft
    | CustomerLeft
    | Disposed
    | Cancelled
)

# Where an event leads; `LegCreated` and `SeenAlive` leave the state as it is. Of two targets the first holds while
# another try is left.
TABLE: Final[dict[tuple[State, type], tuple[State, ...]]] = {
    ("promised", Claimed): ("agent_dialling",),
    ("promised", Cancelled): ("ended",),
    ("agent_dialling", LegCreated): ("agent_dialling",),
    ("agent_dialling", SeenAlive): ("agent_dialling",),
    ("agent_dialling", AgentAccepted): ("agent_ready",),
    ("agent_dialling", AgentDeclined): ("promised",),
    ("agent_dialling", AgentLeft): ("promised",),
    ("agent_ready", LegCreated): ("agent_ready",),
    ("agent_ready", CustomerDialled): ("customer_dialling",),
    ("agent_ready", AgentLeft): ("promised",),
    ("customer_dialling", LegCreated): ("customer_dialling",),
    ("customer_dialling", SeenAlive): ("customer_dialling",),
    ("customer_dialling", CustomerAnswered): ("talking",),
    ("customer_dialling", CustomerUnreached): ("promised", "ended"),
    ("customer_dialling", AgentLeft): ("promised",),
    ("talking", LegCreated): ("talking",),
    ("talking", SeenAlive): ("talking",),
    ("talking", CustomerLeft): ("wrap_up",),
    ("talking", Disposed): ("ended",),
    ("talking", AgentLeft): ("ended",),
    ("wrap_up", Disposed): ("ended",),
    ("wrap_up", AgentLeft): ("ended",),
}

TALKED: Final = "talked"
UNREACHED: Final = "unreached"
CANCELLED: Final = "cancelled"


def apply(policy: Policy, request: CallbackRequest, event: Event) -> CallbackRequest:
    """The request after an event; raises `IllegalEventError` where the table or the fence forbids it."""
    targets = TABLE.get((request.state, type(event)))
    if targets is None:
        raise IllegalEventError(f"{type(event).__name__} does not fit a request that is {request.state}")
    if isinstance(event, _FencedEvent) and event.fence != request.fence:
        raise IllegalEventError(f"fence {event.fence} is not the current one, {request.fence}")
    change = msgspec.structs.replace
    after = change(request, state=targets[0], looked_at=event.at)
    match event:
        case Claimed():
            return _claimed(after, event)
        case Cancelled():
            return _end(after, CANCELLED, event.at)
        case LegCreated(leg="agent", sid=sid) | AgentAccepted(sid=sid):
            return _with_sid(after, "agent", sid)
        case CustomerAnswered(sid=sid, at=at):
            return change(_with_sid(after, "customer", sid), connects=request.connects + 1, connected_at=at)
        case LegCreated(sid=sid):
            return _with_sid(after, "customer", sid)
        case AgentDeclined(carrier_down=down, at=at):
            return change(after, due_at=_later(at, policy.carrier_down_s) if down else request.due_at)
        case CustomerDialled(at=at):
            leg = Leg(to_number=request.number, intended_at=at)
            return change(after, dials=request.dials + 1, attempt=change(_attempt(request), customer_leg=leg))
        case CustomerUnreached(reason=reason, at=at):
            again_at = next_try(policy, request, reason, at)
            if again_at is None:
                return _end(change(after, state=targets[1]), UNREACHED, at)
            return change(after, due_at=again_at)
        case AgentLeft(at=at) if after.state == "ended":
            return _end(after, TALKED, at)
        case AgentLeft() | CustomerLeft() | SeenAlive():
            return after
        case Disposed(code=code, at=at):
            return _end(after, code, at)


def _later(at: datetime, seconds: int) -> datetime:
    return datetime.fromtimestamp(at.timestamp() + seconds, tz=at.tzinfo)


def _attempt(request: CallbackRequest) -> Attempt:
    if request.attempt is None:
        raise IllegalEventError(f"a request that is {request.state} has no attempt")
    return request.attempt


def _claimed(request: CallbackRequest, event: Claimed) -> CallbackRequest:
    fence = request.fence + 1
    leg = Leg(to_number=event.agent_number, intended_at=event.at)
    attempt = Attempt(fence=fence, agent_id=event.agent_id, agent_leg=leg)
    return msgspec.structs.replace(request, fence=fence, offers=request.offers + 1, attempt=attempt)


def _with_sid(request: CallbackRequest, name: LegName, sid: str) -> CallbackRequest:
    attempt = _attempt(request)
    if name == "agent":
        attempt = msgspec.structs.replace(attempt, agent_leg=msgspec.structs.replace(attempt.agent_leg, sid=sid))
    elif attempt.customer_leg is not None:
        attempt = msgspec.structs.replace(attempt, customer_leg=msgspec.structs.replace(attempt.customer_leg, sid=sid))
    return msgspec.structs.replace(request, attempt=attempt)


def _end(request: CallbackRequest, disposition: str, at: datetime) -> CallbackRequest:
    return msgspec.structs.replace(request, state="ended", disposition=disposition, ended_at=at)
