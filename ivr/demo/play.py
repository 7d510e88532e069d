"""Plays the scenario on an installation and finds out whether everything in it really happened."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any, Final

import msgspec

from callbacks.model import Agent, CallbackRequest
from flows.state import CallState, Ended
from ivr.demo import scenario
from ivr.demo.installation import OFFICE_NUMBER, Installation
from ivr.demo.narrator import Line, Narrator
from ivr.localcarrier.measure import turn_latencies
from ivr.localcarrier.wire import Event
from ivr.services import utc_now

CALL_TIMEOUT_S: Final = 300.0
POLL_S: Final = 0.5
QUEUE: Final = "shop"


class Check(msgspec.Struct, frozen=True):
    """One thing that must have happened."""

    what: str
    holds: bool


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What the demo found. Latencies run from the end of the caller's last word."""

    calls: int
    promises_kept: int
    first_prompt_s: float
    turn_latencies_ms: list[int]
    document_latencies_ms: list[int]
    dossier: dict[str, Any]
    disposition: str | None
    checks: list[Check]

    @property
    def ok(self) -> bool:
        return all(check.holds for check in self.checks)

    def summary(self) -> dict[str, Any]:
        """The last line of `ivr demo --json`."""
        return {
            "ok": self.ok,
            "calls": self.calls,
            "promises_kept": self.promises_kept,
            "turn_latency_ms": _spread(self.turn_latencies_ms),
            "document_latency_ms": _spread(self.document_latencies_ms),
            "turns_by_voice": len(self.turn_latencies_ms),
            "first_prompt_s": round(self.first_prompt_s, 2),
            "disposition": self.disposition,
            "failed": [check.what for check in self.checks if not check.holds],
        }


class CallDidNotEndError(Exception):
    """A call of the demo took longer than it can."""

    code = "demo"
    retryable = False


