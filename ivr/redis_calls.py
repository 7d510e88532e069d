"""Call records in Redis: the state between two turns, and who may make the next one.

    zh:call:{SID}    hash  turn, record (JSON), and while a turn is being made: token, until_ms, event (JSON)
    zh:trace:{SID}   list  one JSON entry a turn
    zh:place:{SID}   string  id of the promise in whose place a person was found for this call

A turn is claimed with the event that makes it: the first result wins. A process that dies after its claim leaves the
event behind, and whoever takes the turn over makes it from that event, not from their own. What a caller keyed in
at a sensitive question is never written here: the claim says that the answer was lost, and they are asked again.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, Literal

import msgspec
import redis

from flows.actions import Verb
from flows.events import Event
from flows.state import STATE_VERSION, CallState
from flows.traces.model import Turn

CALL_TTL_S: Final = 24 * 3600
# Longer than any turn takes that will still answer; then another request may take the turn over.
CLAIM_MS: Final = 4000

_BEGIN: Final = """
local turn = redis.call('HGET', KEYS[1], 'turn')
if not turn then return {'unknown'} end
local record = redis.call('HGET', KEYS[1], 'record')
if turn ~= ARGV[1] then return {'late', turn, record} end
local token, until_ms = redis.call('HGET', KEYS[1], 'token'), redis.call('HGET', KEYS[1], 'until_ms')
local event = ''
if token and token ~= ARGV[2] then
  if tonumber(until_ms) > tonumber(ARGV[4]) then return {'busy', turn, record} end
  event = redis.call('HGET', KEYS[1], 'event')
end
local kept = event == '' and ARGV[3] or event
redis.call('HSET', KEYS[1], 'token', ARGV[2], 'until_ms', ARGV[4] + ARGV[5], 'event', kept)
return {'claimed', turn, record, event}
"""
_COMMIT: Final = """
local turn, token = redis.call('HGET', KEYS[1], 'turn'), redis.call('HGET', KEYS[1], 'token')
if redis.call('HGET', KEYS[1], 'done') == ARGV[2] then return 1 end
if turn ~= ARGV[1] or token ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], 'turn', ARGV[1] + 1, 'record', ARGV[3], 'done', ARGV[2])
redis.call('HDEL', KEYS[1], 'token', 'until_ms', 'event')
redis.call('EXPIRE', KEYS[1], ARGV[5])
redis.call('RPUSH', KEYS[2], ARGV[4])
redis.call('EXPIRE', KEYS[2], ARGV[5])
return 1
"""
_CREATE: Final = """
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
redis.call('HSET', KEYS[1], 'turn', 1, 'record', ARGV[1])
redis.call('EXPIRE', KEYS[1], ARGV[3])
redis.call('RPUSH', KEYS[2], ARGV[2])
redis.call('EXPIRE', KEYS[2], ARGV[3])
return 1
"""


class UnreadableCallError(Exception):
    """Another version of Zerohold wrote this call's record, and this one cannot go on with it."""

    code = "unreadable_call"
    retryable = False


class CallRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What the last turn left: the state, and the verbs of the document that the caller hears now.

    `forked` tells whether the caller's audio goes to the media process.
    """

    state: CallState
    verbs: tuple[Verb, ...]
    media_token: str
    forked: bool = False


class Begun(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to a claim. `event` is what the turn is to be made from, once `claimed`.

    `is_own` tells whether that is the event of the one who asked.
    """

    outcome: Literal["claimed", "busy", "late", "unknown"]
    turn: int = 0
    record: CallRecord | None = None
    event: Event | None = None
    is_own: bool = True


class CallStore:
    """Call records. Every method raises `redis.RedisError` where the server does not answer.

    Those that read a record raise `UnreadableCallError` for one that only another version can read.
    """

    def __init__(self, client: redis.Redis) -> None:
        self._redis = client
        self._begin = client.register_script(_BEGIN)
        self._commit = client.register_script(_COMMIT)
        self._create = client.register_script(_CREATE)

    def create(self, call_sid: str, record: CallRecord, trace: Turn) -> bool:
        """Store a call at its first turn; False where the call exists already."""
        args: list[str | int] = [_encode(record), _encode(trace), CALL_TTL_S]
        return bool(self._create(keys=_keys(call_sid), args=args))

    def begin(
        self, call_sid: str, turn: int, token: str, event: Event, now_ms: int, *, kept: Event | None = None
    ) -> Begun:
        """Claim a turn with the event that makes it; `token` names the request, so that its retry claims again.

        `kept` is what is written down in its place, for who takes the turn over.
        """
        args: list[str | int] = [turn, token, _encode(kept or event), now_ms, CLAIM_MS]
        answer = self._begin(keys=_keys(call_sid), args=args)
        if answer[0] == "unknown":
            return Begun(outcome="unknown")
        record = _record(answer[2])
        if answer[0] != "claimed":
            return Begun(outcome=answer[0], turn=int(answer[1]), record=record)
        of_another = _event(answer[3]) if answer[3] else None
        return Begun(
            outcome="claimed",
            turn=int(answer[1]),
            record=record,
            event=of_another or event,
            is_own=of_another is None,
        )

    def commit(self, call_sid: str, turn: int, token: str, record: CallRecord, trace: Turn) -> bool:
        """Store what a claimed turn led to; False where somebody else made the turn."""
        args: list[str | int] = [turn, token, _encode(record), _encode(trace), CALL_TTL_S]
        return bool(self._commit(keys=_keys(call_sid), args=args))

    def read(self, call_sid: str) -> tuple[int, CallRecord] | None:
        """The present turn and record of a call."""
        turn, record = self._redis.hmget(_keys(call_sid)[0], ["turn", "record"])
        if turn is None or record is None:
            return None
        return int(turn), _record(record)

    def take_place(self, call_sid: str, promise_id: str | None) -> None:
        """Note in the place of which promise a person was found for this call; None for its own."""
        if promise_id is None:
            self._redis.delete(_place_key(call_sid))
        else:
            self._redis.set(_place_key(call_sid), promise_id, ex=CALL_TTL_S)

    def place_of(self, call_sid: str) -> str | None:
        """What was noted last by `take_place`."""
        found = self._redis.get(_place_key(call_sid))
        return None if found is None else str(found)

    def trace(self, call_sid: str) -> list[dict[str, Any]]:
        """What happened in each turn so far, numbers masked."""
        return [msgspec.json.decode(entry) for entry in self._redis.lrange(_keys(call_sid)[1], 0, -1)]


def _keys(call_sid: str) -> list[str]:
    return [f"zh:call:{{{call_sid}}}", f"zh:trace:{{{call_sid}}}"]


def _place_key(call_sid: str) -> str:
    return f"zh:place:{{{call_sid}}}"


@contextmanager
def _of_this_version() -> Iterator[None]:
    try:
        yield
    except msgspec.DecodeError as error:
        raise UnreadableCallError(f"a call record of another version: {error}") from error


def _record(stored: str | bytes) -> CallRecord:
    """The record; what only its version tells apart may look the same and mean something else."""
    with _of_this_version():
        record = msgspec.json.decode(stored, type=CallRecord)
    if record.state.version != STATE_VERSION:
        raise UnreadableCallError(f"a call record of version {record.state.version}; this is {STATE_VERSION}")
    return record


def _event(stored: str) -> Event:
    with _of_this_version():
        event: Event = msgspec.json.decode(stored, type=Event)
    return event


def _encode(value: Any) -> str:
    return msgspec.json.encode(value).decode()
