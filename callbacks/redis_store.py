"""The store on Redis. Every change is one script; every key has the hash tag `{cb}`, so a script stays in one slot.

zh:{cb}:request:ID     hash  v (version), c (commit that wrote it), d (JSON)
zh:{cb}:agent:ID       hash  the same
zh:{cb}:agents         set   ids
zh:{cb}:requests       zset  id -> created_at
zh:{cb}:due            zset  id -> when its turn comes (promised requests)
zh:{cb}:lease          zset  id -> when to look at it (requests in progress)
zh:{cb}:open           hash  QUEUE NUMBER -> id of the one open promise
zh:{cb}:line:QUEUE     zset  call SID -> arrival
zh:{cb}:seen:QUEUE     zset  call SID -> last sign of life
zh:{cb}:ledger         list  JSON, append-only
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

import msgspec
import redis

from callbacks.lease import lease_until
from callbacks.model import Agent, CallbackRequest, Waiter
from callbacks.policy import Policy
from callbacks.store import Change, Versioned

PREFIX: Final = "zh:{cb}"
OPEN: Final = f"{PREFIX}:open"
DUE: Final = f"{PREFIX}:due"
LEASE: Final = f"{PREFIX}:lease"
REQUESTS: Final = f"{PREFIX}:requests"
AGENTS: Final = f"{PREFIX}:agents"
LEDGER: Final = f"{PREFIX}:ledger"

# KEYS: request, agent, open, due, lease, requests, agents, ledger. ARGV[1]: the change as JSON.
COMMIT: Final = """
local change = cjson.decode(ARGV[1])
local request, agent = change.request, change.agent

local function held(key, record)
  return not record or tonumber(redis.call('HGET', key, 'v') or '0') == record.version
end
local function applied(key, record)
  return record and redis.call('HGET', key, 'c') == change.commit_id
end
local function write(key, record)
  redis.call('HSET', key, 'v', record.version + 1, 'c', change.commit_id, 'd', record.data)
end
local function score(key, member, at)
  if at then redis.call('ZADD', key, at, member) else redis.call('ZREM', key, member) end
end

if applied(KEYS[1], request) or applied(KEYS[2], agent) then return 1 end
if not (held(KEYS[1], request) and held(KEYS[2], agent)) then return 0 end
if request then
  local open = redis.call('HGET', KEYS[3], request.open_field)
  if open and open ~= request.id then return 0 end
  write(KEYS[1], request)
  score(KEYS[4], request.id, request.due)
  score(KEYS[5], request.id, request.lease)
  redis.call('ZADD', KEYS[6], request.created, request.id)
  if request.is_open then
    redis.call('HSET', KEYS[3], request.open_field, request.id)
  else
    redis.call('HDEL', KEYS[3], request.open_field)
  end
end
if agent then
  write(KEYS[2], agent)
  redis.call('SADD', KEYS[7], agent.id)
