"""The people who talk with callers: reserving them for a caller on the line, freeing them, looking after them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import msgspec

from callbacks.claiming import Claims
from callbacks.committing import RETRIES, Committer, freed, held, holder_of
from callbacks.errors import ConflictError
from callbacks.model import Agent, CallbackRequest, Waiter, line_of
from callbacks.policy import Person, assign
from callbacks.shifts import is_free
from callbacks.store import Versioned


class Agents:
    """Everybody who takes calls. A reservation is held, and ended, by name."""

    def __init__(self, committer: Committer, claims: Claims) -> None:
        self._committer = committer
        self._claims = claims
        self._store = committer.store
        self._policy = committer.policy

    def reserve(
        self,
        *,
        queue: str,
        language: str,
        call_sid: str,
        rank_at: datetime,
        waiting: bool,
        lease_s: int,
        now: datetime,
        agent_id: str | None = None,
    ) -> Agent | None:
        """Reserve a person for a caller who is on the phone, in the order of the line; None where nobody is free.

        With `agent_id`, that person alone; one who serves the line is not taken from those who came earlier.
        With `waiting` the caller keeps a place in line; each call of this is their sign of life.
        """
        line = line_of(queue, language)
        if waiting:
            self._store.keep_place(line, Waiter(call_sid=call_sid, rank_at=rank_at), now)
        me = Person(key=call_sid, line=line, rank_at=rank_at)
        for _ in range(RETRIES):
            agents = self._store.agents()
            chosen = self._choose(me, agents, now, agent_id)
            if chosen is None:
                return None
            version = next(known.version for known in agents if known.record.id == chosen.id)
            check_at = now + timedelta(seconds=lease_s)
            reserved = held(chosen, f"call:{call_sid}", queue, now, check_at)
            if self._committer.commit_agent(Versioned(reserved, version)):
                self._store.leave_line(line, call_sid)
                return reserved
        return None

    def _choose(self, me: Person, agents: list[Versioned[Agent]], now: datetime, agent_id: str | None) -> Agent | None:
        records = [known.record for known in agents]
        wanted = next((agent for agent in records if agent.id == agent_id), None)
        if wanted is not None:
            queue, _, language = me.line.rpartition("/")
            if not is_free(wanted, now):
                return None
            if not wanted.serves(queue, language):
                return wanted
            me = msgspec.structs.replace(me, preferred=agent_id)
        others = [each for each in self._claims.people(self._claims.fronts(agents, now)) if each.key != me.key]
        chosen = assign([me, *others], records, now).get(me.key)
        return chosen if wanted is None or chosen == wanted else None

    def joined(self, agent_id: str, call_sid: str, leg_sid: str, now: datetime) -> None:
        """Note the leg on which a reserved person talks, so that a lost end can be noticed."""
        check_at = now + timedelta(seconds=self._policy.talk_check_s)
        self._change(
            agent_id,
            f"call:{call_sid}",
            lambda agent: msgspec.structs.replace(agent, leg_sid=leg_sid, check_at=check_at, joined_at=now),
        )

    def release(self, agent_id: str, holder: str, now: datetime, *, missed: bool = False) -> None:
        """Free a person from this holder; one who missed the call is left alone for a while."""
        cool_off_s = self._policy.decline_cool_off_s if missed else 0
        self._change(agent_id, holder, lambda agent: freed(agent, now, cool_off_s=cool_off_s))

    def extend(self, agent_id: str, holder: str, now: datetime) -> None:
        """The person still talks: look again later."""
        check_at = now + timedelta(seconds=self._policy.talk_check_s)
        self._change(agent_id, holder, lambda agent: msgspec.structs.replace(agent, check_at=check_at))

    def stale(self, now: datetime) -> list[Agent]:
        """People whose reservation should be looked at: has their leg ended without our being told?"""
        agents = [known.record for known in self._store.agents()]
        return [agent for agent in agents if agent.holder and agent.check_at is not None and agent.check_at <= now]

    def request_of(self, holder: str) -> CallbackRequest | None:
        """The request whose present attempt holds an agent by this name; None where a call does, or an older one."""
        kind, _, rest = holder.partition(":")
        known = self._store.request(rest.partition(":")[0]) if kind == "request" else None
        return known.record if known is not None and holder_of(known.record) == holder else None

    def put(self, agent: Agent) -> None:
        """Add a person, or change what they say of themselves; a reservation stays as it is."""
        for _ in range(RETRIES):
            known = self._store.agent(agent.id)
            version = 0 if known is None else known.version
            after = agent if known is None else _still_held(agent, known.record)
            if self._committer.commit_agent(Versioned(after, version)):
                return
        raise ConflictError(f"could not change agent {agent.id}")

    def _change(self, agent_id: str, holder: str, change: Callable[[Agent], Agent]) -> None:
        self._committer.change_agent(agent_id, lambda agent: change(agent) if agent.holder == holder else None)


def _still_held(agent: Agent, known: Agent) -> Agent:
    return msgspec.structs.replace(
        agent,
        holder=known.holder,
        held_for=known.held_for,
        joined_at=known.joined_at,
        talked_for=known.talked_for,
        leg_sid=known.leg_sid,
        check_at=known.check_at,
        idle_since=known.idle_since,
        given_at=known.given_at,
    )
