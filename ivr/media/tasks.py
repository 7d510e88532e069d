"""Ending tasks for certain."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import Any, Final

# How long a task may take to clean up before it is told again.
INSIST_AFTER_S: Final = 0.5


async def end(tasks: Collection[asyncio.Task[Any]]) -> None:
    """Cancel tasks, again and again, until all have ended; what they raise is theirs to tell.

    Once is not enough. Source: on Python 3.11 `asyncio.wait_for` loses a cancellation that comes in the moment in which
    what it waits for is done (https://github.com/python/cpython/issues/86296), and redis-py sends each command in it.
    """
    running = {task for task in tasks if not task.done()}
    while running:
        for task in running:
            task.cancel()
        _, running = await asyncio.wait(running, timeout=INSIST_AFTER_S)
    # Looked at, so that asyncio does not report as forgotten what the caller may not care for.
    await asyncio.gather(*tasks, return_exceptions=True)
