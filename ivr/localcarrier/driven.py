"""A carrier that the test's own thread drives: no sockets, no threads, no waiting, and time that only jumps.

    carrier = DrivenCarrier(ACCOUNT_SID, AUTH_TOKEN, deliver, start=datetime(2026, 3, 2, 9, tzinfo=UTC), seed=7)
    carrier.set_phone(AGENT, Phone(answer_after_ms=4000, steps=(Hear("press one"), Press("1"), Stay())))
    status, call = carrier.rest("POST", f"/2010-04-01/Accounts/{ACCOUNT_SID}/Calls.json", form={...}, headers={...})
    carrier.run_until(lambda: carrier.call(call["sid"]).status == "in-progress", limit_s=60)
    carrier.set_faults(Faults(lose_replies=1, rest_operation="create_call"))
    carrier.advance(600)
    assert carrier.call(call["sid"]).status == "completed"

`deliver` answers webhooks: it gets method, URL, headers (signed) and form, and returns status and body; see
`transport.Deliver` for what it may raise. It is called inside `advance`, `settle` and their like, in this thread. There
the application may use `rest` (create, hang up, look up), but time cannot be moved. Another thread may use `rest`
whenever the carrier is idle or waits for `deliver`; else it waits for its turn.

Whatever `deliver` raises that is not an `OSError`, and every failure of the carrier itself, comes out of the method
that let it happen. Nobody makes a sound: prompts last as long as their words (see `CarrierSettings.silent`), and media
streams are refused (31902). The same seed and the same calls give the same run, with the same identifiers.
"""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from types import TracebackType
from typing import Any

from ivr.localcarrier import controls
from ivr.localcarrier.clock import TICK_S, ticks_in
from ivr.localcarrier.exchange import Exchange
from ivr.localcarrier.passing import next_event_in, pass_time, ticks_to_next
from ivr.localcarrier.rest import RestRequest, answer
from ivr.localcarrier.script import Phone, Step
from ivr.localcarrier.settings import CarrierSettings
from ivr.localcarrier.settling import SettlingLoop
from ivr.localcarrier.switches import Switches
from ivr.localcarrier.transport import CallTransport, Deliver
from ivr.localcarrier.wire import CallView, Event, Faults, InboundCall, NumberSettings


