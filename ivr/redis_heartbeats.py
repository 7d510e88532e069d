"""Signs of life of the workers, and what keeps them from working.

zh:heartbeat:worker       string  epoch seconds; 10 s
zh:heartbeat:idle:WHY     string  what one of them says that does not dial; 10 s
zh:heartbeat:journal      string  why one of them has no copy of the ledger; 10 s
"""

from __future__ import annotations

from typing import Final, Literal

import redis

WORKER_KEY: Final = "zh:heartbeat:worker"
JOURNAL_KEY: Final = "zh:heartbeat:journal"
TTL_S: Final = 10

# A clock that cannot be trusted; a store that has forgotten what it did.
Why = Literal["clock", "ledger"]


class Heartbeats:
    """Written by each worker's tick, read by `/readyz`."""

    def __init__(self, client: redis.Redis) -> None:
        self._redis = client

    def worker_beats(self, at: float) -> None:
        """A worker is alive."""
        self._redis.set(WORKER_KEY, at, ex=TTL_S)

    def worker_is_idle(self, why: Why, words: str) -> None:
        """A worker is alive and does not dial."""
        self._redis.set(f"zh:heartbeat:idle:{why}", words, ex=TTL_S)

    def worker_may_dial(self, why: Why) -> None:
        """What kept a worker from dialling is over."""
        self._redis.delete(f"zh:heartbeat:idle:{why}")

    def journal_fails(self, words: str) -> None:
        """A worker cannot copy the ledger into its journal."""
        self._redis.set(JOURNAL_KEY, words, ex=TTL_S)

    def worker_is_up(self) -> bool:
        """Whether any worker was alive within the last ten seconds."""
        return bool(self._redis.exists(WORKER_KEY))

    def why_idle(self, why: Why) -> str | None:
        """What a worker that does not dial for this reason says; None where none says so."""
        found = self._redis.get(f"zh:heartbeat:idle:{why}")
        return None if found is None else str(found)

    def why_not_copied(self) -> str | None:
        """Why some worker does not copy the ledger; None where none says so."""
        found = self._redis.get(JOURNAL_KEY)
        return None if found is None else str(found)
