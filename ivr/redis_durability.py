"""Whether a Redis server keeps promises as the setting DURABILITY says, and what its operator should change.

| mode | when a promise is on disk | what a crash of the server's machine may lose |
|---|---|---|
| fast | within a second (`appendfsync everysec`) | the promises of the last second |
| safe | before the caller hears of it (`appendfsync always`) | nothing that anybody was told |

With `always` the server writes and syncs once for all commands of one round of its event loop, and only then answers
them: that is group commit, so that many callers at once share one sync.
Source: https://redis.io/docs/latest/operate/oss_and_stack/management/persistence/ (append-only file)
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal

import msgspec
import redis

Durability = Literal["fast", "safe"]

APPENDFSYNC: Final[dict[Durability, str]] = {"fast": "everysec", "safe": "always"}


class DurabilityError(Exception):
    """The server does not keep what DURABILITY promises; the message says what to do."""

    code = "durability"
    retryable = False


class Shortcoming(msgspec.Struct, frozen=True):
    """Something about the server; `is_broken` where promises can get lost that should not."""

    words: str
    is_broken: bool


def check(client: redis.Redis, mode: Durability) -> None:
    """Raises `DurabilityError` where the mode cannot be kept, `redis.RedisError` where the server does not answer."""
    broken = [each.words for each in shortcomings(client, mode) if each.is_broken]
    if broken:
        raise DurabilityError(f"DURABILITY is {mode}: {'; '.join(broken)}")


def shortcomings(client: redis.Redis, mode: Durability) -> Iterator[Shortcoming]:
    """What is not as it should be. Raises `redis.RedisError` where the server does not answer."""
    strict = mode == "safe"
    info = client.info("persistence")
    if not info.get("aof_enabled"):
        yield Shortcoming("the Redis server keeps no append-only file; set `appendonly yes`", strict)
    else:
        yield from _about_sync(client, strict=strict)
    if info.get("aof_last_write_status") == "err":
        yield Shortcoming("the Redis server could not write its append-only file; look at its disk", is_broken=True)
    policy = client.info("memory").get("maxmemory_policy", "noeviction")
    if policy != "noeviction":
        advice = "a full server would throw promises away; set `maxmemory-policy noeviction`"
        yield Shortcoming(f"the Redis server's maxmemory-policy is {policy}: {advice}", strict)


def _about_sync(client: redis.Redis, *, strict: bool) -> Iterator[Shortcoming]:
    if not strict:
        return
    try:
        found = client.config_get("appendfsync").get("appendfsync")
    except redis.ResponseError:
        advice = "allow it, ask the provider for `appendfsync always` on a server that shows it, or set DURABILITY=fast"
        yield Shortcoming(f"the Redis server does not tell how it syncs (CONFIG GET is refused); {advice}", True)
        return
    if found != "always":
        yield Shortcoming(f"the Redis server syncs its file {found}; set `appendfsync always`", True)
