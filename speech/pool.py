"""A pool of recogniser processes for one event loop: streams go to the least loaded child.

A child that dies, or that is stuck, costs the streams it has: each of their calls raises `StreamLostError`, and
`Stream.lost` is set. A new child takes its place for new streams. Nothing here blocks the loop, and a stream has one
request on its way at a time, so that memory is bounded by the streams and their own queues.
"""

from __future__ import annotations

import asyncio
import itertools
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec

from speech.child import Child, Stream
from speech.errors import SpeechError
from speech.protocol import Open

RESTART_FIRST_S: Final = 0.2
RESTART_LAST_S: Final = 30.0
# A child that lived this long starts the back-off anew.
HEALTHY_AFTER_S: Final = 60.0


class NoRecogniserError(SpeechError):
    """No child is ready now."""

    code = "speech.no_recogniser"
    retryable = True


class ChildEvent(msgspec.Struct, frozen=True):
    """Something for the log: what happened ("ready", "died", "stuck"), to which process, with how many streams."""

    what: str
    pid: int | None
    streams: int = 0
    detail: str = ""


class RecogniserPool:
    """Keeps `children` recogniser processes alive from `start` to `stop`; an asynchronous context manager.

    `on_event` is called on the event loop for what an operator should see in the log; `models` names the folder of
    the model of each language; `command` starts a child, and gets them as its last arguments (LANGUAGE=FOLDER).
    """

    def __init__(
        self,
        models: Mapping[str, Path],
        children: int,
        on_event: Callable[[ChildEvent], None] = lambda _event: None,
        command: Sequence[str] = (sys.executable, "-m", "speech.vosk_child"),
    ) -> None:
        self._command = [*command, *(f"{language}={folder.resolve()}" for language, folder in models.items())]
        self._count = children
        self._on_event = on_event
        self._children: list[Child] = []
        self._keepers: list[asyncio.Task[None]] = []
        self._numbers = itertools.count(1)
        self._changed = asyncio.Event()

    async def __aenter__(self) -> RecogniserPool:
        self.start()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.stop()

    @property
    def ready(self) -> bool:
        """Whether a stream can be opened now."""
        return any(child.ready for child in self._children)

    @property
    def pids(self) -> list[int]:
        """The processes that are ready."""
        return [child.pid for child in self._children if child.ready and child.pid is not None]

    @property
    def streams(self) -> int:
        """How many streams are open."""
        return sum(len(child.streams) for child in self._children)

    def start(self) -> None:
        """Start the children; returns at once. `wait_ready` tells when the first has loaded its model."""
        self._keepers = [asyncio.create_task(self._keep_one_alive()) for _ in range(self._count)]

    async def wait_ready(self) -> None:
        """Wait until a stream can be opened; for ever, where the model does not load."""
        while not self.ready:
            self._changed.clear()
            await self._changed.wait()

    async def stop(self) -> None:
        """Stop every child; streams that are open are lost."""
        for keeper in self._keepers:
            keeper.cancel()
        await asyncio.gather(*self._keepers, return_exceptions=True)
        self._keepers = []

    async def open(self, language: str = "", phrases: Sequence[str] = ()) -> Stream:
        """A stream on the least loaded child, which recognises nothing without phrases.

        Raises `NoRecogniserError` and `StreamLostError`.
        """
        ready = [child for child in self._children if child.ready]
        if not ready:
            raise NoRecogniserError("no recogniser is ready")
        child = min(ready, key=lambda candidate: len(candidate.streams))
        number = next(self._numbers)
        stream = Stream(child, number)
        child.streams[number] = stream
        try:
            await child.ask(Open(number, language, list(phrases)))
        except BaseException:
            stream.close()
            raise
        return stream

    async def _keep_one_alive(self) -> None:
        loop = asyncio.get_running_loop()
        wait_s = RESTART_FIRST_S
        while True:
            started = loop.time()
            child = Child(self._command)
            self._children.append(child)
            try:
                await child.run(self._ready)
            finally:
                self._children.remove(child)
                lost = child.abandon()
            self._on_event(ChildEvent(child.ended, child.pid, lost, child.detail))
            if loop.time() - started > HEALTHY_AFTER_S:
                wait_s = RESTART_FIRST_S
            await asyncio.sleep(wait_s)
            wait_s = min(2 * wait_s, RESTART_LAST_S)

    def _ready(self, child: Child) -> None:
        self._on_event(ChildEvent("ready", child.pid))
        self._changed.set()
