"""The carrier's time: one tick for each 20 ms frame, kept at real pace without drift.

Everything that lasts (audio, pauses, ringing, key gaps) is counted in ticks, so that a late event loop stretches
nothing: missed ticks are made up at once. Network time limits are real time and do not belong here.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import math
import time
from collections.abc import Callable
from typing import Final

from ivr.sound.mulaw import FRAME_MS

TICK_S: Final = FRAME_MS / 1000
# After a longer stop (a suspended laptop, a machine with too much to do) time goes on from now instead of racing
# through what was missed: people's answers and the application's would come out of step.
_MAX_LAG_S: Final = 0.5


def ticks_in(seconds: float) -> int:
    """Return how many frames `seconds` of call time are, rounded up."""
    return max(0, math.ceil(seconds / TICK_S - 1e-9))


class Clock:
    """Counts ticks and wakes sleepers; at `pace` 4 a second of call time passes in a quarter of a second."""

    def __init__(self, pace: float = 1.0) -> None:
        self._real_tick_s = TICK_S / pace
        self.ticks = 0
        self._order = itertools.count()
        self._sleepers: list[tuple[int, int, asyncio.Future[None]]] = []

    async def run(self, on_tick: Callable[[], None]) -> None:
        """Call `on_tick` for every frame until cancelled."""
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            due += self._real_tick_s
            late_s = loop.time() - due
            if late_s > _MAX_LAG_S:
                due = loop.time()
            await asyncio.sleep(max(0.0, -late_s))
            self.tick()
            on_tick()

    def now(self) -> float:
        """Return the time of day as the carrier reports it: epoch seconds."""
        return time.time()

    def seconds(self) -> float:
        """Return seconds since an arbitrary moment; they never go back."""
        return time.monotonic()

    def tick(self) -> None:
        """Move on by one frame and wake those who have slept enough."""
        self.ticks += 1
        while self._sleepers and self._sleepers[0][0] <= self.ticks:
            _, _, sleeper = heapq.heappop(self._sleepers)
            if not sleeper.done():
                sleeper.set_result(None)

    async def sleep(self, seconds: float) -> None:
        """Return after `seconds` of call time, rounded up to whole frames."""
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        await self.alarm(seconds)

    def alarm(self, seconds: float) -> asyncio.Future[None]:
        """Return a future that is done after `seconds` of call time; who loses interest cancels it."""
        alarm: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if seconds <= 0:
            alarm.set_result(None)
        else:
            heapq.heappush(self._sleepers, (self.ticks + ticks_in(seconds), next(self._order), alarm))
        return alarm


class ManualClock(Clock):
    """A clock that stands until somebody moves it; `epoch_s` is the time of day at tick 0.

    All that the carrier reports follows it: dates, durations, the event log.
    """

    def __init__(self, epoch_s: float) -> None:
        super().__init__()
        self._epoch_s = epoch_s

    def now(self) -> float:
        """Return the time of day on this clock."""
        return self._epoch_s + self.ticks * TICK_S

    def seconds(self) -> float:
        """Return the call time since tick 0."""
        return self.ticks * TICK_S

    def skip(self, ticks: int) -> None:
        """Move on by `ticks` in which nobody has to wake."""
        self.ticks += ticks

    def ticks_to_next(self) -> int | None:
        """Return how many ticks it is until the next sleeper wakes; None while nobody sleeps."""
        while self._sleepers and self._sleepers[0][2].done():  # cancelled meanwhile
            heapq.heappop(self._sleepers)
        return self._sleepers[0][0] - self.ticks if self._sleepers else None
