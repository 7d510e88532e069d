"""What the edge asks of the callbacks: to promise, to claim, to note what the carrier reported, to reserve people.

Each operation reads, decides by pure code, and commits; where somebody else was faster it reads and decides again.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from callbacks import lifecycle
from callbacks.errors import ConflictError, IllegalEventError
from callbacks.model import Agent, CallbackRequest, Waiter
from callbacks.policy import Policy, ahead_of, choose_agent, named_agent, promise_by, wait_minutes
from callbacks.store import Change, Store, Versioned

RETRIES: Final = 8
# How many due requests a claim looks at: beyond the first that can be served, the rest belong to other queues.
LOOK_AHEAD: Final = 50


class Promise(msgspec.Struct, frozen=True, kw_only=True):
    """A booked callback; `already_booked` where the caller had one open."""

    request: CallbackRequest
    already_booked: bool


class QueueStanding(msgspec.Struct, frozen=True, kw_only=True):
    """How a queue stands: who waits (on the phone, or for a callback that is due), who is free, how long it takes."""

    waiting: int
    free_agents: int
    wait_minutes: int


class Callbacks:
    """The callbacks of one installation. Every method takes the present instant, in UTC."""

    def __init__(self, store: Store, policy: Policy) -> None:
        self.store = store
        self.policy = policy

    # ------------------------------------------------------------ promises

    def promise(
        self,
        *,
        key: str,
        number: str,
        queue: str,
        dossier: dict[str, Any],
        arrived_at: datetime,
        now: datetime,
        starts: datetime | None = None,
        ends: datetime | None = None,
    ) -> Promise:
        """Book a callback as soon as possible, keeping the caller's place, or between `starts` and `ends`.

        The same `key` books once, ever. Raises `ConflictError` where the store is too busy to decide; nothing is
        promised then.
        """
        request_id = "cb" + hashlib.sha256(key.encode()).hexdigest()[:10]
        for _ in range(RETRIES):
            known = self.store.request(request_id)
            if known is not None:
                return Promise(request=known.record, already_booked=False)
            open_id = self.store.open_request_id(queue, number)
            booked = self.store.request(open_id) if open_id else None
            if booked is not None:
                # Another arrival of the same webhook may have booked it since we looked.
                return Promise(request=booked.record, already_booked=booked.record.id != request_id)
            ahead = ahead_of(arrived_at, self._waiters(queue, now), self._due(queue, now))
            request = CallbackRequest(
                id=request_id,
                number=number,
                queue=queue,
                dossier=dossier,
                created_at=now,
                arrived_at=arrived_at,
                promised_by=ends or promise_by(self.policy, now, ahead),
                starts_at=starts,
                due_at=starts or arrived_at,
                looked_at=now,
            )
            if self._commit(Versioned(request, 0), None, "Promised", now):
                return Promise(request=request, already_booked=False)
        raise ConflictError(f"could not book {request_id}")

    def claim(self, now: datetime) -> CallbackRequest | None:
        """Take the next request whose turn it is, with a free agent reserved for it; None where there is no pair.

        What comes back is on record with its fence and the intent to ring the agent, before anybody dials.
        """
        agents = self.store.agents()
        for due in self.store.due(now, LOOK_AHEAD):
            queue = due.record.queue
            if due.record.state != "promised":
                continue  # another worker took it since the index was read
            ahead = ahead_of(due.record.arrived_at, self._waiters(queue, now), [])
            chosen = choose_agent([agent.record for agent in agents], queue, now, ahead)
            if chosen is None:
                continue
            event = lifecycle.Claimed(at=now, agent_id=chosen.id, agent_number=chosen.number)
            claimed = lifecycle.apply(self.policy, due.record, event)
            reserved = _held(chosen, holder_of(claimed), now + timedelta(seconds=self.policy.agent_lease_s))
            version = next(agent.version for agent in agents if agent.record.id == chosen.id)
            if self._commit(Versioned(claimed, due.version), Versioned(reserved, version), "Claimed", now):
                return claimed
            agents = self.store.agents()
        return None

    def apply(self, request_id: str, event: lifecycle.Event) -> CallbackRequest:
        """Note what happened, and free the agent where the event ends their part.

        Raises `IllegalEventError`, and nothing has happened; `ConflictError` where the store is too busy.
        """
        for _ in range(RETRIES):
            known = self.store.request(request_id)
            if known is None:
                raise IllegalEventError(f"there is no callback request {request_id}")
            after = lifecycle.apply(self.policy, known.record, event)
            agent = self._agent_after(known.record, event)
            if self._commit(Versioned(after, known.version), agent, type(event).__name__, event.at):
                return after
        raise ConflictError(f"could not change {request_id}")

    def _agent_after(self, before: CallbackRequest, event: lifecycle.Event) -> Versioned[Agent] | None:
        if before.attempt is None:
            return None
        agent = self.store.agent(before.attempt.agent_id)
        if agent is None or agent.record.holder != holder_of(before):
            return None
        match event:
            case lifecycle.AgentDeclined(carrier_down=False, at=at):
                return Versioned(_freed(agent.record, at, cool_off_s=self.policy.decline_cool_off_s), agent.version)
            case lifecycle.AgentLeft(at=at) if before.state == "agent_dialling":
                return Versioned(_freed(agent.record, at, cool_off_s=self.policy.decline_cool_off_s), agent.version)
            case lifecycle.AgentDeclined(at=at) | lifecycle.AgentLeft(at=at):
                return Versioned(_freed(agent.record, at), agent.version)
            case lifecycle.LegCreated(leg="agent", sid=sid) | lifecycle.AgentAccepted(sid=sid):
                return Versioned(msgspec.structs.replace(agent.record, leg_sid=sid), agent.version)
            case _:
                return None

    # ------------------------------------------------------------ people

    def standing(self, queue: str, now: datetime) -> QueueStanding:
        """How a queue stands."""
        waiting = len(self._waiters(queue, now)) + len(self._due(queue, now))
        agents = [known.record for known in self.store.agents() if queue in known.record.queues]
        free = sum(agent.is_free(now) for agent in agents)
        staffed = sum(agent.state == "available" for agent in agents)
        minutes = wait_minutes(self.policy, waiting=waiting, free=free, staffed=staffed)
        return QueueStanding(waiting=waiting, free_agents=free, wait_minutes=minutes)

    def reserve_agent(
        self,
        *,
        queue: str,
        call_sid: str,
        arrived_at: datetime,
        waiting: bool,
        lease_s: int,
        now: datetime,
        agent_id: str | None = None,
    ) -> Agent | None:
        """Reserve a person for a caller who is on the phone, in the order of arrival; None where nobody is free.

        With `agent_id`, that person alone; one who serves the queue is not taken from those who came earlier.
        With `waiting` the caller keeps a place in line; each call of this is their sign of life.
        """
        if waiting:
            self.store.keep_place(queue, Waiter(call_sid=call_sid, arrived_at=arrived_at), now)
        for _ in range(RETRIES):
            agents = self.store.agents()
            others = [waiter for waiter in self._waiters(queue, now) if waiter.call_sid != call_sid]
            ahead = ahead_of(arrived_at, others, self._due(queue, now))
            records = [agent.record for agent in agents]
            if agent_id is None:
                chosen = choose_agent(records, queue, now, ahead)
            else:
                chosen = named_agent(records, agent_id, queue, now, ahead)
            if chosen is None:
                return None
            reserved = _held(chosen, f"call:{call_sid}", now + timedelta(seconds=lease_s))
            version = next(agent.version for agent in agents if agent.record.id == chosen.id)
            if self._commit(None, Versioned(reserved, version), None, now):
                self.store.leave_line(queue, call_sid)
                return reserved
        return None

    def agent_joined(self, agent_id: str, call_sid: str, leg_sid: str, now: datetime) -> None:
        """Note the leg on which a reserved person talks, so that a lost end can be noticed."""
        check_at = now + timedelta(seconds=self.policy.talk_check_s)
        self._change_agent(
            agent_id,
            f"call:{call_sid}",
            lambda agent: msgspec.structs.replace(agent, leg_sid=leg_sid, check_at=check_at),
            now,
        )

    def release_agent(self, agent_id: str, holder: str, now: datetime, *, missed: bool = False) -> None:
        """Free a person from this holder; one who missed the call is left alone for a while."""
        cool_off_s = self.policy.decline_cool_off_s if missed else 0
        self._change_agent(agent_id, holder, lambda agent: _freed(agent, now, cool_off_s=cool_off_s), now)

    def extend_agent(self, agent_id: str, holder: str, now: datetime) -> None:
        """The person still talks: look again later."""
        check_at = now + timedelta(seconds=self.policy.talk_check_s)
        self._change_agent(agent_id, holder, lambda agent: msgspec.structs.replace(agent, check_at=check_at), now)

    def request_of(self, holder: str) -> CallbackRequest | None:
        """The request whose present attempt holds an agent by this name; None where a call does, or an older one."""
        kind, _, rest = holder.partition(":")
        known = self.store.request(rest.partition(":")[0]) if kind == "request" else None
        return known.record if known is not None and holder_of(known.record) == holder else None

    def stale_agents(self, now: datetime) -> list[Agent]:
        """People whose reservation should be looked at: has their leg ended without our being told?"""
        return [
            agent.record
            for agent in self.store.agents()
            if agent.record.holder is not None and agent.record.check_at is not None and agent.record.check_at <= now
        ]

    def put_agent(self, agent: Agent, now: datetime) -> None:
        """Add a person, or change their name, number, queues or state; a reservation stays as it is."""
        for _ in range(RETRIES):
            known = self.store.agent(agent.id)
            version = 0
            if known is not None:
                version, held = known.version, known.record
                agent = msgspec.structs.replace(
                    agent, holder=held.holder, leg_sid=held.leg_sid, check_at=held.check_at, idle_since=held.idle_since
                )
            if self._commit(None, Versioned(agent, version), None, now):
                return
        raise ConflictError(f"could not change agent {agent.id}")

    def _change_agent(self, agent_id: str, holder: str, change: Callable[[Agent], Agent], now: datetime) -> None:
        for _ in range(RETRIES):
            known = self.store.agent(agent_id)
            if known is None or known.record.holder != holder:
                return
            if self._commit(None, Versioned(change(known.record), known.version), None, now):
                return
        raise ConflictError(f"could not change agent {agent_id}")

    # ------------------------------------------------------------ helpers

    def _waiters(self, queue: str, now: datetime) -> list[Waiter]:
        return self.store.waiters(queue, now - timedelta(seconds=self.policy.line_patience_s))

    def _due(self, queue: str, now: datetime) -> list[CallbackRequest]:
        return [due.record for due in self.store.due(now, LOOK_AHEAD) if due.record.queue == queue]

    def _commit(
        self,
        request: Versioned[CallbackRequest] | None,
        agent: Versioned[Agent] | None,
        event: str | None,
        now: datetime,
    ) -> bool:
        ledger = None
        if event is not None and request is not None:
            ledger = _ledger_entry(request.record, event, now)
        return self.store.commit(Change(commit_id=uuid.uuid4().hex, request=request, agent=agent, ledger=ledger))


def holder_of(request: CallbackRequest) -> str:
    """The name under which an attempt holds its agent."""
    return f"request:{request.id}:{request.fence}"


def _held(agent: Agent, holder: str, check_at: datetime) -> Agent:
    return msgspec.structs.replace(agent, holder=holder, leg_sid=None, check_at=check_at, not_before=None)


def _freed(agent: Agent, now: datetime, *, cool_off_s: int = 0) -> Agent:
    not_before = now + timedelta(seconds=cool_off_s) if cool_off_s else None
    return msgspec.structs.replace(
        agent, holder=None, leg_sid=None, check_at=None, idle_since=now, not_before=not_before
    )


def _ledger_entry(request: CallbackRequest, event: str, at: datetime) -> dict[str, Any]:
    return {
        "at": at.isoformat(),
        "request_id": request.id,
        "event": event,
        "state": request.state,
        "fence": request.fence,
        "number": request.number,
        "queue": request.queue,
        "promised_by": request.promised_by.isoformat(),
        "disposition": request.disposition,
    }