class DrivenCarrier:
    """A carrier whose clock stands at `start` until it is moved; see the module for its use."""

    def __init__(
        self,
        account_sid: str,
        auth_token: str,
        deliver: Deliver,
        *,
        start: datetime,
        seed: int = 0,
        switches: Switches = Switches(),  # noqa: B008 - frozen
    ) -> None:
        settings = CarrierSettings(
            account_sid, auth_token, seed=seed, silent=True, manual_clock=start, switches=switches
        )
        self._deliver = deliver
        self._turn = threading.RLock()  # held while the carrier runs, free while the application answers
        self._driver = threading.get_ident()
        self._is_delivering = False
        self._loop = SettlingLoop()
        self._exchange = Exchange(settings, self._loop, self._call)
        self._exchange.base_url = "https://carrier.invalid"
        self._loop.settling.busy = lambda: self._exchange.away > 0
        credentials = base64.b64encode(f"{account_sid}:{auth_token}".encode()).decode()
        self.authorization = f"Basic {credentials}"

    # -- time

    def now(self) -> datetime:
        """Return the time of day of the carrier, in UTC."""
        return datetime.fromtimestamp(self._exchange.clock.now(), UTC)

    def settle(self) -> None:
        """Let everything happen that is due now, and no time pass."""
        with self._turn:
            self._not_while_delivering()
            self._settle()

    def advance(self, seconds: float) -> None:
        """Let call time pass, with everything that happens in it; returns when all has settled."""
        with self._turn:
            self._not_while_delivering()
            self._settle()
            for _ in pass_time(self._exchange, ticks_in(seconds)):
                self._settle()

    def advance_to_next_event(self) -> float | None:
        """Jump to the next thing that happens; returns how many seconds passed, None where nothing is to come."""
        with self._turn:
            self.settle()
            ticks = ticks_to_next(self._exchange)
            if ticks is None:
                return None
            self.advance(ticks * TICK_S)
            return ticks * TICK_S

    def next_event_in(self) -> float | None:
        """Return in how many seconds of call time something happens, or None. No time passes."""
        with self._turn:
            self.settle()
            return next_event_in(self._exchange)

    def run_until(self, condition: Callable[[], bool], limit_s: float) -> bool:
        """Let time pass, event by event, until `condition` holds; False if it does not within `limit_s`."""
        self.settle()
        left = ticks_in(limit_s)
        while not condition():
            ticks = ticks_to_next(self._exchange)
            if ticks is None or ticks > left:
                self.advance(left * TICK_S)
                return condition()
            self.advance(ticks * TICK_S)
            left -= ticks
        return True

    # -- the application's side

    def rest(
        self,
        method: str,
        path: str,
        query: Mapping[str, object] | None = None,
        form: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        timeout_s: float = 15.0,
    ) -> tuple[int, Any]:
        """Return status and JSON of a REST request (`path` from `/2010-04-01` on), as over HTTP.

        Values are written as `str` does; a list or tuple in `form` is a repeated field. What the request causes
        (ringing, webhooks) happens when the carrier is moved next. A delayed reply lets that much call time pass
        before this returns; inside a webhook it delays the webhook's own answer instead. Raises `ConnectionError`
        where a fault breaks the connection and `TimeoutError` after `timeout_s` of call time: then the request may
        have taken effect or not.
        """
        authorization = {name.lower(): value for name, value in (headers or {}).items()}.get("authorization", "")
        one = {name: str(value) for name, value in (query or {}).items()}
        request = RestRequest(method.upper(), path, one, _lists(form or {}), authorization)
        with self._turn:
            reply = answer(self._exchange, request)
            self._wait(min(reply.delay_s, timeout_s))
        if reply.broken == "refused":
            raise ConnectionRefusedError("the REST interface is down (injected)")
        if reply.broken:
            raise ConnectionResetError(f"the {reply.broken} was lost (injected)")
        if reply.delay_s >= timeout_s:
            raise TimeoutError(f"no reply within {timeout_s:g} s (injected)")
        return reply.status, reply.body

    # -- the people's side

    def set_number(
        self,
        number: str,
        voice_url: str,
        *,
        voice_method: str = "POST",
        fallback_url: str | None = None,
        status_callback: str | None = None,
    ) -> None:
        """Give the account the number `number` and say where to ask for TwiML when it is called."""
        settings = NumberSettings(voice_url, voice_method, fallback_url, status_callback=status_callback)
        self._exchange.numbers[number] = settings

    def set_phone(self, number: str, *phones: Phone) -> None:
        """Say how the phone at `number` takes its first, second, ... call; the last one given repeats."""
        self._exchange.set_phones(number, phones or (Phone(),))

    def place_call(
        self, *, from_number: str, to_number: str, steps: Sequence[Step] = (), extra: dict[str, str] | None = None
    ) -> str:
        """Let a scripted person call one of the account's numbers; returns the CallSid at once."""
        with self._turn:
            call = InboundCall(from_number, to_number, tuple(steps), extra or {})
            return controls.place_call(self._exchange, call).sid

    def call(self, sid: str) -> CallView:
        """Return one leg; raises `ControlError` (404) for an unknown SID."""
        return controls.view(controls.leg_of(self._exchange, sid))

    def calls(self) -> list[CallView]:
        """Return every leg since the start, oldest first."""
        return [controls.view(leg) for leg in self._exchange.legs.values()]

    def hang_up(self, sid: str) -> None:
        """Let the person on this leg hang up now."""
        with self._turn:
            controls.hang_up(self._exchange, sid)

    def drop_line(self, sid: str) -> None:
        """Break the line of this leg now: it ends with the status `failed`."""
        with self._turn:
            controls.drop_line(self._exchange, sid)

    def act(self, sid: str, steps: Sequence[Step]) -> None:
        """Let the person on this leg do `steps` next, in place of what is left of the script."""
        with self._turn:
            controls.act(self._exchange, sid, steps)

    def set_faults(self, faults: Faults) -> None:
        """Replace the set of injected faults; `Faults()` clears it."""
        self._exchange.injection.replace(faults)

    def events(self, after: int = 0) -> list[Event]:
        """Return the events with `seq` > `after`."""
        return self._exchange.log.after(after)

    def close(self) -> None:
        """End everything without a word to the application; the carrier cannot be used any more."""
        if self._loop.is_closed():
            return
        with self._turn:
            self._deliver = _nobody
            while self._exchange.abandon():  # the end of one brings others: the last webhooks of a call
                self._loop.run_until_settled()
        self._exchange.voices.close()
        self._loop.close()

    def __enter__(self) -> DrivenCarrier:
        """Return the carrier, which is up already."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close."""
        self.close()

    # -- inside

    def _settle(self) -> None:
        self._loop.run_until_settled()
        transport = self._exchange.webhooks.transport
        assert isinstance(transport, CallTransport)  # noqa: S101 - as made above
        failures = self._exchange.failures
        failure = transport.failure or (failures[0] if failures else None)
        if failure is not None:
            transport.failure = None
            failures.clear()
            raise failure

    def _call(
        self, method: str, url: str, headers: Mapping[str, str], form: Mapping[str, str]
    ) -> tuple[int, bytes | str]:
        """Let the application answer; meanwhile other threads may have their turn."""
        self._is_delivering = True
        self._turn.release()
        try:
            return self._deliver(method, url, headers, form)
        finally:
            self._turn.acquire()
            self._is_delivering = False

    def _wait(self, seconds: float) -> None:
        if seconds <= 0:
            return
        if self._is_delivering:
            transport = self._exchange.webhooks.transport
            assert isinstance(transport, CallTransport)  # noqa: S101 - as made above
            transport.busy_s += seconds
        elif threading.get_ident() == self._driver:
            self.advance(seconds)

    def _not_while_delivering(self) -> None:
        if self._is_delivering:
            raise RuntimeError("call time cannot be moved while the application answers a webhook")


def _lists(form: Mapping[str, object]) -> dict[str, list[str]]:
    return {
        name: [str(one) for one in value] if isinstance(value, list | tuple) else [str(value)]
        for name, value in form.items()
    }


def _nobody(method: str, url: str, headers: Mapping[str, str], form: Mapping[str, str]) -> tuple[int, bytes]:  # noqa: ARG001
    return 204, b""
