"""What a pool of recognisers reports, to be waited for."""

from __future__ import annotations

import asyncio

from speech.pool import ChildEvent
from tests.patience import PATIENCE_S


class Events:
    """A pool's listener that keeps what it hears."""

    def __init__(self) -> None:
        self.seen: list[ChildEvent] = []
        self._more = asyncio.Event()

    def __call__(self, event: ChildEvent) -> None:
        self.seen.append(event)
        self._more.set()

    async def wait_for(self, what: str, times: int = 1) -> ChildEvent:
        """The event of this name that comes for the `times`th time; raises `TimeoutError` after `PATIENCE_S`."""
        async with asyncio.timeout(PATIENCE_S):
            while sum(event.what == what for event in self.seen) < times:
                self._more.clear()
                await self._more.wait()
        return [event for event in self.seen if event.what == what][times - 1]
