"""What the acceptance tests say about people on the phone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from callbacks.model import Agent, CallbackRequest
from flows.state import CallState, Ended
from ivr.demo.installation import OFFICE_NUMBER, Installation
from ivr.localcarrier.script import HangUp, Hear, Phone, Press, Stay, Step, Wait
from ivr.localcarrier.wire import CallView
from ivr.services import Services, utc_now
from tests.patience import PATIENCE_S, until

AGENT_NUMBER: Final = "+442079460100"
OTHER_AGENT_NUMBER: Final = "+442079460101"
CALLER_NUMBER: Final = "+442079460123"
QUEUE: Final = "shop"

TAKES_THE_CALLBACK: Final = Phone(
    answer_after_ms=100, steps=(Hear("To be connected"), Press("1"), Hear("How did it end"), Press("1"), Stay())
)
TALKS_A_LITTLE: Final = Phone(answer_after_ms=100, steps=(Hear("calling you back"), Wait(600), HangUp()))
BOOKS_A_CALLBACK: Final[tuple[Step, ...]] = (
    Hear("How can we help"),
    Press("1"),
    Hear("order number"),
    Press("0#"),
    Hear("To be called back"),
    Press("1"),
    Hear("We will call you on"),
    Press("1"),
    Hear("It is booked"),
    Stay(),
)


class Office:
    """One installation, the people who work there, and those who call."""

    def __init__(self, installation: Installation, services: Services) -> None:
        self.installation = installation
        self.services = services
        self.carrier = installation.carrier
        self._events_before = max((event.seq for event in self.carrier.events()), default=0)
        self._calls_before = {call.sid for call in self.carrier.calls()}

    def add_agent(
        self, number: str = AGENT_NUMBER, *phones: Phone, away: bool = False, idle_first: bool = False
    ) -> None:
        """Somebody whose phone behaves like this; `idle_first` makes them the first to be rung."""
        since = utc_now().replace(year=2020) if idle_first else utc_now()
        state = "away" if away else "available"
        agent = Agent(id=number[-3:], name=number[-3:], number=number, queues=(QUEUE,), state=state, idle_since=since)
        self.services.callbacks.agents.put(agent)
        self.carrier.set_phone(number, *phones)

    def call(self, *steps: Step, from_number: str = CALLER_NUMBER) -> str:
        """A caller dials the office and follows these steps."""
        return self.carrier.place_call(from_number=from_number, to_number=OFFICE_NUMBER, steps=steps)

    def finish(self, sid: str) -> CallView:
        """The call, once it is over; the script must have been followed to its end."""
        self.carrier.wait_for_event("call_closed", call_sid=sid, timeout_s=PATIENCE_S)
        view = self.carrier.call(sid)
        assert view.script_error is None, f"{view.script_error}; the caller heard: {self.prompts(sid)}"
        return view

    def book(self, steps: Sequence[Step] = BOOKS_A_CALLBACK, from_number: str = CALLER_NUMBER) -> CallbackRequest:
        """A caller books a callback while nobody is free."""
        self.finish(self.call(*steps, from_number=from_number))
        return self.request()

    def request(self) -> CallbackRequest:
        (found,) = self.services.callbacks.store.requests(2)
        return found

    def until_ended(self) -> CallbackRequest:
        until(lambda: self.request().state == "ended", f"the callback ends; it is {self.request()}")
        return self.request()

    def state(self, sid: str) -> CallState:
        known = self.services.calls.read(sid)
        assert known is not None
        return known[1].state

    def outcome(self, sid: str) -> str:
        """How a call ended; its last webhook may still be on its way."""
        until(lambda: isinstance(self.state(sid).stage, Ended), f"{sid} has an outcome")
        stage = self.state(sid).stage
        assert isinstance(stage, Ended)
        return stage.outcome

    def prompts(self, sid: str) -> list[str]:
        events = self.carrier.events(self._events_before)
        return [event["text"] for event in events if event.call_sid == sid and event.kind == "prompt_started"]

    def rung(self, number: str) -> list[CallView]:
        """The legs that the application asked for to this number."""
        legs = [call for call in self.carrier.calls() if call.sid not in self._calls_before]
        return [call for call in legs if call.to_number == number and call.direction == "outbound-api"]

    def hang_up_all(self) -> None:
        for call in self.carrier.calls():
            if call.ended_at is None:
                self.carrier.hang_up(call.sid)
