"""A media socket whose messages are taken in the moment in which they come.

Fifty messages a second and stream make what the library does for each of them the dearest part of the socket loop: a
queue, a future, a switch to the task that waits for it, and a timer around that. Here a message that comes whole goes
straight to who takes it. Source: measured with `python -m tests.benchmarks.serving.ingest`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from websockets.asyncio.server import ServerConnection
from websockets.frames import Frame, Opcode
from websockets.protocol import Event

# Answers whether it wants more.
Take = Callable[[str | bytes], bool]


class MediaConnection(ServerConnection):
    """One socket. `recv` works as ever until `deliver` is called."""

    _at_once: Callable[[bytes], None] | None = None

    def process_event(self, event: Event) -> None:
        if self._at_once is not None and isinstance(event, Frame) and event.opcode is Opcode.TEXT and event.fin:
            self._at_once(bytes(event.data))
        else:
            super().process_event(event)

    async def deliver(self, take: Take, silent_for_s: float) -> None:
        """Hand every message to `take` until it wants no more.

        Raises `ConnectionClosed`, `TimeoutError` when none has come for so long, and what `take` raises.
        """
        loop = asyncio.get_running_loop()
        over: asyncio.Future[None] = loop.create_future()
        heard_s = loop.time()

        def at_once(message: str | bytes) -> None:
            nonlocal heard_s
            heard_s = loop.time()
            if over.done():
                return
            try:
                if not take(message):
                    over.set_result(None)
            except Exception as error:
                over.set_exception(error)

        # What has come before, and what comes in pieces, is in the library's queue.
        queued = loop.create_task(self.recv())
        try:
            while not over.done():
                # After this the queue is empty, or its next message is there.
                await asyncio.sleep(0)
                if not queued.done():
                    self._at_once = at_once
                left_s = heard_s + silent_for_s - loop.time()
                if left_s <= 0:
                    raise TimeoutError
                await asyncio.wait((over, queued), timeout=left_s, return_when=asyncio.FIRST_COMPLETED)
                if queued.done():
                    at_once(queued.result())
                    queued = loop.create_task(self.recv())
            over.result()
        finally:
            self._at_once = None
            queued.cancel()
