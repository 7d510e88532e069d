"""The tick. APScheduler only ticks here: its job store, shared between processes, would lose and double jobs.

What is due is decided in the store, so that a tick that is late, lost or doubled changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable

from apscheduler.schedulers.background import BackgroundScheduler


class Ticker:
    """Calls a function at a fixed pace on a thread of its own, never twice at once."""

    def __init__(self, every_s: float, tick: Callable[[], None]) -> None:
        self._scheduler = BackgroundScheduler(timezone="UTC")
        self._scheduler.add_job(tick, "interval", seconds=every_s, max_instances=1, coalesce=True)

    def start(self) -> None:
        """Begin to tick."""
        self._scheduler.start()

    def stop(self) -> None:
        """Let the tick that is running end, and tick no more."""
        self._scheduler.shutdown(wait=True)
