"""What a number has confirmed lately, and who talked with it, so that its next call begins where the last one ended.

zh:context:{NUMBER}:values   hash    name -> JSON {"at": instant, "value": ...}; no sensitive ones
zh:context:{NUMBER}:agent    string  id of the agent who talked with this number last

Both go when nothing of them is fresh any more (`fresh_hours` of the flow); each value is fresh from its own instant.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

import msgspec
import redis

from flows.events import Value


class Confirmed(msgspec.Struct, frozen=True, kw_only=True):
    """A value, and when the caller confirmed it."""

    at: datetime
    value: Value


class Contexts:
    """Contexts by E.164 number. Every method raises `redis.RedisError` where the server does not answer."""

    def __init__(self, client: redis.Redis) -> None:
        self._redis = client

    def keep(
        self, number: str, told: Mapping[str, Value], at: datetime, fresh: timedelta, *, wrong: Iterable[str] = ()
    ) -> None:
        """Keep what was confirmed now, and drop what turned out `wrong`; nothing is kept where nothing stays fresh."""
        with self._redis.pipeline(transaction=True) as pipe:
            for name in wrong:
                pipe.hdel(_values_key(number), name)
            if told and fresh > timedelta(0):
                mapping = {name: msgspec.json.encode(Confirmed(at=at, value=value)) for name, value in told.items()}
                pipe.hset(_values_key(number), mapping=mapping)  # type: ignore[arg-type]
                pipe.expire(_values_key(number), fresh)
            pipe.execute()

    def values(self, number: str, now: datetime, fresh: timedelta) -> dict[str, Value]:
        """What is fresh by the present rule, which may be shorter than the one under which it was kept."""
        return {name: one.value for name, one in self._confirmed(number).items() if now - one.at < fresh}

    def talked(self, number: str, agent_id: str, fresh: timedelta) -> None:
        """An agent has talked with whoever has this number."""
        if fresh > timedelta(0):
            self._redis.set(_agent_key(number), agent_id, ex=fresh)

    def agent_of(self, number: str) -> str | None:
        """Who talked with this number last, while it is fresh."""
        found = self._redis.get(_agent_key(number))
        return None if found is None else str(found)

    def export(self, number: str) -> dict[str, Any]:
        """All that is kept here of a number, for the person whose it is; empty where there is nothing."""
        values, agent_id = self._confirmed(number), self.agent_of(number)
        kept = {"values": msgspec.to_builtins(values), "agent_id": agent_id}
        return {name: value for name, value in kept.items() if value}

    def forget(self, number: str) -> bool:
        """Delete all that is kept here of a number; whether there was anything."""
        return bool(self._redis.delete(_values_key(number), _agent_key(number)))

    def _confirmed(self, number: str) -> dict[str, Confirmed]:
        known = {}
        for name, stored in self._redis.hgetall(_values_key(number)).items():
            try:
                known[str(name)] = msgspec.json.decode(str(stored), type=Confirmed)
            except msgspec.DecodeError:
                continue  # of another version: the caller is asked anew
        return known


def _values_key(number: str) -> str:
    return f"zh:context:{{{number}}}:values"


def _agent_key(number: str) -> str:
    return f"zh:context:{{{number}}}:agent"
