"""One recogniser process seen from the event loop, and a stream's place in it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import msgspec

from speech.errors import SpeechError
from speech.protocol import (
    LENGTH_BYTES,
    MAX_FRAME_BYTES,
    Close,
    Done,
    Failed,
    Feed,
    Finish,
    Open,
    Partial,
    Prepare,
    Ready,
    Reply,
    Request,
    Reset,
    Result,
    frame,
    reply_decoder,
)
from speech.recognition import Heard, Hypothesis

# Source: ours. A chunk takes about a millisecond; a child that answers nobody for two seconds will not answer.
STUCK_AFTER_S: Final = 2.0
# Source: ours. Official models take seconds to load from a cold disk.
LOAD_WITHIN_S: Final = 60.0
STOP_WITHIN_S: Final = 2.0
PACKAGE_PARENT_DIR: Final = Path(__file__).resolve().parent.parent


class StreamLostError(SpeechError):
    """The stream's child died, is stuck, or refused; the stream is of no more use."""

    code = "speech.stream_lost"


class Stream:
    """One call's place in a child. Requests must come one after another."""

    def __init__(self, child: Child, number: int) -> None:
        self._child = child
        self._number = number
        self.lost: Final = asyncio.Event()

    async def reset(self, language: str, phrases: Sequence[str], before: bytes = b"") -> tuple[float, ...]:
        """Forget what was said and listen for these phrases; raises `StreamLostError`, as all of these do.

        Answers the levels of the mu-law audio `before`, which is not recognised: who only waits for a turn keeps the
        last seconds, and learns the line's noise from them when there is something to listen for.
        """
        reply = await self._child.ask(Reset(self._number, language, list(phrases), before))
        return reply.levels_dbfs if isinstance(reply, Done) else ()

    async def feed(self, media_ms: int, mulaw: bytes, arrived_s: float | None = None) -> Heard:  # noqa: ARG002
        """Recognise the next audio, which arrived at `arrived_s` of the loop's clock (now, where it is not said).

        Answers the words of the utterance so far, and the levels of this audio.
        """
        reply = await self._child.ask(Feed(self._number, media_ms, mulaw))
        if not isinstance(reply, Partial):
            raise StreamLostError(f"a {type(reply).__name__} is no answer to audio")
        return Heard(reply.words, reply.levels_dbfs)

    async def finish(self) -> list[Hypothesis]:
        """End the utterance and answer what it may have been; what is fed next belongs to another one."""
        reply = await self._child.ask(Finish(self._number))
        if not isinstance(reply, Result):
            raise StreamLostError(f"a {type(reply).__name__} is no answer to the end of an utterance")
        return reply.hypotheses

    def prepare(self, language: str, phrases: Sequence[str]) -> None:
        """Say that these phrases will be listened for soon; harmless when the stream is lost."""
        self._child.prepare(language, list(phrases))

    def close(self) -> None:
        """Give the place back; harmless when it is lost or closed already."""
        self._child.close(self._number)


class Child:
    """One process, from its start to its end."""

    def __init__(self, command: Sequence[str]) -> None:
        self._command = command
        self._process: asyncio.subprocess.Process | None = None
        # The requests on their way, by stream, and since when the child has owed somebody an answer.
        self._asked: dict[int, asyncio.Future[Reply]] = {}
        self._owing_since: float | None = None
        self.streams: dict[int, Stream] = {}
        self.ready = False
        self.ended = "died"
        self.detail = ""

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    async def run(self, on_ready: Callable[[Child], None]) -> None:
        """Start the process and serve its replies; returns when it has ended, however it did."""
        try:
            self._process = await asyncio.create_subprocess_exec(
                *self._command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                # `-m` looks in the working folder first: let it find this package and no other of its name.
                cwd=PACKAGE_PARENT_DIR,
            )
        except OSError as error:
            self.detail = str(error)
            return
        watch = asyncio.create_task(self._watch())
        try:
            async with asyncio.timeout(LOAD_WITHIN_S):
                first = await self._read()
            if isinstance(first, Ready):
                self.ready = True
                on_ready(self)
                while True:
                    self._settle(await self._read())
        except asyncio.IncompleteReadError:
            pass
        except (TimeoutError, msgspec.DecodeError, ConnectionError) as error:
            self.detail = str(error) or type(error).__name__
        finally:
            self.ready = False
            watch.cancel()
            await self._end()

    async def ask(self, request: Open | Reset | Feed | Finish) -> Reply:
        """Send a request and wait for its reply; raises `StreamLostError`."""
        stream = self.streams.get(request.stream)
        if stream is None or stream.lost.is_set() or not self.ready:
            raise StreamLostError("the recogniser of this stream is gone")
        if request.stream in self._asked:
            raise RuntimeError("a stream has one request on its way at a time")
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Reply] = loop.create_future()
        self._asked[request.stream] = future
        if self._owing_since is None:
            self._owing_since = loop.time()
        self._send(request)
        reply = await future
        if isinstance(reply, Failed):
            self._lose(request.stream)
            raise StreamLostError(reply.message)
        return reply

    def close(self, number: int) -> None:
        if self.streams.pop(number, None) is not None and self.ready:
            self._send(Close(number))

    def prepare(self, language: str, phrases: list[str]) -> None:
        if self.ready:
            self._send(Prepare(language, phrases))

    def abandon(self) -> int:
        """Tell every stream that it is lost; answers how many there were."""
        numbers = list(self.streams)
        for number in numbers:
            self._lose(number)
        return len(numbers)

    def _send(self, request: Request) -> None:
        # No drain: one request of a stream is on its way at a time, and a child that does not read is killed.
        pipe = self._process.stdin if self._process else None
        if pipe is not None and not pipe.is_closing():
            pipe.write(frame(request))

    async def _read(self) -> Reply:
        pipe = self._process.stdout if self._process else None
        if pipe is None:
            raise ConnectionError("no pipe")
        length = int.from_bytes(await pipe.readexactly(LENGTH_BYTES), "big")
        if length > MAX_FRAME_BYTES:
            raise ConnectionError(f"a frame of {length} bytes")
        reply: Reply = reply_decoder.decode(await pipe.readexactly(length))
        return reply

    def _settle(self, reply: Reply) -> None:
        if isinstance(reply, Ready):
            return
        future = self._asked.pop(reply.stream, None)
        self._owing_since = asyncio.get_running_loop().time() if self._asked else None
        if future is not None and not future.done():
            future.set_result(reply)

    def _lose(self, number: int) -> None:
        stream = self.streams.pop(number, None)
        if stream is not None:
            stream.lost.set()
        future = self._asked.pop(number, None)
        if future is not None and not future.done():
            future.set_exception(StreamLostError("the recogniser of this stream is gone"))

    async def _watch(self) -> None:
        """Kill the process when it owes answers and gives none: it is as good as dead."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(STUCK_AFTER_S / 8)
            if self._owing_since is not None and loop.time() - self._owing_since > STUCK_AFTER_S:
                self.ended = "stuck"
                self._kill()
                return

    def _kill(self) -> None:
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()

    async def _end(self) -> None:
        """Close the child's input, which ends it; kill it where that does not help."""
        if self._process is None:
            return
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            async with asyncio.timeout(STOP_WITHIN_S):
                code = await self._process.wait()
        except TimeoutError:
            self._kill()
            code = await self._process.wait()
        except asyncio.CancelledError:
            self._kill()
            raise
        if not self.detail:
            self.detail = f"exit status {code}"
