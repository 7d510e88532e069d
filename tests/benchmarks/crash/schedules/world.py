"""The world of one schedule: the driven carrier, the web application, workers, and one clock for all of them.

Real are the carrier's behaviour, the web application with its signatures, the whole of `callbacks`, the dialler, the
carrier's SDK, and Redis. Simulated are time, and the processes: a worker is a function that is called, killed by an
exception that nobody catches, and stopped by letting the rest of the world go on while it is in the middle of a call.
"""

from __future__ import annotations

import io
import random
import sys
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

import redis
import time_machine
from flask import Flask

from callbacks.booking import Promise, Wish
from callbacks.dispatch import Dispatcher
from callbacks.errors import DialError
from callbacks.model import Agent
from callbacks.service import Callbacks
from ivr.localcarrier.driven import DrivenCarrier
from ivr.localcarrier.wire import Faults
from ivr.redis_client import RedisError
from tests.benchmarks.crash.schedules.installation import Installation
from tests.benchmarks.crash.schedules.plan import AGENTS, HORIZON, Promised, Schedule
from tests.benchmarks.crash.schedules.points import Hooked, KilledError

TICK_S: Final = 0.5
REPLACED_AFTER_S: Final = 1.0
# A clock that is off by more than this is noticed, and its worker does not dial (`ivr.trusted_clock`).
TRUSTED_S: Final = 2.0
MOST_STEPS: Final = 20_000
DEEPEST: Final = 3


