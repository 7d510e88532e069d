"""RQ: `enqueue_at`, and a retry for the jobs that a dead worker has left behind."""

from __future__ import annotations

from datetime import datetime

from redis import Redis
from rq import Queue, Retry

from tests.benchmarks.crash.job import keep_promise, redis_socket
from tests.benchmarks.crash.peers.booking import book_all

# A job is taken for abandoned a minute after its time-out would have ended it, so that a short one helps; without a
# retry it would be moved to the failed jobs.
# Source: rq/registry.py (StartedJobRegistry.cleanup) and rq/worker/base.py (get_heartbeat_ttl) of 3.0
JOB_TIMEOUT_S = 10
RETRY = Retry(max=3)


def book(queue: Queue, callback_id: str, due: datetime) -> None:
    """One callback."""
    queue.enqueue_at(due, keep_promise, callback_id, job_timeout=JOB_TIMEOUT_S, retry=RETRY)


if __name__ == "__main__":
    default = Queue(connection=Redis(unix_socket_path=redis_socket()))
    book_all(lambda callback_id, due: book(default, callback_id, due))
