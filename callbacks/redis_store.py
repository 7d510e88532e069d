"""The store on Redis. Every change is one script; every key has the hash tag `{cb}`, so a script stays in one slot.

zh:{cb}:request:ID     hash  v (version), c (commit that wrote it), d (JSON; its `format` is that of the fields)
zh:{cb}:agent:ID       hash  the same
zh:{cb}:agents         set   ids
zh:{cb}:requests       zset  id -> created_at
zh:{cb}:open           hash  NUMBER TOPIC -> id of the one open promise
zh:{cb}:number:NUMBER  zset  id -> created_at: requests to or from the number
zh:{cb}:later          zset  id -> due_at (scheduled)
zh:{cb}:line:LINE      zset  id -> rank_at (waiting)
zh:{cb}:lines          set   every LINE that somebody ever stood in
zh:{cb}:lease          zset  id -> when to look at it (in progress)
zh:{cb}:review         zset  id -> when to ask whether it can be kept (scheduled or waiting)
zh:{cb}:slots          hash  LINE START -> promises in the slot (START in seconds since 1970)
zh:{cb}:slot_starts    zset  LINE START -> START
zh:{cb}:backlog        hash  QUEUE -> open promises without a window
zh:{cb}:dialling       hash  NUMBER -> requests to it that are in progress
zh:{cb}:ended          zset  id -> ended_at
zh:{cb}:quota:KEY      string with an expiry
zh:{cb}:talks:QUEUE    list  seconds, the newest first
zh:{cb}:phones:LINE    zset  call SID -> rank (one without a sign of life goes with the next caller's)
zh:{cb}:seen:LINE      zset  call SID -> last sign of life
zh:{cb}:do_not_call    set   numbers
zh:{cb}:unsealed       list  ledger entries that are not on a page yet (`callbacks/redis_ledger.py`)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeVar, cast

import msgspec
import redis

from callbacks.errors import FormatError
from callbacks.indexes import Index, index_of, quota_keys
from callbacks.lease import longest_lease
from callbacks.model import FORMAT, Agent, CallbackRequest, Waiter
from callbacks.rules import Policy
from callbacks.store import AROUND, TALKS_KEPT, Change, Front, NotToRing, Outcome, Versioned

PREFIX: Final = "zh:{cb}"
AGENTS: Final = f"{PREFIX}:agents"
REQUESTS: Final = f"{PREFIX}:requests"
OPEN: Final = f"{PREFIX}:open"
LATER: Final = f"{PREFIX}:later"
LINES: Final = f"{PREFIX}:lines"
LEASE: Final = f"{PREFIX}:lease"
REVIEW: Final = f"{PREFIX}:review"
SLOTS: Final = f"{PREFIX}:slots"
SLOT_STARTS: Final = f"{PREFIX}:slot_starts"
BACKLOG: Final = f"{PREFIX}:backlog"
DIALLING: Final = f"{PREFIX}:dialling"
ENDED: Final = f"{PREFIX}:ended"
DO_NOT_CALL: Final = f"{PREFIX}:do_not_call"
UNSEALED: Final = f"{PREFIX}:unsealed"

# A change comes in msgpack. Records: key, version, data. Guards: what must hold; "unsold" says that since they
# were read, no counter of another line has risen around a time ("LINE START" is its field, a sorted set lists those),
# nor one of our own line where others have some there. Then commands, of which the second part is the number of their
# key. Whatever may be refused comes before the first write, so that nothing is half written.
_COMMIT: Final = """
local function commit(change)
  for _, record in ipairs(change.records) do
    if redis.call('HGET', KEYS[record[1]], 'c') == change.commit_id then return 'done' end
  end
  for _, record in ipairs(change.records) do
    if tonumber(redis.call('HGET', KEYS[record[1]], 'v') or '0') ~= record[2] then return 'conflict' end
  end
  for _, guard in ipairs(change.guards) do
    local kind, key = guard[1], KEYS[guard[2]]
    if kind == 'free' then
      local holder = redis.call('HGET', key, guard[3])
      if holder and holder ~= guard[4] then return 'conflict' end
    elseif kind == 'room' then
      if tonumber(redis.call('HGET', key, guard[3]) or '0') >= guard[4] then return guard[5] end
    elseif kind == 'version' then
      if tonumber(redis.call('HGET', key, 'v') or '0') ~= guard[3] then return 'conflict' end
    elseif kind == 'unsold' then
      local others, rose, rose_there = false, false, false
      for _, field in ipairs(redis.call('ZRANGE', KEYS[guard[3]], guard[4], guard[5], 'BYSCORE')) do
        local count = tonumber(redis.call('HGET', key, field) or '0')
        local there = string.match(field, '^(.*) ') ~= guard[6]
        others = others or there
        if count > (guard[7][field] or 0) then
          rose = true
          rose_there = rose_there or there
        end
      end
      if rose_there or (rose and others) then return 'conflict' end
    elseif tonumber(redis.call('GET', key) or '0') >= guard[3] then
      return 'quota'
    end
  end
  for _, record in ipairs(change.records) do
    redis.call('HSET', KEYS[record[1]], 'v', record[2] + 1, 'c', change.commit_id, 'd', record[3])
  end
  for _, command in ipairs(change.commands) do
    redis.call(command[1], KEYS[command[2]], unpack(command, 3))
  end
  for _, count in ipairs(change.counts) do
    local key, field = KEYS[count[1]], count[2]
    if redis.call('HINCRBY', key, field, count[3]) <= 0 then
      redis.call('HDEL', key, field)
      if count[4] then redis.call('ZREM', KEYS[count[4]], field) end
    elseif count[4] then
      redis.call('ZADD', KEYS[count[4]], count[5], field)
    end
  end
  return 'done'
