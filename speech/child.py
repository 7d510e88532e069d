"""One recogniser process seen from the event loop: its socket, its schedule, its streams."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from speech.protocol import (
    LENGTH_BYTES,
    MAX_FRAME_BYTES,
    Close,
    Prepare,
    Reply,
    Request,
    frame,
    reply_decoder,
)
from speech.scheduling import AHEAD_S, OrderError, Schedule, ahead
from speech.stream import Job, Stream, StreamLostError

__all__ = ["Child", "Stream", "StreamLostError", "resident_bytes"]

# Source: ours. A chunk takes about a millisecond; a child that answers nobody for two seconds will not answer.
STUCK_AFTER_S: Final = 2.0
# The weight of one piece of work in the mean of what they take.
FORGETTING: Final = 0.02
# Told by each answer, in seconds: the time, how long the child had the work to itself, and the audio in it.
Served = Callable[[float, float, float], None]


class Child(asyncio.Protocol):
    """One process, from its fork to its end; `gone` is set when it has closed its socket, however it ended."""

    def __init__(self, pid: int, served: Served) -> None:
        self._loop = asyncio.get_running_loop()
        self.pid: Final = pid
        self.began_s: Final = self._loop.time()
        self.gone: Final = asyncio.Event()
        self.retiring: Final = asyncio.Event()
        self.streams: dict[int, Stream] = {}
        # How it ended, for the log.
        self.ended = "died"
        self.detail = ""
        self.ever_streams = 0
        self.resident_at_first = resident_bytes(pid)
        # By how much the latest answer since somebody looked was past its deadline.
        self.worst_late_s = 0.0
        self._served = served
        self._schedule: Schedule[Job] = Schedule()
        self._transport: asyncio.Transport | None = None
        self._read = bytearray()
        self._out = bytearray()
        # What a piece of work takes, as a moving average; and the streams that came from a child that died, one by one.
        self._service_s = AHEAD_S
        self._careful: set[int] = set()
        self._looked_s = self._held_up_s = self.began_s

    async def connect(self, ours: socket.socket) -> None:
        """Begin to talk to it."""
        await self._loop.create_unix_connection(lambda: self, sock=ours)

    @property
    def ready(self) -> bool:
        """Whether it takes streams."""
        return self._transport is not None and not self.gone.is_set() and not self.retiring.is_set()

    # ------------------------------------------------------------------ streams

    def join(self, stream: Stream) -> None:
        """Take a stream, with the work that it may have.

        Where it comes from a child that died, one piece of work is on its way at a time, so that if this one dies too
        there is no doubt whose work did it.
        """
        if stream.moving:
            self._careful.add(stream.number)
            self._pace()
        stream.joined(self)
        self.streams[stream.number] = stream
        self.ever_streams += 1
        self.submit(stream)

    def submit(self, stream: Stream) -> None:
        """The stream has work; where it is at work already, that comes first."""
        if stream.number not in self._schedule:
            job = stream.work()
            if job is not None:
                self._schedule.add(stream.number, job.due_s, job)
                self._send_next()

    def prepare(self, language: str, phrases: list[str]) -> None:
        """Have an engine for these phrases ready."""
        self._send(Prepare(language, phrases))

    def leave(self, stream: Stream) -> None:
        """The stream goes away."""
        if self.streams.pop(stream.number, None) is not None:
            self._schedule.drop(stream.number)
            self._careful.discard(stream.number)
            self._send(Close(stream.number))

    def abandon(self) -> list[tuple[Stream, float]]:
        """The streams that it had when it ended, and how likely it is that its work did it."""
        at_work = self._schedule.at_work()
        left = [(stream, (number in at_work) / max(1, len(at_work))) for number, stream in self.streams.items()]
        self.streams.clear()
        return left

    # ------------------------------------------------------------------ what it is watched for

    @property
    def waiting(self) -> int:
        """How many requests wait or are on their way."""
        return len(self._schedule)

    def late_s(self, now_s: float) -> float:
        """By how much work is past its deadline: what is unfinished, and what was answered since the last look."""
        worst, self.worst_late_s = self.worst_late_s, 0.0
        return max(worst, self._schedule.late_s(now_s))

    def is_stuck(self, now_s: float, looked_after_s: float) -> bool:
        """Whether it owes answers and gives none. `looked_after_s` is how far apart two looks should be.

        A look that is late itself proves nothing: this process was held up, and could not read the answers.
        """
        if now_s - self._looked_s > 4 * looked_after_s:
            self._held_up_s = now_s
        self._looked_s = now_s
        since_s = self._schedule.owing_since_s()
        return since_s is not None and now_s - max(since_s, self._held_up_s) > STUCK_AFTER_S

    def kill(self, how: str, detail: str = "") -> None:
        """End it at once, for this reason."""
        if not self.gone.is_set():
            self.ended, self.detail = how, detail
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
            if self._transport is not None:
                self._transport.abort()

    def close(self) -> None:
        """Let it end, by the end of its requests."""
        self._flush()
        if self._transport is not None:
            self._transport.close()

    # ------------------------------------------------------------------ asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._read += data
        at, now_s = 0, self._loop.time()
        try:
            while len(self._read) - at >= LENGTH_BYTES:
                length = int.from_bytes(self._read[at : at + LENGTH_BYTES], "big")
                if length > MAX_FRAME_BYTES:
                    raise OrderError(f"a frame of {length} bytes")
                end = at + LENGTH_BYTES + length
                if len(self._read) < end:
                    break
                self._take(reply_decoder.decode(memoryview(self._read)[at + LENGTH_BYTES : end]), now_s)
                at = end
        except (OrderError, msgspec.DecodeError) as error:
            # One that talks nonsense is as good as dead.
            self.kill("died", str(error))
            return
        if at:
            del self._read[:at]
        self._pace()
        self._send_next()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        self.gone.set()

    # ------------------------------------------------------------------ inside

    def _take(self, reply: Reply, now_s: float) -> None:
        done = self._schedule.answered(reply.stream, now_s)
        self.worst_late_s = max(self.worst_late_s, done.late_s)
        if done.work is None:
            return
        self._served(now_s, done.service_s, done.work.audio_s)
        self._service_s += (done.service_s - self._service_s) * FORGETTING
        stream = self.streams.get(reply.stream)
        if stream is not None:
            stream.settle(done.work, reply)
            if self._careful and not stream.is_saying_again:
                self._careful.discard(stream.number)
            if stream.child is self and stream.is_saying_again:
                self.submit(stream)

    def _pace(self) -> None:
        self._schedule.most = 1 if self._careful else ahead(self._service_s)

    def _send_next(self) -> None:
        now_s = self._loop.time()
        while (job := self._schedule.next(now_s)) is not None:
            self._send(job.sealed())

    def _send(self, request: Request) -> None:
        # No flow control: a few requests are on their way at a time, and a child that does not read is killed.
        # What is asked in one round of the loop goes in one piece.
        if not self._out:
            self._loop.call_soon(self._flush)
        self._out += frame(request)

    def _flush(self) -> None:
        out, self._out = self._out, bytearray()
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(out)


def resident_bytes(pid: int) -> int | None:
    """How much memory a process has in use, what it shares included; None where the system does not say."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    except (OSError, ValueError, IndexError):
        return None
    return pages * os.sysconf("SC_PAGE_SIZE")
