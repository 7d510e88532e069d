"""An event loop that can say when everything that is runnable at this instant has run.

A loop asks its selector to block only when no callback is ready: that moment is what "settled" means here. Work that
is done elsewhere (a webhook on its way, a thread that renders speech) is counted by `busy`, and waited for.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable


def _idle() -> bool:
    return False


class SettlingSelector(selectors.DefaultSelector):
    """Calls each of `waiting` once, as soon as the loop has nothing left to run and `busy` says no."""

    def __init__(self) -> None:
        super().__init__()
        self.waiting: list[Callable[[], None]] = []
        self.busy: Callable[[], bool] = _idle

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Wait for sockets as ever, unless somebody waits for this very moment."""
        if not self.waiting or (timeout is not None and timeout <= 0):
            return super().select(timeout)
        ready = super().select(0)
        if ready:
            return ready
        if self.busy():
            return super().select(timeout)
        waiting, self.waiting = self.waiting, []
        for call in waiting:
            call()
        return []


class SettlingLoop(asyncio.SelectorEventLoop):
    """An event loop with `settled`, for carriers whose clock stands until it is moved."""

    def __init__(self) -> None:
        self.settling = SettlingSelector()
        super().__init__(self.settling)

    async def settled(self) -> None:
        """Return when everything else that can run now has run."""
        done: asyncio.Future[None] = self.create_future()
        self.settling.waiting.append(lambda: done.set_result(None))
        await done

    def run_until_settled(self) -> None:
        """Run, from outside, until there is nothing more to run at this instant."""
        self.settling.waiting.append(self.stop)
        self.run_forever()
