"""What a promise costs until it may be told, in both durability modes: alone, and from many callers at once.

    python -m tests.benchmarks.durability [--promises 200] [--rounds 5] [--threads 16] [--folder DIR]

Each mode gets a private Redis server of its own on a file below DIR, which should lie on the disk that counts. A
promise is `Promises.book` from end to end: reads, decisions, and one script that writes. In `safe`, Redis syncs its
file before it answers. That many at once share a sync shows in the rate of single writes, where Python is not what
they wait for.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import threading
import time
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

from callbacks.booking import Promise
from callbacks.redis_store import RedisStore
from callbacks.rules import Policy, QueueRules, Quotas
from callbacks.service import Callbacks
from ivr.redis_client import connect
from ivr.redis_durability import Durability, check
from ivr.redis_server import PrivateRedis
from tests.wishes import wish

# Noon in London: promises are booked within the calling hours.
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


def rules(queue: str) -> QueueRules:
    """A queue in London with room for all."""
    quotas = Quotas(per_caller=10**6, per_number=10**6)
    return QueueRules(name=queue, zone="Europe/London", most_promises=10**6, quotas=quotas)


def measure(url: str, promises: int, threads: int, name: str) -> tuple[list[float], float]:
    """The latency of each promise in seconds, and how many were made per second."""
    took: list[float] = []
    barrier = threading.Barrier(threads + 1)

    def book(first: int) -> None:
        policy = Policy()
        callbacks = Callbacks(RedisStore(connect(url), policy), policy, rules)
        barrier.wait()
        for number in range(first, promises, threads):
            asked = wish(f"{name}:{number}", topic=f"{name}:{number}", caller_number=None)
            began = time.perf_counter()
            promised = callbacks.promises.book(asked, NOW)
            took.append(time.perf_counter() - began)
            if not isinstance(promised, Promise):
                raise TypeError(f"refused: {promised}")

    running = [threading.Thread(target=book, args=(first,)) for first in range(threads)]
    for thread in running:
        thread.start()
    barrier.wait()
    began = time.perf_counter()
    for thread in running:
        thread.join()
    return took, promises / (time.perf_counter() - began)


def write(url: str, times: int, threads: int) -> float:
    """How many single writes are answered in a second: next to nothing but the server and its disk."""

    def put(_number: int) -> None:
        client = connect(url)
        client.ping()
        barrier.wait()
        for number in range(times // threads):
            client.set("written", number)

    barrier = threading.Barrier(threads + 1)
    running = [threading.Thread(target=put, args=(number,)) for number in range(threads)]
    for thread in running:
        thread.start()
    barrier.wait()
    began = time.perf_counter()
    for thread in running:
        thread.join()
    return times / (time.perf_counter() - began)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--promises", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=16)
    parser.add_argument("--folder", type=Path, default=None)
    chosen = parser.parse_args()
    modes: tuple[Durability, ...] = ("fast", "safe")
    crowds = (1, chosen.threads)
    took: dict[tuple[Durability, int], list[float]] = {(mode, crowd): [] for mode in modes for crowd in crowds}
    rates: dict[tuple[Durability, int], list[float]] = {name: [] for name in took}
    writes: dict[tuple[Durability, int], list[float]] = {name: [] for name in took}
    with ExitStack() as stack:
        servers = {}
        for mode in modes:
            folder = stack.enter_context(tempfile.TemporaryDirectory(dir=chosen.folder))
            servers[mode] = PrivateRedis(Path(folder), mode)
            servers[mode].start()
            stack.callback(servers[mode].stop)
            check(connect(servers[mode].url), mode)
            measure(servers[mode].url, 20, 1, "warm")
        # In turns, so that what else the machine does is shared by all.
        for number in range(chosen.rounds):
            for mode, crowd in took:
                seconds, rate = measure(servers[mode].url, chosen.promises, crowd, f"{number}:{crowd}")
                took[mode, crowd] += seconds
                rates[mode, crowd].append(rate)
                writes[mode, crowd].append(write(servers[mode].url, 40 * crowd, crowd))
    for (mode, crowd), seconds in took.items():
        p99 = statistics.quantiles(seconds, n=100)[98]
        sys.stdout.write(
            f"{mode}, {crowd:2} at once: p50 {statistics.median(seconds) * 1000:6.2f} ms, p99 {p99 * 1000:6.2f} ms, "
            f"{statistics.median(rates[mode, crowd]):4.0f} promises/s\n"
        )
    for (mode, crowd), each in writes.items():
        sys.stdout.write(f"{mode}, {crowd:2} at once: {statistics.median(each):5.0f} single writes/s\n")


if __name__ == "__main__":
    main()
