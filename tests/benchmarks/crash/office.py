"""A whole installation of ours, each part a process of its own, for benchmarks that kill parts of it."""

from __future__ import annotations

import os
import secrets
import sys
import time
import urllib.request
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from callbacks import lifecycle_events as events
from callbacks.booking import Promise, Wish
from callbacks.model import Agent, CallbackRequest, Order
from callbacks.service import Callbacks
from ivr.localcarrier.client import LocalCarrierClient
from ivr.processes import free_port
from ivr.redis_client import connect
from ivr.redis_server import PrivateRedis
from ivr.services import Services, build
from ivr.settings import Settings
from tests.benchmarks.crash.processes import Worker

# Source: Ofcom's numbers for use in drama, London and no area; they ring nobody. A thousand of them.
_NUMBER: Final = "+442079460{:03}"
OFFICE_NUMBER: Final = _NUMBER.format(0)
PERSON_NUMBER: Final = _NUMBER.format(999)
MOST_AGENTS: Final = 199
MOST_CUSTOMERS: Final = 798
QUEUE: Final = "shop"
READY_TIMEOUT_S: Final = 60.0
# Around the clock, so that what is measured at noon can be measured at midnight. The caps of a queue would refuse so
# many promises at once; nobody waits so long that a promise is reviewed within the run.
FLOW: Final = """\
zerohold: 1
name: benchmark
languages: [en]
organisation: the corner shop
time_zone: Europe/London
country: GB
queue: {queue}
queues:
  {queue}: {{calling_hours: "00:00-24:00", most_promises: 100000, assumed_talk_minutes: 30, dial: {dial}}}
start: bye
nodes:
  bye: {{type: end, prompt: Goodbye., outcome: solved}}
"""


def agent_number(index: int) -> str:
    """The phone of an agent, from 0."""
    return _NUMBER.format(1 + index)


def customer_number(index: int) -> str:
    """The phone of a customer, from 0."""
    return _NUMBER.format(1 + MOST_AGENTS + index)


def book(callbacks: Callbacks, key: str, number: str, now: datetime) -> CallbackRequest:
    """Promise a callback as the web does for a caller who presses 0."""
    wish = Wish(
        key=key,
        number=number,
        country="GB",
        queue=QUEUE,
        language="en",
        topic=QUEUE,
        dossier={"organisation": "the corner shop", "reason": "an order"},
        arrived_at=now,
        caller_number=number,
    )
    promised = callbacks.promises.book(wish, now)
    if not isinstance(promised, Promise):
        raise RuntimeError(f"{key} is not promised: {promised.reason}")
    return promised.request


def put_off(callbacks: Callbacks, request_id: str, until: float) -> None:
    """Let a promise fall due at an instant (epoch seconds)."""
    now = datetime.now(UTC)
    due_at = datetime.fromtimestamp(until, UTC)
    callbacks.apply(request_id, events.PutOff(at=now, until=due_at, why="hours"))


class Office:
    """Redis at once; web, carrier and workers as they are asked for. All of it ends with the `with` block."""

    def __init__(self, folder: Path, *, carrier_arguments: Sequence[str] = (), dial: Order = "agent_first") -> None:
        self.folder = folder
        self.redis = PrivateRedis(folder / "data")
        self._carrier_arguments = carrier_arguments
        self.events_file = folder / "events.jsonl"
        self._carrier_port, web_port = free_port(), free_port()
        self._public_url = f"http://127.0.0.1:{web_port}"
        flow = folder / "flow.yaml"
        flow.write_text(FLOW.format(queue=QUEUE, dial=dial))
        self.settings = {
            "TWILIO_ACCOUNT_SID": f"AC{secrets.token_hex(16)}",
            "TWILIO_AUTH_TOKEN": secrets.token_hex(16),
            "TWILIO_API_URL": f"http://127.0.0.1:{self._carrier_port}",
            "CALLER_ID_NUMBER": OFFICE_NUMBER,
            "PERSON_NUMBER": PERSON_NUMBER,
            "PUBLIC_URL": self._public_url,
            "WEB_PORT": str(web_port),
            "REDIS_URL": self.redis.url,
            "DATA_DIR": str(folder / "data"),
            "FLOW_FILE": str(flow),
            "SPEECH_MODEL": "none",
            "LOG_LEVEL": "info",
        }
        self._processes: list[Worker] = []

    def __enter__(self) -> Self:
        self.redis.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for process in self._processes:
            process.kill()
        self.redis.stop()

    def services(self) -> Services:
        """The stores of this installation, to look into from outside."""
        names = {name.lower(): value for name, value in self.settings.items()}
        return build(Settings(_env_file=None, **names))  # type: ignore[arg-type]

    def set_carrier(self, address: str) -> None:
        """Let a stand-in be the carrier of all that is started from now on."""
        self.settings["TWILIO_API_URL"] = f"http://{address}"

    def start_web(self) -> Worker:
        """Start gunicorn with its workers and wait until they answer."""
        web = self._start("web", "ivr", "web")
        deadline = time.monotonic() + READY_TIMEOUT_S
        while not self._answers():
            if time.monotonic() > deadline or not web.alive:
                raise RuntimeError(f"web does not answer: {web.last_words()}")
            time.sleep(0.1)
        return web

    def start_carrier(self) -> LocalCarrierClient:
        """Start the local carrier and wait until it answers."""
        arguments = ("--port", str(self._carrier_port), "--events", str(self.events_file), *self._carrier_arguments)
        self._start("carrier", "ivr.localcarrier", *arguments)
        client = LocalCarrierClient(
            self.settings["TWILIO_API_URL"], self.settings["TWILIO_ACCOUNT_SID"], self.settings["TWILIO_AUTH_TOKEN"]
        )
        client.wait_until_up(READY_TIMEOUT_S)
        return client

    def start_worker(self, name: str, *command: str) -> Worker:
        """Start one worker; it is at work a second or two later. `command` is another module to run, with arguments."""
        return self._start(name, *(command or ("ivr", "worker")))

    def put_agents(self, callbacks: Callbacks, count: int) -> None:
        """Agents who are there at any time, with a phone each."""
        now = datetime.now(UTC)
        for index in range(count):
            number = agent_number(index)
            agent = Agent(id=f"desk{index:03}", name=f"desk {index}", number=number, queues=(QUEUE,), idle_since=now)
            callbacks.agents.put(agent)

    def redis_cpu_s(self) -> float:
        """CPU seconds that Redis has used."""
        client = connect(self.redis.url)
        try:
            spent = client.info("cpu")
        finally:
            client.close()
        return float(spent["used_cpu_user"]) + float(spent["used_cpu_sys"])

    def _start(self, name: str, module: str, *arguments: str) -> Worker:
        environment = {**os.environ, **self.settings, "PYTHONPATH": os.pathsep.join(sys.path)}
        process = Worker([sys.executable, "-m", module, *arguments], environment, self.folder / f"{name}.log")
        self._processes.append(process)
        return process

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self._public_url}/livez", timeout=2) as answer:  # noqa: S310 - our own URL
                return bool(answer.status == 200)
        except OSError:
            return False


def wait_until(happened: Callable[[], bool], timeout_s: float, every_s: float = 0.02) -> bool:
    """Ask again and again; whether it happened in time."""
    deadline = time.monotonic() + timeout_s
    while not happened():
        if time.monotonic() > deadline:
            return False
        time.sleep(every_s)
    return True
