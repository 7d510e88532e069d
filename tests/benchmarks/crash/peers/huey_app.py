"""Huey: `schedule` with an eta, on its Redis store. Its retries are for exceptions; none is for a worker's death."""

from __future__ import annotations

from datetime import datetime

from huey import RedisHuey

from tests.benchmarks.crash import job
from tests.benchmarks.crash.peers.booking import book_all

huey = RedisHuey("crash", url=f"unix://{job.redis_socket()}", results=False, utc=True)


@huey.task(retries=3)  # type: ignore[untyped-decorator, unused-ignore]
def keep_promise(callback_id: str) -> None:
    """One callback."""
    job.keep_promise(callback_id)


def book(callback_id: str, due: datetime) -> None:
    """One callback."""
    keep_promise.schedule((callback_id,), eta=due)


if __name__ == "__main__":
    # The task's name holds its module's, which the worker knows by its real name.
    from tests.benchmarks.crash.peers import huey_app

    book_all(huey_app.book)
