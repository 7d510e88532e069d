"""How many live streams: the pool against the bare offline loop and against vosk-server's published design.

    python -m tests.benchmarks.serving.capacity [--seconds 6] [--steps 5] [--quick]

A stream is live as long as 95 of 100 answers come within 300 ms of the last sample of their chunk of 100 ms, when a
trial comes to its end. The most streams are found by halving, ours and the peer's trials in turn, so that whatever
else the machine does strikes both; the bare loop is measured before, amid and after them. Ratios of one run are what
counts. Ours and the peer are fed in their own process, without sockets.
"""

from __future__ import annotations

import argparse
import math
import os
import signal
import statistics
import tempfile
from pathlib import Path
from typing import Any, Final

from speech.models import SHIPPED_DIR
from tests.benchmarks.callbacks.figures import print_figures, say
from tests.benchmarks.serving import trial
from tests.benchmarks.serving.audio import CHUNK_MS, utterances
from tests.benchmarks.serving.stand_in import write_stand_in

GOAL_LAG_MS: Final = 300.0
MODEL_NAME: Final = "telephone-en"
CORES: Final = os.cpu_count() or 1
# Nothing can beat the bare loop by more than what the machine's load changes in a run.
ABOVE_BARE: Final = 1.15


class Halving:
    """The greatest number that passes, between one that does and one that does not."""

    def __init__(self, least: int, first: int, most: int) -> None:
        self.passed, self._failed, self._first = least, most, first

    @property
    def next(self) -> int | None:
        """What to try; None where the answer is known."""
        if self._failed - self.passed <= 1:
            return None
        if self.passed < self._first < self._failed:
            return self._first
        return (self.passed + self._failed) // 2

    def note(self, tried: int, passes: bool) -> None:
        """What came of it."""
        if passes:
            self.passed = max(self.passed, tried)
        else:
            self._failed = min(self._failed, tried)


def passes(found: trial.Trial) -> bool:
    """Whether all of a trial's streams were live."""
    return found.lag is not None and not found.lag.hopeless and found.lag.p95_ms <= GOAL_LAG_MS


def measure(model: Path, name: str, seconds: float, steps: int) -> dict[str, Any]:
    """The figures of one model."""
    bare_s = max(seconds / 3, 0.5)

    per_cpu_second: list[float] = []

    def bare() -> float:
        found = trial.run("bare", model, CORES, bare_s).bare
        assert found is not None
        per_cpu_second.append(found.per_cpu_second)
        return found.streams

    bound = [bare()]
    say(f"{name}: the bare loop is good for {bound[0]:.1f} streams")
    most = math.ceil(bound[0] * ABOVE_BARE) + 1
    found = {design: Halving(0, round(bound[0] * 0.8), most) for design in trial.DESIGNS}
    best: dict[str, trial.Trial] = {}
    for step in range(steps):
        # Who begins takes turns, too.
        for design in trial.DESIGNS if step % 2 == 0 else reversed(trial.DESIGNS):
            streams = found[design].next
            if streams is None:
                continue
            tried = trial.run(design, model, streams, seconds)
            found[design].note(streams, passes(tried))
            if passes(tried) and (design not in best or best[design].streams < streams):
                best[design] = tried
            lag = "no answer" if tried.lag is None else f"p95 {tried.lag.p95_ms:.0f} ms"
            say(f"{name}: {design}, {streams} streams: {lag}{'' if passes(tried) else ', too late'}")
        if step in (steps // 2, steps - 1):
            bound.append(bare())
    offline = statistics.mean(bound)
    ours, peer = found["ours"].passed, found["published"].passed
    at_best = best.get("ours")
    return {
        "model": name,
        "bare_streams": [round(each, 1) for each in bound],
        "ours_streams": ours,
        "published_streams": peer,
        "ours_to_bare": round(ours / offline, 3),
        "ours_to_bare_by_cpu": _by_cpu(at_best, statistics.mean(per_cpu_second)),
        "ours_to_published": round(ours / peer, 2) if peer else None,
        "ours_p95_ms": None if at_best is None or at_best.lag is None else at_best.lag.p95_ms,
        "transport_share": None if at_best is None else _rounded(at_best.transport_share),
        "parent_ms_per_chunk": _per_chunk(at_best, "parent"),
        "child_ms_per_chunk": _per_chunk(at_best, "child"),
        "native_ms_per_chunk": _per_chunk(at_best, "native"),
    }


def _rounded(share: float | None) -> float | None:
    return None if share is None else round(share, 3)


def _by_cpu(found: trial.Trial | None, bare_per_cpu_second: float) -> float | None:
    """Audio for each second of CPU, ours to the bare loop: what is left of the ratio when the cores are shared."""
    if found is None or found.lag is None:
        return None
    spent_s = found.parent_s - found.feeding_s + found.children_s
    return round(found.lag.chunks * CHUNK_MS / 1000 / spent_s / bare_per_cpu_second, 3) if spent_s > 0 else None


def _per_chunk(found: trial.Trial | None, part: str) -> float | None:
    if found is None or found.lag is None:
        return None
    seconds = {
        "parent": found.parent_s - found.feeding_s,
        "child": found.children_s - found.native_s,
        "native": found.native_s,
    }[part]
    return round(1000 * seconds / found.lag.chunks, 3)


def main() -> None:
    """Print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=6.0, help="of one trial")
    parser.add_argument("--steps", type=int, default=5, help="trials of each design")
    parser.add_argument("--model", choices=("shipped", "stand-in"), action="append", help="this one alone")
    parser.add_argument("--quick", action="store_true", help="seconds instead of minutes; the figures mean little")
    options = parser.parse_args()
    # A polite end of this process must end what it has started, too.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    seconds, steps = (1.0, 1) if options.quick else (options.seconds, options.steps)
    _, source = utterances(1)
    with tempfile.TemporaryDirectory(prefix="zh-serving-") as folder:
        models = {"shipped": SHIPPED_DIR / MODEL_NAME}
        models["stand-in"] = write_stand_in(models["shipped"], Path(folder) / "stand-in")
        found = [measure(models[name], name, seconds, steps) for name in options.model or models]
    figures = {"part": "capacity", "cores": CORES, "audio": source, "models": found}
    rows = [[name.replace("_", " "), *(str(each[name]) for each in found)] for name in found[0]]
    print_figures(f"live streams on {CORES} cores", ("", *("" for _ in found)), rows, figures)


if __name__ == "__main__":
    main()
