"""The store in memory: the twin of the one on Redis, for tests and simulations. It keeps nothing.

It finds everything by looking through all records, so that the indexes of the other one are checked against
something simpler.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from callbacks.indexes import Index, index_of, quota_keys
from callbacks.lease import longest_lease
from callbacks.model import Agent, CallbackRequest, Waiter
from callbacks.rules import Policy
from callbacks.store import AROUND, TALKS_KEPT, Change, Front, NotToRing, Outcome, Versioned


class MemoryStore:
    """`callbacks.store.Store` in this process; safe to share between threads."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._lock = threading.RLock()
        self._requests: dict[str, Versioned[CallbackRequest]] = {}
        self._agents: dict[str, Versioned[Agent]] = {}
        self._commits: dict[str, str] = {}
        self._phones: dict[str, dict[str, tuple[Waiter, datetime]]] = {}
        self._quotas: dict[str, int] = {}
        self._talks: dict[str, list[float]] = {}
        self._do_not_call: set[str] = set()
        self.entries: list[str] = []

    def commit(self, change: Change) -> Outcome:
        with self._lock:
            written = [
                *([f"request {change.request.record.id}"] if change.request else []),
                *([f"agent {change.agent.record.id}"] if change.agent else []),
            ]
            if any(self._commits.get(record) == change.commit_id for record in written):
                return "done"
            refused = self._refusal(change)
            if refused is not None:
                return refused
            for record in written:
                self._commits[record] = change.commit_id
            if change.request is not None:
                request = change.request.record
                self._requests[request.id] = Versioned(request, change.request.version + 1)
            if change.agent is not None:
                self._agents[change.agent.record.id] = Versioned(change.agent.record, change.agent.version + 1)
            for use in change.quotas:
                self._quotas[use.key] = self._quotas.get(use.key, 0) + 1
            self.entries += change.entries
            if change.talk is not None:
                self._talks.setdefault(change.talk.queue, []).insert(0, round(change.talk.seconds, 1))
            return "done"

    def commit_in_order(self, changes: Sequence[Change]) -> list[Outcome]:
        outcomes: list[Outcome] = []
        with self._lock:
            for change in changes:
                outcomes.append(self.commit(change))
                if outcomes[-1] != "done":
                    break
        return outcomes

    def commit_each(self, changes: Sequence[Change]) -> list[Outcome]:
        return [self.commit(change) for change in changes]

    def _refusal(self, change: Change) -> Outcome | None:
        for held, records in ((change.request, self._requests), (change.agent, self._agents)):
            if held is not None:
                known = records.get(held.record.id)
                if (0 if known is None else known.version) != held.version:
                    return "conflict"
        if change.request is not None:
            after = index_of(self._policy, change.request.record)
            others = [index for index in self._indexes() if index.id != after.id]
            if after.open_for is not None and any(index.open_for == after.open_for for index in others):
                return "conflict"
            if change.alone and any(index.dialling == change.request.record.number for index in others):
                return "conflict"
            slot = self._new_slot(change)
            if slot is not None and change.slots_seen is not None:
                sold = self.booked(slot[1] - AROUND, slot[1] + AROUND)
                more = {line for (line, at), count in sold.items() if count > change.slots_seen.get((line, at), 0)}
                if more - {slot[0]} or (more and {line for line, _ in sold} - {slot[0]}):
                    return "conflict"
            limited = slot is not None and change.slot_limit is not None
            if limited and sum(index.slot == slot for index in others) >= (change.slot_limit or 0):
                return "full"
        if any(self._quotas.get(use.key, 0) >= use.limit for use in change.quotas):
            return "quota"
        return None

    def _new_slot(self, change: Change) -> tuple[str, datetime] | None:
        """The slot in which the request is new."""
        if change.request is None:
            return None
        was = None if change.before is None else index_of(self._policy, change.before).slot
        slot = index_of(self._policy, change.request.record).slot
        return None if slot == was else slot

    def _indexes(self) -> list[Index]:
        return [index_of(self._policy, known.record) for known in self._requests.values()]

    # ------------------------------------------------------------ requests

    def request(self, request_id: str) -> Versioned[CallbackRequest] | None:
        return self._requests.get(request_id)

    def requests(self, limit: int, *, open_only: bool = False) -> list[CallbackRequest]:
        with self._lock:
            known = [known.record for known in self._requests.values() if known.record.is_open or not open_only]
        return sorted(known, key=lambda record: (record.created_at, record.id), reverse=True)[:limit]

    def requests_of(self, number: str) -> list[Versioned[CallbackRequest]]:
        with self._lock:
            found = [each for each in self._requests.values() if number in index_of(self._policy, each.record).numbers]
        return sorted(found, key=lambda each: (each.record.created_at, each.record.id))

    def open_request_id(self, topic: str, number: str) -> str | None:
        with self._lock:
            return next((index.id for index in self._indexes() if index.open_for == f"{number} {topic}"), None)

    def came_due(self, now: datetime, limit: int) -> list[Versioned[CallbackRequest]]:
        return self._until("due_at", now, limit)

    def overdue_leases(self, now: datetime, limit: int) -> list[Versioned[CallbackRequest]]:
        overdue = self._until("lease_at", now, limit)
        impossible = now + longest_lease(self._policy)
        with self._lock:
            leases = sorted((index.lease_at, index.id) for index in self._indexes() if index.lease_at is not None)
            return [*overdue, *(self._requests[name] for at, name in leases if at > impossible)][:limit]

    def to_review(self, now: datetime, limit: int) -> list[Versioned[CallbackRequest]]:
        return self._until("review_at", now, limit)

    def _until(self, name: str, now: datetime, limit: int) -> list[Versioned[CallbackRequest]]:
        with self._lock:
            times = [(getattr(index, name), index.id) for index in self._indexes()]
            due = sorted((at, request_id) for at, request_id in times if at is not None and at <= now)
            return [self._requests[request_id] for _, request_id in due[:limit]]

    def booked(self, since: datetime, until: datetime) -> Mapping[tuple[str, datetime], int]:
        held: dict[tuple[str, datetime], int] = {}
        with self._lock:
            for index in self._indexes():
                if index.slot is not None and since <= index.slot[1] < until:
                    held[index.slot] = held.get(index.slot, 0) + 1
        return held

    def dialling(self, number: str) -> int:
        with self._lock:
            return sum(index.dialling == number for index in self._indexes())

    def not_to_ring(self, numbers: Sequence[str]) -> Mapping[str, NotToRing]:
        with self._lock:
            dialling = {index.dialling for index in self._indexes()}
            found: dict[str, NotToRing] = {number: "dialling" for number in numbers if number in dialling}
            return found | {number: "do_not_call" for number in numbers if number in self._do_not_call}

    def backlog(self, queue: str) -> int:
        with self._lock:
            return sum(index.backlog == queue for index in self._indexes())

    # ------------------------------------------------------------ the lines

    def fronts(self, limit: int, now: datetime) -> list[Front]:
        with self._lock:
            waiting = [(index.line, index.id) for index in self._indexes() if index.line is not None]
            lines = sorted({line for (line, _), _ in waiting} | set(self._phones))
            fronts = []
            for line in lines:
                places = sorted((rank_at, request_id) for (in_line, rank_at), request_id in waiting if in_line == line)
                waiters = self._waiters(line, now)
                callers = [(waiter.rank_at, waiter.call_sid) for waiter in waiters]
                front = Front(
                    line=line,
                    horizon=min((each[limit - 1] for each in (places, callers) if len(each) >= limit), default=None),
                    requests=tuple(self._requests[request_id] for _, request_id in places[:limit]),
                    waiters=tuple(waiters[:limit]),
                )
                fronts.append(front)
        return [front for front in fronts if front.requests or front.waiters]

    def ahead(self, line: str, rank_at: datetime, now: datetime) -> int:
        with self._lock:
            places = [index.line for index in self._indexes() if index.line is not None]
            return sum(place[0] == line and place[1] < rank_at for place in places) + sum(
                waiter.rank_at < rank_at for waiter in self._waiters(line, now)
            )

    def _waiters(self, line: str, now: datetime) -> list[Waiter]:
        patience = timedelta(seconds=self._policy.line_patience_s)
        alive = [waiter for waiter, seen_at in self._phones.get(line, {}).values() if abs(now - seen_at) <= patience]
        return sorted(alive, key=lambda waiter: (waiter.rank_at, waiter.call_sid))

    def keep_place(self, line: str, waiter: Waiter, now: datetime) -> None:
        with self._lock:
            alive = {each.call_sid for each in self._waiters(line, now)}
            kept = {name: place for name, place in self._phones.get(line, {}).items() if name in alive}
            self._phones[line] = {**kept, waiter.call_sid: (waiter, now)}

    def leave_line(self, line: str, call_sid: str) -> None:
        with self._lock:
            self._phones.get(line, {}).pop(call_sid, None)

    # ------------------------------------------------------------ agents

    def agent(self, agent_id: str) -> Versioned[Agent] | None:
        return self._agents.get(agent_id)

    def agents(self) -> list[Versioned[Agent]]:
        with self._lock:
            return [self._agents[agent_id] for agent_id in sorted(self._agents)]

    def remove_agent(self, agent_id: str) -> bool:
        with self._lock:
            self._commits.pop(f"agent {agent_id}", None)
            return self._agents.pop(agent_id, None) is not None

    def talks(self, queue: str) -> tuple[float, ...]:
        return tuple(self._talks.get(queue, [])[:TALKS_KEPT])

    # ------------------------------------------------------------ people's wishes and data

    def on_do_not_call(self, number: str) -> bool:
        return number in self._do_not_call

    def do_not_call(self, number: str, *, listed: bool) -> None:
        (self._do_not_call.add if listed else self._do_not_call.discard)(number)

    def do_not_call_list(self) -> list[str]:
        return sorted(self._do_not_call)

    def ended_before(self, instant: datetime, limit: int) -> list[str]:
        with self._lock:
            ended = [(index.ended_at, index.id) for index in self._indexes() if index.ended_at is not None]
        return [request_id for ended_at, request_id in sorted(ended) if ended_at < instant][:limit]

    def forget(self, request_ids: Sequence[str]) -> None:
        with self._lock:
            for request_id in request_ids:
                known = self._requests.pop(request_id, None)
                for key in () if known is None else quota_keys(known.record):
                    self._quotas.pop(key, None)
                self._commits.pop(f"request {request_id}", None)
