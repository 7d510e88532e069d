"""How soon a callback goes on after a crash: of the worker that had claimed it, and of Redis.

    python -m tests.benchmarks.callbacks.recovery [--repeats 10]

Real workers, web and Redis, and the local carrier at real pace. One worker claims and is killed with -9, before its
dial or right after; another one, which has been there all the time, finds out. What is measured ends with what the
carrier sees: the agent's phone rings again, or the survivor asks what became of the dial. A phone that rings twice is
counted. For Redis: it is killed with -9 and started again at once, while a promise that is on disk falls due.
"""

from __future__ import annotations

import argparse
import os
import signal
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import msgspec

from callbacks.model import Agent, CallbackRequest
from ivr.localcarrier.client import LocalCarrierClient
from ivr.localcarrier.script import Phone, Stay
from ivr.localcarrier.wire import Event
from tests.benchmarks.callbacks.figures import print_figures, say
from tests.benchmarks.crash.office import QUEUE, Office, agent_number, book, customer_number, put_off, wait_until
from tests.benchmarks.crash.processes import Worker

# Nobody picks up: what is measured is the dials.
RINGS: Final = Phone(answer_after_ms=600_000, steps=(Stay(),))
START_S: Final = 3.0
LONGEST_S: Final = 60.0
ON_DISK_S: Final = 2.0


class Trial(msgspec.Struct, frozen=True):
    """Seconds from the crash until the callback went on, and how often its agent's phone rang in all."""

    seconds: float
    rings: int


class Trials:
    """One installation in which workers and Redis die, again and again."""

    def __init__(self, office: Office, carrier: LocalCarrierClient) -> None:
        self._office = office
        self._carrier = carrier
        self._services = office.services()
        self._callbacks = self._services.callbacks
        self._number = 0

    def worker_dies(self, point: str) -> Trial:
        """A worker dies at a point of its dial; a survivor is at work."""
        survivor = self._office.start_worker("survivor")
        time.sleep(START_S)
        # The one that is to die must get the claim.
        os.kill(survivor.pid, signal.SIGSTOP)
        request, phone = self._promise()
        note = self._office.folder / f"died{self._number}"
        dying = self._office.start_worker("dying", "tests.benchmarks.callbacks.dying_worker", point, str(note))
        try:
            if not wait_until(lambda: not dying.alive, LONGEST_S, every_s=0.002):
                raise RuntimeError("the worker that should die has claimed nothing")
            os.kill(survivor.pid, signal.SIGCONT)
            died_at = float(note.read_text())
            went_on = self._rang(phone, 1) if point == "claimed" else self._looked_up(died_at)
            return self._trial(request, phone, died_at, went_on)
        finally:
            self._end(request, survivor, dying)

    def redis_dies(self) -> Trial:
        """Redis is killed and started again while a callback falls due; one worker is at work."""
        worker = self._office.start_worker("worker")
        request, phone = self._promise(due_in_s=START_S + ON_DISK_S)
        try:
            time.sleep(START_S + ON_DISK_S - 0.1)
            pid = self._office.redis.pid
            assert pid is not None
            died_at = time.time()
            os.kill(pid, signal.SIGKILL)
            wait_until(lambda: not self._office.redis.alive, LONGEST_S, every_s=0.002)
            self._office.redis.start()
            return self._trial(request, phone, died_at, self._rang(phone, 1))
        finally:
            self._end(request, worker)

    # ------------------------------------------------------------ helpers

    def _promise(self, due_in_s: float = 0.0) -> tuple[CallbackRequest, str]:
        """A promise, and the phone of the only agent who is there."""
        self._number += 1
        phone, now = agent_number(self._number), datetime.now(UTC)
        self._carrier.set_phone(phone, RINGS)
        agent = Agent(id=f"desk{self._number}", name="desk", number=phone, queues=(QUEUE,), idle_since=now)
        self._callbacks.agents.put(agent)
        request = book(self._callbacks, f"recovery{self._number}", customer_number(self._number), now)
        if due_in_s:
            put_off(self._callbacks, request.id, time.time() + due_in_s)
        return request, phone

    def _rings(self, phone: str) -> list[Event]:
        return [each for each in self._carrier.events() if each.kind == "call_started" and each["to_number"] == phone]

    def _rang(self, phone: str, times: int) -> Callable[[], float | None]:
        def at() -> float | None:
            rings = self._rings(phone)
            return rings[times - 1].at if len(rings) >= times else None

        return at

    def _looked_up(self, since: float) -> Callable[[], float | None]:
        def at() -> float | None:
            asked = (each for each in self._carrier.events() if each.kind == "rest_request" and each.at >= since)
            return next((each.at for each in asked if each["operation"] == "list_calls"), None)

        return at

    def _trial(
        self, request: CallbackRequest, phone: str, died_at: float, went_on: Callable[[], float | None]
    ) -> Trial:
        if not wait_until(lambda: went_on() is not None, LONGEST_S):
            raise RuntimeError(f"{request.id} did not go on within {LONGEST_S:.0f} s")
        # Long enough for a mistake to show.
        time.sleep(1.0)
        at = went_on()
        assert at is not None
        return Trial(seconds=at - died_at, rings=len(self._rings(phone)))

    def _end(self, request: CallbackRequest, *workers: Worker) -> None:
        """Leave nothing behind for the next trial."""
        for worker in workers:
            worker.kill()
        ended = self._callbacks.promises.cancel(request.id, datetime.now(UTC))
        self._services.dispatcher.end_legs(ended)
        self._callbacks.store.remove_agent(f"desk{self._number}")


def main() -> None:
    """Print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=10)
    repeats = parser.parse_args().repeats
    found: dict[str, list[Trial]] = {}
    with tempfile.TemporaryDirectory(prefix="zh-recovery-") as folder:
        arguments = ("--silent", "--fast-prompts")
        with Office(Path(folder), carrier_arguments=arguments) as office:
            office.start_web()
            trials = Trials(office, office.start_carrier())
            cases: dict[str, Callable[[], Trial]] = {
                "worker, after its claim: rings": lambda: trials.worker_dies("claimed"),
                "worker, after its dial: looked up": lambda: trials.worker_dies("dialled"),
                "redis: rings": trials.redis_dies,
            }
            for number in range(repeats):
                for name, case in cases.items():
                    found.setdefault(name, []).append(case())
                    say(f"{number + 1} of {repeats}: {name}: {found[name][-1]}")
    report(found)


def report(found: dict[str, list[Trial]]) -> None:
    """The table, and the line of JSON."""
    figures: dict[str, Any] = {}
    for name, trials in found.items():
        seconds = [trial.seconds for trial in trials]
        figures[name] = {
            "repeats": len(trials),
            "median_s": round(statistics.median(seconds), 2),
            "worst_s": round(max(seconds), 2),
            "rang_twice": sum(trial.rings > 1 for trial in trials),
        }
    rows = [[name, *(str(value) for value in each.values())] for name, each in figures.items()]
    headings = ("killed with -9", "repeats", "median s", "worst s", "rang twice")
    print_figures("from the crash until the callback goes on", headings, rows, figures)


if __name__ == "__main__":
    main()
