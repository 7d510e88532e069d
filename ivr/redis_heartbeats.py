"""Signs of life of the workers.

zh:heartbeat:worker   string  epoch seconds; 10 s
"""

from __future__ import annotations

from typing import Final

import redis

WORKER_KEY: Final = "zh:heartbeat:worker"
TTL_S: Final = 10


class Heartbeats:
    """Written by each worker's tick, read by `/readyz`."""

    def __init__(self, client: redis.Redis) -> None:
        self._redis = client

    def worker_beats(self, at: float) -> None:
        """A worker is alive."""
        self._redis.set(WORKER_KEY, at, ex=TTL_S)

    def worker_is_up(self) -> bool:
        """Whether any worker was alive within the last ten seconds."""
        return bool(self._redis.exists(WORKER_KEY))
