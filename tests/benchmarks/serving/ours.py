"""Ours: the pool of recogniser processes that the media server uses, fed directly."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from speech.admission import NO_LIMITS
from speech.child import Stream
from speech.pool import RecogniserPool
from speech.stream import More
from tests.benchmarks.serving.audio import LANGUAGE, PHRASES

PLAIN: Final = (sys.executable, "-m", "speech.vosk_child")
MEASURED: Final = (sys.executable, "-m", "tests.benchmarks.serving.measured_child")
CHILDREN: Final = os.cpu_count() or 1


class Ours:
    """The pool, with a child for each core; an asynchronous context manager that is ready when all of them are."""

    def __init__(self, model: Path, children: int = CHILDREN, command: Sequence[str] = PLAIN) -> None:
        self.pool = RecogniserPool({LANGUAGE: model}, children, command=command, limits=NO_LIMITS)
        self._children = children

    async def __aenter__(self) -> Ours:
        await self.pool.__aenter__()
        while len(self.pool.pids) < self._children:
            await asyncio.sleep(0.01)
        return self

    async def __aexit__(self, *exc: Any) -> None:
        await self.pool.stop()

    async def open(self) -> OurStream:
        """A stream of the pool."""
        return OurStream(await self.pool.open())


class OurStream:
    """One stream of the pool."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self.quiet = True

    async def begin(self) -> None:
        """A turn begins."""
        self.quiet = True
        await self._stream.reset(LANGUAGE, PHRASES)

    async def feed(self, media_ms: int, mulaw: bytes, arrived_s: float | None = None, more: More | None = None) -> None:
        """The next chunk, and what has come since."""
        self.quiet = not (await self._stream.feed(media_ms, mulaw, arrived_s, more)).words

    async def finish(self) -> None:
        """The turn is over."""
        await self._stream.finish()

    def close(self) -> None:
        """The call is over."""
        self._stream.close()