end
"""
COMMIT: Final = f"{_COMMIT}return commit(cmsgpack.unpack(ARGV[1]))"
# The same for several changes; it ends with the first that cannot be.
COMMIT_IN_ORDER: Final = f"""{_COMMIT}
local outcomes = {{}}
for number, packed in ipairs(ARGV) do
  outcomes[number] = commit(cmsgpack.unpack(packed))
  if outcomes[number] ~= 'done' then break end
end
return outcomes
"""

Record = TypeVar("Record", CallbackRequest, Agent)


class RedisStore:
    """Keeps callbacks in Redis; `client` comes from the one factory and decodes responses."""

    def __init__(self, client: redis.Redis, policy: Policy) -> None:
        self._redis = client
        self._policy = policy
        self._commit = client.register_script(COMMIT)
        self._commit_in_order = client.register_script(COMMIT_IN_ORDER)

    def commit(self, change: Change) -> Outcome:
        keys = _Keys()
        return cast(Outcome, self._commit(args=[self._packed(change, keys)], keys=keys.names))

    def commit_in_order(self, changes: Sequence[Change]) -> list[Outcome]:
        if len(changes) < 2:
            return [self.commit(change) for change in changes]
        keys = _Keys()
        packed = [self._packed(change, keys) for change in changes]
        return cast(list[Outcome], self._commit_in_order(args=packed, keys=keys.names))

    def commit_each(self, changes: Sequence[Change]) -> list[Outcome]:
        if not changes:
            return []
        with self._redis.pipeline(transaction=False) as pipe:
            for change in changes:
                keys = _Keys()
                self._commit(args=[self._packed(change, keys)], keys=keys.names, client=pipe)
            return cast(list[Outcome], pipe.execute())

    def _packed(self, change: Change, keys: _Keys) -> bytes:
        """A change as the script reads it."""
        script = _Script(change.commit_id, keys)
        if change.request is not None:
            after, version = change.request.record, change.request.version
            script.write(_request_key(after.id), version, after)
            before = None if change.before is None else index_of(self._policy, change.before)
            now = index_of(self._policy, after)
            if change.alone:
                script.must_have_room(DIALLING, after.number, 1, "conflict")
            _reindex(script, before, now)
            if now.slot is not None and now.slot != (before and before.slot):
                _guard_slot(script, now.slot, change)
        if change.agent is not None:
            agent = change.agent.record
            script.write(_agent_key(agent.id), change.agent.version, agent)
            script.command("SADD", AGENTS, agent.id)
        for use in change.quotas:
            script.quota(_quota_key(use.key), use.limit, use.kept_s)
        for entry in change.entries:
            script.command("RPUSH", UNSEALED, entry)
        if change.talk is not None:
            talks = f"{PREFIX}:talks:{change.talk.queue}"
            script.command("LPUSH", talks, f"{change.talk.seconds:.1f}")
            script.command("LTRIM", talks, "0", str(TALKS_KEPT - 1))
        return script.packed()

    # ------------------------------------------------------------ requests

    def request(self, request_id: str) -> Versioned[CallbackRequest] | None:
        return self._read(_request_key(request_id), CallbackRequest)

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
        return self._read_all(self._redis.zrange(_number_key(number), 0, -1))

    def open_request_id(self, topic: str, number: str) -> str | None:
        found = self._redis.hget(OPEN, f"{number} {topic}")
        return None if found is None else str(found)

    def came_due(self, now: datetime, limit: int) -> list[Versioned[CallbackRequest]]:
        return self._until(LATER, now, limit)

    def overdue_leases(self, now: datetime, limit: int) -> list[Versioned[CallbackRequest]]:
        impossible = f"({_score(now + longest_lease(self._policy))}"
        ids = [
            *self._redis.zrange(LEASE, "-inf", _score(now), byscore=True, offset=0, num=limit),
            *self._redis.zrange(LEASE, impossible, "+inf", byscore=True, offset=0, num=limit),
        ]
        return self._read_all(ids[:limit])

    def to_review(self, now: datetime, limit: int) -> list[Versioned[CallbackRequest]]:
        return self._until(REVIEW, now, limit)

    def booked(self, since: datetime, until: datetime) -> Mapping[tuple[str, datetime], int]:
        fields = [str(field) for field in self._redis.zrange(SLOT_STARTS, *_scores(since, until), byscore=True)]
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
            places = [(_instant(rank), str(request_id)) for request_id, rank in answers[3 * number]]
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
            pipe.zcount(f"{PREFIX}:line:{line}", "-inf", f"({_score(rank_at)}")
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
        return _score(now - patience), _score(now + patience)

    def leave_line(self, line: str, call_sid: str) -> None:
        with self._redis.pipeline(transaction=True) as pipe:
            pipe.zrem(f"{PREFIX}:phones:{line}", call_sid)
            pipe.zrem(f"{PREFIX}:seen:{line}", call_sid)
            pipe.execute()

    # ------------------------------------------------------------ agents

    def agent(self, agent_id: str) -> Versioned[Agent] | None:
        return self._read(_agent_key(agent_id), Agent)

    def agents(self) -> list[Versioned[Agent]]:
        ids = sorted(map(str, self._redis.smembers(AGENTS)))
        return self._read_records([_agent_key(agent_id) for agent_id in ids], Agent)

    def remove_agent(self, agent_id: str) -> bool:
        with self._redis.pipeline(transaction=True) as pipe:
            pipe.srem(AGENTS, agent_id)
            pipe.delete(_agent_key(agent_id))
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
        scores = ("-inf", f"({_score(instant)}")
        return list(map(str, self._redis.zrange(ENDED, *scores, byscore=True, offset=0, num=limit)))

    def forget(self, request_ids: Sequence[str]) -> None:
        left = list(request_ids)
        while left:
            left = [known.record.id for known in self._read_all(left) if not self._forgotten(known)]

    def _forgotten(self, known: Versioned[CallbackRequest]) -> bool:
        """Delete a request, unless somebody has changed it since: other entries would point to it then."""
        keys = _Keys()
        script = _Script("", keys)
        script.must_be(_request_key(known.record.id), known.version)
        _reindex(script, index_of(self._policy, known.record), None)
        script.command("DEL", _request_key(known.record.id))
        for key in quota_keys(known.record):
            script.command("DEL", _quota_key(key))
        return bool(self._commit(keys=keys.names, args=[script.packed()]) == "done")

    # ------------------------------------------------------------ reading

    def _until(self, key: str, now: datetime, limit: int) -> list[Versioned[CallbackRequest]]:
        return self._read_all(self._redis.zrange(key, "-inf", _score(now), byscore=True, offset=0, num=limit))

    def _read(self, key: str, kind: type[Record]) -> Versioned[Record] | None:
        return next(iter(self._read_records([key], kind)), None)

    def _read_all(self, ids: Iterable[Any]) -> list[Versioned[CallbackRequest]]:
        return self._read_records([_request_key(str(request_id)) for request_id in ids], CallbackRequest)

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


class _Keys:
    """The keys that one run of a script touches; it knows them by their numbers."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self._numbers: dict[str, int] = {}

    def number(self, key: str) -> int:
        if key not in self._numbers:
            self.names.append(key)
            self._numbers[key] = len(self.names)
        return self._numbers[key]


