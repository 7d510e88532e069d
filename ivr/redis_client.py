"""The one place that opens Redis connections, so that time-outs and retries are decided once."""

from __future__ import annotations

from typing import Final

import redis
import redis.asyncio
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import ConstantBackoff
from redis.retry import Retry

TIMEOUT_S: Final = 0.5
# redis-py retries ten times by default and sends commands again that are not idempotent. One retry is for the
# connection that an idle time-out or a restarted server closed; whatever changes a queue is a script that
# is keyed by an id of ours, so that a second arrival changes nothing.
RETRIES: Final = 1
RETRY_AFTER_S: Final = 0.05

Redis = redis.Redis
RedisError = redis.RedisError


def is_refusal(error: redis.RedisError) -> bool:
    """Whether the server has answered, and done nothing: it is full, read-only, loading, or cannot write its file.

    Of every other error nobody knows whether the command was carried out.
    Source: https://redis.io/docs/latest/develop/reference/eviction/ (noeviction: writes are answered with errors)
    """
    return isinstance(error, redis.ResponseError | redis.exceptions.BusyLoadingError)


def connect(url: str) -> redis.Redis:
    """A client for threads; raises `redis.RedisError` within about a second where the server does not answer."""
    return redis.Redis.from_url(
        url,
        decode_responses=True,
        socket_timeout=TIMEOUT_S,
        socket_connect_timeout=TIMEOUT_S,
        retry=Retry(ConstantBackoff(RETRY_AFTER_S), RETRIES),
        health_check_interval=15,
    )


def connect_async(url: str) -> redis.asyncio.Redis:
    """The same for the event loop."""
    return redis.asyncio.Redis.from_url(
        url,
        decode_responses=True,
        socket_timeout=TIMEOUT_S,
        socket_connect_timeout=TIMEOUT_S,
        retry=AsyncRetry(ConstantBackoff(RETRY_AFTER_S), RETRIES),
        health_check_interval=15,
    )
