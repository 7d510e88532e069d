"""Traces that are kept: of each flow the last calls, and failures for longer.

    zh:trace:{SID}               list    one JSON entry a turn, for a day (`ivr.redis_calls`): what a trace is made of
    zh:traces                    set     the names of flows that have traces
    zh:traces:open               zset    SID -> when the call began (ms), until its trace is kept
    zh:traceof:{SID}             string  the flow of a call whose trace is kept
    zh:traces:{NAME}:calls       hash    SID -> the trace as JSON
    zh:traces:{NAME}:recent      zset    SID -> when the call ended (ms): the last 200
    zh:traces:{NAME}:failures    zset    the same for failures (`flows.traces.failures`): the last 1,000

A trace is kept when its call ends, by one script in the slot of the flow. A call that just stops is found in
`zh:traces:open` by whoever looks at traces, and by the calls that end after it. Keeping a trace again replaces it: what
the carrier reports late is in it then. Nothing here outlives 30 days.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final, cast

import msgspec
import redis
import structlog

from flows.traces.failures import trace_of
from flows.traces.model import Trace, Turn

log = structlog.get_logger()

MOST_RECENT: Final = 200
MOST_FAILURES: Final = 1_000
TTL_S: Final = 30 * 24 * 3600
# A caller may talk with a person for long, and no turn is made meanwhile.
STOPPED_AFTER: Final = timedelta(hours=2)
# How many stopped calls the end of another call tidies up.
GATHERED_AT_ONCE: Final = 3
# Traces read from Redis at a time.
CHUNK: Final = 50

_NAMES: Final = "zh:traces"
_OPEN: Final = "zh:traces:open"

# KEYS: calls, recent, failures. ARGV: SID, ended (ms), trace, 1 for a failure, most recent, most failures,
# the oldest that stays (ms), seconds to live.
_KEEP: Final = """
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
redis.call('ZADD', KEYS[2], ARGV[2], ARGV[1])
redis.call(ARGV[4] == '1' and 'ZADD' or 'ZREM', KEYS[3], unpack(ARGV[4] == '1' and {ARGV[2], ARGV[1]} or {ARGV[1]}))
for index = 2, 3 do
  local over = redis.call('ZCARD', KEYS[index]) - tonumber(ARGV[index + 3])
  local gone = over > 0 and redis.call('ZRANGE', KEYS[index], 0, over - 1) or {}
  for _, sid in ipairs(redis.call('ZRANGEBYSCORE', KEYS[index], '-inf', '(' .. ARGV[7])) do gone[#gone + 1] = sid end
  for _, sid in ipairs(gone) do
    redis.call('ZREM', KEYS[index], sid)
    if not redis.call('ZSCORE', KEYS[5 - index], sid) then redis.call('HDEL', KEYS[1], sid) end
  end
end
for index = 1, 3 do redis.call('EXPIRE', KEYS[index], ARGV[8]) end
return 1
"""


class TraceStore:
    """The traces. Every method raises `redis.RedisError` where the server does not answer."""

    def __init__(self, client: redis.Redis) -> None:
        self._redis = client
        self._keep = client.register_script(_KEEP)

    def begun(self, call_sid: str, at: datetime) -> None:
        """Note that a call began: should it just stop, its trace is found."""
        self._redis.zadd(_OPEN, {call_sid: _ms(at)})

    def keep(self, call_sid: str, now: datetime) -> None:
        """Keep the trace of a call that has ended, and those of some that stopped long ago."""
        self._keep_one(call_sid, now)
        self.gather(now, most=GATHERED_AT_ONCE)

    def gather(self, now: datetime, most: int | None = None) -> None:
        """Keep the traces of calls that just stopped."""
        until = _ms(now - STOPPED_AFTER)
        start = None if most is None else 0
        for call_sid in cast(list[str], self._redis.zrangebyscore(_OPEN, "-inf", until, start=start, num=most)):
            turns = self._turns(call_sid)
            if not turns or turns[-1].at <= now - STOPPED_AFTER:
                self._keep_one(call_sid, now)
            else:
                self._redis.zadd(_OPEN, {call_sid: _ms(turns[-1].at)})  # still going on: look again later

    def read(self, call_sid: str) -> Trace | None:
        """The trace of a call: the kept one, or as far as the call has come."""
        flow = cast(str | None, self._redis.get(_flow_key(call_sid)))
        if flow is not None:
            stored = cast(str | None, self._redis.hget(_keys(flow)[0], call_sid))
            if stored is not None:
                return _decoded(stored)
        turns = self._turns(call_sid)
        return trace_of(turns) if turns else None

    def flows(self) -> list[str]:
        """The names of the flows that have traces."""
        return sorted(cast(set[str], self._redis.smembers(_NAMES)))

    def of_flow(self, flow: str, *, failures: bool = False, most: int | None = None) -> Iterator[Trace]:
        """The kept traces of a flow, the newest first; of a version that this one cannot read, none."""
        calls, recent, failed = _keys(flow)
        sids = cast(list[str], self._redis.zrevrange(failed, 0, -1))
        if not failures:
            sids = self._newest([recent, failed])
        sids = sids[:most]
        for start in range(0, len(sids), CHUNK):
            for stored in cast(list[str | None], self._redis.hmget(calls, sids[start : start + CHUNK])):
                trace = None if stored is None else _decoded(stored)
                if trace is not None:
                    yield trace

    def _newest(self, keys: list[str]) -> list[str]:
        """The calls of several indexes, each once, the newest first."""
        found: dict[str, float] = {}
        for key in keys:
            found.update(cast(list[tuple[str, float]], self._redis.zrange(key, 0, -1, withscores=True)))
        return sorted(found, key=lambda sid: (-found[sid], sid))

    def _keep_one(self, call_sid: str, now: datetime) -> None:
        turns = self._turns(call_sid)
        if turns:
            trace = trace_of(turns)
            args: list[str | int] = [
                call_sid,
                _ms(trace.ended_at),
                msgspec.json.encode(trace).decode(),
                "1" if trace.failures else "",
                MOST_RECENT,
                MOST_FAILURES,
                _ms(now - timedelta(seconds=TTL_S)),
                TTL_S,
            ]
            self._keep(keys=_keys(trace.flow), args=args)
        with self._redis.pipeline(transaction=False) as pipeline:
            if turns:
                pipeline.set(_flow_key(call_sid), turns[0].flow, ex=TTL_S)
                pipeline.sadd(_NAMES, turns[0].flow)
            pipeline.zrem(_OPEN, call_sid)
            pipeline.execute()

    def _turns(self, call_sid: str) -> list[Turn]:
        """The turns of a call that are there; from the first one that cannot be read, none."""
        turns: list[Turn] = []
        for entry in cast(list[str], self._redis.lrange(f"zh:trace:{{{call_sid}}}", 0, -1)):
            try:
                turns.append(msgspec.json.decode(entry, type=Turn))
            except (msgspec.DecodeError, ValueError):
                log.warning("trace not readable", call_sid=call_sid, turn=len(turns))
                break
        return turns if turns and turns[0].number == 0 else []


def _decoded(stored: str) -> Trace | None:
    try:
        return msgspec.json.decode(stored, type=Trace)
    except (msgspec.DecodeError, ValueError):
        log.warning("trace not readable")
        return None


def _keys(flow: str) -> list[str]:
    return [f"zh:traces:{{{flow}}}:{part}" for part in ("calls", "recent", "failures")]


def _flow_key(call_sid: str) -> str:
    return f"zh:traceof:{{{call_sid}}}"


def _ms(at: datetime) -> int:
    return int(at.timestamp() * 1000)