class World:
    """One schedule, from its first second to the end of its last promise."""

    def __init__(self, schedule: Schedule, installation: Installation) -> None:
        self.schedule = schedule
        self._installation = installation
        self._chance = random.Random(schedule.seed)  # noqa: S311
        self.carrier = DrivenCarrier(
            installation.account_sid,
            installation.auth_token,
            self._deliver,
            start=schedule.starts,
            seed=schedule.seed,
        )
        self.log: list[str] = []
        self._kills, self._stops, self._web_kills = schedule.kills, schedule.stops, schedule.web_kills
        self._happenings = sorted(
            [
                *((at, "faults", faults) for at, faults in schedule.faults),
                *((at, "redis away", lasts) for at, lasts in schedule.redis_away),
                *((at, "redis restart", None) for at in schedule.restarts),
                *((at, "clock step", step) for at, *step in schedule.clock_steps),
                *((promised.made_in_s, "promised", promised) for promised in schedule.promised),
            ],
            key=lambda happening: happening[0],
        )
        self._redis_back_at: datetime | None = None
        self._delivering = False
        self._depth = 0
        self.office = Callbacks(installation.store, installation.policy, installation.rules_of)
        self._web = installation.web(Hooked(installation.store, self._web_point))
        self._workers = [Worker(self, number) for number in range(schedule.workers)]
        self.promised: dict[str, str] = {}

    # ------------------------------------------------------------ running

    def run(self, traveller: time_machine.Coordinates) -> None:
        """Play the schedule to its end."""
        self._traveller = traveller
        self._installation.client.carrier = self.carrier
        self._synchronise()
        self._prepare()
        ends = self.schedule.starts + HORIZON
        for _ in range(MOST_STEPS):
            if self._is_over() or self.carrier.now() >= ends:
                return
            self._step()
        self.log.append("still not over after so many steps")

    def _prepare(self) -> None:
        now = self.carrier.now()
        for number, phones in enumerate(self.schedule.agents):
            self.carrier.set_phone(AGENTS[number], *phones)
            agent = Agent(
                id=f"agent{number}", name=f"agent {number}", number=AGENTS[number], queues=("shop",), idle_since=now
            )
            self.office.agents.put(agent)
        for worker in self._workers:
            worker.wakes_at = now + timedelta(seconds=self._chance.uniform(0, TICK_S))

    def _promise(self, promised: Promised) -> None:
        """Somebody is promised a callback, by a web process that has no trouble."""
        now = self.carrier.now()
        self.carrier.set_phone(promised.number, *promised.phones)
        wish = Wish(
            key=f"{self.schedule.seed}:{promised.number}",
            number=promised.number,
            country="GB",
            queue="shop",
            language="en",
            topic="shop",
            dossier={"organisation": "the corner shop", "reason": "an order"},
            arrived_at=now - timedelta(minutes=2),
            own_number=promised.own_number,
        )
        answer = self.office.promises.book(wish, now)
        assert isinstance(answer, Promise), answer
        self.promised[promised.number] = answer.request.id
        self._wake()

    def _wake(self) -> None:
        """Something may be due that was not when the workers looked last: they look twice a second."""
        soon = self.carrier.now() + timedelta(seconds=TICK_S)
        for worker in self._workers:
            worker.wakes_at = min(worker.wakes_at, soon)

    def _step(self) -> None:
        """On to whatever comes next: something at the carrier, a worker's tick, something of the schedule."""
        now = self.carrier.now()
        at_carrier = self.carrier.next_event_in()
        due = [(worker.wakes_at - now).total_seconds() for worker in self._workers]
        if self._happenings:
            due.append(self._happenings[0][0] - (now - self.schedule.starts).total_seconds())
        if at_carrier is not None:
            due.append(at_carrier)
        self.pass_time(max(0.02, min(due)))

    def pass_time(self, seconds: float, but: Worker | None = None) -> None:
        """Let the world go on for so long; `but` is a worker that stands still meanwhile."""
        until = self.carrier.now() + timedelta(seconds=seconds)
        while True:
            self._happen()
            ready = [worker for worker in self._workers if worker is not but and worker.wakes_at <= self.carrier.now()]
            self._chance.shuffle(ready)
            for worker in ready:
                worker.tick()
            left = (until - self.carrier.now()).total_seconds()
            if left <= 0:
                return
            wakes = [(each.wakes_at - self.carrier.now()).total_seconds() for each in self._workers if each is not but]
            self.carrier.advance(max(0.02, min([left, *wakes])))
            self._synchronise()

    def _happen(self) -> None:
        now = self.carrier.now()
        while self._happenings and self._happenings[0][0] <= (now - self.schedule.starts).total_seconds():
            _, kind, what = self._happenings.pop(0)
            if kind != "promised":
                self.log.append(f"{now:%H:%M:%S} {kind} {told(what)}")
            match kind:
                case "promised":
                    self._promise(what)
                case "faults":
                    self.carrier.set_faults(what)
                case "redis away":
                    self._redis_back_at = now + timedelta(seconds=what)
                case "redis restart":
                    self._installation.restart_redis()
                case _:
                    self._workers[what[0] % len(self._workers)].skew_s += what[1]

    def _synchronise(self) -> None:
        self._traveller.move_to(self.carrier.now())

    def _is_over(self) -> bool:
        """Every promise has its end, nobody is on the phone, and everybody is free."""
        store = self._installation.store
        if len(self.promised) < len(self.schedule.promised):
            return False
        requests = (store.request(request_id) for request_id in self.promised.values())
        if any(known is None or known.record.is_open for known in requests):
            return False
        return all(known.record.holder is None for known in store.agents())

    def next_due(self, now: datetime) -> datetime:
        """When a worker has anything to do next; it would look far more often, to the same effect."""
        return self._installation.next_due(now)

    # ------------------------------------------------------------ getting in between

    def worker_point(self, worker: Worker, where: str) -> None:
        """A worker is about to ask the store or the carrier, or has asked and not yet read the reply."""
        self._redis_is_there(where)
        if self._chance.random() >= self.schedule.chance:
            return
        what = self._chance.choice(("kill", "stop", "others", "others"))
        if what == "kill" and self._kills:
            self._kills -= 1
            self.log.append(f"{self.carrier.now():%H:%M:%S} worker {worker.number} killed at {where}")
            raise KilledError
        if what == "stop" and self._stops and not self._delivering and self._depth == 0:
            self._stops -= 1
            seconds = self._chance.choice((1.0, 20.0, 120.0, 400.0))
            self.log.append(
                f"{self.carrier.now():%H:%M:%S} worker {worker.number} stopped for {seconds:g} s at {where}"
            )
            self._depth += 1
            self.pass_time(seconds, but=worker)
            self._depth -= 1
        elif what == "others":
            self._others(worker)

    def _web_point(self, where: str) -> None:
        self._redis_is_there(where)
        if self._chance.random() >= self.schedule.chance:
            return
        if self._web_kills and self._delivering and self._chance.random() < 0.5:
            self._web_kills -= 1
            self.log.append(f"{self.carrier.now():%H:%M:%S} web killed at {where}")
            raise KilledError
        self._others(None)

    def _others(self, but: Worker | None) -> None:
        """Another worker's whole tick falls into this moment."""
        others = [worker for worker in self._workers if worker is not but and not worker.is_at_work]
        if others and self._depth < DEEPEST:
            self._depth += 1
            self._chance.choice(others).tick()
            self._depth -= 1

    def _redis_is_there(self, where: str) -> None:
        if self._redis_back_at is not None:
            if self.carrier.now() < self._redis_back_at:
                raise redis.exceptions.ConnectionError(f"Redis is away (injected) at {where}")
            self._redis_back_at = None

    def _deliver(self, method: str, url: str, headers: Mapping[str, str], form: Mapping[str, str]) -> tuple[int, Any]:
        """A webhook arrives at the web application."""
        self._synchronise()
        was, self._delivering = self._delivering, True
        try:
            return post(self._web, method, url, headers, form)
        except KilledError:
            raise ConnectionResetError("the web process was killed (injected)") from None
        finally:
            self._delivering = was
            self._wake()


