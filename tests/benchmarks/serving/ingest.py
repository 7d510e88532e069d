"""What it costs to take media in: our socket loop against flask-sock on gunicorn's threads, recognisers left out.

    python -m tests.benchmarks.serving.ingest [--streams 300] [--seconds 12] [--rounds 2] [--quick]

Both get the same load in turn: frames of 20 ms from so many streams in real time, over real sockets. Behind both is the
same sink, which gets chunks of 100 ms. The cost is CPU of the server's processes for each second of audio that came
out; the lag is from the moment when a chunk's last frame was to be sent until the sink had it.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from ivr.processes import free_port
from tests.benchmarks.callbacks.figures import print_figures, say
from tests.benchmarks.serving import wire
from tests.benchmarks.serving.audio import FRAME_MS
from tests.benchmarks.serving.counters import Counters, cpu_s, descendants
from tests.benchmarks.serving.offered_load import SETTLE_S

GOAL_LAG_MS: Final = 10.0
UP_WITHIN_S: Final = 30.0
# Left out at the beginning, when all streams open, and at the end.
FIRST_S, LAST_S = 2.0, 0.5
THREADS_SPARE: Final = 20


class Cost(msgspec.Struct, frozen=True, kw_only=True):
    """What one round came to."""

    design: str
    # The share of the audio that was offered which came out in time to be counted.
    taken: float
    cpu_ms_per_stream_second: float
    lag_p50_ms: float
    lag_p99_ms: float
    loop_p99_ms: float | None
    sender_late_p99_ms: float
    streams_lost: int


def command(design: str, port: int, folder: Path, streams: int) -> list[str]:
    """What starts a server."""
    if design == "ours":
        return [sys.executable, "-m", "tests.benchmarks.serving.ingest_ours", str(port), str(folder)]
    return [
        *(sys.executable, "-m", "gunicorn", "--no-control-socket", "-b", f"127.0.0.1:{port}"),
        *("--workers", "1", "--threads", str(streams + THREADS_SPARE), "--graceful-timeout", "1"),
        *("--log-level", "error", "tests.benchmarks.serving.ingest_flask:app"),
    ]


@contextlib.contextmanager
def running(design: str, folder: Path, streams: int) -> Iterator[tuple[int, int]]:
    """A server's pid and port, while it runs."""
    port = free_port()
    environment = {**os.environ, "INGEST_FOLDER": str(folder)}
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(command(design, port, folder, streams), env=environment, stdout=log, stderr=log)
        try:
            _wait_for(port, server)
            yield server.pid, port
        finally:
            server.terminate()
            try:
                server.wait(5)
            except subprocess.TimeoutExpired:
                for pid in descendants(server.pid):
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, 9)
                server.kill()
                server.wait(5)


def _wait_for(port: int, server: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + UP_WITHIN_S
    while True:
        try:
            wire.connect(port, "/media", {"X-Twilio-Signature": "none"}).close()
        except OSError:
            if server.poll() is not None or time.monotonic() > until:
                raise SystemExit("the server did not come up") from None
            time.sleep(0.05)
        else:
            return


def one_round(design: str, streams: int, seconds: float) -> Cost:
    """Offer the load to one server."""
    with (
        tempfile.TemporaryDirectory(prefix="zh-ingest-") as name,
        running(design, Path(name), streams) as (pid, port),
    ):
        arguments = ["--port", str(port), "--path", "/media", "--streams", str(streams), "--seconds", str(seconds)]
        load = subprocess.Popen(
            [sys.executable, "-m", "tests.benchmarks.serving.offered_load", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            assert load.stdin is not None
            assert load.stdout is not None
            if load.stdout.readline().strip() != "ready":
                raise SystemExit(f"the load on {design} did not begin")
            load.stdin.write("go\n")
            load.stdin.flush()
            frames, loop = Counters(Path(name) / "frames"), Counters(Path(name) / "loop")

            def spent_s() -> float:
                return sum(map(cpu_s, [pid, *descendants(pid)]))

            time.sleep(SETTLE_S + min(FIRST_S, seconds / 3))
            before, loop_before, began_s, before_s = frames.read(), loop.read(), time.monotonic(), spent_s()
            time.sleep(seconds - min(FIRST_S, seconds / 3) - LAST_S)
            after, loop_after, took_s, cost_s = (
                frames.read(),
                loop.read(),
                time.monotonic() - began_s,
                spent_s() - before_s,
            )
            sent = json.loads(load.stdout.readline())
            told = (Path(name) / "log").read_text()[-1000:]
        finally:
            load.kill()
            load.wait()
    seen = after.since(before)
    audio_s = seen.frames * FRAME_MS / 1000
    if not audio_s:
        raise SystemExit(f"{design}: no audio came out of it\n{told}")
    return Cost(
        design=design,
        taken=round(audio_s / (streams * took_s), 3),
        cpu_ms_per_stream_second=round(1000 * cost_s / audio_s, 3),
        lag_p50_ms=seen.late_ms(0.5),
        lag_p99_ms=seen.late_ms(0.99),
        loop_p99_ms=loop_after.since(loop_before).late_ms(0.99) if design == "ours" else None,
        sender_late_p99_ms=sent["late_p99_ms"],
        streams_lost=sent["streams_lost"],
    )


def measure(streams: int, seconds: float, rounds: int) -> dict[str, Any]:
    """The figures of one run."""
    designs = ["ours"]
    if importlib.util.find_spec("flask_sock") is None:
        say("flask-sock is not installed (it is in the extra `bench`): ours is measured alone")
    else:
        designs.append("flask-sock")
    found: list[Cost] = []
    for number in range(rounds):
        for design in designs if number % 2 == 0 else reversed(designs):
            found.append(one_round(design, streams, seconds))
            say(f"{design}: {found[-1].cpu_ms_per_stream_second} ms of CPU for a second of audio")
    costs = {design: _cheapest([each for each in found if each.design == design]) for design in designs}
    return {
        "part": "ingest",
        "streams": streams,
        "ratio": round(costs["flask-sock"] / costs["ours"], 2) if len(designs) > 1 else None,
        "cpu_ms_per_stream_second": costs,
        "streams_per_core": {design: round(1000 / cost) for design, cost in costs.items()},
        "rounds": [msgspec.to_builtins(each) for each in found],
    }


def _cheapest(found: Sequence[Cost]) -> float:
    """Of the round in which it cost least: what is above that is other load, or a server that is going under."""
    return min(each.cpu_ms_per_stream_second for each in found)


def main() -> None:
    """Print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--streams", type=int, default=300)
    parser.add_argument("--seconds", type=float, default=12.0, help="of one round")
    parser.add_argument("--rounds", type=int, default=2, help="of each design")
    parser.add_argument("--quick", action="store_true", help="a few streams for a moment; the figures mean little")
    options = parser.parse_args()
    # A polite end of this process must end what it has started, too.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if options.quick:
        options.streams, options.seconds, options.rounds = 5, 1.5, 1
    figures = measure(options.streams, options.seconds, options.rounds)
    names = [name for name in figures["rounds"][0] if name != "design"]
    rows = [[name.replace("_", " "), *(str(each[name]) for each in figures["rounds"])] for name in names]
    rows.append(["ratio", *["" for _ in figures["rounds"][1:]], str(figures["ratio"])])
    headings = ("", *(each["design"] for each in figures["rounds"]))
    print_figures(f"media taken in, {options.streams} streams", headings, rows, figures)


if __name__ == "__main__":
    main()