class _Script:
    """What the script shall do for one change."""

    def __init__(self, commit_id: str, keys: _Keys) -> None:
        self._key = keys.number
        self._body: dict[str, Any] = {"commit_id": commit_id, "records": [], "guards": [], "commands": [], "counts": []}

    def packed(self) -> bytes:
        return msgspec.msgpack.encode(self._body)

    def write(self, key: str, version: int, record: msgspec.Struct) -> None:
        self._body["records"].append((self._key(key), version, msgspec.json.encode(record).decode()))

    def command(self, name: str, key: str, *arguments: str) -> None:
        self._body["commands"].append((name, self._key(key), *arguments))

    def count(self, key: str, field: str, by: int, listed_in: str | None = None, score: str = "") -> None:
        """Add to a counter that is gone at 0; `listed_in` is a sorted set that names it while it is there."""
        listed = () if listed_in is None else (self._key(listed_in), score)
        self._body["counts"].append((self._key(key), field, by, *listed))

    def must_be_free(self, key: str, field: str, holder: str) -> None:
        self._body["guards"].append(("free", self._key(key), field, holder))

    def must_have_room(self, key: str, field: str, limit: int, else_: Outcome) -> None:
        self._body["guards"].append(("room", self._key(key), field, limit, else_))

    def must_be(self, key: str, version: int) -> None:
        self._body["guards"].append(("version", self._key(key), version))

    def must_be_unsold(self, line: str, around: tuple[str, str], seen: dict[str, int]) -> None:
        self._body["guards"].append(("unsold", self._key(SLOTS), self._key(SLOT_STARTS), *around, line, seen))

    def quota(self, key: str, limit: int, kept_s: int) -> None:
        self._body["guards"].append(("quota", self._key(key), limit))
        self.command("INCR", key)
        self.command("EXPIRE", key, str(kept_s))


