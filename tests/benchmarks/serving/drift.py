"""What a day leaves behind: a child's memory for each stream, and after thousands of calls replayed without pause.

    python -m tests.benchmarks.serving.drift [--calls 1440] [--seconds 600] [--quick]

A call is a minute with four turns, of which some 9 s are listened to: the caller says two digits, which are fed in
chunks and finished; then the recogniser is reset for the next turn. A day of one line is 1440 of them. They are
replayed as fast as they are recognised, eight at a time, on one child, until the calls or the seconds are over. Memory
is read when no call is on: after the first tenth (warm) and then about twenty times. The slope is that of a straight
line through what was read after the first third.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import signal
import statistics
import time
from collections.abc import Sequence
from typing import Any, Final

from speech.models import SHIPPED_DIR
from tests.benchmarks.callbacks.figures import print_figures, say
from tests.benchmarks.serving.audio import CHUNK_MS, SEED, chunks, utterances
from tests.benchmarks.serving.counters import descendants, memory_kb
from tests.benchmarks.serving.ours import Ours

TURNS: Final = 4
WORDS: Final = 2
AT_ONCE: Final = 8
DAY_CALLS: Final = 24 * 60
READINGS: Final = 20
# So many streams are opened to see what one takes.
OPEN_AT_ONCE: Final = 50


async def one_call(ours: Ours, audio: Sequence[bytes], rng: random.Random) -> int:
    """One call; how many seconds were listened to."""
    stream = await ours.open()
    media_ms = 0
    for _ in range(TURNS):
        await stream.begin()
        for chunk in chunks(rng.choice(audio)):
            await stream.feed(media_ms, chunk)
            media_ms += CHUNK_MS
        await stream.finish()
    stream.close()
    return media_ms // 1000


def memory() -> tuple[int, int, int]:
    """KiB: resident set and proportional set of all recogniser processes, resident set of this one."""
    found = [memory_kb(pid) for pid in descendants(os.getpid())]
    return sum(each[0] for each in found), sum(each[1] for each in found), memory_kb(os.getpid())[0]


async def each_stream(ours: Ours, audio: Sequence[bytes], count: int) -> float:
    """KiB of a child's own memory for each stream that has listened to an utterance and is still open."""
    before = memory()[0]
    opened = [await ours.open() for _ in range(count)]
    for number, stream in enumerate(opened):
        await stream.begin()
        for at, chunk in enumerate(chunks(audio[number % len(audio)])):
            await stream.feed(at * CHUNK_MS, chunk)
    grown = memory()[0] - before
    for stream in opened:
        stream.close()
    return round(grown / count, 1)


async def replay(calls: int, seconds: float) -> dict[str, Any]:
    """The figures of one run."""
    audio, source = utterances(40, WORDS)
    rng = random.Random(SEED)  # noqa: S311 - which digits are said is no secret
    async with Ours(SHIPPED_DIR / "telephone-en", children=1) as ours:
        await one_call(ours, audio, rng)
        start, read, listened_s, done = memory(), [], 0, 0
        stream_kb = await each_stream(ours, audio, min(OPEN_AT_ONCE, calls))
        began_s = time.monotonic()
        batch = max(AT_ONCE, calls // READINGS)
        while done < calls and time.monotonic() - began_s < seconds:
            left = [batch]

            async def line(left: list[int] = left) -> int:
                heard_s = 0
                while left[0] > 0:
                    left[0] -= 1
                    heard_s += await one_call(ours, audio, rng)
                return heard_s

            listened_s += sum(await asyncio.gather(*(line() for _ in range(AT_ONCE))))
            done += batch
            read.append((done, *memory()))
            say(f"{done} calls: {read[-1][1]} KiB")
        took_s = time.monotonic() - began_s
    late = [each for each in read if each[0] >= done / 3] or read
    warm = next(each for each in read if each[0] >= done / 10)
    return {
        "part": "drift",
        "audio": source,
        "calls": done,
        "days_of_one_line": round(done / DAY_CALLS, 2),
        "listened_s": listened_s,
        "took_s": round(took_s),
        "kib_per_stream": stream_kb,
        "child_rss_kib": {"start": start[0], "warm": warm[1], "end": read[-1][1]},
        "child_pss_kib": {"start": start[1], "warm": warm[2], "end": read[-1][2]},
        "parent_rss_kib": {"start": start[2], "warm": warm[3], "end": read[-1][3]},
        "child_kib_per_1000_calls": slope([(each[0], each[1]) for each in late]),
        "parent_kib_per_1000_calls": slope([(each[0], each[3]) for each in late]),
    }


def slope(points: Sequence[tuple[int, int]]) -> float | None:
    """KiB for each 1000 calls, by least squares; None where there are not three points."""
    if len(points) < 3:
        return None
    calls, kib = zip(*points, strict=True)
    return round(1000 * statistics.linear_regression(calls, kib).slope, 1)


def main() -> None:
    """Print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=DAY_CALLS)
    parser.add_argument("--seconds", type=float, default=600.0, help="no call is begun later")
    parser.add_argument("--quick", action="store_true", help="a few calls; means little")
    options = parser.parse_args()
    # A polite end of this process must end what it has started, too.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if options.quick:
        options.calls, options.seconds = 24, 2.0
    figures = asyncio.run(replay(options.calls, options.seconds))
    rows = [[name.replace("_", " "), str(value)] for name, value in figures.items()]
    print_figures("memory", ("", ""), rows, figures)


if __name__ == "__main__":
    main()
