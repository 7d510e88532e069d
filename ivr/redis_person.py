"""What Redis holds of one person's calls, found by their number, so that it can be handed out or deleted.

zh:call:, zh:trace:, zh:place:     ivr/redis_calls.py
zh:listen:, zh:heard:, ...         ivr/redis_listen.py
zh:traceof:, zh:traces:            ivr/redis_traces.py
zh:text:, zh:prompt:, zh:hint:     ivr/redis_texts.py, ivr/redis_prompts.py, ivr/redis_hints.py

None of these is indexed by number, as nothing but this asks for it: the keys are scanned.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any, Final, cast

import msgspec
import redis

# A call that made no turn for so long is over, though nobody said so.
STOPPED_AFTER: Final = timedelta(hours=2)
SCANNED_AT_ONCE: Final = 1000
# Of a number in words for the ear, at least so many digits must be the person's: fewer are everybody's.
FEWEST_DIGITS: Final = 6


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One call as it is stored: its record and its turns as plain values."""

    call_sid: str
    record: Any = None
    turns: tuple[Any, ...] = ()
    trace: Any = None

    def goes_on(self, now: datetime) -> bool:
        """Whether somebody may be on the line just now."""
        state = self.record.get("state", {}) if isinstance(self.record, dict) else {}
        if state.get("stage", {}).get("type") == "Ended" or "at" not in state:
            return False
        return now - datetime.fromisoformat(str(state["at"])) < STOPPED_AFTER


class PersonData:
    """Every method raises `redis.RedisError` where the server does not answer."""

    def __init__(self, client: redis.Redis) -> None:
        self._redis = client

    def calls(self, digits: str, known: Iterable[str]) -> list[Call]:
        """The calls in whose record these digits are, and those of the SIDs in `known` of which anything is left."""
        found = {}
        for key in self._scan("zh:call:*"):
            stored = [str(value) for value in self._redis.hmget(key, ["record", "event"]) if value is not None]
            if any(digits in text for text in stored):
                found[key.removeprefix("zh:call:{").removesuffix("}")] = True
        calls = [self._call(sid) for sid in dict.fromkeys([*found, *known])]
        return [call for call in calls if call.record is not None or call.turns or call.trace is not None]

    def texts(self, names: Iterable[str]) -> dict[str, str]:
        """What became of the text messages of these calls and callbacks, by key."""
        wanted = tuple(names)
        keys = [key for key in self._scan("zh:text:*") if any(name in key for name in wanted)]
        return {key: str(self._redis.get(key)) for key in sorted(keys)}

    def prompts(self, digits: str) -> list[str]:
        """The names of spoken prompts in which these digits are read out."""
        if len(digits) < FEWEST_DIGITS:
            return []
        keys = self._scan("zh:prompt:*")
        return [key.removeprefix("zh:prompt:") for key in keys if digits in _digits(str(self._redis.get(key)))]

    def forget(self, call_sids: Iterable[str], request_ids: Iterable[str], prompts: Iterable[str]) -> int:
        """Delete these calls with their traces, the texts and hints of these callbacks, and these prompts; how many
        keys are gone."""
        sids, gone = list(call_sids), 0
        keys = [f"zh:prompt:{name}" for name in prompts]
        for sid in sids:
            keys += [f"zh:{part}:{{{sid}}}" for part in ("call", "trace", "place", "listen", "speaking", "speech")]
            keys += [*self._scan(f"zh:heard:{{{sid}}}:*")]
            gone += self._forget_trace(sid)
        names = [*sids, *request_ids]
        keys += [key for key in self._scan("zh:text:*") if any(name in key for name in names)]
        keys += [key for name in request_ids for key in self._scan(f"zh:hint:{{{name}}}:*")]
        # One by one: they lie in different slots.
        return gone + sum(int(cast(Any, self._redis.delete(key))) for key in keys)

    def rewrite_file(self) -> bool:
        """Ask the server to write its append-only file anew, so that what was deleted leaves the disk too."""
        try:
            return bool(self._redis.bgrewriteaof())
        except redis.ResponseError:
            return False  # one is being written already, or the server does not let us

    def _call(self, call_sid: str) -> Call:
        record = cast("str | None", self._redis.hget(f"zh:call:{{{call_sid}}}", "record"))
        turns = cast(list[str], self._redis.lrange(f"zh:trace:{{{call_sid}}}", 0, -1))
        flow = cast("str | None", self._redis.get(f"zh:traceof:{{{call_sid}}}"))
        kept = None if flow is None else cast("str | None", self._redis.hget(_traces(flow)[0], call_sid))
        return Call(
            call_sid=call_sid,
            record=_plain(record),
            turns=tuple(_plain(turn) for turn in turns),
            trace=_plain(kept),
        )

    def _forget_trace(self, call_sid: str) -> int:
        flow = cast("str | None", self._redis.get(f"zh:traceof:{{{call_sid}}}"))
        self._redis.zrem("zh:traces:open", call_sid)
        if flow is None:
            return 0
        calls, recent, failures = _traces(flow)
        self._redis.hdel(calls, call_sid)
        self._redis.zrem(recent, call_sid)
        self._redis.zrem(failures, call_sid)
        return int(cast(Any, self._redis.delete(f"zh:traceof:{{{call_sid}}}")))

    def _scan(self, pattern: str) -> Iterator[str]:
        return (str(key) for key in self._redis.scan_iter(match=pattern, count=SCANNED_AT_ONCE))


def _traces(flow: str) -> tuple[str, str, str]:
    base = f"zh:traces:{{{flow}}}"
    return f"{base}:calls", f"{base}:recent", f"{base}:failures"


def _digits(text: str) -> str:
    return "".join(str(unicodedata.decimal(character)) for character in text if character.isdecimal())


def _plain(stored: str | None) -> Any:
    try:
        return None if stored is None else msgspec.json.decode(stored)
    except msgspec.DecodeError:
        return stored
