"""Which text messages were asked for, so that none goes out twice.

zh:text:KEY   string  "sending:TOKEN", then "sent" or "failed"; 24 h. KEY names the effect: call, turn, index
"""

from __future__ import annotations

import uuid
from typing import Final, Literal

import redis

TEXT_TTL_S: Final = 24 * 3600

Standing = Literal["new", "sent", "failed", "unknown"]


class TextLedger:
    """Every method raises `redis.RedisError` where the server does not answer."""

    def __init__(self, client: redis.Redis) -> None:
        self._redis = client

    def begin(self, key: str) -> Standing:
        """Take note that a text is about to be sent; "new" for exactly one caller, ever.

        "unknown" where somebody began before and nobody knows how it ended.
        """
        mine = f"sending:{uuid.uuid4().hex}"
        if self._redis.set(_key(key), mine, nx=True, ex=TEXT_TTL_S):
            return "new"
        found = str(self._redis.get(_key(key)))
        # The client sends a command again when the answer to the first was lost: then what is there is ours.
        if found == mine:
            return "new"
        return "sent" if found == "sent" else "failed" if found == "failed" else "unknown"

    def end(self, key: str, outcome: Literal["sent", "failed"]) -> None:
        """Take note of how it ended."""
        self._redis.set(_key(key), outcome, ex=TEXT_TTL_S)


def _key(key: str) -> str:
    return f"zh:text:{key}"
