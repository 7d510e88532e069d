"""Callers of the whole media process: they say digits, turn after turn, and note what becomes of it."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import Callable, Sequence
from typing import Final

from speech import mulaw
from tests.benchmarks.serving import wire
from tests.benchmarks.serving.audio import FRAME_BYTES, FRAME_MS, chunks

FRAME_S: Final = FRAME_MS / 1000
# A prompt of a menu is spoken in about three seconds; by its end a call must know whether it can speak.
PROMPT_S: Final = 3.0
AFTER_MS: Final = 1500


class Call:
    """One call, from its first turn to its end. Times are of the event loop."""

    def __init__(
        self, port: int, signature: str, admit: Callable[[str], object], begin_turn: Callable[[str, int], None]
    ) -> None:
        self.sid = "CA" + secrets.token_hex(16)
        self._port = port
        self._signature = signature
        self._admit = admit
        self._begin_turn = begin_turn
        self.started_s = 0.0
        # When it was known whether the call is listened to, and what: "up", "down", or "keys" from its first prompt on.
        self.told_s: float | None = None
        self.status: str | None = None
        self.closed: int | None = None
        self.over = False
        # By turn: when the caller had spoken, and when the answer came.
        self.spoken_s: dict[int, float] = {}
        self.answered_s: dict[int, float] = {}

    def tell(self, status: str | None, now_s: float) -> None:
        """What the store says of this call's speech now."""
        if status is not None and self.status is None:
            self.status, self.told_s = status, now_s
        elif status == "down" and self.status == "up" and not self.over:
            self.status = "dropped"

    @property
    def is_settled(self) -> bool:
        """Whether there is nothing more to be told."""
        return self.status is not None and (self.over or self.status != "up")

    @property
    def is_admitted(self) -> bool:
        """Whether it was told that it is listened to, whatever came after it."""
        return self.status in ("up", "dropped")

    async def speak(self, utterances: Sequence[bytes], until_s: float) -> None:
        """Speak until that time, or until the other side refuses; not at all where there is no room for the call."""
        loop = asyncio.get_running_loop()
        self.started_s = loop.time()
        if not await asyncio.to_thread(self._admit, self.sid):
            self.tell("keys", loop.time())
            return
        await asyncio.to_thread(self._begin_turn, self.sid, 1)
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        ends = asyncio.create_task(self._read(reader))
        try:
            writer.write(wire.handshake("127.0.0.1", self._port, "/media", {"X-Twilio-Signature": self._signature}))
            writer.write(wire.start_frames(self.sid, {"token": "token"}))
            self.started_s = loop.time()
            media_ms, turn = 0, 0
            while not ends.done():
                turn += 1
                audio = utterances[(turn + int(self.sid[2:6], 16)) % len(utterances)]
                if self.started_s + (media_ms + len(audio) // mulaw.BYTES_PER_MS) / 1000 > until_s:
                    return
                if turn > 1:
                    await asyncio.to_thread(self._begin_turn, self.sid, turn)
                for piece in chunks(audio, FRAME_BYTES):
                    due_s = self.started_s + (media_ms + FRAME_MS) / 1000
                    if (wait_s := due_s - loop.time()) > 0:
                        await asyncio.sleep(wait_s)
                    if ends.done():
                        return
                    writer.write(wire.media_frame(media_ms, piece))
                    media_ms += FRAME_MS
                self.spoken_s[turn] = self.started_s + (media_ms - AFTER_MS) / 1000
        finally:
            self.over = True
            ends.cancel()
            with contextlib.suppress(OSError):
                writer.write(wire.STOP)
                writer.close()

    async def _read(self, reader: asyncio.StreamReader) -> None:
        """Return when the other side closes."""
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            if not head.startswith(b"HTTP/1.1 101"):
                self.closed = int(head.split(b" ")[1])
                return
            self.closed = wire.close_code(await reader.read(128))
