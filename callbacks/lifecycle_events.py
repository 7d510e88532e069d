"""What happens to a callback request, in the past tense. Each event carries its instant."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import msgspec

from callbacks.model import LegName, UnreachedReason


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Base of all events."""

    at: datetime


class Fenced(Event, frozen=True, kw_only=True):
    """An event of one attempt."""

    fence: int


class AboutAgent(Fenced, frozen=True, kw_only=True):
    """An event of one offer to one agent, within an attempt."""

    offer: int = 1


# ---------------------------------------------------------------- the promise and its time


class CameDue(Event, frozen=True, kw_only=True):
    """Its time has come: it stands in line from now on."""


class PutOff(Event, frozen=True, kw_only=True):
    """It is not to be dialled before `until`: nobody may be rung at this hour, or its customer talks with us just now.

    A dial that is under way is withdrawn; not where the customer is on that line already.
    """

    until: datetime
    by_call: str | None = None
    why: str = ""


class Resumed(Event, frozen=True, kw_only=True):
    """The call for which it was put off is over."""


class Moved(Event, frozen=True, kw_only=True):
    """The customer chose another time; `starts` is None for as soon as possible."""

    starts: datetime | None
    ends: datetime
    rank_at: datetime
    expires_at: datetime
    by_call: str | None = None


class Repromised(Event, frozen=True, kw_only=True):
    """We cannot keep the time, and told the customer a new one."""

    ends: datetime
    told_by: str


class Hastened(Event, frozen=True, kw_only=True):
    """The promise is at risk: it goes ahead in line, or may be taken by more agents, or begins earlier."""

    rank_at: datetime
    widened: bool = False
    due_at: datetime | None = None


class Cancelled(Event, frozen=True, kw_only=True):
    """The callback is no longer wanted."""


class AnsweredLive(Event, frozen=True, kw_only=True):
    """The customer called us and has talked with a person. A dial that is under way is withdrawn."""

    call_sid: str


class Expired(Event, frozen=True, kw_only=True):
    """It is so late that a call would surprise."""


# ---------------------------------------------------------------- the attempt


class Claimed(Event, frozen=True, kw_only=True):
    """A worker takes the request and has an agent for it."""

    agent_id: str
    agent_number: str = ""


class LegCreated(Fenced, frozen=True, kw_only=True):
    """The carrier accepted a leg and gave it a SID."""

    leg: LegName
    sid: str
    offer: int = 1


class SeenAlive(Fenced, frozen=True, kw_only=True):
    """A worker asked the carrier: the attempt is still under way, so its lease is extended."""


class AgentAssigned(AboutAgent, frozen=True, kw_only=True):
    """A worker intends to ring this agent for a customer who waits in the conference."""

    agent_id: str
    agent_number: str = ""


class AgentAccepted(AboutAgent, frozen=True, kw_only=True):
    """The agent heard the whisper and pressed 1."""

    sid: str


class AgentDeclined(AboutAgent, frozen=True, kw_only=True):
    """The agent did not answer, did not press 1, or could not be rung.

    With `never_made`, the carrier is there and knows nothing of their leg: there is nothing to wait for.
    """

    carrier_down: bool = False
    never_made: bool = False


class AgentLeft(AboutAgent, frozen=True, kw_only=True):
    """The agent's leg is over; `dropped` where it did not end by anybody's will."""

    dropped: bool = False


class CustomerDialled(Fenced, frozen=True, kw_only=True):
    """A worker intends to ring the customer."""


class CustomerAnswered(Fenced, frozen=True, kw_only=True):
    """The customer's phone was picked up, by whomever or whatever."""

    sid: str


class CustomerProved(Fenced, frozen=True, kw_only=True):
    """Somebody pressed 1: it is a person who waits for the call."""


class CustomerUnreached(Fenced, frozen=True, kw_only=True):
    """Nobody to talk to at the customer's phone, or no longer. `never_made` as for an agent's leg."""

    reason: UnreachedReason
    never_made: bool = False


class NobodyCame(Fenced, frozen=True, kw_only=True):
    """No agent was found for a customer who was called first; they hear an apology."""

    again_at: datetime


class CustomerLeft(Fenced, frozen=True, kw_only=True):
    """The customer's leg is over after a conversation; `dropped` where it did not end by anybody's will."""

    dropped: bool = False


class Disposed(Fenced, frozen=True, kw_only=True):
    """The conversation has its disposition, and what follows from it."""

    code: str
    again_at: datetime | None = None
    rescue: bool = False
    machine: bool = False


EVENTS: Final[dict[str, type[Event]]] = {
    kind.__name__: kind
    for kind in (
        *(CameDue, PutOff, Resumed, Moved, Repromised, Hastened, Cancelled, AnsweredLive, Expired),
        *(Claimed, LegCreated, SeenAlive, AgentAssigned, AgentAccepted, AgentDeclined, AgentLeft),
        *(CustomerDialled, CustomerAnswered, CustomerProved, CustomerUnreached, NobodyCame, CustomerLeft, Disposed),
    )
}
