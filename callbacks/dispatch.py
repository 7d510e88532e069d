"""Keeps the promises: rings agents, then customers, and finds out what became of whatever went quiet.

Exactly one conversation. Before the carrier is asked for a leg, the intent is on record under a fence. Where the
carrier's answer is lost, the leg is looked up before anything is dialled again. And whatever slips through is
caught at the answer: only a `CustomerAnswered` that the lifecycle accepts is bridged.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final, Literal, Protocol

from callbacks import lifecycle
from callbacks.errors import ConflictError, DialError, IllegalEventError
from callbacks.lifecycle import (
    AgentDeclined,
    CustomerDialled,
    CustomerLeft,
    CustomerUnreached,
    Disposed,
    LegCreated,
    SeenAlive,
)
from callbacks.model import Agent, Attempt, CallbackRequest, Leg, LegName
from callbacks.policy import UnreachedReason, unreached_reason
from callbacks.service import Callbacks

# In one tick; the next comes at once.
MOST_PER_TICK: Final = 20
# A leg that the carrier accepted is listed by then; one that is not was never made.
LISTED_WITHIN: Final = timedelta(seconds=10)

LegStatus = Literal["ringing", "talking", "completed", "busy", "no-answer", "failed", "canceled"]


class Dialler(Protocol):
    """The carrier, as the dispatcher sees it. Every method raises `DialError` where the carrier cannot be asked."""

    def ring_agent(self, request: CallbackRequest) -> str:
        """Ask for the agent's leg; its SID."""

    def ring_customer(self, request: CallbackRequest) -> str:
        """Ask for the customer's leg; its SID."""

    def find_leg(self, leg: Leg) -> str | None:
        """The SID of a leg whose creation was not answered, if the carrier has it."""

    def leg_status(self, sid: str) -> LegStatus:
        """How a leg is doing; "completed" for one that the carrier does not know any more."""

    def hang_up(self, sid: str) -> None:
        """End a leg."""

    def let_agent_go(self, request: CallbackRequest) -> None:
        """Tell the agent of this attempt that the customer was not reached, and end their leg."""


class Dispatcher:
    """Does what is due, once for each call of `dispatch_due`. Any number may run side by side."""

    def __init__(self, callbacks: Callbacks, dialler: Dialler) -> None:
        self._callbacks = callbacks
        self._dialler = dialler

    def dispatch_due(self, now: datetime) -> int:
        """Look after what is in progress, then claim what is due; how many requests were moved.

        Raises `DialError` where the carrier cannot be asked: nothing is lost, and the next tick tries again.
        """
        moved = 0
        for overdue in self._callbacks.store.overdue_leases(now, MOST_PER_TICK):
            moved += self._look_after(overdue.record, now)
        for agent in self._callbacks.stale_agents(now):
            self._look_for(agent, now)
        while moved < MOST_PER_TICK and (claimed := self._callbacks.claim(now)) is not None:
            self._ring(claimed, "agent", now)
            moved += 1
        return moved

    def _look_after(self, request: CallbackRequest, now: datetime) -> bool:
        attempt, fence = request.attempt, request.fence
        if attempt is None:
            return False
        match request.state:
            case "agent_ready":
                dialled = self._note(request, CustomerDialled(at=now, fence=fence))
                if dialled is not None:
                    self._ring(dialled, "customer", now)
                return dialled is not None
            case "wrap_up":
                return self._note(request, Disposed(at=now, fence=fence, code=lifecycle.TALKED)) is not None
            case "agent_dialling":
                return self._reconcile(request, "agent", attempt.agent_leg, now)
            case "customer_dialling" | "talking" if attempt.customer_leg is not None:
                return self._reconcile(request, "customer", attempt.customer_leg, now)
            case _:
                return False

    def _ring(self, request: CallbackRequest, name: LegName, now: datetime) -> None:
        try:
            sid = self._dialler.ring_agent(request) if name == "agent" else self._dialler.ring_customer(request)
        except DialError as error:
            if error.unknown_outcome:
                return  # the intent is on record: the next look at this request asks the carrier
            self._not_dialled(request, name, now, bad_number=error.bad_number)
            return
        noted = self._note(request, LegCreated(at=now, fence=request.fence, leg=name, sid=sid))
        if noted is None and not self._is_current(request, name, sid):
            self._dialler.hang_up(sid)

    def _not_dialled(self, request: CallbackRequest, name: LegName, now: datetime, *, bad_number: bool = False) -> None:
        if name == "agent":
            # An agent's wrong number is the agent's matter: they cool off, and the next one is rung.
            self._note(request, AgentDeclined(at=now, fence=request.fence, carrier_down=not bad_number))
        else:
            self._unreached(request, "bad-number" if bad_number else "failed", now)

    def _reconcile(self, request: CallbackRequest, name: LegName, leg: Leg, now: datetime) -> bool:
        """The lease of a leg is over: ask the carrier what became of it."""
        if leg.sid is None:
            sid = self._dialler.find_leg(leg)
            if sid is not None:
                return self._note(request, LegCreated(at=now, fence=request.fence, leg=name, sid=sid)) is not None
            if now - leg.intended_at < LISTED_WITHIN:
                return self._note(request, SeenAlive(at=now, fence=request.fence)) is not None
            self._not_dialled(request, name, now)
            return True
        status = self._dialler.leg_status(leg.sid)
        if status in {"ringing", "talking"}:
            return self._note(request, SeenAlive(at=now, fence=request.fence)) is not None
        if name == "agent":
            return self._note(request, AgentDeclined(at=now, fence=request.fence)) is not None
        if request.state == "talking":
            return self._note(request, CustomerLeft(at=now, fence=request.fence)) is not None
        self._unreached(request, unreached_reason(status), now)
        return True

    def _unreached(self, request: CallbackRequest, reason: UnreachedReason, now: datetime) -> None:
        """Nobody to talk to: note it, and let the agent go."""
        noted = self._note(request, CustomerUnreached(at=now, fence=request.fence, reason=reason))
        if noted is not None:
            self._dialler.let_agent_go(noted)

    def _look_for(self, agent: Agent, now: datetime) -> None:
        """A person has been held for long: free them if their leg is over, or if it has nothing to wait for."""
        if agent.holder is None:
            return
        if agent.leg_sid is not None and self._dialler.leg_status(agent.leg_sid) in {"ringing", "talking"}:
            held_by = self._callbacks.request_of(agent.holder)
            if held_by is not None and held_by.state in {"promised", "ended"}:
                self._dialler.let_agent_go(held_by)
            self._callbacks.extend_agent(agent.id, agent.holder, now)
        else:
            self._callbacks.release_agent(agent.id, agent.holder, now)

    def _note(self, request: CallbackRequest, event: lifecycle.Event) -> CallbackRequest | None:
        """Put an event on record; None where someone else has moved the request meanwhile."""
        try:
            return self._callbacks.apply(request.id, event)
        except (IllegalEventError, ConflictError):
            return None

    def _is_current(self, request: CallbackRequest, name: LegName, sid: str) -> bool:
        """Whether a leg that we just made is one that the record knows: its own webhook may have been faster."""
        known = self._callbacks.store.request(request.id)
        attempt: Attempt | None = known.record.attempt if known is not None else None
        if attempt is None or attempt.fence != request.fence:
            return False
        leg = attempt.agent_leg if name == "agent" else attempt.customer_leg
        return leg is not None and leg.sid == sid
