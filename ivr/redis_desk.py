"""What a desk reads of the callbacks' keys beyond what the store offers: pages of a list, a calendar, quotas.

The keys are those of `callbacks/redis_store.py`; nothing here changes one but `forget_quotas`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any, Final, cast

import msgspec
import redis

from callbacks.model import CallbackRequest
from callbacks.redis_keys import ENDED, LATER, LEASE, PREFIX, REQUESTS
from callbacks.store import Versioned

# Records read from Redis at a time, and the most that are looked at for one page of a list.
CHUNK: Final = 200
MOST_LOOKED_AT: Final = 20_000
# The most of each kind that a calendar is made from.
MOST_IN_CALENDAR: Final = 2_000


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """Some requests, the newest first. `after` is where the next page begins; None where there is no more."""

    requests: list[Versioned[CallbackRequest]]
    after: str | None


class DeskReads:
    """Every method raises `redis.RedisError` where the server does not answer."""

    def __init__(self, client: redis.Redis) -> None:
        self._redis = client

    def page(
        self, fits: Callable[[CallbackRequest], bool], *, most: int, since: datetime | None, after: str | None
    ) -> Page:
        """The requests that fit, after the one that `after` names, and not made before `since`.

        Where few fit, a page may have fewer than `most` and say where to go on. Raises ValueError for an `after` that
        no page has given.
        """
        found: list[Versioned[CallbackRequest]] = []
        rank, left = self._rank_after(after), MOST_LOOKED_AT
        while left > 0:
            members = cast(
                list[tuple[str, float]], self._redis.zrevrange(REQUESTS, rank, rank + CHUNK - 1, withscores=True)
            )
            records = {known.record.id: known for known in self.records(name for name, _ in members)}
            for name, score in members:
                if since is not None and score < since.timestamp():
                    return Page(requests=found, after=None)
                known = records.get(name)
                if known is not None and fits(known.record):
                    found.append(known)
                after = f"{score!r}~{name}"
                if len(found) == most:
                    return Page(requests=found, after=after)
            if len(members) < CHUNK:
                return Page(requests=found, after=None)
            rank, left = rank + CHUNK, left - CHUNK
        return Page(requests=found, after=after)

    def _rank_after(self, after: str | None) -> int:
        if after is None:
            return 0
        score, _, name = after.partition("~")
        rank = cast("int | None", self._redis.zrevrank(REQUESTS, name))
        # One that was deleted meanwhile has left its place to the next.
        return int(self._redis.zcount(REQUESTS, f"({float(score)!r}", "+inf")) if rank is None else rank + 1

    def in_calendar(
        self, lines: Iterable[str], now: datetime, ended_since: timedelta
    ) -> list[Versioned[CallbackRequest]]:
        """Requests that may have a window which a calendar of these lines shows: open ones, and those ended lately."""
        most = MOST_IN_CALENDAR
        with self._redis.pipeline(transaction=False) as pipe:
            pipe.zrange(LATER, 0, most - 1)
            pipe.zrange(LEASE, 0, most - 1)
            pipe.zrange(ENDED, "+inf", (now - ended_since).timestamp(), byscore=True, desc=True, offset=0, num=most)
            for line in lines:
                pipe.zrange(f"{PREFIX}:line:{line}", 0, most - 1)
            answers = pipe.execute()
        ids = dict.fromkeys(str(name) for names in answers for name in names)
        return list(self.records(ids))

    def lines(self) -> list[str]:
        """Every line that somebody has ever stood in."""
        return sorted(map(str, self._redis.smembers(f"{PREFIX}:lines")))

    def records(self, ids: Iterable[str]) -> Iterator[Versioned[CallbackRequest]]:
        """The records of these ids that are there, in order."""
        left = list(ids)
        for start in range(0, len(left), CHUNK):
            with self._redis.pipeline(transaction=False) as pipe:
                for name in left[start : start + CHUNK]:
                    pipe.hmget(f"{PREFIX}:request:{name}", ["v", "d"])
                answers = cast(list[tuple[str | None, str | None]], pipe.execute())
            for version, data in answers:
                if version is not None and data is not None:
                    yield Versioned(msgspec.json.decode(data, type=CallbackRequest), int(version))

    # ------------------------------------------------------------ a person's data

    def mentions(self, digits: str) -> list[str]:
        """The ids of all requests in whose record these digits are; reads every one."""
        found: list[str] = []
        chunk: list[str] = []
        for member, _ in self._redis.zscan_iter(REQUESTS, count=CHUNK):
            chunk.append(str(member))
            if len(chunk) >= CHUNK:
                found += self._mentioning(chunk, digits)
                chunk = []
        return sorted(found + self._mentioning(chunk, digits))

    def _mentioning(self, ids: list[str], digits: str) -> list[str]:
        with self._redis.pipeline(transaction=False) as pipe:
            for name in ids:
                pipe.hget(f"{PREFIX}:request:{name}", "d")
            return [name for name, data in zip(ids, pipe.execute(), strict=True) if digits in str(data)]

    def quotas(self, number: str) -> dict[str, int]:
        """The counters of a number that have not run out yet, by their key."""
        keys = [key for kind in ("number", "caller") for key in self._scan(f"{PREFIX}:quota:{kind}:{number}:*")]
        return {key: int(cast(str, self._redis.get(key) or 0)) for key in sorted(keys)}

    def forget_quotas(self, number: str) -> int:
        """Delete them; how many."""
        keys = list(self.quotas(number))
        return int(cast(Any, self._redis.delete(*keys))) if keys else 0

    def _scan(self, pattern: str) -> Iterator[str]:
        return (str(key) for key in self._redis.scan_iter(match=pattern.replace("{", "\\{"), count=1000))