end
if change.ledger then redis.call('RPUSH', KEYS[8], change.ledger) end
return 1
"""

Record = TypeVar("Record", CallbackRequest, Agent)


class RedisStore:
    """Keeps callbacks in Redis; `client` comes from the one factory and decodes responses."""

    def __init__(self, client: redis.Redis, policy: Policy) -> None:
        self._redis = client
        self._policy = policy
        self._commit = client.register_script(COMMIT)

    def commit(self, change: Change) -> bool:
        body: dict[str, Any] = {"commit_id": change.commit_id}
        if change.request is not None:
            body["request"] = self._request_fields(change.request)
        if change.agent is not None:
            body["agent"] = {
                "id": change.agent.record.id,
                "version": change.agent.version,
                "data": _encode(change.agent.record),
            }
        if change.ledger is not None:
            body["ledger"] = _encode(change.ledger)
        keys = [
            _request_key(change.request.record.id if change.request else "none"),
            _agent_key(change.agent.record.id if change.agent else "none"),
            *(OPEN, DUE, LEASE, REQUESTS, AGENTS, LEDGER),
        ]
        return bool(self._commit(keys=keys, args=[_encode(body)]))

    def _request_fields(self, versioned: Versioned[CallbackRequest]) -> dict[str, Any]:
        request = versioned.record
        lease = lease_until(self._policy, request)
        return {
            "id": request.id,
            "version": versioned.version,
            "data": _encode(request),
            "created": repr(request.created_at.timestamp()),
            "is_open": request.state != "ended",
            "open_field": _open_field(request.queue, request.number),
            **({"due": repr(request.due_at.timestamp())} if request.state == "promised" else {}),
            **({"lease": repr(lease.timestamp())} if lease is not None else {}),
        }

    def request(self, request_id: str) -> Versioned[CallbackRequest] | None:
        return self._read(_request_key(request_id), CallbackRequest)

    def requests(self, limit: int) -> list[CallbackRequest]:
        return [found.record for found in self._read_all(self._redis.zrevrange(REQUESTS, 0, limit - 1))]

    def open_request_id(self, queue: str, number: str) -> str | None:
        found = self._redis.hget(OPEN, _open_field(queue, number))
        return None if found is None else str(found)

    def due(self, now: datetime, limit: int) -> list[Versioned[CallbackRequest]]:
        return self._read_all(self._redis.zrange(DUE, "-inf", now.timestamp(), byscore=True, offset=0, num=limit))

    def overdue_leases(self, now: datetime, limit: int) -> list[Versioned[CallbackRequest]]:
        return self._read_all(self._redis.zrange(LEASE, "-inf", now.timestamp(), byscore=True, offset=0, num=limit))

    def agent(self, agent_id: str) -> Versioned[Agent] | None:
        return self._read(_agent_key(agent_id), Agent)

    def agents(self) -> list[Versioned[Agent]]:
        found = (self.agent(agent_id) for agent_id in sorted(map(str, self._redis.smembers(AGENTS))))
        return [agent for agent in found if agent is not None]

    def remove_agent(self, agent_id: str) -> bool:
        with self._redis.pipeline(transaction=True) as pipe:
            pipe.srem(AGENTS, agent_id)
            pipe.delete(_agent_key(agent_id))
            return bool(pipe.execute()[0])

    def keep_place(self, queue: str, waiter: Waiter, now: datetime) -> None:
        with self._redis.pipeline(transaction=True) as pipe:
            pipe.zadd(f"{PREFIX}:line:{queue}", {waiter.call_sid: waiter.arrived_at.timestamp()})
            pipe.zadd(f"{PREFIX}:seen:{queue}", {waiter.call_sid: now.timestamp()})
            pipe.execute()

    def leave_line(self, queue: str, call_sid: str) -> None:
        with self._redis.pipeline(transaction=True) as pipe:
            pipe.zrem(f"{PREFIX}:line:{queue}", call_sid)
            pipe.zrem(f"{PREFIX}:seen:{queue}", call_sid)
            pipe.execute()

    def waiters(self, queue: str, seen_since: datetime) -> list[Waiter]:
        with self._redis.pipeline(transaction=True) as pipe:
            pipe.zrange(f"{PREFIX}:line:{queue}", 0, -1, withscores=True)
            pipe.zrange(f"{PREFIX}:seen:{queue}", seen_since.timestamp(), "+inf", byscore=True)
            line, seen = pipe.execute()
        alive = set(seen)
        return [
            Waiter(call_sid=call_sid, arrived_at=datetime.fromtimestamp(arrived, UTC))
            for call_sid, arrived in line
            if call_sid in alive
        ]

    def ledger(self, limit: int) -> list[dict[str, Any]]:
        return [msgspec.json.decode(entry) for entry in self._redis.lrange(LEDGER, -limit, -1)]

    def _read(self, key: str, kind: type[Record]) -> Versioned[Record] | None:
        version, data = self._redis.hmget(key, ["v", "d"])
        if version is None or data is None:
            return None
        return Versioned(msgspec.json.decode(data, type=kind), int(version))

    def _read_all(self, ids: Iterable[Any]) -> list[Versioned[CallbackRequest]]:
        found = (self.request(str(request_id)) for request_id in ids)
        return [request for request in found if request is not None]


def _encode(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _request_key(request_id: str) -> str:
    return f"{PREFIX}:request:{request_id}"


def _agent_key(agent_id: str) -> str:
    return f"{PREFIX}:agent:{agent_id}"


def _open_field(queue: str, number: str) -> str:
    return f"{queue} {number}"
