"""What a promise costs until it may be told, in both durability modes: alone, and from many callers at once.

    python -m tests.benchmarks.durability [--promises 400] [--threads 16] [--folder DIR]

Each mode gets a private Redis server of its own on a file below DIR, which should lie on the disk that counts. A
promise is `Promises.book` from end to end: reads, decisions, and one script that writes. In `safe`, Redis syncs its
file before it answers. How much that adds to a promise, alone and among many at once, shows that many share a sync.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import threading
import time
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--promises", type=int, default=400)
    parser.add_argument("--threads", type=int, default=16)
    parser.add_argument("--folder", type=Path, default=None)
    chosen = parser.parse_args()
    modes: tuple[Durability, ...] = ("fast", "safe")
    rates: dict[tuple[Durability, int], float] = {}
    for mode in modes:
        with tempfile.TemporaryDirectory(dir=chosen.folder) as folder:
            server = PrivateRedis(Path(folder), mode)
            server.start()
            try:
                check(connect(server.url), mode)
                measure(server.url, 20, 1, "warm")
                for threads in (1, chosen.threads):
                    took, rate = measure(server.url, chosen.promises, threads, f"{threads}")
                    rates[mode, threads] = rate
                    p99 = statistics.quantiles(took, n=100)[98]
                    sys.stdout.write(
                        f"{mode}, {threads:2} at once: p50 {statistics.median(took) * 1000:6.2f} ms, "
                        f"p99 {p99 * 1000:6.2f} ms, {rate:6.0f} promises/s\n"
                    )
                    sys.stdout.flush()
            finally:
                server.stop()
    for threads in (1, chosen.threads):
        more_s = 1 / rates["safe", threads] - 1 / rates["fast", threads]
        sys.stdout.write(f"what the sync adds to each promise, {threads:2} at once: {more_s * 1000:5.2f} ms\n")


if __name__ == "__main__":
    main()
