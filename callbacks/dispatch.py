"""Keeps the promises: rings agents and customers, and finds out what became of whatever went quiet.

Exactly one conversation. Before the carrier is asked for a leg, the intent is on record under a fence. Where the
carrier's answer is lost, the leg is looked up before anything is dialled again. And whatever slips through is
caught at the answer: only an answer that the lifecycle accepts is bridged.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, wait
from datetime import datetime, timedelta
from typing import Final, Literal, Protocol

from callbacks import lifecycle
from callbacks import lifecycle_events as events
from callbacks.errors import ConflictError, DialError, IllegalEventError
from callbacks.model import Agent, CallbackRequest, Leg, LegName, UnreachedReason
from callbacks.policy import unreached_reason
from callbacks.service import Callbacks

# In one tick. Where it was as much, the next one should come at once.
MOST_PER_TICK: Final = 20
NOBODY_CAME_AGAIN: Final = timedelta(minutes=5)

# After so many legs of which the carrier could not tell, a tick asks for no more.
MOST_FAULTS: Final = 3

# Of two legs in one conference, the second one ends so soon after the first.
LEG_ENDS_WITHIN: Final = timedelta(seconds=5)

LegStatus = Literal["ringing", "talking", "completed", "busy", "no-answer", "failed", "canceled"]
ON_THE_LINE: Final[frozenset[LegStatus]] = frozenset({"ringing", "talking"})


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
        """Tell the agent of this attempt that the customer will not come, and end their leg."""

    def apologise(self, request: CallbackRequest) -> None:
        """Tell a customer who waits in the conference that nobody is free, and end their leg."""

    def tell(self, request: CallbackRequest, ends: datetime) -> str | None:
        """Tell the customer of a new time: "text" or "call" says how, None that it failed."""


class Dispatcher:
    """Does what is due, once for each call of `dispatch_due`. Any number may run side by side."""

    def __init__(self, callbacks: Callbacks, dialler: Dialler, *, dials_at_once: int = 1) -> None:
        """With `dials_at_once`, so many phones are asked for side by side, on threads: the carrier takes its time."""
        self._callbacks = callbacks
        self._dialler = dialler
        self._dials_at_once = dials_at_once
        self._threads = ThreadPoolExecutor(dials_at_once, "dial")
        # While it does not, it is asked for one leg at a time: each refusal puts a customer off.
        self._carrier_works = True
        # Customers whom we saw alone in a conversation, and when.
        self._alone: dict[str, datetime] = {}

    def dispatch_due(self, now: datetime) -> int:
        """Look after what is in progress, then claim what is due; how many requests were moved.

        Raises `DialError` where the carrier could not be asked of a leg: that is asked again later, and all else was
        done.
        """
        moved, fault = self._look_after_all(now)
        moved += self._callbacks.claims.wake(now)
        moved += self._callbacks.reviews.review_due(now, self._dialler.tell)
        claims = 0
        while claims < MOST_PER_TICK:
            together = min(self._dials_at_once, MOST_PER_TICK - claims) if self._carrier_works else 1
            claimed = self._callbacks.claims.claim_some(now, together)
            if not claimed:
                break
            claims += len(claimed)
            self._carrier_works = self._ring_all(claimed, now)
            if not self._carrier_works:
                break  # to claim more would be in vain
        if fault is not None:
            raise fault
        return moved + claims

    def end_legs(self, request: CallbackRequest) -> None:
        """End what an attempt has on the line, after its request was cancelled, moved or put off."""
        if request.attempt is None:
            return
        self._hang_up_customer(request)
        self._dialler.let_agent_go(request)

    # ------------------------------------------------------------ what is in progress

    def _look_after_all(self, now: datetime) -> tuple[int, DialError | None]:
        """How many were moved. A leg of which the carrier cannot say anything keeps nobody else from being dialled."""
        moved, faults = 0, []
        for overdue in self._callbacks.store.overdue_leases(now, MOST_PER_TICK):
            try:
                moved += self._look_after(overdue.record, now)
            except DialError as error:
                faults.append(error)
                self._note(overdue.record, events.SeenAlive(at=now, fence=overdue.record.fence))
            if len(faults) == MOST_FAULTS:
                break
        for agent in self._callbacks.agents.stale(now):
            if len(faults) == MOST_FAULTS:
                break
            try:
                self._look_for(agent, now)
            except DialError as error:
                faults.append(error)
                self._callbacks.agents.extend(agent.id, agent.holder or "", now)
        return moved, next(iter(faults), None)

    def _look_after(self, request: CallbackRequest, now: datetime) -> bool:
        attempt, fence = request.attempt, request.fence
        if attempt is None:
            return False
        match request.state:
            case "agent_ready":
                return self._dial_customer(request, now)
            case "customer_ready":
                return self._find_agent(request, now)
            case "wrap_up":
                return self._note(request, events.Disposed(at=now, fence=fence, code=lifecycle.TALKED)) is not None
            case "agent_dialling" | "agent_joining" if attempt.agent_leg is not None:
                return self._reconcile(request, "agent", attempt.agent_leg, now)
            case "customer_dialling" | "talking" if self._agent_is_gone(attempt.agent_leg):
                return self._without_agent(request, now)
            case "customer_dialling" | "customer_proving" | "talking" if attempt.customer_leg is not None:
                return self._reconcile(request, "customer", attempt.customer_leg, now)
            case _:
                return False

    def _dial_customer(self, request: CallbackRequest, now: datetime) -> bool:
        """The agent has accepted. Offers take their time, so the hour is looked at once more."""
        obstacle = self._callbacks.claims.obstacle_at_dial(request, now)
        if obstacle is not None:
            withdrawn = self._note(request, obstacle)
            if withdrawn is not None:
                self._dialler.let_agent_go(withdrawn)
            return withdrawn is not None
        dialled = self._note(request, events.CustomerDialled(at=now, fence=request.fence))
        if dialled is not None:
            self._ring(dialled, "customer", now)
        return dialled is not None

    def _find_agent(self, request: CallbackRequest, now: datetime) -> bool:
        """A customer who was called first waits for somebody."""
        attempt = request.attempt
        try:
            assigned = self._callbacks.claims.assign_ready(request, now)
        except (IllegalEventError, ConflictError):
            return False
        if assigned is not None:
            self._ring(assigned, "agent", now)
            return True
        patience = timedelta(seconds=self._callbacks.policy.customer_patience_s)
        if attempt is None or attempt.proved_at is None or now - attempt.proved_at < patience:
            return False
        again_at = now + NOBODY_CAME_AGAIN
        sorry = self._note(request, events.NobodyCame(at=now, fence=request.fence, again_at=again_at))
        if sorry is not None:
            self._dialler.apologise(sorry)
        return sorry is not None

    def _reconcile(self, request: CallbackRequest, name: LegName, leg: Leg, now: datetime) -> bool:
        """The lease of a leg is over: ask the carrier what became of it."""
        alive = events.SeenAlive(at=now, fence=request.fence)
        if leg.sid is None:
            sid = self._dialler.find_leg(leg)
            if sid is not None:
                return self._note(request, _created(request, name, sid, now)) is not None
            if now - leg.intended_at < timedelta(seconds=self._callbacks.policy.listed_within_s):
                return self._note(request, alive) is not None
            self._not_dialled(request, name, now, never_made=True)
            return True
        status = self._dialler.leg_status(leg.sid)
        if status in ON_THE_LINE:
            longest = timedelta(seconds=self._callbacks.policy.longest_answer_s)
            # By the look before this one: a clock that jumped has been wrong for no longer than that.
            if request.state == "talking" or request.looked_at - leg.intended_at < longest:
                return self._note(request, alive) is not None
            self._dialler.hang_up(leg.sid)
            status = "no-answer"
        if name == "agent":
            return self._note(request, _declined(request, now)) is not None
        if request.state == "talking":
            left = events.CustomerLeft(at=now, fence=request.fence, dropped=status == "failed")
            return self._note(request, left) is not None
        reason = unreached_reason(status)
        picked_up = status == "completed" and request.state == "customer_proving"
        self._unreached(request, "machine" if picked_up else reason, now)
        return True

    def _agent_is_gone(self, leg: Leg | None) -> bool:
        return leg is not None and leg.sid is not None and self._dialler.leg_status(leg.sid) not in ON_THE_LINE

    def _without_agent(self, request: CallbackRequest, now: datetime) -> bool:
        """The agent closed the lid and nobody told us. A customer who is left alone hears so, and is called again."""
        leg = None if request.attempt is None else request.attempt.customer_leg
        status = None if leg is None or leg.sid is None else self._dialler.leg_status(leg.sid)
        alone = status in ON_THE_LINE
        dropped = request.state == "talking" and (alone or status == "failed")
        if alone and dropped and now - self._alone.setdefault(_fenced(request), now) < LEG_ENDS_WITHIN:
            return False  # the agent may just have hung up: the customer's leg and the webhooks follow
        self._alone.pop(_fenced(request), None)
        left = self._note(request, _left(request, now, dropped=dropped))
        if left is not None and alone:
            (self._dialler.apologise if dropped else self._hang_up_customer)(left)
        return left is not None

    def _hang_up_customer(self, request: CallbackRequest) -> None:
        leg = None if request.attempt is None else request.attempt.customer_leg
        if leg is not None and leg.sid is not None:
            self._dialler.hang_up(leg.sid)

    # ------------------------------------------------------------ dialling

    def _ring_all(self, claimed: list[CallbackRequest], now: datetime) -> bool:
        """Ask for the first leg of each; False where the carrier took one of them not."""
        if len(claimed) < 2:
            return all(self._ring(request, _first_leg(request), now) for request in claimed)
        dials = [self._threads.submit(self._ring, request, _first_leg(request), now) for request in claimed]
        wait(dials)
        taken = [dial.result() for dial in dials]
        return all(taken)

    def _ring(self, request: CallbackRequest, name: LegName, now: datetime) -> bool:
        """Ask for a leg that is intended; False where the carrier takes none."""
        try:
            sid = self._dialler.ring_agent(request) if name == "agent" else self._dialler.ring_customer(request)
        except DialError as error:
            if not error.unknown_outcome:  # else the intent is on record, and the next look asks the carrier
                self._not_dialled(request, name, now, bad_number=error.bad_number)
            return error.bad_number
        noted = self._note(request, _created(request, name, sid, now))
        if noted is None and not self._is_current(request, name, sid):
            self._dialler.hang_up(sid)
        return True

    def _not_dialled(
        self,
        request: CallbackRequest,
        name: LegName,
        now: datetime,
        *,
        bad_number: bool = False,
        never_made: bool = False,
    ) -> None:
        if name == "agent":
            # An agent's wrong number is the agent's matter: they cool off, and the next one is rung.
            self._note(request, _declined(request, now, carrier_down=not bad_number, never_made=never_made))
        else:
            self._unreached(request, "bad-number" if bad_number else "carrier-down", now, never_made=never_made)

    def _unreached(
        self, request: CallbackRequest, reason: UnreachedReason, now: datetime, *, never_made: bool = False
    ) -> None:
        """Nobody to talk to: note it, and let the agent go."""
        event = events.CustomerUnreached(at=now, fence=request.fence, reason=reason, never_made=never_made)
        noted = self._note(request, event)
        if noted is not None:
            self._dialler.let_agent_go(noted)

    # ------------------------------------------------------------ agents

    def _look_for(self, agent: Agent, now: datetime) -> None:
        """A person has been held for long: free them if their leg is over, or if it has nothing to wait for."""
        if agent.holder is None:
            return
        held_by = self._callbacks.agents.request_of(agent.holder)
        if agent.leg_sid is None or self._dialler.leg_status(agent.leg_sid) not in ON_THE_LINE:
            if held_by is not None and held_by.state in {"customer_proving", "customer_ready"}:
                self._callbacks.agents.extend(agent.id, agent.holder, now)  # reserved, to be rung
                return
            if held_by is not None and held_by.state == "agent_ready":
                self._note(held_by, _left(held_by, now))
            elif held_by is not None and held_by.state in {"customer_dialling", "talking"}:
                self._without_agent(held_by, now)
            self._callbacks.agents.release(agent.id, agent.holder, now)
            return
        if held_by is not None and held_by.state in {"scheduled", "waiting", "ended"}:
            self._dialler.let_agent_go(held_by)
        elif held_by is None and agent.holder.startswith("request:"):
            self._dialler.hang_up(agent.leg_sid)  # of an attempt that has been given up long ago
        self._callbacks.agents.extend(agent.id, agent.holder, now)

    # ------------------------------------------------------------ the record

    def _note(self, request: CallbackRequest, event: events.Event) -> CallbackRequest | None:
        """Put an event on record; None where someone else has moved the request meanwhile."""
        try:
            return self._callbacks.apply(request.id, event)
        except (IllegalEventError, ConflictError):
            return None

    def _is_current(self, request: CallbackRequest, name: LegName, sid: str) -> bool:
        """Whether a leg that we just made is one that the record knows: its own webhook may have been faster."""
        known = self._callbacks.store.request(request.id)
        attempt = known.record.attempt if known is not None else None
        if attempt is None or attempt.fence != request.fence:
            return False
        leg = attempt.agent_leg if name == "agent" else attempt.customer_leg
        return leg is not None and leg.sid == sid


def _first_leg(request: CallbackRequest) -> LegName:
    return "agent" if request.state == "agent_dialling" else "customer"


def _created(request: CallbackRequest, name: LegName, sid: str, now: datetime) -> events.LegCreated:
    return events.LegCreated(at=now, fence=request.fence, leg=name, sid=sid, offer=_offer(request))


def _fenced(request: CallbackRequest) -> str:
    return f"{request.id}:{request.fence}"


def _left(request: CallbackRequest, now: datetime, *, dropped: bool = False) -> events.AgentLeft:
    return events.AgentLeft(at=now, fence=request.fence, offer=_offer(request), dropped=dropped)


def _declined(
    request: CallbackRequest, now: datetime, *, carrier_down: bool = False, never_made: bool = False
) -> events.AgentDeclined:
    return events.AgentDeclined(
        at=now, fence=request.fence, offer=_offer(request), carrier_down=carrier_down, never_made=never_made
    )


def _offer(request: CallbackRequest) -> int:
    return 1 if request.attempt is None else request.attempt.offer
