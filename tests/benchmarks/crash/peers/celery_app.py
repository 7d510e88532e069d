"""Celery: `apply_async` with an eta, and late acknowledgement, as its documentation has it for work not to be lost."""

from __future__ import annotations

from datetime import datetime

from celery import Celery

from tests.benchmarks.crash import job
from tests.benchmarks.crash.peers.booking import book_all

app = Celery("crash", broker=f"redis+socket://{job.redis_socket()}")
app.conf.update(
    # Source: https://docs.celeryq.dev/en/stable/userguide/configuration.html#task-acks-late and the two below it
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    worker_prefetch_multiplier=1,
    task_ignore_result=True,
    broker_connection_retry_on_startup=True,
    broker_transport_options={
        # An hour by default. It must be longer than the longest eta, or tasks that only wait are delivered twice; 45 s
        # is the least that keeps to this with room for a queue.
        # Source: https://docs.celeryq.dev/en/stable/getting-started/backends-and-brokers/redis.html#visibility-timeout
        "visibility_timeout": 45,
        # By default it looks for such tasks about every hundred seconds.
        # Source: kombu/transport/redis.py of 5.7 (Transport Options)
        "unacked_restore_interval": 2,
        "unacked_restore_throttle": 1,
        # The lock of that search, where the searcher was killed; five minutes by default.
        "unacked_mutex_expire": 10,
    },
)


@app.task(name="crash.keep_promise")  # type: ignore[untyped-decorator, unused-ignore]
def keep_promise(callback_id: str) -> None:
    """One callback."""
    job.keep_promise(callback_id)


def book(callback_id: str, due: datetime) -> None:
    """One callback."""
    keep_promise.apply_async((callback_id,), eta=due)


if __name__ == "__main__":
    book_all(book)
