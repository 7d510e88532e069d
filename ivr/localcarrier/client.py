"""A small blocking client of the local carrier's control API, for tests, benchmarks and the demo."""

from __future__ import annotations

import base64
import http.client
import time
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar
from urllib.parse import quote, urlsplit

import msgspec

from ivr.localcarrier.script import Phone, Step
from ivr.localcarrier.wire import CallView, Event, Faults, InboundCall, NumberSettings, Passing, PhoneBook

_T = TypeVar("_T")
_LONG_POLL_S = 5.0
# Generous: a machine that does much else is slow, and who waits for what comes at once waits for nothing.
PATIENCE_S: Final = 120.0


class LocalCarrierError(Exception):
    """The local carrier refused a control request; `status` is the HTTP status."""

    code = "local_carrier"
    retryable = False

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"the local carrier answered {status}: {message}")
        self.status = status


class LocalCarrierClient:
    """Places calls, sets up phones and reads the event log of a local carrier at `base_url`."""

    def __init__(self, base_url: str, account_sid: str, auth_token: str, *, timeout_s: float = PATIENCE_S) -> None:
        parts = urlsplit(base_url)
        self.base_url = base_url.rstrip("/")
        self._host = parts.hostname or "127.0.0.1"
        self._port = parts.port or 80
        self._timeout_s = timeout_s
        credentials = base64.b64encode(f"{account_sid}:{auth_token}".encode()).decode()
        self._headers = {"Authorization": f"Basic {credentials}", "Content-Type": "application/json"}

    def wait_until_up(self, timeout_s: float = PATIENCE_S) -> None:
        """Return as soon as the carrier answers; raises `TimeoutError` after `timeout_s`."""
        deadline = time.monotonic() + timeout_s
        while True:
            try:
                self._request("GET", "/local/health")
            except OSError as error:
                if time.monotonic() > deadline:
                    message = f"no local carrier answers at {self.base_url} after {timeout_s:g} s ({error})"
                    raise TimeoutError(message) from error
                time.sleep(0.05)
            else:
                return

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
        self._request("PUT", f"/local/numbers/{quote(number)}", settings)

    def set_phone(self, number: str, *phones: Phone) -> None:
        """Say how the phone at `number` takes its first, second, ... call; the last one given repeats."""
        self._request("PUT", f"/local/phones/{quote(number)}", PhoneBook(phones or (Phone(),)))

    def place_call(
        self,
        *,
        from_number: str,
        to_number: str,
        steps: Sequence[Step] = (),
        extra: dict[str, str] | None = None,
    ) -> str:
        """Let a scripted person call one of the account's numbers; returns the CallSid at once."""
        call = InboundCall(from_number, to_number, tuple(steps), extra or {})
        return self._fetch("POST", "/local/calls", CallView, call).sid

    def call(self, sid: str) -> CallView:
        """Return one leg; raises `LocalCarrierError` (404) for an unknown SID."""
        return self._fetch("GET", f"/local/calls/{quote(sid)}", CallView)

    def calls(self) -> list[CallView]:
        """Return every leg since the start, oldest first."""
        return self._fetch("GET", "/local/calls", list[CallView])

    def hang_up(self, sid: str) -> None:
        """Let the person on this leg hang up now."""
        self._request("POST", f"/local/calls/{quote(sid)}/hang_up")

    def drop_line(self, sid: str) -> None:
        """Break the line of this leg now: it ends with the status `failed`."""
        self._request("POST", f"/local/calls/{quote(sid)}/drop_line")

    def act(self, sid: str, steps: Sequence[Step]) -> None:
        """Let the person on this leg do `steps` next, in place of what is left of the script."""
        self._request("POST", f"/local/calls/{quote(sid)}/steps", list(steps))

    def set_faults(self, faults: Faults) -> None:
        """Replace the set of injected faults; `Faults()` clears it."""
        self._request("PUT", "/local/faults", faults)

    def drop_media(self, call_sid: str | None = None) -> int:
        """Break the media sockets of one leg, or of all; returns how many were open."""
        path = "/local/drop_media" + (f"?call_sid={quote(call_sid)}" if call_sid else "")
        return self._fetch("POST", path, dict[str, int])["dropped"]

    def advance(self, seconds: float) -> None:
        """Let call time pass on a manual clock; returns when all webhooks that this causes have been answered.

        What the application does beside answering (a REST request from another thread) is not waited for.
        """
        self._request("POST", "/local/clock/advance", Passing(seconds))

    def advance_to_next_event(self) -> float | None:
        """Jump to the next thing that happens; returns how many seconds passed, None where nothing is to come."""
        return self._fetch("POST", "/local/clock/advance_to_next_event", Passing).seconds

    def next_event_in(self) -> float | None:
        """Return in how many seconds of call time something happens, or None."""
        return self._fetch("GET", "/local/clock/next_event", Passing).seconds

    def events(self, after: int = 0, *, wait_s: float = 0.0) -> list[Event]:
        """Return the events with `seq` > `after`; waits up to `wait_s` for the first one."""
        return self._fetch("GET", f"/local/events?after={after}&wait_s={wait_s:g}", list[Event])

    def wait_for(self, predicate: Callable[[Event], bool], timeout_s: float = PATIENCE_S, *, after: int = 0) -> Event:
        """Return the first event after `after` that satisfies `predicate`.

        Raises `TimeoutError`, with the last events in its message, if none came within `timeout_s`.
        """
        deadline = time.monotonic() + timeout_s
        seen: list[Event] = []
        while True:
            left_s = deadline - time.monotonic()
            for event in self.events(after, wait_s=max(0.0, min(left_s, _LONG_POLL_S))):
                after = event.seq
                seen.append(event)
                if predicate(event):
                    return event
            if left_s <= 0:
                tail = "\n".join(f"  {event.seq} {event.kind} {event.call_sid} {event.data}" for event in seen[-12:])
                raise TimeoutError(f"no such event within {timeout_s:g} s; the last events were\n{tail}")

    def wait_for_event(
        self,
        kind: str,
        *,
        call_sid: str | None = None,
        timeout_s: float = PATIENCE_S,
        after: int = 0,
        **fields: Any,
    ) -> Event:
        """Return the first event of `kind` (of this leg, with these fields) after `after`; see `wait_for`."""

        def matches(event: Event) -> bool:
            return (
                event.kind == kind
                and (call_sid is None or event.call_sid == call_sid)
                and all(event.get(name) == value for name, value in fields.items())
            )

        return self.wait_for(matches, timeout_s, after=after)

    def wait_for_end(self, call_sid: str, timeout_s: float = PATIENCE_S) -> CallView:
        """Return the leg once it has ended, its script is over and its recording is written.

        Raises `TimeoutError` as `wait_for` does.
        """
        self.wait_for_event("call_closed", call_sid=call_sid, timeout_s=timeout_s)
        return self.call(call_sid)

    def _fetch(self, method: str, path: str, reply: type[_T], body: object = None) -> _T:
        return msgspec.json.decode(self._request(method, path, body), type=reply)

    def _request(self, method: str, path: str, body: object = None) -> bytes:
        connection = http.client.HTTPConnection(self._host, self._port, timeout=self._timeout_s)
        try:
            payload = None if body is None else msgspec.json.encode(body)
            connection.request(method, path, body=payload, headers=self._headers)
            response = connection.getresponse()
            content = response.read()
        finally:
            connection.close()
        if response.status >= 400:
            raise LocalCarrierError(response.status, content.decode("utf-8", "replace"))
        return content
