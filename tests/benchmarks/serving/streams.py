"""Live streams: chunks of audio at the pace of speech, into whatever recognises them, and how late its answers are."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Protocol

import msgspec

from ivr.media.audio import QUIET_CHUNK_MS
from ivr.media.session import AT_ONCE_MS
from speech.stream import More
from tests.benchmarks.callbacks.figures import percentile
from tests.benchmarks.serving.audio import CHUNK_MS, SEED, chunks

# An answer that is so late ends the trial: nothing is learned from what follows.
HOPELESS_S: Final = 2.0
CHUNK_S: Final = CHUNK_MS / 1000
# As many chunks as a call's session gives to a recogniser in one go.
AT_ONCE: Final = AT_ONCE_MS // CHUNK_MS
QUIET: Final = QUIET_CHUNK_MS // CHUNK_MS


class Listening(Protocol):
    """One stream of what is measured; each method returns when it has its answer."""

    # Whether nobody speaks, so that chunks of twice the length will do.
    quiet: bool

    async def begin(self) -> None:
        """A turn begins."""

    async def feed(self, media_ms: int, mulaw: bytes, arrived_s: float, more: More) -> None:
        """The next chunk, which arrived at this time; what comes while it waits, `more` answers, once."""

    async def finish(self) -> None:
        """The turn is over."""

    def close(self) -> None:
        """The call is over."""


class Nothing:
    """Recognises nothing at no cost: what is left is the cost of the measurement."""

    quiet = False

    async def begin(self) -> None:
        """Do nothing."""

    async def feed(self, media_ms: int, mulaw: bytes, arrived_s: float, more: More) -> None:
        """Do nothing."""

    async def finish(self) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""


class Lag(msgspec.Struct, frozen=True, kw_only=True):
    """How late the answers were that were due in the later part of a trial, in milliseconds."""

    chunks: int
    p50_ms: float
    p95_ms: float
    p99_ms: float
    hopeless: bool = False


class _Hopeless(Exception):  # noqa: N818 - an end, not an error
    pass


async def play(
    streams: int,
    open_stream: Callable[[], Awaitable[Listening]],
    utterances: Sequence[bytes],
    seconds: float,
    counted_from_s: float,
    on_count: Callable[[], None] = lambda: None,
) -> Lag:
    """Play utterances, one after the other, on so many streams for some seconds, in real time.

    A chunk is fed when its last sample has been spoken, or when the one before has been answered, if that is later.
    What is spoken while it waits may be taken in one go with it, and two are fed together where nobody speaks yet, as
    by a call's session. The lag of each is the time from its last sample to its answer. `on_count` is called when
    counting begins.
    """
    loop = asyncio.get_running_loop()
    lags: list[tuple[float, float]] = []
    opened = [await open_stream() for _ in range(streams)]
    started = loop.time() + CHUNK_S

    async def run(stream: Listening, number: int) -> None:
        rng = random.Random(SEED + number)  # noqa: S311 - where in the recordings a call begins is no secret
        # Calls begin at any time: their chunks are spread evenly.
        first_s = started + CHUNK_S * number / streams
        count, rest = 0, chunks(rng.choice(utterances))
        rest = rest[rng.randrange(len(rest)) :]
        taken = 0

        def due_s(number: int) -> float:
            return first_s + (number + 1) * CHUNK_S

        def more() -> bytes:
            nonlocal taken
            before, now_s = taken, loop.time()
            while taken < min(AT_ONCE, len(rest)) and due_s(count + taken) <= now_s:
                taken += 1
            return b"".join(rest[before:taken])

        await stream.begin()
        while True:
            taken = min(QUIET if stream.quiet else 1, len(rest))
            if (at_s := due_s(count + taken - 1)) >= started + seconds:
                return
            if (wait_s := at_s - loop.time()) > 0:
                await asyncio.sleep(wait_s)
            await stream.feed(count * CHUNK_MS, b"".join(rest[:taken]), at_s, more)
            now_s = loop.time()
            lags.extend((due_s(number), now_s - due_s(number)) for number in range(count, count + taken))
            if now_s - at_s > HOPELESS_S:
                raise _Hopeless
            count += taken
            del rest[:taken]
            if not rest:
                await stream.finish()
                await stream.begin()
                rest = chunks(rng.choice(utterances))

    hopeless = False
    loop.call_at(started + counted_from_s, on_count)
    try:
        async with asyncio.TaskGroup() as group:
            for number, stream in enumerate(opened):
                group.create_task(run(stream, number))
    except* _Hopeless:
        hopeless = True
    for stream in opened:
        stream.close()
    counted = [lag_s * 1000 for due_s, lag_s in lags if hopeless or due_s >= started + counted_from_s]
    p50_ms, p95_ms, p99_ms = (round(percentile(counted, share), 1) for share in (0.5, 0.95, 0.99))
    return Lag(chunks=len(counted), p50_ms=p50_ms, p95_ms=p95_ms, p99_ms=p99_ms, hopeless=hopeless)
