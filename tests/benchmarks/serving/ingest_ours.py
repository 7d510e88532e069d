"""Ours without recognisers: `python -m ....ingest_ours PORT FOLDER`.

The media server as it is, sockets, messages, chunks and endpointing; every stream listens for digits. What is behind it
is a sink: a store that knows every call, and recognisers that answer at once and hear nothing.
"""

from __future__ import annotations

import asyncio
import contextvars
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from ivr.media.server import MediaServer
from ivr.redis_listen import ListenRecord
from speech import mulaw
from speech.grammar import Digits, Grammar
from speech.models import SHIPPED_DIR, find_model
from speech.recognition import Heard, Hypothesis
from tests.benchmarks.serving.audio import FRAME_BYTES, LANGUAGE
from tests.benchmarks.serving.counters import Counters
from tests.benchmarks.serving.offered_load import late_ms

PROBE_S: Final = 0.02
QUIET_DBFS: Final = -50.0
GRAMMAR: Final = Grammar(language=LANGUAGE, phrases={"agent": "person"}, digits=Digits(min=4, max=4))

# The call that the present task serves: the pool is not told.
_call: contextvars.ContextVar[str] = contextvars.ContextVar("call")


class Store:
    """Knows every call, and forgets what it is told."""

    async def record(self, call_sid: str) -> ListenRecord:
        """The first turn of this call."""
        _call.set(call_sid)
        return ListenRecord(token="token", turn=1, turn_url="https://ivr.example/turn/1", grammar=GRAMMAR)

    async def set_speech(self, call_sid: str, status: str) -> None:
        """Do nothing."""

    async def set_speaking(self, call_sid: str, turn: int) -> None:
        """Do nothing."""


class Sink:
    """A stream that hears nothing, and a pool of such."""

    def __init__(self, counters: Counters, call_sid: str = "") -> None:
        self._counters = counters
        self._call_sid = call_sid
        self.lost = asyncio.Event()

    async def open(self, **_named: Any) -> Sink:
        """A stream for the call that the present task serves."""
        return Sink(self._counters, _call.get())

    async def reset(self, _language: str, _phrases: Sequence[str], before: bytes = b"") -> tuple[float, ...]:
        """Levels of a quiet line."""
        return (QUIET_DBFS,) * (len(before) // FRAME_BYTES)

    async def feed(self, media_ms: int, audio: bytes, *_arguments: Any) -> Heard:
        """No words."""
        end_ms = media_ms + len(audio) // mulaw.BYTES_PER_MS
        self._counters.frames += len(audio) // FRAME_BYTES
        self._counters.late(late_ms(self._call_sid, end_ms, time.monotonic()))
        self._counters.store()
        return Heard([], (QUIET_DBFS,) * (len(audio) // FRAME_BYTES))

    async def finish(self) -> list[Hypothesis]:
        """Nothing was heard."""
        return []

    def prepare(self, *_arguments: Any) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""


class Nobody:
    """Takes results, of which there are none."""

    def report(self, *_arguments: Any) -> None:
        """Do nothing."""

    def report_start(self, *_arguments: Any) -> None:
        """Do nothing."""


async def serve(port: int, folder: Path) -> None:
    """Serve until SIGTERM."""
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    model = find_model("telephone-en", SHIPPED_DIR)
    sink: Any = Sink(Counters(folder / "frames"))
    store: Any = Store()
    nobody: Any = Nobody()
    media = MediaServer(store=store, pool=sink, models=[model], is_signed=lambda _header: True, results=nobody)
    server = await media.start("127.0.0.1", port)
    probe = asyncio.create_task(_probe(Counters(folder / "loop")))
    await stopping.wait()
    probe.cancel()
    server.close()
    await server.wait_closed()


async def _probe(counters: Counters) -> None:
    """How late the loop comes to what is due."""
    loop = asyncio.get_running_loop()
    while True:
        due_s = loop.time() + PROBE_S
        await asyncio.sleep(PROBE_S)
        counters.late(1000 * (loop.time() - due_s))


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), Path(sys.argv[2])))
