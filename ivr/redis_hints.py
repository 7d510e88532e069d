"""What machine detection takes somebody for: a hint, never more: it is wrong often enough.

zh:hint:{REQUEST}:FENCE   string  the carrier's word ("human", "machine_start", "fax", "unknown"); 1 h
"""

from __future__ import annotations

from typing import Final, Literal

import redis

HINT_TTL_S: Final = 3600

Hint = Literal["human", "machine", "fax", "unknown"]


class MachineHints:
    """Verdicts by attempt. Every method raises `redis.RedisError` where the server does not answer."""

    def __init__(self, client: redis.Redis) -> None:
        self._redis = client

    def note(self, request_id: str, fence: int, answered_by: str) -> None:
        """Keep a verdict as the carrier words it."""
        self._redis.set(_key(request_id, fence), answered_by, ex=HINT_TTL_S)

    def of(self, request_id: str, fence: int) -> Hint:
        """Who answered, as far as anybody can tell."""
        found = str(self._redis.get(_key(request_id, fence)) or "unknown")
        if found.startswith("machine"):
            return "machine"
        return "human" if found == "human" else "fax" if found == "fax" else "unknown"


def _key(request_id: str, fence: int) -> str:
    return f"zh:hint:{{{request_id}}}:{fence}"
