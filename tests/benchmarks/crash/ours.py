"""Our own run of the kill -9 scoreboard: the same plan and judge, and every part of the product real.

The carrier, web under gunicorn, Redis and two workers are processes of their own; a kill takes one of the workers.
Each callback is a real call for two: the agent's phone rings, the agent hears why and presses 1, the customer's phone
rings, both talk, the customer hangs up, the agent presses a key for how it ended. The judge reads the carrier's log:
what the phones saw. A customer's phone that rings again for the same promise is a double, whatever came of either call;
a promise is kept only by a customer who has heard the agent, has answered, and has hung up by themselves.
"""

from __future__ import annotations

import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec

from ivr.localcarrier.client import LocalCarrierClient
from ivr.localcarrier.script import HangUp, Hear, HearEnd, Phone, Press, Say, Stay, Wait
from ivr.localcarrier.wire import Event
from ivr.services import Services
from tests.benchmarks.crash.contest import REPLACE_AFTER_S, Result
from tests.benchmarks.crash.judge import Judge
from tests.benchmarks.crash.office import (
    MOST_CUSTOMERS,
    Office,
    agent_number,
    book,
    customer_number,
    put_off,
)
from tests.benchmarks.crash.plan import Plan, plan
from tests.benchmarks.crash.processes import Worker

# So many that 24 callbacks a second find one who is free, at the pace of these calls.
AGENTS: Final = 160
# Seconds of call time in a second: a call of 20 s, whisper and greeting included, is over after four.
PACE: Final = 5.0
WORKERS_START_S: Final = 6.0
# The longest lease is 80 s, of an agent who rings; after it nobody can be dialled who has not been.
QUIET_S: Final = 90.0
# Where everything has ended on our own record, only a mistake could ring once more.
QUIET_ALL_ENDED_S: Final = 15.0
LONGEST_RECOVERY_S: Final = 150.0
TICK_S: Final = 0.05
PATIENCE_S: Final = 300.0

AGENT: Final = Phone(
    answer_after_ms=500,
    steps=(
        Hear("To be connected", timeout_s=PATIENCE_S),
        Press("1"),
        Hear("hello?", timeout_s=PATIENCE_S),
        Say("Your order leaves today."),
        Hear("How did it end", timeout_s=PATIENCE_S),
        Press("1"),
        Stay(),
    ),
)
CUSTOMER: Final = Phone(
    answer_after_ms=500,
    steps=(
        HearEnd("calling you back as promised", timeout_s=PATIENCE_S),
        Wait(500),
        Say("hello?"),
        Hear("leaves today", timeout_s=PATIENCE_S),
        Wait(1500),
        HangUp(),
    ),
)


class Phones:
    """Reads the carrier's log and tells the judge what the customers' phones saw. `ids` are callbacks by number.

    A dial before the callback was due counts as outside hours: the flow of this run calls around the clock.
    """

    def __init__(self, log: Path, judge: Judge, ids: Mapping[str, str], due: Mapping[str, float]) -> None:
        self._log = log
        self._judge = judge
        self._ids = ids
        self._due = due
        self._read_to = 0
        # The callback that each customer's leg is about, by SID.
        self._legs: dict[str, str] = {}
        self._conversations: Counter[str] = Counter()

    @property
    def conversations(self) -> Counter[str]:
        """Conversations that were seen through, by callback."""
        return self._conversations

    def read(self) -> None:
        """Take in what is new in the log."""
        with self._log.open("rb") as file:
            file.seek(self._read_to)
            content = file.read()
        whole = content[: content.rfind(b"\n") + 1]
        self._read_to += len(whole)
        for line in whole.splitlines():
            if b'"call_started"' in line or b'"call_closed"' in line:
                self.take(msgspec.json.decode(line, type=Event))

    def take(self, event: Event) -> None:
        """One event of the log."""
        sid = event.call_sid or ""
        if event.kind == "call_started" and event["to_number"] in self._ids:
            callback_id = self._legs[sid] = self._ids[event["to_number"]]
            self._judge.dial(callback_id, event.at, within_hours=event.at >= self._due[callback_id])
        elif event.kind == "call_closed" and sid in self._legs and event["script_done"]:
            self._conversations[self._legs[sid]] += 1
            self._judge.finish(self._legs[sid])


