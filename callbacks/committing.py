"""Reads, decides by pure code, and commits; where somebody else was faster, reads and decides again."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

import msgspec

from callbacks import lifecycle
from callbacks import lifecycle_events as events
from callbacks.errors import ConflictError, IllegalEventError
from callbacks.ledger_entries import PROMISED, encode, entry
from callbacks.model import Agent, CallbackRequest, State
from callbacks.rules import Policy, RulesOf
from callbacks.slots import Booked
from callbacks.store import Change, Outcome, Store, Talk, Versioned

RETRIES: Final = 8
PACE_OVER: Final = timedelta(hours=1)
# While a customer who was called first is on the phone, an agent may be reserved who has not been rung yet.
RESERVED_AHEAD: Final[frozenset[State]] = frozenset({"customer_proving", "customer_ready", "agent_joining"})


class Committer:
    """The one way in which requests and agents change."""

    def __init__(self, store: Store, policy: Policy, rules_of: RulesOf) -> None:
        self.store = store
        self.policy = policy
        self.rules_of = rules_of

    def apply(self, request_id: str, event: events.Event) -> CallbackRequest:
        """Note what happened, and free the agent where the event ends their part.

        Raises `IllegalEventError`, and nothing has happened; `ConflictError` where the store is too busy.
        """
        for _ in range(RETRIES):
            known = self.store.request(request_id)
            if known is None:
                raise IllegalEventError(f"there is no callback request {request_id}")
            after = self.after(known.record, event)
            if self.commit_event(known, after, event) == "done":
                return after
        raise ConflictError(f"could not change {request_id}")

    def after(self, request: CallbackRequest, event: events.Event) -> CallbackRequest:
        """The request after an event; raises `IllegalEventError`."""
        return lifecycle.apply(self.policy, self.rules_of(request.queue), request, event)

    def commit_event(
        self,
        known: Versioned[CallbackRequest],
        after: CallbackRequest,
        event: events.Event,
        *,
        agent: Versioned[Agent] | None = None,
        alone: bool = False,
        slot_limit: int | None = None,
        slots_seen: Booked | None = None,
    ) -> Outcome:
        """Write a request as an event left it, if nobody wrote it meanwhile, with an agent who is taken for it.

        Without one, the agent of the attempt is freed where the event ends their part.
        """
        change = self.change(known, after, event, agent=agent, alone=alone)
        return self.store.commit(msgspec.structs.replace(change, slot_limit=slot_limit, slots_seen=slots_seen))

    def change(
        self,
        known: Versioned[CallbackRequest],
        after: CallbackRequest,
        event: events.Event,
        *,
        agent: Versioned[Agent] | None = None,
        alone: bool = False,
    ) -> Change:
        """What `commit_event` writes."""
        made = entry(known.record, after, event, at=event.at, version=known.version + 1)
        return Change(
            commit_id=uuid.uuid4().hex,
            request=Versioned(after, known.version),
            before=known.record,
            agent=agent or self._agent_after(known.record, after, event),
            entries=() if made is None else (encode(made),),
            alone=alone,
            talk=_talk(known.record, after, event.at),
        )

    def change_agent(self, agent_id: str, change: Callable[[Agent], Agent | None]) -> bool:
        """Change an agent, unless `change` says None; whether anything was changed. Raises `ConflictError`."""
        for _ in range(RETRIES):
            known = self.store.agent(agent_id)
            after = None if known is None else change(known.record)
            if known is None or after is None:
                return False
            if self.commit_agent(Versioned(after, known.version), talk=_live_talk(known.record, after)):
                return True
        raise ConflictError(f"could not change agent {agent_id}")

    def commit_agent(self, agent: Versioned[Agent], *, talk: Talk | None = None) -> bool:
        """Write an agent, if nobody wrote it meanwhile."""
        return self.store.commit(Change(commit_id=uuid.uuid4().hex, agent=agent, talk=talk)) == "done"

    def _agent_after(
        self, before: CallbackRequest, after: CallbackRequest, event: events.Event
    ) -> Versioned[Agent] | None:
        """The agent of the attempt, where the event changes how they are held."""
        if before.attempt is None or not before.attempt.agent_id or _is_of_no_agent(event):
            return None
        known = self.store.agent(before.attempt.agent_id)
        if known is None or known.record.holder != holder_of(before):
            return None
        agent, version = known.record, known.version
        rung = before.attempt.agent_leg is not None and before.state != "customer_ready"
        match event:
            case events.AgentDeclined(carrier_down=False, at=at):
                return Versioned(freed(agent, at, cool_off_s=self.policy.decline_cool_off_s), version)
            case events.AgentLeft(at=at) if before.state not in {"talking", "wrap_up"}:
                return Versioned(freed(agent, at, cool_off_s=self.policy.decline_cool_off_s), version)
            case events.AgentDeclined(at=at) | events.AgentLeft(at=at):
                return Versioned(freed(agent, at), version)
            case events.LegCreated(leg="agent", sid=sid) | events.AgentAccepted(sid=sid):
                return Versioned(msgspec.structs.replace(agent, leg_sid=sid), version)
            case _ if not rung and after.state not in RESERVED_AHEAD:
                return Versioned(freed(agent, event.at), version)
            case _:
                return None


def _is_of_no_agent(event: events.Event) -> bool:
    """Whether an event leaves every agent as they are, whatever its request is like: most events are such a one."""
    return isinstance(event, events.SeenAlive) or (isinstance(event, events.LegCreated) and event.leg == "customer")


def new_entry(request: CallbackRequest) -> tuple[str, ...]:
    """What goes on the ledger with a new request."""
    made = entry(None, request, PROMISED, at=request.created_at, version=1)
    return () if made is None else (encode(made),)


def holder_of(request: CallbackRequest) -> str:
    """The name under which an attempt holds its agent."""
    return f"request:{request.id}:{request.fence}"


def held(agent: Agent, holder: str, queue: str, now: datetime, check_at: datetime) -> Agent:
    """The agent, reserved; who is already, by the same holder, is given no second call by it."""
    recent = tuple(at for at in agent.given_at if abs(now - at) < PACE_OVER)
    given_at = recent if agent.holder == holder else (*recent, now)
    return msgspec.structs.replace(
        agent, holder=holder, held_for=queue, leg_sid=None, check_at=check_at, not_before=None, given_at=given_at
    )


def freed(agent: Agent, now: datetime, *, cool_off_s: int = 0) -> Agent:
    """The agent, free again; left alone for a while after a call that they missed, declined or left before the talk."""
    return msgspec.structs.replace(
        agent,
        holder=None,
        held_for=None,
        leg_sid=None,
        joined_at=None,
        talked_for=agent.talked_for if agent.joined_at is None else agent.holder,
        check_at=None,
        idle_since=now,
        not_before=now + timedelta(seconds=cool_off_s) if cool_off_s else None,
    )


def _talk(before: CallbackRequest, after: CallbackRequest, at: datetime) -> Talk | None:
    """A conversation whose agent is done with it."""
    over = before.state in {"talking", "wrap_up"} and after.state not in {"talking", "wrap_up"}
    if not over or before.connected_at is None:
        return None
    return Talk(queue=before.queue, seconds=max(0.0, (at - before.connected_at).total_seconds()))


def _live_talk(before: Agent, after: Agent) -> Talk | None:
    """The same of a caller who was on the line."""
    if before.joined_at is None or before.held_for is None or after.holder is not None:
        return None
    return Talk(queue=before.held_for, seconds=max(0.0, (after.idle_since - before.joined_at).total_seconds()))
