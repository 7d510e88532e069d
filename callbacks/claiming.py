"""Takes what is due: the next request whose turn it is, with an agent for it."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import Final

from callbacks import calling_hours
from callbacks import lifecycle_events as events
from callbacks.committing import RETRIES, Committer, held, holder_of
from callbacks.errors import ConflictError, IllegalEventError
from callbacks.model import Agent, CallbackRequest, Interval
from callbacks.policy import Person, assign, person_of
from callbacks.shifts import is_free
from callbacks.store import Front, Versioned

# Beyond as many as there are free agents, a line's people cannot be served in this moment; some may turn out not to be
# callable, so a few more are looked at.
SPARE: Final = 5
# A claim takes one; mostly the first.
FIRST_FEW: Final = 3
WOKEN_AT_ONCE: Final = 200
LOST_IN_A_ROW: Final = 5
# From the claim to the ringing of the customer's phone the agent has to answer and to listen.
LEAD: Final = timedelta(seconds=90)
LOOK_AHEAD: Final = timedelta(days=14)
BUSY_OTHERWISE: Final = timedelta(minutes=5)


class Claims:
    """Requests are claimed here and nowhere else; any number of workers may."""

    def __init__(self, committer: Committer) -> None:
        self._committer = committer
        self._store = committer.store
        self._policy = committer.policy

    def wake(self, now: datetime) -> int:
        """Let everybody whose time has come into line; how many."""
        woken, lost = 0, 0
        due = self._store.came_due(now, WOKEN_AT_ONCE)
        random.shuffle(due)  # workers that wake at the same moment begin at different ends
        for known in due:
            if self._commit(known, events.CameDue(at=now)):
                woken, lost = woken + 1, 0
            else:
                lost += 1
                if lost == LOST_IN_A_ROW:
                    break  # others are at it
        return woken

    def claim(self, now: datetime) -> CallbackRequest | None:
        """Take the next request whose turn it is, with a free agent reserved for it; None where there is no pair.

        What comes back is on record with its fence and the intent to ring, before anybody dials. A request that may
        not be dialled now is put off on the way.
        """
        for _ in range(RETRIES):
            agents = self._store.agents()
            pairs, ready = self._ready(agents, now)
            if not ready:
                return None
            for known in ready:
                obstacle = self._obstacle(known.record, now)
                if obstacle is None:
                    agent = pairs[known.record.id]
                    version = next(each.version for each in agents if each.record.id == agent.id)
                    claimed = self._take(known, Versioned(agent, version), now)
                    if claimed is not None:
                        return claimed
                elif self._commit(known, obstacle):
                    continue
                # Somebody was faster. Who is next, and with whom, may be another one now: nobody overtakes.
                break
        return None

    def _ready(
        self, agents: list[Versioned[Agent]], now: datetime
    ) -> tuple[dict[str, Agent], list[Versioned[CallbackRequest]]]:
        """Who gets whom, and those callbacks among them whose turn it is, in order.

        Who gets whom depends on those who came earlier alone. So the first few of each line are enough, up to the first
        place that was not read; and at last, as many of each line as there are agents.
        """
        everybody = [known.record for known in agents]
        free = sum(is_free(agent, now) for agent in everybody)
        if not free:
            return {}, []
        for limit in (FIRST_FEW, free + SPARE):
            fronts = self._store.fronts(limit, now)
            horizon = min((front.horizon for front in fronts if front.horizon is not None), default=None)
            pairs = assign(self.people(fronts), everybody, now)
            waiting = sorted((known for front in fronts for known in front.requests), key=_place)
            ready = [known for known in waiting if known.record.id in pairs]
            known_well = [known for known in ready if horizon is None or _place(known) <= horizon]
            if known_well or limit > free:
                return pairs, known_well or ready
        return {}, []

    def assign_ready(self, request: CallbackRequest, now: datetime) -> CallbackRequest | None:
        """Intend to ring an agent for a customer who waits on the phone; None where nobody is free.

        Raises `IllegalEventError` where the customer does not wait any more.
        """
        for _ in range(RETRIES):
            known = self._store.request(request.id)
            if known is None or known.record.fence != request.fence:
                raise IllegalEventError(f"{request.id} is not at fence {request.fence} any more")
            agent = self._agent_for(known.record, now)
            if agent is None:
                return None
            attempt = known.record.attempt
            assert attempt is not None  # noqa: S101 - a request with a fence has had an attempt
            event = events.AgentAssigned(
                at=now,
                fence=request.fence,
                offer=attempt.offer,
                agent_id=agent.record.id,
                agent_number=agent.record.number,
            )
            after = self._committer.after(known.record, event)
            if self._committer.commit_event(known, after, event, agent=self._held(agent, after, now)) == "done":
                return after
        raise ConflictError(f"could not find an agent for {request.id}")

    def obstacle_at_dial(self, request: CallbackRequest, now: datetime) -> events.Event | None:
        """Why the customer's phone may not ring at this instant, as what is to happen instead: offers take time."""
        if self._store.on_do_not_call(request.number):
            return events.Cancelled(at=now)
        times = self.times(request, now)
        if times and times[0].starts <= now < times[0].ends:
            return None
        return events.PutOff(at=now, until=times[0].starts if times else request.expires_at, why="hours")

    def times(self, request: CallbackRequest, now: datetime) -> list[Interval]:
        """When the customer's phone may ring, from now on: while the office is open, at a decent hour over there."""
        rules = self._committer.rules_of(request.queue)
        until = now + LOOK_AHEAD
        openings = rules.openings(now, until)
        zones = request.number_zones or (rules.zone,)
        return calling_hours.callable_intervals(openings, zones, rules.calling_hours, now, until)

    def fronts(self, agents: list[Versioned[Agent]], now: datetime) -> list[Front]:
        """Those of every line who could be served now, and a few more."""
        free = sum(is_free(known.record, now) for known in agents)
        if not free:
            return []
        return self._store.fronts(free + SPARE, now)

    def people(self, fronts: list[Front]) -> list[Person]:
        """Phone waiters and callback takers together."""
        people = [
            Person(key=waiter.call_sid, line=front.line, rank_at=waiter.rank_at)
            for front in fronts
            for waiter in front.waiters
        ]
        requests = (known.record for front in fronts for known in front.requests)
        return people + [person_of(request, self._committer.rules_of(request.queue)) for request in requests]

    def _take(
        self, known: Versioned[CallbackRequest], agent: Versioned[Agent], now: datetime
    ) -> CallbackRequest | None:
        event = events.Claimed(at=now, agent_id=agent.record.id, agent_number=agent.record.number)
        claimed = self._committer.after(known.record, event)
        reserved = self._held(agent, claimed, now)
        outcome = self._committer.commit_event(known, claimed, event, agent=reserved, alone=True)
        return claimed if outcome == "done" else None

    def _obstacle(self, request: CallbackRequest, now: datetime) -> events.Event | None:
        """Why a request cannot be dialled now, as what is to happen to it instead."""
        if now >= request.expires_at:
            return events.Expired(at=now)
        if self._store.on_do_not_call(request.number):
            return events.Cancelled(at=now)
        times = self.times(request, now)
        lasting = [each for each in times if each.ends - max(each.starts, now) > LEAD]
        if not lasting:
            return events.PutOff(at=now, until=request.expires_at, why="no time to call")
        if lasting[0].starts > now:
            return events.PutOff(at=now, until=lasting[0].starts, why="hours")
        if self._store.dialling(request.number):
            return events.PutOff(at=now, until=now + BUSY_OTHERWISE, why="another callback of theirs")
        return None

    def _agent_for(self, request: CallbackRequest, now: datetime) -> Versioned[Agent] | None:
        reserved = request.attempt.agent_id if request.attempt is not None else ""
        known = self._store.agent(reserved) if reserved else None
        if known is not None and known.record.holder == holder_of(request):
            return known
        agents = self._store.agents()
        me = person_of(request, self._committer.rules_of(request.queue))
        chosen = assign([me, *self.people(self.fronts(agents, now))], [each.record for each in agents], now).get(me.key)
        return next((each for each in agents if chosen is not None and each.record.id == chosen.id), None)

    def _held(self, agent: Versioned[Agent], request: CallbackRequest, now: datetime) -> Versioned[Agent]:
        check_at = now + timedelta(seconds=self._policy.agent_lease_s)
        return Versioned(held(agent.record, holder_of(request), request.queue, now, check_at), agent.version)

    def _commit(self, known: Versioned[CallbackRequest], event: events.Event) -> bool:
        try:
            after = self._committer.after(known.record, event)
        except IllegalEventError:
            return False  # another worker was faster than our reading of the index
        return self._committer.commit_event(known, after, event) == "done"


def _place(known: Versioned[CallbackRequest]) -> tuple[datetime, str]:
    return known.record.rank_at, known.record.id
