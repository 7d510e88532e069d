"""Whether this machine's clock can be trusted: it is compared with that of Redis, which all processes share."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

import msgspec
import redis

# Promises are told by the minute; a phone that rings two seconds early or late breaks none.
MOST_SKEW_S: Final = 2.0


class Reading(msgspec.Struct, frozen=True):
    """How far our clock is ahead of the one of Redis, and how much of that may come from the way there and back."""

    ahead_s: float
    unsure_s: float

    @property
    def agrees(self) -> bool:
        """Whether the two may differ by no more than what is allowed."""
        return abs(self.ahead_s) - self.unsure_s <= MOST_SKEW_S


class SharedClock:
    """The clock of Redis. Every method raises `redis.RedisError` where the server does not answer."""

    def __init__(self, client: redis.Redis, *, now: Callable[[], datetime]) -> None:
        self._redis = client
        self._now = now

    def compare(self) -> Reading:
        """Ask once: our clock is looked at before and after."""
        before = self._now()
        seconds, microseconds = self._redis.time()
        after = self._now()
        there = datetime.fromtimestamp(int(seconds) + int(microseconds) / 1e6, UTC)
        half = (after - before) / 2
        return Reading((before + half - there).total_seconds(), abs(half.total_seconds()))
