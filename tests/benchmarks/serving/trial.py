"""One trial in a process of its own: so many streams for so long on one design; a line of JSON comes out.

python -m tests.benchmarks.serving.trial {ours,published,bare} --model DIR --streams 20 --seconds 6
"""

from __future__ import annotations

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from tests.benchmarks.serving import bare
from tests.benchmarks.serving.audio import utterances
from tests.benchmarks.serving.counters import Counters, cpu_s, descendants
from tests.benchmarks.serving.measured_child import FOLDER_VARIABLE
from tests.benchmarks.serving.ours import MEASURED, Ours
from tests.benchmarks.serving.published import Published
from tests.benchmarks.serving.streams import Lag, Nothing, play

DESIGNS: Final = ("ours", "published")
UTTERANCES: Final = 40
# Counted is the last part of a trial: a queue that grows has grown by then.
COUNTED_SHARE: Final = 1 / 3


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one trial. CPU is of the time that was counted, in seconds; `feeding_s` is what the measurement
    itself costs, and is a part of `parent_s`.
    """

    design: str
    streams: int
    lag: Lag | None = None
    bare: bare.Bare | None = None
    counted_s: float = 0.0
    parent_s: float = 0.0
    feeding_s: float = 0.0
    children_s: float = 0.0
    native_s: float = 0.0

    @property
    def transport_share(self) -> float | None:
        """CPU of everything but libvosk, as a share of libvosk's."""
        if not self.native_s:
            return None
        return (self.parent_s - self.feeding_s + self.children_s - self.native_s) / self.native_s


def run(design: str, model: Path, streams: int, seconds: float) -> Trial:
    """The trial in a process of its own; raises `CalledProcessError` and `TimeoutExpired`."""
    done = subprocess.run(
        [
            *(sys.executable, "-m", "tests.benchmarks.serving.trial", design),
            *("--model", str(model), "--streams", str(streams), "--seconds", str(seconds)),
        ],
        check=True,
        stdout=subprocess.PIPE,
        timeout=60 + 5 * seconds,
    )
    return msgspec.json.decode(done.stdout.splitlines()[-1], type=Trial)


async def _ours(model: Path, streams: int, seconds: float, audio: Sequence[bytes]) -> Trial:
    began_s = time.process_time()
    idle = await play(streams, _nothing, audio, seconds * COUNTED_SHARE, 0.0)
    feeding_s = (time.process_time() - began_s) / idle.chunks
    with tempfile.TemporaryDirectory(prefix="zh-serving-") as folder:
        os.environ[FOLDER_VARIABLE] = folder
        counted: list[tuple[float, float, float, float]] = []

        def count() -> None:
            children_s = sum(map(cpu_s, descendants(os.getpid())))
            native_s = sum(Counters(path).read().seconds for path in Path(folder).iterdir())
            counted.append((time.monotonic(), time.process_time(), children_s, native_s))

        async with Ours(model, command=MEASURED) as ours:
            lag = await play(streams, ours.open, audio, seconds, seconds * (1 - COUNTED_SHARE), count)
            count()
        if len(counted) < 2:  # hopeless before anything was counted
            return Trial(design="ours", streams=streams, lag=lag)
        counted_s, parent_s, children_s, native_s = (
            after - before for before, after in zip(counted[0], counted[-1], strict=True)
        )
    return Trial(
        design="ours",
        streams=streams,
        lag=lag,
        counted_s=counted_s,
        parent_s=parent_s,
        feeding_s=feeding_s * lag.chunks,
        children_s=children_s,
        native_s=native_s,
    )


async def _nothing() -> Nothing:
    return Nothing()


async def _published(model: Path, streams: int, seconds: float, audio: Sequence[bytes]) -> Trial:
    server = Published(model)
    lag = await play(streams, server.connect, audio, seconds, seconds * (1 - COUNTED_SHARE))
    server.executor.shutdown(cancel_futures=True)
    return Trial(design="published", streams=streams, lag=lag)


def main() -> None:
    """Print the trial as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("design", choices=(*DESIGNS, "bare"))
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--streams", type=int, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    options = parser.parse_args()
    audio, _ = utterances(UTTERANCES)
    if options.design == "bare":
        found = bare.measure(options.model, audio, options.streams, options.seconds)
        trial = Trial(design="bare", streams=options.streams, bare=found)
    else:
        play_on = _ours if options.design == "ours" else _published
        trial = asyncio.run(play_on(options.model, options.streams, options.seconds, audio))
    sys.stdout.write(msgspec.json.encode(trial).decode() + "\n")


if __name__ == "__main__":
    main()
