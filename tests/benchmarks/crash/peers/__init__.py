"""The peers: how each is started, and how long it may need to recover what a killed worker held.

All of them get eight places for jobs in two groups of workers, their Redis transport, and the settings that their
documentation names against the loss of work; the times in these are set low enough to act within the run.
"""

from __future__ import annotations

import sys
from typing import Final

import msgspec

GROUPS: Final = 2
PLACES: Final = 4


class Peer(msgspec.Struct, frozen=True, kw_only=True):
    """One peer. `{redis}` in the arguments stands for its server's socket, `{number}` for the worker's own number."""

    name: str
    # The name of its distribution, for its version.
    library: str
    # The module in this folder that defines the job in the peer's words; run as a program, it books the callbacks.
    module: str
    arguments: tuple[str, ...]
    # How many groups; a kill takes a whole one.
    groups: int = GROUPS
    # How many processes of these arguments make a group.
    processes: int = 1
    # Whether the callbacks must have been booked before the workers start.
    books_first: bool = False
    # The longest that it may say nothing after a kill and still recover something; the run waits that long.
    quiet_s: float

    def command(self, redis: str, number: int) -> list[str]:
        """What starts one of its workers."""
        return [sys.executable, *(part.format(redis=redis, number=number) for part in self.arguments)]


def _module(name: str) -> str:
    return f"{__name__}.{name}_app"


PEERS: Final = (
    # One process only, with all places: "Job stores must never be shared between schedulers."
    # Source: https://apscheduler.readthedocs.io/en/3.x/userguide.html (Basic concepts). For the same reason it books
    # first: a running scheduler does not notice what another process adds.
    # It has no recovery, so that there is nothing to wait for but its last jobs.
    Peer(
        name="apscheduler",
        library="APScheduler",
        module=_module("apscheduler"),
        arguments=("-m", _module("apscheduler"), "work"),
        groups=1,
        books_first=True,
        quiet_s=20.0,
    ),
    # One worker runs one job at a time, so that a group is four of them under one supervisor; each with the scheduler,
    # of which one at a time holds the lock. Maintenance moves abandoned jobs back (default: every ten minutes).
    # Source: https://python-rq.org/docs/scheduling/ and https://python-rq.org/docs/workers/; the lock of a dead
    # scheduler and the heartbeat of a dead job last a minute and more (rq/scheduler.py and rq/worker/base.py of 3.0).
    # A worker that waits for a job does no maintenance: by default it waits for 405 s, its time to live less 15, and
    # nobody takes a dead scheduler's place meanwhile; with a time to live of 20 s it waits for five.
    Peer(
        name="rq",
        library="rq",
        module=_module("rq"),
        arguments=(
            *("-m", "rq.cli", "worker", "--with-scheduler", "--url", "unix://{redis}"),
            *("--maintenance-interval", "5", "--worker-ttl", "20", "--quiet", "default"),
        ),
        processes=PLACES,
        quiet_s=85.0,
    ),
    # Threads, as its documentation advises for jobs that wait. It has no recovery: what was taken is gone.
    # Source: https://huey.readthedocs.io/en/latest/consumer.html
    Peer(
        name="huey",
        library="huey",
        module=_module("huey"),
        arguments=("-m", "huey.bin.huey_consumer", f"{_module('huey')}.huey", "-w", str(PLACES), "-k", "thread", "-q"),
        quiet_s=20.0,
    ),
    # Source: https://dramatiq.io/guide.html (workers); its own recovery is set in its module.
    Peer(
        name="dramatiq",
        library="dramatiq",
        module=_module("dramatiq"),
        arguments=("-m", "dramatiq", _module("dramatiq"), "--processes", "1", "--threads", str(PLACES)),
        quiet_s=35.0,
    ),
    # Source: https://docs.celeryq.dev/en/stable/userguide/workers.html; its own recovery is set in its module.
    Peer(
        name="celery",
        library="celery",
        module=_module("celery"),
        arguments=(
            *("-m", "celery", "-A", _module("celery"), "worker", "--concurrency", str(PLACES)),
            *("--hostname", "worker{number}@localhost", "--loglevel", "WARNING"),
        ),
        quiet_s=60.0,
    ),
)