class Play:
    """One performance. `emit` gets each line of the transcript as it happens; `began_at` is a monotonic time."""

    def __init__(self, installation: Installation, emit: Callable[[Line], None], began_at: float) -> None:
        self._carrier = installation.carrier
        self._services = installation.services()
        self._emit = emit
        self._began_at = began_at
        self._first_prompt_s = 0.0
        self._events: list[Event] = []
        self._narrator = Narrator(self._services.listening.heard)
        self._names = {
            scenario.AGENT_NUMBER: ("The agent's phone rings", "agent"),
            scenario.TAKES_A_CALLBACK.from_number: ("The customer's phone rings", "customer"),
        }

    def run(self) -> Report:
        """Place the calls, wait for the callback to end, and look at what is on record."""
        agent = Agent(id="agent", name="the agent", number=scenario.AGENT_NUMBER, queues=(QUEUE,), idle_since=utc_now())
        self._services.callbacks.agents.put(agent)
        self._carrier.set_phone(scenario.AGENT_NUMBER, scenario.AGENT_TAKES_A_CALL, scenario.AGENT_TAKES_THE_CALLBACK)
        self._carrier.set_phone(scenario.TAKES_A_CALLBACK.from_number, scenario.CUSTOMER_IS_CALLED_BACK)

        by_voice = self._place(scenario.BY_VOICE)
        self._until_closed(by_voice)
        by_keys = self._place(scenario.BY_KEYS)
        self._until_closed(by_keys)
        engaging = self._place(scenario.ENGAGES_THE_AGENT)
        self._until(lambda event: event.kind in ("bridge_started", "call_closed") and event.call_sid == engaging)
        waiting = self._place(scenario.TAKES_A_CALLBACK)
        self._until_closed(waiting)
        self._carrier.hang_up(engaging)
        self._until_closed(engaging)
        request = self._until_callback_ended()
        return self._report(by_voice, by_keys, engaging, waiting, request)

    def _place(self, call: scenario.ScriptedCall) -> str:
        sid = self._carrier.place_call(from_number=call.from_number, to_number=OFFICE_NUMBER, steps=call.steps)
        self._narrator.name(sid, call.title, "caller")
        return sid

    def _pump(self) -> None:
        """Tell what is new."""
        fresh = self._carrier.events(self._events[-1].seq if self._events else 0, wait_s=POLL_S)
        for event in fresh:
            self._events.append(event)
            if event.kind == "prompt_started" and not self._first_prompt_s:
                self._first_prompt_s = time.monotonic() - self._began_at
            for line in self._narrator.lines(event, self._names):
                self._emit(line)

    def _until(self, happened: Callable[[Event], bool]) -> None:
        """Return when it has happened, which it may have while something else was waited for."""
        deadline = time.monotonic() + CALL_TIMEOUT_S
        while not any(happened(event) for event in self._events):
            self._pump()
            if time.monotonic() > deadline:
                raise CallDidNotEndError(f"nothing came of it within {CALL_TIMEOUT_S:g} s")

    def _until_closed(self, sid: str) -> None:
        self._until(lambda event: event.kind == "call_closed" and event.call_sid == sid)

    def _until_callback_ended(self) -> CallbackRequest | None:
        deadline = time.monotonic() + CALL_TIMEOUT_S
        while time.monotonic() < deadline:
            self._pump()
            requests = self._services.callbacks.store.requests(1)
            if not requests:
                return None
            if requests[0].state == "ended":
                self._pump()
                return requests[0]
        return None

    # ------------------------------------------------------------ what really happened

    def _report(
        self, by_voice: str, by_keys: str, engaging: str, waiting: str, request: CallbackRequest | None
    ) -> Report:
        legs = self._carrier.calls()
        rung = [leg.to_number for leg in legs if leg.direction == "outbound-api"]
        waits = [wait for leg in legs if leg.direction == "inbound" for wait in turn_latencies(self._events, leg.sid)]
        dossier = request.dossier if request is not None else {}
        kept = request is not None and request.connected_at is not None and request.connected_at <= request.promised_by
        said_to_agent = " ".join(self._prompts(leg.sid) for leg in legs if leg.to_number == scenario.AGENT_NUMBER)
        checks = [
            Check("the caller who spoke was understood and heard the answer", self._answered_by_voice(by_voice)),
            Check("audio reached the recogniser as a stream of frames", self._streamed(by_voice)),
            Check("a key press cut a prompt, and the keypad alone was enough", self._answered_by_keys(by_keys)),
            Check("a caller who asked for a person was joined with one", self._outcome(engaging) == "transferred"),
            Check("nobody was free, and the callback was promised with a time", self._promised(waiting)),
            Check("the agent was rung for the callback once, the customer once", rung == self._expected_rings()),
            Check("the agent heard who, why and what is known", "1 2 3 4" in said_to_agent),
            Check(
                "the customer heard the two words first that the caller was told", self._words_kept(waiting, request)
            ),
            Check("both were joined in one conference", self._joined()),
            Check("the dossier holds what the caller said", _words_of(dossier) == ["order", "one two three four"]),
            Check("the callback ended as solved", request is not None and request.disposition == "solved"),
            Check("the promise was kept in time", kept),
            Check("every person on the phone could follow their script", self._scripts_done()),
        ]
        return Report(
            calls=sum(leg.direction == "inbound" for leg in legs) + len({request.id} if request is not None else ()),
            promises_kept=int(kept),
            first_prompt_s=self._first_prompt_s,
            turn_latencies_ms=[round(wait.to_prompt_s * 1000) for wait in waits if wait.to_prompt_s is not None],
            document_latencies_ms=[
                round(wait.to_document_s * 1000) for wait in waits if wait.to_document_s is not None
            ],
            dossier=dossier,
            disposition=request.disposition if request is not None else None,
            checks=checks,
        )

    def _state(self, sid: str) -> CallState | None:
        known = self._services.calls.read(sid)
        return known[1].state if known is not None else None

    def _outcome(self, sid: str) -> str | None:
        state = self._state(sid)
        return state.stage.outcome if state is not None and isinstance(state.stage, Ended) else None

    def _of(self, sid: str, kind: str) -> list[Event]:
        return [event for event in self._events if event.call_sid == sid and event.kind == kind]

    def _prompts(self, sid: str) -> str:
        return " ".join(event["text"] for event in self._of(sid, "prompt_started"))

    def _answered_by_voice(self, sid: str) -> bool:
        state = self._state(sid)
        return (
            state is not None
            and state.values.get("order_number") == "4821"
            and all(said.by == "voice" for said in state.said)
            and "arrives, tomorrow" in self._prompts(sid)
            and self._outcome(sid) == "solved"
        )

    def _streamed(self, sid: str) -> bool:
        # Fifty frames a second: a call of several turns has many hundreds.
        return sum(int(event.get("frames", 0)) for event in self._of(sid, "stream_stopped")) > 500

    def _answered_by_keys(self, sid: str) -> bool:
        state = self._state(sid)
        cut = any(not event["completed"] for event in self._of(sid, "prompt_ended"))
        return (
            cut
            and state is not None
            and all(said.by == "keys" for said in state.said)
            and (self._outcome(sid) == "solved")
        )

    def _promised(self, sid: str) -> bool:
        prompts = self._prompts(sid)
        offered = "To be called back without losing your place" in prompts and "To stay on the line" in prompts
        return offered and "We will call you on the number ending in" in prompts and self._outcome(sid) == "callback"

    def _words_kept(self, booking: str, request: CallbackRequest | None) -> bool:
        customer = scenario.TAKES_A_CALLBACK.from_number
        legs = [leg.sid for leg in self._carrier.calls() if leg.to_number == customer]
        if request is None or len(request.words) != 2 or len(legs) != 1:
            return False
        first, second = request.words
        heard = [event["text"] for event in self._of(legs[0], "prompt_started")]
        return f"{first}, {second}" in self._prompts(booking) and heard[:1] == [f"{first}. {second}."]

    def _expected_rings(self) -> list[str]:
        return [scenario.AGENT_NUMBER, scenario.TAKES_A_CALLBACK.from_number]

    def _joined(self) -> bool:
        joins = [event for event in self._events if event.get("event") == "participant-join"]
        return len(joins) == 2 and len({event["conference_sid"] for event in joins}) == 1

    def _scripts_done(self) -> bool:
        return not any(event.kind == "script_failed" for event in self._events)


def _words_of(dossier: dict[str, Any]) -> list[str]:
    return [entry["text"] for entry in dossier.get("said", []) if entry["by"] == "voice"]


def _spread(values: list[int]) -> dict[str, int]:
    return {"p50": round(statistics.median(values)), "max": max(values)} if values else {}