def told(what: object) -> str:
    """A happening in few words: of faults, those that are set."""
    if not isinstance(what, Faults):
        return str(what)
    usual = Faults()
    names = (name for name in Faults.__struct_fields__ if getattr(what, name) != getattr(usual, name))
    return ", ".join(f"{name}={getattr(what, name)}" for name in names)


class Worker:
    """A worker process: its ticks, and what happens to it."""

    def __init__(self, world: World, number: int) -> None:
        self._world = world
        self.number = number
        self.skew_s = 0.0
        self.is_at_work = False
        self.wakes_at = world.schedule.starts
        self._dispatcher = self._made()

    def _made(self) -> Dispatcher:
        def point(where: str) -> None:
            self._world.worker_point(self, where)

        return self._world._installation.dispatcher(point)

    def tick(self) -> None:
        """What `ivr.worker.Tick` does, at this worker's own clock."""
        now = self._world.carrier.now()
        self.wakes_at = now + timedelta(seconds=TICK_S)
        if self.is_at_work or abs(self.skew_s) > TRUSTED_S:
            self.wakes_at = now + timedelta(seconds=60)
            if not self.is_at_work:
                self.skew_s /= 2  # somebody sets the clock right, step by step
            return
        self.is_at_work = True
        try:
            self._dispatcher.dispatch_due(now + timedelta(seconds=self.skew_s))
            self.wakes_at = max(self.wakes_at, self._world.next_due(self._world.carrier.now()))
        except (RedisError, DialError):
            self.wakes_at = now + timedelta(seconds=TICK_S)
        except KilledError:
            # Another process takes its place.
            self._dispatcher = self._made()
            self.skew_s = 0.0
            self.wakes_at = self._world.carrier.now() + timedelta(seconds=REPLACED_AFTER_S)
        finally:
            self.is_at_work = False


def post(web: Flask, method: str, url: str, headers: Mapping[str, str], form: Mapping[str, str]) -> tuple[int, bytes]:
    """One request to the web application, without a socket."""
    parts, body = urlsplit(url), urlencode(form).encode()
    environ: dict[str, Any] = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": parts.path,
        "QUERY_STRING": parts.query,
        "SERVER_NAME": parts.hostname,
        "SERVER_PORT": "443",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "CONTENT_TYPE": "application/x-www-form-urlencoded",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "https",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
        **{f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()},
    }
    statuses: list[str] = []
    answer = web(environ, lambda status, _headers, _error=None: statuses.append(status))
    return int(statuses[0].split()[0]), b"".join(answer)
