"""The kill -9 scoreboard: ours and five peers under the same kills, and ten thousand fault schedules for ours.

    python -m tests.benchmarks.crash [--only celery] [--jobs 600] [--kills 4] [--seed 1] [--schedules 10000]

Prints a table; with JSON=1 in the environment the last line is one JSON object. Linux only, as it reads /proc. On two
idle cores: two minutes for our kills, ten to fifteen for the schedules, five for the peers.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from rich.console import Console

from tests.benchmarks.crash import ours, schedules
from tests.benchmarks.crash.contest import Result, Say, measure
from tests.benchmarks.crash.peers import PEERS
from tests.benchmarks.crash.plan import Plan, plan
from tests.benchmarks.crash.report import Ours, json_line, print_table

# Two cores carry two peers, which mostly wait; the longest begin first.
AT_ONCE: Final = 2
OURS: Final = "ours"
NAMES: Final = tuple(peer.name for peer in PEERS)


def run_peers(names: Sequence[str], shared: Plan, say: Say) -> list[Result]:
    """Measure the named peers, in the order of `PEERS`."""
    chosen = sorted((peer for peer in PEERS if peer.name in names), key=lambda peer: -peer.quiet_s)
    stop = threading.Event()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        results = {peer.name: pool.submit(measure, peer, shared, say, stop) for peer in chosen}
        try:
            return [results[name].result() for name in NAMES if name in results]
        except BaseException:
            # Interrupted: each run kills its workers before the pool lets go.
            stop.set()
            raise


def run_ours(jobs: int, kills: int, seed: int, count: int, say: Say) -> Ours:
    """Measure our own half: real processes under the kills that the peers get, then the fault schedules."""
    killed = ours.run(jobs=jobs, kills=kills, seed=seed, say=say)
    assert killed.score is not None  # what kept ours from being measured has been raised
    return Ours(killed.score + schedules.run(count=count, seed=seed, say=say), count, killed)


def main() -> None:
    """Print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=(OURS, *NAMES), action="append", help="measure this one; may be repeated")
    parser.add_argument("--jobs", type=int, default=600, help="callbacks for each")
    parser.add_argument("--kills", type=int, default=4, help="kills of a group of workers")
    parser.add_argument("--seed", type=int, default=1, help="of the moments and the victims")
    parser.add_argument("--schedules", type=int, default=10_000, help="fault schedules for ours")
    options = parser.parse_args()
    chosen = options.only or [OURS, *NAMES]
    # A polite end of this process must end its workers, too.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    lock = threading.Lock()

    def say(line: str) -> None:
        with lock:
            sys.stderr.write(f"{line}\n")

    own = None
    if OURS in chosen:
        own = run_ours(options.jobs, options.kills, options.seed, options.schedules, say)
    results = run_peers(chosen, plan(options.jobs, options.kills, options.seed), say)
    print_table(Console(), own, results, options.jobs, options.kills)
    if os.environ.get("JSON") == "1":
        sys.stdout.write(json_line(own, results, NAMES) + "\n")


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
