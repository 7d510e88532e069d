"""dramatiq: a delayed message; unacknowledged ones of a dead worker go back into the queue by its maintenance."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import dramatiq
from dramatiq.brokers.redis import RedisBroker

from tests.benchmarks.crash import job
from tests.benchmarks.crash.peers.booking import book_all

# By default a worker counts as dead after a minute, and one command in a thousand looks for such; here it is sooner.
# Source: https://dramatiq.io/reference.html#dramatiq.brokers.redis.RedisBroker
broker = RedisBroker(  # type: ignore[no-untyped-call, unused-ignore]
    url=f"unix://{job.redis_socket()}", heartbeat_timeout=15_000, maintenance_chance=100_000
)
dramatiq.set_broker(broker)


@dramatiq.actor  # type: ignore[untyped-decorator, unused-ignore]
def keep_promise(callback_id: str) -> None:
    """One callback."""
    job.keep_promise(callback_id)


def book(callback_id: str, due: datetime) -> None:
    """One callback."""
    delay = max(due - datetime.now(UTC), timedelta())
    keep_promise.send_with_options(args=(callback_id,), delay=delay)


if __name__ == "__main__":
    book_all(book)
