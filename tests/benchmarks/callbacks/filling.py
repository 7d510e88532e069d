"""Fills a store with promises as fast as it takes them: by the store's own commit, in pipelines, from two processes."""

from __future__ import annotations

import hashlib
import multiprocessing
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Final, cast

import msgspec
import redis

from callbacks.booking import ID_DIGITS
from callbacks.committing import new_entry
from callbacks.model import CallbackRequest
from callbacks.redis_store import RedisStore
from callbacks.rules import Policy
from callbacks.store import Change, Versioned
from ivr.redis_client import connect

PROCESSES: Final = 2
CHUNK: Final = 10_000
IN_A_PIPELINE: Final = 200
# Two weeks of windows, an hour each.
WINDOWS: Final = 14 * 24


class Part(msgspec.Struct, frozen=True):
    """Which promises one call makes; `template` is the JSON of a request as the real booking made it."""

    url: str
    template: bytes
    first: int
    last: int
    queues: tuple[str, ...]
    languages: tuple[str, ...]
    # Every so manieth waits in line; 0 for none.
    waits: int


def promises(part: Part) -> Iterator[CallbackRequest]:
    """Some wait in line, in the order of their numbers; the rest have windows of the next two weeks.

    They differ in all that a million real ones would: ids, numbers, salts, times. The numbers are never dialled.
    """
    template = msgspec.json.decode(part.template, type=CallbackRequest)
    hour = template.created_at.replace(minute=0, second=0, microsecond=0)
    for number in range(part.first, part.last):
        noise = hashlib.sha256(str(number).encode()).hexdigest()
        phone = f"+44207{number:07}"
        came = template.created_at - timedelta(hours=1) + timedelta(milliseconds=number)
        request = msgspec.structs.replace(
            template,
            id=f"cb{noise[:ID_DIGITS]}",
            number=phone,
            caller_number=phone,
            salt=noise[-32:],
            queue=part.queues[number // 2 % len(part.queues)],
            language=part.languages[number // 4 % len(part.languages)],
            arrived_at=came,
            rank_at=came,
        )
        if part.waits and number % part.waits == 0:
            yield request
        else:
            yield _with_window(request, hour + timedelta(hours=2 + number // 2 % WINDOWS))


def _with_window(request: CallbackRequest, starts: datetime) -> CallbackRequest:
    ends = starts + timedelta(hours=1)
    return msgspec.structs.replace(
        request,
        state="scheduled",
        starts_at=starts,
        due_at=starts,
        rank_at=starts,
        promised_by=ends,
        first_promised_by=ends,
        review_at=ends - timedelta(minutes=10),
        expires_at=ends + timedelta(days=2),
    )


def commit_all(url: str, requests: Iterable[CallbackRequest]) -> int:
    """Commit new requests; how many. Each goes through the script that every change goes through."""
    client = connect(url)
    made = 0
    pipe = client.pipeline(transaction=False)
    # A pipeline takes the script's calls and keeps them until it is executed.
    store = RedisStore(cast(redis.Redis, pipe), Policy())
    for request in requests:
        store.commit(Change(commit_id=request.id, request=Versioned(request, 0), entries=new_entry(request)))
        made += 1
        if made % IN_A_PIPELINE == 0:
            _check(pipe.execute())
    _check(pipe.execute())
    client.close()
    return made


def fill_part(part: Part) -> int:
    """Commit one part; how many."""
    return commit_all(part.url, promises(part))


def _check(outcomes: list[object]) -> None:
    refused = [outcome for outcome in outcomes if outcome != "done"]
    if refused:
        raise RuntimeError(f"{len(refused)} promises were not written: {refused[0]}")


def fill(
    url: str,
    template: CallbackRequest,
    count: int,
    *,
    queues: tuple[str, ...],
    languages: tuple[str, ...],
    waits: int = 0,
) -> None:
    """Fill a store with so many promises."""
    encoded = msgspec.json.encode(template)
    parts = [
        Part(url, encoded, first, min(first + CHUNK, count), queues, languages, waits)
        for first in range(0, count, CHUNK)
    ]
    with multiprocessing.get_context("spawn").Pool(PROCESSES) as pool:
        made = sum(pool.imap_unordered(fill_part, parts))
    if made != count:
        raise RuntimeError(f"{made} promises were made instead of {count}")