def run(*, jobs: int, kills: int, seed: int, say: Callable[[str], None]) -> Result:
    """Our workers under the plan that the peers have with the same seed. At most `MOST_CUSTOMERS` jobs."""
    if jobs > MOST_CUSTOMERS:
        raise ValueError(f"there are numbers for {MOST_CUSTOMERS} customers only")
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="zh-crash-") as folder:
        arguments = ("--silent", "--fast-prompts", "--pace", str(PACE))
        with Office(Path(folder), carrier_arguments=arguments) as office:
            contest = _Contest(office, plan(jobs, kills, seed), say)
            result = contest.run()
    return msgspec.structs.replace(result, took_s=time.monotonic() - began)


class _Contest:
    """The run while it lasts."""

    def __init__(self, office: Office, plan: Plan, say: Callable[[str], None]) -> None:
        self._office = office
        self._plan = plan
        self._say = say
        self._workers: dict[int, Worker | None] = {}
        self._replace_at: dict[int, float] = {}
        self._cpu_s = 0.0
        self._failures = 0

    def run(self) -> Result:
        web, carrier, services = self._office.start_web(), self._office.start_carrier(), self._office.services()
        judge = Judge(self._plan.due_s)
        numbers = {callback_id: customer_number(index) for index, callback_id in enumerate(self._plan.due_s)}
        due = self._promise(carrier, services, numbers)
        first_due = min(due.values())
        self._phones = Phones(self._office.events_file, judge, {number: name for name, number in numbers.items()}, due)
        for group in range(2):
            self._start(group)
        for count, kill in enumerate(self._plan.kills, start=1):
            self._supervise(first_due + kill.after_s)
            self._kill(kill.group % 2)
            self._say(f"ours: kill {count} of {len(self._plan.kills)}, worker {kill.group % 2}")
        self._supervise(max(due.values()))
        self._recover(judge, services)
        for group in list(self._workers):
            self._kill(group)
        self._phones.read()
        twice = sum(count > 1 for count in self._phones.conversations.values())
        self._say(f"ours: {twice} callbacks with more than one conversation")
        workers_s, web_s = self._cpu_s, web.kill()[1]
        self._say(f"ours: CPU of the workers {workers_s:.1f} s, of web {web_s:.1f} s")
        return Result(
            name="ours",
            score=judge.score(),
            cpu_s=workers_s + web_s,
            redis_cpu_s=self._office.redis_cpu_s(),
            latest_s=judge.latest_s(due),
            failures=self._failures,
        )

    def _promise(self, carrier: LocalCarrierClient, services: Services, numbers: Mapping[str, str]) -> dict[str, float]:
        """Book all, and let them fall due as planned; the due times by id, in epoch seconds."""
        callbacks = services.callbacks
        for index in range(AGENTS):
            carrier.set_phone(agent_number(index), AGENT)
        for number in numbers.values():
            carrier.set_phone(number, CUSTOMER)
        booked = {name: book(callbacks, name, number, datetime.now(UTC)).id for name, number in numbers.items()}
        # As many as it takes to write the due times, and to start the workers.
        first_due = time.time() + WORKERS_START_S + len(booked) * 0.005
        due = {name: first_due + after_s for name, after_s in self._plan.due_s.items()}
        for name, request_id in booked.items():
            put_off(callbacks, request_id, due[name])
        self._office.put_agents(callbacks, AGENTS)
        return due

    def _recover(self, judge: Judge, services: Services) -> None:
        """Wait until no phone has rung for so long that none can ring any more."""
        longest = time.time() + LONGEST_RECOVERY_S
        seen, since = judge.dials, time.time()
        quiet_s = QUIET_S
        while time.time() < min(longest, since + quiet_s):
            self._supervise(time.time() + 1.0)
            if judge.dials != seen:
                seen, since = judge.dials, time.time()
            all_ended = not services.callbacks.store.requests(len(self._plan.due_s), open_only=True)
            quiet_s = QUIET_ALL_ENDED_S if all_ended else QUIET_S

    def _start(self, group: int) -> None:
        self._workers[group] = self._office.start_worker(f"worker{group}")

    def _kill(self, group: int) -> None:
        worker = self._workers[group]
        if worker is not None:
            self._workers[group] = None
            self._replace_at[group] = time.time() + REPLACE_AFTER_S
            self._cpu_s += worker.kill()[1]

    def _supervise(self, until: float) -> None:
        """Until a moment of the wall clock, replace what is dead a second after its death; watch the phones."""
        while (now := time.time()) < until:
            for group, worker in list(self._workers.items()):
                if worker is None and now >= self._replace_at[group]:
                    self._start(group)
                elif worker is not None and not worker.alive:
                    self._failures += 1
                    self._kill(group)
            self._phones.read()
            time.sleep(min(TICK_S, max(0.0, until - time.time())))
