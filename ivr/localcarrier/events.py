"""The event log: everything that happened, in order, in memory and optionally as JSON lines.

Kinds and the fields of their `data`:

    call_started        direction, from_number, to_number, parent_call_sid
    call_status         status
    call_ended          status, by, duration_s
    call_closed         script_done, script_error, recording     (the last event of a leg)
    webhook_request     purpose, url, method, params, attempt, idempotency_token
    webhook_response    purpose, url, status, content_type, document, ms
    media_fetched       url, status, length_bytes, ms
    webhook_failed      purpose, url, code, message, attempt, ms
    prompt_started      text, verb, duration_ms
    prompt_ended        text, verb, completed, played_ms
    gather_ended        digits, finished_on_key, submitted
    recording_ended     recording_sid, duration_s, key
    key_pressed         key, taken_by ("gather", "record", "dial", "ahead" or "nobody")
    speech_started      text
    speech_ended        text         (`at` is when the last sample above the threshold was sent)
    speech_heard        text, from_call_sid     (the other end of a bridge or conference began to speak)
    script_step         index, step
    script_done         steps
    script_failed       index, step, message
    dial_started        numbers or conference
    dial_ended          status, bridged, dial_call_sid, duration_s
    bridge_started      other_call_sid
    bridge_ended        other_call_sid
    conference_event    event, conference_sid, name, ...
    stream_connecting, stream_started, stream_stopped, stream_error
                        stream_sid, name, url, frames, code, message
    text_message        message_sid, from_number, to_number, text
    rest_request        operation, method, path, params, status (0: did not arrive), reply_lost
    machine_detected    answered_by, duration_ms
    warning             code, message, url
    error               code, message, url
    fault_injected      fault
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TextIO

import msgspec

from ivr.localcarrier.wire import Event


class EventLog:
    """An append-only list of `Event`, with a way to wait for more."""

    def __init__(self, file: Path | None = None, now: Callable[[], float] = time.time) -> None:
        self._now = now
        self._events: list[Event] = []
        self._grown: asyncio.Event | None = None  # while somebody waits
        self._file: TextIO | None = None
        if file is not None:
            file.parent.mkdir(parents=True, exist_ok=True)
            self._file = file.open("a", encoding="utf-8", buffering=1)

    def add(self, kind: str, call_sid: str | None = None, **data: Any) -> Event:
        """Append an event with the present time and wake those who wait."""
        event = Event(len(self._events) + 1, self._now(), kind, call_sid, data)
        self._events.append(event)
        if self._file is not None:
            self._file.write(msgspec.json.encode(event).decode() + "\n")
        if self._grown is not None:
            self._grown.set()
            self._grown = None
        return event

    def after(self, seq: int) -> list[Event]:
        """Return the events with a higher `seq`."""
        return self._events[max(0, seq) :]

    async def wait_after(self, seq: int, wait_s: float) -> list[Event]:
        """Return the events with a higher `seq`; waits up to `wait_s` for the first."""
        if len(self._events) <= seq and wait_s > 0:
            if self._grown is None:
                self._grown = asyncio.Event()
            grown = self._grown
            try:
                await asyncio.wait_for(grown.wait(), wait_s)
            except TimeoutError:
                return []
        return self.after(seq)

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None
