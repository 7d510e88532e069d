"""The store on Redis: what is read, and how a change is put together (keys: `redis_keys`; script: `redis_writes`)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar, cast

import msgspec
import redis

from callbacks.errors import FormatError
from callbacks.indexes import index_of, quota_keys
from callbacks.lease import longest_lease
from callbacks.model import FORMAT, Agent, CallbackRequest, Waiter
from callbacks.redis_keys import (
    AGENTS,
    BACKLOG,
    DIALLING,
    DO_NOT_CALL,
    ENDED,
    LATER,
    LEASE,
    LINES,
    OPEN,
    PREFIX,
    REQUESTS,
    REVIEW,
    SLOT_STARTS,
    SLOTS,
    UNSEALED,
    agent_key,
    instant,
    number_key,
    quota_key,
    request_key,
    score,
    scores,
)
from callbacks.redis_writes import (
    COMMIT,
    COMMIT_IN_ORDER,
    Keys,
    Script,
    guard_slot,
    reindex,
)
from callbacks.rules import Policy
from callbacks.store import TALKS_KEPT, Change, Front, NotToRing, Outcome, Versioned

Record = TypeVar("Record", CallbackRequest, Agent)


class RedisStore:
    """Keeps callbacks in Redis; `client` comes from the one factory and decodes responses."""

    def __init__(self, client: redis.Redis, policy: Policy) -> None:
        self._redis = client
        self._policy = policy
        self._commit = client.register_script(COMMIT)
        self._commit_in_order = client.register_script(COMMIT_IN_ORDER)

    def commit(self, change: Change) -> Outcome:
        keys = Keys()
        return cast(Outcome, self._commit(args=[self._packed(change, keys)], keys=keys.names))

    def commit_in_order(self, changes: Sequence[Change]) -> list[Outcome]:
        if len(changes) < 2:
            return [self.commit(change) for change in changes]
        keys = Keys()
        packed = [self._packed(change, keys) for change in changes]
        return cast(list[Outcome], self._commit_in_order(args=packed, keys=keys.names))

    def commit_each(self, changes: Sequence[Change]) -> list[Outcome]:
        if not changes:
            return []
        with self._redis.pipeline(transaction=False) as pipe:
            for change in changes:
                keys = Keys()
                self._commit(args=[self._packed(change, keys)], keys=keys.names, client=pipe)
            return cast(list[Outcome], pipe.execute())

    def _packed(self, change: Change, keys: Keys) -> bytes:
        """A change as the script reads it."""
        script = Script(change.commit_id, keys)
        if change.request is not None:
            after, version = change.request.record, change.request.version
            script.write(request_key(after.id), version, after)
            before = None if change.before is None else index_of(self._policy, change.before)
            now = index_of(self._policy, after)
            if change.alone:
                script.must_have_room(DIALLING, after.number, 1, "conflict")
            reindex(script, before, now)
            if now.slot is not None and now.slot != (before and before.slot):
                guard_slot(script, now.slot, change)
        if change.agent is not None:
            agent = change.agent.record
            script.write(agent_key(agent.id), change.agent.version, agent)
            script.command("SADD", AGENTS, agent.id)
        for use in change.quotas:
            script.quota(quota_key(use.key), use.limit, use.kept_s)
        for entry in change.entries:
            script.command("RPUSH", UNSEALED, entry)
        if change.talk is not None:
            talks = f"{PREFIX}:talks:{change.talk.queue}"
            script.command("LPUSH", talks, f"{change.talk.seconds:.1f}")
            script.command("LTRIM", talks, "0", str(TALKS_KEPT - 1))
        return script.packed()

    # ------------------------------------------------------------ requests

    def request(self, request_id: str) -> Versioned[CallbackRequest] | None:
        return self._read(request_key(request_id), CallbackRequest)

    def requests(self, limit: int, *, open_only: bool = False) -> list[CallbackRequest]:
        found: list[CallbackRequest] = []
        start = 0
        while len(found) < limit:
            ids = self._redis.zrevrange(REQUESTS, start, start + limit - 1)
            if not ids:
                break
            found += [known.record for known in self._read_all(ids) if known.record.is_open or not open_only]
            start += limit
        return found[:limit]

    def requests_of(self, number: str) -> list[Versioned[CallbackRequest]]:
        return self._read_all(self._redis.zrange(number_key(number), 0, -1))

    def open_request_id(self, topic: str, number: str) -> str | None:
        found = self._redis.hget(OPEN, f"{number} {topic}")
        return None if found is None else str(found)

    def came_due(self, now: datetime, limit: int) -> list[Versioned[CallbackRequest]]:
        return self._until(LATER, now, limit)

    def overdue_leases(self, now: datetime, limit: int) -> list[Versioned[CallbackRequest]]:
        impossible = f"({score(now + longest_lease(self._policy))}"
        ids = [
            *self._redis.zrange(LEASE, "-inf", score(now), byscore=True, offset=0, num=limit),
            *self._redis.zrange(LEASE, impossible, "+inf", byscore=True, offset=0, num=limit),
        ]
        return self._read_all(ids[:limit])

    def to_review(self, now: datetime, limit: int) -> list[Versioned[CallbackRequest]]:
        return self._until(REVIEW, now, limit)

    def booked(self, since: datetime, until: datetime) -> Mapping[tuple[str, datetime], int]:
        fields = [str(field) for field in self._redis.zrange(SLOT_STARTS, *scores(since, until), byscore=True)]
        counts = self._redis.hmget(SLOTS, fields) if fields else []
        held = {}
        for field, count in zip(fields, counts, strict=True):
            line, _, start = field.rpartition(" ")
            if count is not None:
                held[line, datetime.fromtimestamp(int(start), UTC)] = int(count)
        return held

    def dialling(self, number: str) -> int:
        return int(self._redis.hget(DIALLING, number) or 0)

    def not_to_ring(self, numbers: Sequence[str]) -> Mapping[str, NotToRing]:
        if not numbers:
            return {}
        with self._redis.pipeline(transaction=False) as pipe:
            pipe.hmget(DIALLING, list(numbers))
            pipe.smismember(DO_NOT_CALL, list(numbers))
            dialling, never = pipe.execute()
        found: dict[str, NotToRing] = {
            number: "dialling" for number, count in zip(numbers, dialling, strict=True) if int(count or 0)
        }
        return found | {number: "do_not_call" for number, listed in zip(numbers, never, strict=True) if listed}

    def backlog(self, queue: str) -> int:
        return int(self._redis.hget(BACKLOG, queue) or 0)

    # ------------------------------------------------------------ the lines

    def fronts(self, limit: int, now: datetime) -> list[Front]:
        lines = sorted(map(str, self._redis.smembers(LINES)))
        if not lines:
            return []
        with self._redis.pipeline(transaction=False) as pipe:
            for line in lines:
                pipe.zrange(f"{PREFIX}:line:{line}", 0, limit - 1, withscores=True)
                self._ask_waiters(pipe, line, now)
            answers = pipe.execute()
        ids = [request_id for found in answers[::3] for request_id, _ in found]
        # Another worker may have taken one since the index was read.
        known = {each.record.id: each for each in self._read_all(ids) if each.record.state == "waiting"}
        fronts = []
        for number, line in enumerate(lines):
            places = [(instant(rank), str(request_id)) for request_id, rank in answers[3 * number]]
            waiters = _waiters(answers[3 * number + 1], answers[3 * number + 2])
            callers = [(waiter.rank_at, waiter.call_sid) for waiter in waiters]
            front = Front(
                line=line,
                horizon=min((each[limit - 1] for each in (places, callers) if len(each) >= limit), default=None),
                requests=tuple(known[request_id] for _, request_id in places if request_id in known),
                waiters=waiters[:limit],
            )
            fronts.append(front)
        return [front for front in fronts if front.requests or front.waiters]

    def ahead(self, line: str, rank_at: datetime, now: datetime) -> int:
        with self._redis.pipeline(transaction=False) as pipe:
            pipe.zcount(f"{PREFIX}:line:{line}", "-inf", f"({score(rank_at)}")
            self._ask_waiters(pipe, line, now)
            requests, phones, seen = pipe.execute()
        return int(requests) + sum(waiter.rank_at < rank_at for waiter in _waiters(phones, seen))

    def keep_place(self, line: str, waiter: Waiter, now: datetime) -> None:
        phones, seen = f"{PREFIX}:phones:{line}", f"{PREFIX}:seen:{line}"
        since, until = self._alive(now)
        gone = [
            *self._redis.zrange(seen, "-inf", f"({since}", byscore=True),
            *self._redis.zrange(seen, f"({until}", "+inf", byscore=True),
        ]
        with self._redis.pipeline(transaction=True) as pipe:
            if gone:
                pipe.zrem(phones, *gone)
                pipe.zrem(seen, *gone)
            pipe.sadd(LINES, line)
            pipe.zadd(phones, {waiter.call_sid: waiter.rank_at.timestamp()})
            pipe.zadd(seen, {waiter.call_sid: now.timestamp()})
            pipe.execute()

    def _ask_waiters(self, pipe: Any, line: str, now: datetime) -> None:
        """Two commands, whose answers are for `_waiters`."""
        pipe.zrange(f"{PREFIX}:phones:{line}", 0, -1, withscores=True)
        pipe.zrange(f"{PREFIX}:seen:{line}", *self._alive(now), byscore=True)

    def _alive(self, now: datetime) -> tuple[str, str]:
        patience = timedelta(seconds=self._policy.line_patience_s)
        return score(now - patience), score(now + patience)

    def leave_line(self, line: str, call_sid: str) -> None:
        with self._redis.pipeline(transaction=True) as pipe:
            pipe.zrem(f"{PREFIX}:phones:{line}", call_sid)
            pipe.zrem(f"{PREFIX}:seen:{line}", call_sid)
            pipe.execute()

    # ------------------------------------------------------------ agents

    def agent(self, agent_id: str) -> Versioned[Agent] | None:
        return self._read(agent_key(agent_id), Agent)

    def agents(self) -> list[Versioned[Agent]]:
        ids = sorted(map(str, self._redis.smembers(AGENTS)))
        return self._read_records([agent_key(agent_id) for agent_id in ids], Agent)

    def remove_agent(self, agent_id: str) -> bool:
        with self._redis.pipeline(transaction=True) as pipe:
            pipe.srem(AGENTS, agent_id)
            pipe.delete(agent_key(agent_id))
            return bool(pipe.execute()[0])

    def talks(self, queue: str) -> tuple[float, ...]:
        return tuple(map(float, self._redis.lrange(f"{PREFIX}:talks:{queue}", 0, TALKS_KEPT - 1)))

    # ------------------------------------------------------------ people's wishes and data

    def on_do_not_call(self, number: str) -> bool:
        return bool(self._redis.sismember(DO_NOT_CALL, number))

    def do_not_call(self, number: str, *, listed: bool) -> None:
        if listed:
            self._redis.sadd(DO_NOT_CALL, number)
        else:
            self._redis.srem(DO_NOT_CALL, number)

    def do_not_call_list(self) -> list[str]:
        return sorted(map(str, self._redis.smembers(DO_NOT_CALL)))

    def ended_before(self, instant: datetime, limit: int) -> list[str]:
        scores = ("-inf", f"({score(instant)}")
        return list(map(str, self._redis.zrange(ENDED, *scores, byscore=True, offset=0, num=limit)))

    def forget(self, request_ids: Sequence[str]) -> None:
        left = list(request_ids)
        while left:
            left = [known.record.id for known in self._read_all(left) if not self._forgotten(known)]

    def _forgotten(self, known: Versioned[CallbackRequest]) -> bool:
        """Delete a request, unless somebody has changed it since: other entries would point to it then."""
        keys = Keys()
        script = Script("", keys)
        script.must_be(request_key(known.record.id), known.version)
        reindex(script, index_of(self._policy, known.record), None)
        script.command("DEL", request_key(known.record.id))
        for key in quota_keys(known.record):
            script.command("DEL", quota_key(key))
        return bool(self._commit(keys=keys.names, args=[script.packed()]) == "done")

    # ------------------------------------------------------------ reading

    def _until(self, key: str, now: datetime, limit: int) -> list[Versioned[CallbackRequest]]:
        return self._read_all(self._redis.zrange(key, "-inf", score(now), byscore=True, offset=0, num=limit))

    def _read(self, key: str, kind: type[Record]) -> Versioned[Record] | None:
        return next(iter(self._read_records([key], kind)), None)

    def _read_all(self, ids: Iterable[Any]) -> list[Versioned[CallbackRequest]]:
        return self._read_records([request_key(str(request_id)) for request_id in ids], CallbackRequest)

    def _read_records(self, keys: list[str], kind: type[Record]) -> list[Versioned[Record]]:
        if not keys:
            return []
        with self._redis.pipeline(transaction=False) as pipe:
            for key in keys:
                pipe.hmget(key, ["v", "d"])
            answers = pipe.execute()
        return [
            Versioned(_decoded(data, kind), int(version))
            for version, data in answers
            if version is not None and data is not None
        ]


def _decoded(data: str, kind: type[Record]) -> Record:
    record = msgspec.json.decode(data, type=kind)
    if record.format > FORMAT:
        raise FormatError(f"a record has form {record.format}, this release knows {FORMAT}: upgrade it")
    return record


def _waiters(phones: Iterable[tuple[str, float]], seen: Iterable[str]) -> tuple[Waiter, ...]:
    alive = set(seen)
    return tuple(Waiter(call_sid=call_sid, rank_at=instant(rank)) for call_sid, rank in phones if call_sid in alive)
