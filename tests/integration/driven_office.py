"""An office in one process: the real application over real Redis and the driven carrier, under one clock that jumps.

Nothing here waits: what takes an hour takes milliseconds. The worker ticks twice a second of the carrier's time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import time_machine
from signed import CALLER, OFFICE, PUBLIC_URL, TOKEN, settings_for, write_flow

from callbacks.model import Agent, CallbackRequest
from flows.state import CallState, Ended
from ivr.localcarrier.driven import DrivenCarrier
from ivr.localcarrier.script import HangUp, Hear, Phone, Press, Stay, Step, Wait
from ivr.localcarrier.switches import Switches
from ivr.services import Services, build, utc_now
from ivr.web.app import create_app
from ivr.worker import hold_while_they_call
from tests.in_process import AtOnce, SdkClient

# A Monday, half past ten in London.
START: Final = datetime(2026, 3, 2, 10, 30, tzinfo=UTC)
DESK, TILL = "+442079460100", "+442079460101"
TICK_S: Final = 0.5
ACCOUNT_SID: Final = "AC" + "0" * 32

NODES: Final = """
  first:
    type: ask
    prompt: Which order?
    answer: {type: digits, min: 4, max: 4}
    save_as: order_number
    next: person
  person: {type: transfer, reason: an order}
"""

TAKES_IT: Final = Phone(
    answer_after_ms=2000,
    steps=(Hear("To be connected"), Press("1"), Hear("How did it end", timeout_s=300), Press("1"), Stay()),
)
TALKS: Final = Phone(answer_after_ms=3000, steps=(Hear("calling you back"), Wait(30_000), HangUp()))
PROVES: Final = Phone(
    answer_after_ms=3000, steps=(Hear("press 1"), Press("1"), Hear("One moment"), Wait(60_000), HangUp())
)
SAYS_WHY: Final[tuple[Step, ...]] = (Hear("Which order"), Press("4821"))
CHOOSES_A_CALLBACK: Final[tuple[Step, ...]] = (Hear("To be called back"), Press("1"), Hear("We will call you on"))
BOOKS: Final[tuple[Step, ...]] = (*SAYS_WHY, *CHOOSES_A_CALLBACK, Press("1"), Hear("It is booked"), Stay())


class DrivenOffice:
    """People on phones, and the application between them."""

    def __init__(self, services: Services, carrier: DrivenCarrier, traveller: time_machine.Coordinates) -> None:
        self.services = services
        self.carrier = carrier
        self._traveller = traveller

    def add_agent(self, number: str, *phones: Phone, **changes: Any) -> Agent:
        """Somebody whose phone behaves like this; their id is the end of their number."""
        agent = Agent(id=number[-3:], name=number[-3:], number=number, queues=("shop",), idle_since=utc_now())
        known = {field: getattr(agent, field) for field in agent.__struct_fields__}
        agent = Agent(**{**known, **changes})
        self.services.callbacks.agents.put(agent)
        self.carrier.set_phone(number, *phones)
        return agent

    def call(self, *steps: Step, from_number: str = CALLER) -> str:
        """A caller dials the office and follows these steps."""
        return self.carrier.place_call(from_number=from_number, to_number=OFFICE, steps=steps)

    def book(self, *steps: Step, from_number: str = CALLER) -> CallbackRequest:
        """A caller books a callback, and the call is over."""
        sid = self.call(*(steps or BOOKS), from_number=from_number)
        self.until(lambda: self.is_over(sid), "the caller hangs up")
        self.followed(sid)
        return self.request()

    def request(self) -> CallbackRequest:
        (found,) = self.services.callbacks.store.requests(2)
        return found

    def state(self, sid: str) -> CallState:
        known = self.services.calls.read(sid)
        assert known is not None
        return known[1].state

    def outcome(self, sid: str) -> str | None:
        stage = self.state(sid).stage
        return stage.outcome if isinstance(stage, Ended) else None

    # -- time

    def tick(self) -> None:
        """What a worker does twice a second."""
        self._traveller.move_to(self.carrier.now())
        hold_while_they_call(self.services, utc_now())
        self.services.dispatcher.dispatch_due(utc_now())

    def run(self, seconds: float, *, tick_s: float = TICK_S) -> None:
        """Let time pass, with the worker at work."""
        for _ in range(round(seconds / tick_s)):
            self.tick()
            self.carrier.advance(tick_s)
        self._traveller.move_to(self.carrier.now())

    def until(self, holds: Callable[[], bool], what: str, limit_s: float = 180, *, tick_s: float = TICK_S) -> None:
        """Let time pass until something holds."""
        for _ in range(round(limit_s / tick_s)):
            if holds():
                return
            self.run(tick_s, tick_s=tick_s)
        told = [(call.to_number, call.status, call.script_error, self.heard(call.sid)) for call in self.carrier.calls()]
        raise AssertionError(f"not within {limit_s:g} s: {what}; {told}; {self.services.callbacks.store.requests(3)}")

    def jump_to(self, instant: datetime) -> None:
        """Let time pass with no worker at work."""
        self.carrier.advance((instant - self.carrier.now()).total_seconds())
        self._traveller.move_to(self.carrier.now())

    def until_ended(self, limit_s: float = 180, *, tick_s: float = TICK_S) -> CallbackRequest:
        self.until(lambda: self.request().state == "ended", "the callback ends", limit_s, tick_s=tick_s)
        return self.request()

    # -- what happened

    def is_over(self, sid: str) -> bool:
        return self.carrier.call(sid).ended_at is not None

    def rung(self, number: str) -> list[str]:
        """The legs that the application asked for to this number."""
        legs = self.carrier.calls()
        return [leg.sid for leg in legs if leg.to_number == number and leg.direction == "outbound-api"]

    def heard(self, sid: str) -> list[str]:
        """What was played to a leg, in order."""
        return [
            event["text"] for event in self.carrier.events() if event.call_sid == sid and event.kind == "prompt_started"
        ]

    def followed(self, *sids: str) -> None:
        """Everybody could follow their script."""
        for sid in sids:
            assert self.carrier.call(sid).script_error is None, (self.carrier.call(sid).script_error, self.heard(sid))

    def texts(self) -> list[str]:
        return [event["text"] for event in self.carrier.events() if event.kind == "text_message"]


@contextmanager
def driven_office(redis_url: str, folder: Path, *, head: str = "", nodes: str = NODES) -> Iterator[DrivenOffice]:
    """Open the office; `head` are further words of its flow, such as its queues."""
    settings = settings_for(redis_url, flow_file=write_flow(folder, nodes, head=head), data_dir=folder / "data")
    switches = Switches(redirect_latency_ms=0, redirect_latency_dial_ms=0)
    web: list[Any] = []

    def deliver(method: str, url: str, headers: Any, form: Any) -> tuple[int, bytes]:
        traveller.move_to(carrier.now())
        parts = urlsplit(url)
        path = f"{parts.path}?{parts.query}" if parts.query else parts.path
        answer = web[0].open(path, method=method, data=dict(form), headers=dict(headers))
        return answer.status_code, answer.data

    with (
        time_machine.travel(START, tick=False) as traveller,
        DrivenCarrier(ACCOUNT_SID, TOKEN, deliver, start=START, seed=1, switches=switches) as carrier,
    ):
        services = build(settings, http_client=SdkClient(carrier), background=AtOnce())
        web.append(create_app(services).test_client())
        carrier.set_number(OFFICE, f"{PUBLIC_URL}/voice/incoming", status_callback=f"{PUBLIC_URL}/voice/status")
        yield DrivenOffice(services, carrier, traveller)
