"""A media socket whose messages are taken in the moment in which they come.

Fifty messages a second and stream make what the library does for each of them the dearest part of the socket loop: its
parser is a chain of generators, and behind it are a queue, a future, a switch to the task that waits for it, and a
timer around that. Here a text message that comes whole, which is how the carrier sends its audio, goes straight from
the received bytes to who takes it. Everything else is the library's, frame by frame: the handshake, pings, closing,
messages in pieces, and whatever breaks the rules. Source: measured with `python -m tests.benchmarks.serving.ingest`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from websockets.asyncio.server import ServerConnection
from websockets.protocol import State

# Source: RFC 6455, section 5.2: final and text; then masked, and a length of seven bits, or of 16 behind it, or of 64.
WHOLE_TEXT: Final = 0x81
FINAL, OPCODE, MASKED, LENGTH = 0x80, 0x0F, 0x80, 0x7F
LENGTH_16, LENGTH_64 = 126, 127
LAST_DATA_OPCODE: Final = 0x2
MASK_BYTES: Final = 4

# Answers whether it wants more.
Take = Callable[[str | bytes], bool]


class MediaConnection(ServerConnection):
    """One socket. `recv` works as ever until `deliver` is called."""

    _at_once: Callable[[bytes], None] | None = None
    # The beginning of a frame that is not whole yet.
    _begun: bytes = b""
    # Whether a message is coming in pieces, and whether the library sees to everything from here on.
    _in_pieces = False
    _left_to_library = False

    def data_received(self, data: bytes) -> None:
        if self._left_to_library or self.state is not State.OPEN:
            super().data_received(self._begun + data)
            self._begun = b""
            return
        data = self._begun + data
        at = 0
        while (frame := _frame_at(data, at)) is not None:
            body_at, end = frame
            first = data[at]
            if first == WHOLE_TEXT and self._at_once is not None and not self._in_pieces:
                self._at_once(_unmasked(data, body_at, end))
            else:
                if first & OPCODE <= LAST_DATA_OPCODE:
                    self._in_pieces = not first & FINAL
                super().data_received(data[at:end])
            at = end
        self._begun = data[at:]
        if self._is_for_the_library(self._begun):
            self._left_to_library = True
            self.data_received(b"")

    def eof_received(self) -> None:
        self._left_to_library = True
        if self._begun:
            self.data_received(b"")
        super().eof_received()

    def _is_for_the_library(self, begun: bytes) -> bool:
        """Whether a frame that begins so is none of a peer that keeps the rules, or too long for us to wait for."""
        if self.state is not State.OPEN:
            return True
        return len(begun) > 1 and (not begun[1] & MASKED or begun[1] & LENGTH == LENGTH_64)

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


def _frame_at(data: bytes, at: int) -> tuple[int, int] | None:
    """Where the body of the frame that begins there begins and ends; None where it is not whole, or not for us."""
    if len(data) < at + 2 or not data[at + 1] & MASKED:
        return None
    length, body_at = data[at + 1] & LENGTH, at + 2
    if length == LENGTH_64:
        return None
    if length == LENGTH_16:
        body_at += 2
        length = int.from_bytes(data[at + 2 : body_at], "big")
    body_at += MASK_BYTES
    return (body_at, body_at + length) if body_at + length <= len(data) else None


def _unmasked(data: bytes, body_at: int, end: int) -> bytes:
    """The body of a frame, behind its mask. Source: RFC 6455, section 5.3."""
    length = end - body_at
    mask = data[body_at - MASK_BYTES : body_at] * (length // MASK_BYTES + 1)
    masked = int.from_bytes(data[body_at:end], "little")
    return (masked ^ int.from_bytes(mask[:length], "little")).to_bytes(length, "little")
