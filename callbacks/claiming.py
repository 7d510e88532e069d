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
from callbacks.store import Change, Front, NotToRing, Versioned

# Beyond as many as there are free agents, a line's people cannot be served in this moment; some may turn out not to be
# callable, so a few more are looked at.
SPARE: Final = 5
# A claim takes one; mostly the first.
FIRST_FEW: Final = 3
WOKEN_AT_ONCE: Final = 200
# So many are written together. Where most of them were lost to others, those are at it.
WOKEN_TOGETHER: Final = 25
# From the claim to the ringing of the customer's phone the agent has to answer and to listen.
LEAD: Final = timedelta(seconds=90)
SECOND: Final = timedelta(seconds=1)
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
        woken = 0
        due = self._store.came_due(now, WOKEN_AT_ONCE)
        random.shuffle(due)  # workers that wake at the same moment begin with different ones
        event = events.CameDue(at=now)
        for first in range(0, len(due), WOKEN_TOGETHER):
            # Another worker may have been faster than our reading of the index.
            some = [each for each in due[first : first + WOKEN_TOGETHER] if _is_due(each.record, now)]
            changes = [self._committer.change(each, self._committer.after(each.record, event), event) for each in some]
            done = self._store.commit_each(changes).count("done")
            woken += done
            if 2 * done < WOKEN_TOGETHER:
                break
        return woken

    def claim(self, now: datetime) -> CallbackRequest | None:
        """Take the next request whose turn it is, with a free agent reserved for it; None where there is no pair.

        What comes back is on record with its fence and the intent to ring, before anybody dials. A request that may
        not be dialled now is put off on the way.
        """
        return next(iter(self.claim_some(now, 1)), None)

    def claim_some(self, now: datetime, limit: int) -> list[CallbackRequest]:
        """The same for as many as `limit`, in order, out of one reading; none where there is no pair."""
        for _ in range(RETRIES):
            agents = self._store.agents()
            pairs, ready = self._ready(agents, now, limit)
            if not ready:
                return []
            versions = {known.record.id: known.version for known in agents}
            busy = self._store.not_to_ring([known.record.number for known in ready])
            changes: list[Change] = []
            claims: dict[int, CallbackRequest] = {}
            for known in ready:
                obstacle = self._obstacle(known.record, now, busy.get(known.record.number))
                if obstacle is None:
                    agent = pairs[known.record.id]
                    claims[len(changes)], change = self._claim(known, Versioned(agent, versions[agent.id]), now)
                else:
                    change = self._committer.change(known, self._committer.after(known.record, obstacle), obstacle)
                changes.append(change)
                if len(claims) == limit:
                    break
            # Where somebody was faster, the next ones are not taken either. Who is next, and with whom, may be another
            # one now: nobody overtakes.
            outcomes = self._store.commit_in_order(changes)
            claimed = [
                claims[number] for number, outcome in enumerate(outcomes) if outcome == "done" and number in claims
            ]
            if claimed:
                return claimed
        return []

    def _ready(
        self, agents: list[Versioned[Agent]], now: datetime, most: int
    ) -> tuple[dict[str, Agent], list[Versioned[CallbackRequest]]]:
        """Who gets whom, and those callbacks among them whose turn it is, in order.

        Who gets whom depends on those who came earlier alone. So the first few of each line are enough, up to the first
        place that was not read; and at last, as many of each line as there are agents.
        """
        everybody = [known.record for known in agents]
        free = sum(is_free(agent, now) for agent in everybody)
        if not free:
            return {}, []
        for limit in (min(max(FIRST_FEW, most), free + SPARE), free + SPARE):
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
        if self.may_ring(request, now):
            return None
        times = self.times(request, now)
        return events.PutOff(at=now, until=times[0].starts if times else request.expires_at, why="hours")

    def may_ring(self, request: CallbackRequest, now: datetime) -> bool:
        """Whether the customer's phone may ring at this instant, as `times` would say."""
        return _holds(self._times(request, now, now + SECOND), now, timedelta(0))

    def times(self, request: CallbackRequest, now: datetime) -> list[Interval]:
        """When the customer's phone may ring, from now on: while the office is open, at a decent hour over there."""
        return self._times(request, now, now + LOOK_AHEAD)

    def _times(self, request: CallbackRequest, now: datetime, until: datetime) -> list[Interval]:
        rules = self._committer.rules_of(request.queue)
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

    def _claim(
        self, known: Versioned[CallbackRequest], agent: Versioned[Agent], now: datetime
    ) -> tuple[CallbackRequest, Change]:
        event = events.Claimed(at=now, agent_id=agent.record.id, agent_number=agent.record.number)
        claimed = self._committer.after(known.record, event)
        reserved = self._held(agent, claimed, now)
        return claimed, self._committer.change(known, claimed, event, agent=reserved, alone=True)

    def _obstacle(self, request: CallbackRequest, now: datetime, busy: NotToRing | None) -> events.Event | None:
        """Why a request cannot be dialled now, as what is to happen to it instead."""
        if now >= request.expires_at:
            return events.Expired(at=now)
        if busy == "do_not_call":
            return events.Cancelled(at=now)
        # Mostly now is a good time, and the next two weeks need not be looked at.
        soon = self._times(request, now, now + 2 * LEAD)
        times = soon if _holds(soon, now, LEAD) else self.times(request, now)
        lasting = [each for each in times if each.ends - max(each.starts, now) > LEAD]
        if not lasting:
            return events.PutOff(at=now, until=request.expires_at, why="no time to call")
        if lasting[0].starts > now:
            return events.PutOff(at=now, until=lasting[0].starts, why="hours")
        if busy == "dialling":
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


def _is_due(request: CallbackRequest, now: datetime) -> bool:
    return request.state == "scheduled" and request.due_at <= now


def _holds(times: list[Interval], now: datetime, lead: timedelta) -> bool:
    """Whether `times` begin now and last for more than `lead`."""
    return bool(times) and times[0].starts <= now and times[0].ends - now > lead


def _place(known: Versioned[CallbackRequest]) -> tuple[datetime, str]:
    return known.record.rank_at, known.record.id
