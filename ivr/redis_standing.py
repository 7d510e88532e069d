"""How the promises of an installation stand, in figures for its hosts."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

import msgspec
import redis

from callbacks.redis_keys import LATER, LEASE, OPEN, UNSEALED
from callbacks.redis_ledger import HEAD

# What a worker has not looked at for so long after it should have, nobody looks at.
OVERDUE_AFTER: Final = timedelta(seconds=30)


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """Promises that are open; those of them of which a worker should have moved or looked at long ago; the ledger's
    sealed pages, and its entries that wait to be sealed."""

    open: int
    overdue: int
    pages: int
    unsealed: int


class Standing:
    """Raises `redis.RedisError` where the server does not answer."""

    def __init__(self, client: redis.Redis) -> None:
        self._redis = client

    def figures(self, now: datetime) -> Figures:
        """Count, without reading a single record."""
        since = (now - OVERDUE_AFTER).timestamp()
        with self._redis.pipeline(transaction=False) as pipe:
            pipe.hlen(OPEN)
            pipe.zcount(LATER, "-inf", since)
            pipe.zcount(LEASE, "-inf", since)
            pipe.hget(HEAD, "seq")
            pipe.llen(UNSEALED)
            opened, later, lease, pages, unsealed = pipe.execute()
        return Figures(open=opened, overdue=later + lease, pages=int(pages or 0), unsealed=unsealed)
