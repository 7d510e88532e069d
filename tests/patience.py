"""How long tests wait for what must happen: long, since machines may be slow, and free where it happens at once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Final

PATIENCE_S: Final = 240.0


def until(holds: Callable[[], bool], what: str = "what the test waits for") -> None:
    """Return as soon as it holds; fails after `PATIENCE_S`."""
    deadline = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < deadline, f"not within {PATIENCE_S:g} s: {what}"
        time.sleep(0.02)


async def eventually(holds: Callable[[], bool]) -> None:
    """The same for the event loop; `holds` is called in a thread."""
    async with asyncio.timeout(PATIENCE_S):
        while not await asyncio.to_thread(holds):
            await asyncio.sleep(0.02)
