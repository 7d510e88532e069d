"""One peer's run: book, let the workers work, kill them at the planned moments, wait for recovery, ask the judge."""

from __future__ import annotations

import importlib.metadata
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

import msgspec

from ivr.redis_client import connect
from ivr.redis_server import PrivateRedis, RedisServerError
from tests.benchmarks.crash.carrier import Carrier
from tests.benchmarks.crash.judge import Judge, Score
from tests.benchmarks.crash.peers import Peer
from tests.benchmarks.crash.plan import Plan
from tests.benchmarks.crash.processes import ROOT, Worker

# From the start of the workers to the booking, and from there to the first due time.
WORKERS_START_S: Final = 4.0
LEAD_S: Final = 6.0
REPLACE_AFTER_S: Final = 1.0
# Nobody gets longer than this after the last due time, even who still recovers something.
LONGEST_RECOVERY_S: Final = 150.0
BOOKING_TIMEOUT_S: Final = 60.0
# A supervisor starts again what ends by itself, but not for ever.
MOST_FAILURES: Final = 8
TICK_S: Final = 0.05

Say = Callable[[str], None]


class PeerError(Exception):
    """The peer cannot be measured; the message says why."""

    code = "peer"
    retryable = False


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one peer; either `score` or `error`. CPU in seconds: all its workers together, and its Redis."""

    name: str
    version: str = ""
    score: Score | None = None
    error: str = ""
    cpu_s: float = 0.0
    redis_cpu_s: float = 0.0
    took_s: float = 0.0
    # The worst time from a due time to the first dial.
    latest_s: float = 0.0
    # Workers that ended by themselves.
    failures: int = 0


def measure(peer: Peer, plan: Plan, say: Say, stop: threading.Event) -> Result:
    """Run one peer; whatever keeps it from being measured is in the result. `stop` ends it early, without a score."""
    began = time.monotonic()
    try:
        version = importlib.metadata.version(peer.library)
    except importlib.metadata.PackageNotFoundError:
        return Result(name=peer.name, error=f"{peer.library} is not installed: pip install 'zerohold[bench]'")
    try:
        with tempfile.TemporaryDirectory(prefix="zh-crash-") as folder:
            contest = _Contest(peer, plan, Path(folder), say, stop)
            score = contest.run()
            return Result(
                name=peer.name,
                version=version,
                score=score,
                cpu_s=contest.cpu_s,
                redis_cpu_s=contest.redis_cpu_s,
                took_s=time.monotonic() - began,
                latest_s=contest.latest_s,
                failures=contest.failures,
            )
    except (PeerError, RedisServerError) as error:
        return Result(name=peer.name, version=version, error=str(error), took_s=time.monotonic() - began)


class _Contest:
    """The run while it lasts: a Redis server, a carrier and a supervisor of its own."""

    def __init__(self, peer: Peer, plan: Plan, folder: Path, say: Say, stop: threading.Event) -> None:
        self._peer = peer
        self._plan = plan
        self._folder = folder
        self._say = say
        self._stop = stop
        self._redis = PrivateRedis(folder)
        self._judge = Judge(plan.due_s)
        self._due: dict[str, float] = {}
        self._environment: dict[str, str] = {}
        # By the worker's number; None where it is dead and its replacement is yet to come.
        self._workers: dict[int, Worker | None] = {}
        self._replace_at: dict[int, float] = {}
        self.cpu_s = 0.0
        self.redis_cpu_s = 0.0
        self.latest_s = 0.0
        self.failures = 0

    def run(self) -> Score:
        """The whole of it; raises `PeerError` where the peer does not work at all."""
        self._redis.start()
        try:
            with Carrier(self._judge) as carrier:
                self._environment = {
                    **os.environ,
                    "PYTHONPATH": str(ROOT),
                    "CRASH_REDIS": self._redis.url.removeprefix("unix://"),
                    "CRASH_CARRIER": carrier.address,
                }
                try:
                    self._work()
                finally:
                    self._kill(self._workers)
            # After the workers' end: what they had in hand cannot change the count any more.
            self.redis_cpu_s = self._redis_cpu_s()
            self.latest_s = self._judge.latest_s(self._due)
            return self._judge.score()
        finally:
            self._redis.stop()

    def _work(self) -> None:
        if self._peer.books_first:
            first_due = time.time() + WORKERS_START_S + LEAD_S
            self._book(first_due)
            self._start_all()
        else:
            self._start_all()
            self._supervise(until=time.time() + WORKERS_START_S)
            first_due = time.time() + LEAD_S
            self._book(first_due)
        for count, kill in enumerate(self._plan.kills, start=1):
            self._supervise(until=first_due + kill.after_s)
            group = kill.group % self._peer.groups
            numbers = range(group * self._peer.processes, (group + 1) * self._peer.processes)
            died = self._kill(numbers)
            self._say(f"{self._peer.name}: kill {count} of {len(self._plan.kills)}, group {group}, {died} processes")
        self._supervise(until=first_due + max(self._plan.due_s.values(), default=0.0))
        self._recover()

    def _recover(self) -> None:
        """Wait until the peer has dialled nobody for so long that nothing can come any more."""
        longest = time.time() + LONGEST_RECOVERY_S
        seen, since = self._judge.dials, time.time()
        while time.time() < min(longest, since + self._peer.quiet_s):
            self._supervise(until=time.time() + TICK_S)
            if self._judge.dials != seen:
                seen, since = self._judge.dials, time.time()

    def _book(self, first_due: float) -> None:
        self._due = {callback_id: first_due + after_s for callback_id, after_s in self._plan.due_s.items()}
        command = [sys.executable, "-m", self._peer.module]
        try:
            subprocess.run(
                command,
                input=json.dumps(self._due),
                env=self._environment,
                cwd=ROOT,
                check=True,
                capture_output=True,
                text=True,
                timeout=BOOKING_TIMEOUT_S,
            )
        except subprocess.CalledProcessError as error:
            raise PeerError(f"cannot book: {(error.stderr.strip() or 'no reason given').splitlines()[-1]}") from error
        except subprocess.TimeoutExpired as error:
            raise PeerError(f"has not booked its callbacks within {BOOKING_TIMEOUT_S:.0f} s") from error

    def _start_all(self) -> None:
        for number in range(self._peer.groups * self._peer.processes):
            self._start(number)

    def _start(self, number: int) -> None:
        command = self._peer.command(self._environment["CRASH_REDIS"], number)
        self._workers[number] = Worker(command, self._environment, self._folder / f"worker{number}.log")

    def _supervise(self, until: float) -> None:
        """Until a moment of the wall clock, replace what is dead a second after its death."""
        while (now := time.time()) < until:
            if self._stop.is_set():
                raise PeerError("stopped")
            for number, worker in list(self._workers.items()):
                if worker is None:
                    if now >= self._replace_at[number]:
                        self._start(number)
                elif not worker.alive:
                    self.failures += 1
                    if self.failures > MOST_FAILURES:
                        raise PeerError(f"its workers end by themselves: {worker.last_words()}")
                    self._kill([number])
            time.sleep(min(TICK_S, max(0.0, until - time.time())))

    def _kill(self, numbers: Iterable[int]) -> int:
        died = 0
        for number in list(numbers):
            worker = self._workers[number]
            if worker is not None:
                self._workers[number] = None
                self._replace_at[number] = time.time() + REPLACE_AFTER_S
                count, cpu_s = worker.kill()
                died += count
                self.cpu_s += cpu_s
        return died

    def _redis_cpu_s(self) -> float:
        client = connect(self._redis.url)
        try:
            spent = client.info("cpu")
        finally:
            client.close()
        return float(spent["used_cpu_user"]) + float(spent["used_cpu_sys"])
