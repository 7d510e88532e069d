"""APScheduler 3: one-shot jobs in its Redis store, worked off by the one scheduler that may use the store."""

from __future__ import annotations

import sys
from datetime import datetime

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.jobstores.redis import RedisJobStore
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.schedulers.base import BaseScheduler
from apscheduler.schedulers.blocking import BlockingScheduler

from tests.benchmarks.crash.job import keep_promise, redis_socket
from tests.benchmarks.crash.peers import GROUPS, PLACES
from tests.benchmarks.crash.peers.booking import book_all


def configured(scheduler: BaseScheduler) -> BaseScheduler:
    """The same for booking and for work."""
    scheduler.configure(
        jobstores={"default": RedisJobStore(unix_socket_path=redis_socket())},
        executors={"default": ThreadPoolExecutor(GROUPS * PLACES)},
        # By default a job that is a second late is dropped; None keeps it however late it is.
        # Source: https://apscheduler.readthedocs.io/en/3.x/userguide.html (missed job executions and coalescing)
        job_defaults={"misfire_grace_time": None},
        timezone="UTC",
    )
    return scheduler


def book(scheduler: BaseScheduler, callback_id: str, due: datetime) -> None:
    """One callback."""
    scheduler.add_job(keep_promise, "date", run_date=due, args=[callback_id], id=callback_id)


if __name__ == "__main__":
    if sys.argv[1:] == ["work"]:
        configured(BlockingScheduler()).start()
    else:
        booking = configured(BackgroundScheduler())
        booking.start(paused=True)
        book_all(lambda callback_id, due: book(booking, callback_id, due))
        booking.shutdown()
