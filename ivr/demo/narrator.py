"""Turns the carrier's event log, and what the application heard, into a transcript line by line."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import msgspec

from ivr.localcarrier.wire import Event

# A document that comes this late is no answer to what was said.
LATEST_ANSWER_S: Final = 10.0

Heard = Callable[[str, int], dict[str, Any] | None]


class Line(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line of the transcript. `at_s` counts from the beginning; `who` speaks, presses, or is told."""

    kind: str
    at_s: float
    who: str = ""
    text: str = ""
    heard: str = ""
    confidence: float | None = None
    latency_ms: int | None = None
    cut: bool = False


class Narrator:
    """Feed it events in their order; it answers with the lines that they make.

    What is said into a prompt follows the prompt: nobody reads an answer before its question.
    """

    def __init__(self, heard: Heard) -> None:
        self._heard = heard
        self._names: dict[str, tuple[str, str]] = {}
        self._began_at: float | None = None
        self._spoke_at: dict[str, float] = {}
        self._understood: dict[str, dict[str, Any]] = {}
        self._keys: dict[str, str] = {}
        self._playing: set[str] = set()
        self._said_into: dict[str, list[Line]] = {}

    def name(self, call_sid: str, title: str, who: str) -> None:
        """Say who is on a leg, and what its story is."""
        self._names[call_sid] = (title, who)

    def lines(self, event: Event, names_by_number: dict[str, tuple[str, str]]) -> Iterator[Line]:
        """The lines that an event makes, maybe none."""
        if self._began_at is None:
            self._began_at = event.at
        sid = event.call_sid or ""
        if event.kind == "call_started" and sid not in self._names:
            self._names[sid] = names_by_number.get(event["to_number"], ("", event["to_number"]))
        if sid not in self._names:
            return
        if event.kind == "key_pressed":
            self._keys[sid] = self._keys.get(sid, "") + event["key"]
            return
        if event.kind in {"webhook_request", "call_ended"} and sid in self._keys:
            yield self._line(event, "pressed", text=self._keys.pop(sid))
        match event.kind:
            case "call_started":
                yield self._line(event, "call", text=self._names[sid][0])
            case "prompt_ended":
                self._playing.discard(sid)
                yield self._line(event, "prompt", text=event["text"], cut=not event["completed"])
                yield from self._said_into.pop(sid, ())
            case "speech_ended":
                self._spoke_at[sid] = event.at
                said = self._line(event, "said", text=event["text"])
                if sid in self._playing:
                    self._said_into.setdefault(sid, []).append(said)
                else:
                    yield said
            case "webhook_request":
                self._note_what_was_heard(event, sid)
            case "prompt_started":
                self._playing.add(sid)
                yield from self._answered(event, sid)
            case "bridge_started":
                yield self._line(event, "joined")
            case "conference_event" if event["event"] == "participant-join":
                yield self._line(event, "joined")
            case "call_ended":
                yield from self._said_into.pop(sid, ())
                yield self._line(event, "ended", text=event["status"])

    def _line(self, event: Event, kind: str, **fields: Any) -> Line:
        who = fields.pop("who", self._names[event.call_sid or ""][1])
        return Line(kind=kind, at_s=round(event.at - (self._began_at or event.at), 2), who=who, **fields)

    def _note_what_was_heard(self, event: Event, sid: str) -> None:
        query = parse_qs(urlsplit(event["url"]).query)
        if query.get("by") == ["speech"] and sid in self._spoke_at:
            heard = self._heard(sid, int(query["turn"][0]))
            if heard is not None:
                self._understood[sid] = heard

    def _answered(self, event: Event, sid: str) -> Iterator[Line]:
        """The next prompt begins: how long after the last word?"""
        heard, spoke_at = self._understood.pop(sid, None), self._spoke_at.pop(sid, None)
        if heard is None or spoke_at is None or event.at - spoke_at > LATEST_ANSWER_S:
            return
        latency_ms = round((event.at - spoke_at) * 1000)
        confidence = round(heard["confidence"], 2)
        yield self._line(event, "heard", heard=heard["text"], confidence=confidence, latency_ms=latency_ms)