def _guard_slot(script: _Script, slot: tuple[str, datetime], change: Change) -> None:
    """What must hold for a promise that is new in a slot."""
    if change.slots_seen is not None:
        seen = {_slot_field(line, starts): count for (line, starts), count in change.slots_seen.items()}
        script.must_be_unsold(slot[0], _scores(slot[1] - AROUND, slot[1] + AROUND), seen)
    if change.slot_limit is not None:
        script.must_have_room(SLOTS, _slot_field(*slot), change.slot_limit, "full")


def _reindex(script: _Script, before: Index | None, after: Index | None) -> None:
    """Commands that turn what points to the request as it was into what points to it now."""
    was, now = (_scored(index) for index in (before, after))
    for key in was.keys() - now.keys():
        script.command("ZREM", key, was[key][0])
    for key, (member, score) in now.items():
        if was.get(key) != (member, score):
            script.command("ZADD", key, score, member)
    if after is not None and after.line is not None:
        script.command("SADD", LINES, after.line[0])
    _reopen(script, before, after)
    old_slot, new_slot = (None if index is None else index.slot for index in (before, after))
    if old_slot != new_slot:
        for slot, by in ((old_slot, -1), (new_slot, 1)):
            if slot is not None:
                script.count(SLOTS, _slot_field(*slot), by, SLOT_STARTS, str(int(slot[1].timestamp())))
    both = (before, after)
    _recount(script, BACKLOG, *(None if index is None else index.backlog for index in both))
    _recount(script, DIALLING, *(None if index is None else index.dialling for index in both))


def _recount(script: _Script, key: str, was: str | None, now: str | None) -> None:
    if was != now:
        for field, by in ((was, -1), (now, 1)):
            if field is not None:
                script.count(key, field, by)


def _reopen(script: _Script, before: Index | None, after: Index | None) -> None:
    was, now = (None if index is None else index.open_for for index in (before, after))
    if was is not None and was != now:
        script.command("HDEL", OPEN, was)
    if now is not None and after is not None:
        script.must_be_free(OPEN, now, after.id)
        if was != now:
            script.command("HSET", OPEN, now, after.id)


def _scored(index: Index | None) -> dict[str, tuple[str, str]]:
    """Sorted sets that hold the request: key -> (member, score)."""
    if index is None:
        return {}
    scored: dict[str, datetime | None] = {
        REQUESTS: index.created_at,
        LATER: index.due_at,
        LEASE: index.lease_at,
        REVIEW: index.review_at,
        ENDED: index.ended_at,
        **{_number_key(number): index.created_at for number in index.numbers},
    }
    if index.line is not None:
        scored[f"{PREFIX}:line:{index.line[0]}"] = index.line[1]
    return {key: (index.id, _score(at)) for key, at in scored.items() if at is not None}


def _slot_field(line: str, starts: datetime) -> str:
    return f"{line} {int(starts.timestamp())}"


def _waiters(phones: Iterable[tuple[str, float]], seen: Iterable[str]) -> tuple[Waiter, ...]:
    alive = set(seen)
    return tuple(Waiter(call_sid=call_sid, rank_at=_instant(rank)) for call_sid, rank in phones if call_sid in alive)


def _instant(score: float) -> datetime:
    return datetime.fromtimestamp(score, UTC)


def _score(at: datetime) -> str:
    return repr(at.timestamp())


def _scores(since: datetime, until: datetime) -> tuple[str, str]:
    return _score(since), f"({_score(until)}"


def _request_key(request_id: str) -> str:
    return f"{PREFIX}:request:{request_id}"


def _quota_key(key: str) -> str:
    return f"{PREFIX}:quota:{key}"


def _agent_key(agent_id: str) -> str:
    return f"{PREFIX}:agent:{agent_id}"


def _number_key(number: str) -> str:
    return f"{PREFIX}:number:{number}"
