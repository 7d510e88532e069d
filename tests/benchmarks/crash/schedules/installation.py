"""What schedules share within one process: Redis, the web application, the services; built once, emptied often."""

from __future__ import annotations

import copy
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import msgspec
import redis
from flask import Flask

from callbacks.dispatch import Dispatcher
from callbacks.indexes import index_of
from callbacks.memory_store import MemoryStore
from callbacks.model import CallbackRequest
from callbacks.redis_store import RedisStore
from callbacks.rules import Policy
from callbacks.service import Callbacks
from callbacks.shifts import is_free
from ivr.dialler import CarrierDialler
from ivr.redis_server import PrivateRedis
from ivr.services import build
from ivr.settings import Settings
from ivr.web.app import create_app
from tests.benchmarks.crash.schedules.points import Hooked
from tests.in_process import AtOnce, SdkClient

ACCOUNT_SID: Final = "AC" + "0" * 32
AUTH_TOKEN: Final = "0123456789abcdef0123456789abcdef"
OFFICE, PERSON = "+442079460000", "+442079460999"
FLOW: Final = """\
zerohold: 1
name: schedules
languages: [en]
organisation: the corner shop
time_zone: Europe/London
country: GB
queue: shop
staffed: office
hours: {office: {mon-sun: ["09:00-17:30"]}}
queues:
  shop:
    hours: office
    most_dials: 10
    retries: {busy: [5, 5, 5, 5], no_answer: [5, 10, 20, 30], machine: [5, 10, 20], failed: [1, 5, 5]}
start: bye
nodes:
  bye: {type: end, prompt: Goodbye., outcome: solved}
"""


class Installation:
    """Made once for each process of the benchmark."""

    account_sid, auth_token = ACCOUNT_SID, AUTH_TOKEN

    def __init__(self, folder: Path, server: PrivateRedis) -> None:
        flow = folder / "flow.yaml"
        flow.write_text(FLOW)
        settings = Settings(
            _env_file=None,  # type: ignore[call-arg]
            twilio_account_sid=ACCOUNT_SID,
            twilio_auth_token=AUTH_TOKEN,  # type: ignore[arg-type]
            twilio_api_url="http://127.0.0.1:1",
            caller_id_number=OFFICE,
            person_number=PERSON,
            public_url="https://office.invalid",
            redis_url=server.url,
            flow_file=flow,
            data_dir=folder / "data",
        )
        self._server = server
        self.client = SdkClient()
        self.services = build(settings, http_client=self.client, background=AtOnce())
        self.policy: Policy = self.services.callbacks.policy
        self.rules_of = self.services.callbacks.rules_of
        self.redis: redis.Redis = self.services.redis
        self._app = create_app(self.services)
        self.store: RedisStore | MemoryStore = MemoryStore(self.policy)

    def empty(self, *, on_redis: bool) -> None:
        """Forget everything; the promises of the next schedule are kept on the server, or in memory."""
        self.redis.flushdb()
        self.store = RedisStore(self.redis, self.policy) if on_redis else MemoryStore(self.policy)

    def restart_redis(self) -> None:
        """Kill the server with -9 and start it again on what it has on disk."""
        pid = self._server.pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        while self._server.alive:
            time.sleep(0.001)
        self._server.start()

    def web(self, store: Any) -> Flask:
        """The web application over a store; there is one at a time."""
        callbacks = Callbacks(store, self.policy, self.rules_of)
        dispatcher = Dispatcher(callbacks, self.services.dialler)
        services = msgspec.structs.replace(self.services, callbacks=callbacks, dispatcher=dispatcher)
        self._app.extensions["services"] = services
        return self._app

    def dispatcher(self, point: Callable[[str], None]) -> Dispatcher:
        """A worker's dispatcher, with `point` before and after whatever it asks of others."""
        callbacks = Callbacks(Hooked(self.store, point), self.policy, self.rules_of)  # type: ignore[arg-type]
        return Dispatcher(callbacks, self.dialler(point))

    def dialler(self, point: Callable[[str], None]) -> CarrierDialler:
        """The real dialler over the carrier's real client."""
        dialler = copy.copy(self.services.dialler)
        dialler._carrier = Hooked(self.services.carrier, point)  # type: ignore[assignment]
        return dialler

    def next_due(self, now: datetime) -> datetime:
        """When a worker has something to do next."""
        never = now + timedelta(days=2)
        instants = [never]
        for read in (self.store.came_due, self.store.overdue_leases, self.store.to_review):
            instants += [_when(self.policy, known.record) for known in read(never, 1)]
        agents = [known.record for known in self.store.agents()]
        instants += [agent.check_at for agent in agents if agent.holder and agent.check_at is not None]
        if any(front.requests for front in self.store.fronts(1, now)):
            free = any(is_free(agent, now) for agent in agents)
            instants.append(now if free else now + timedelta(seconds=5))
        return max(now, min(instants))


def _when(policy: Policy, request: CallbackRequest) -> datetime:
    """When a worker should look at a request."""
    index = index_of(policy, request)
    return min(at for at in (index.due_at, index.lease_at, index.review_at) if at is not None)


@contextmanager
def installation(folder: Path) -> Iterator[Installation]:
    """An installation with a server of its own."""
    server = PrivateRedis(folder / "redis")
    server.start()
    try:
        yield Installation(folder, server)
    finally:
        server.stop()
