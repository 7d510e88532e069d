"""Small flows, and calls that are played on them event by event; the state is written and read between any two."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from flows import actions, engine, events, hours
from flows.model import Flow
from flows.state import CallState

AT = datetime(2026, 3, 2, 10, 30, tzinfo=UTC)  # a Monday
CALLER = "+442079460123"
HEAD: dict[str, Any] = {
    "zerohold": 1,
    "name": "test",
    "languages": ["en"],
    "organisation": "the corner shop",
    "time_zone": "Europe/London",
    "country": "GB",
    "queue": "shop",
}
END: dict[str, Any] = {"type": "end", "prompt": "Goodbye now.", "outcome": "solved"}
MENU: dict[str, Any] = {
    "type": "menu",
    "prompt": "How can we help?",
    "choices": [
        {"key": "1", "phrases": ["order"], "label": "your order", "to": "one"},
        {"key": "2", "phrases": ["hours"], "label": "our hours", "to": "two"},
    ],
}


def flow_of(nodes: dict[str, dict[str, Any]], **more: Any) -> Flow:
    """A flow that begins at its first node; `end` is there unless it is given."""
    content = {**HEAD, "start": next(iter(nodes)), "nodes": {"end": END, **nodes}, **more}
    return Flow.model_validate(content)


def menu_of(**more: Any) -> Flow:
    """A menu with two choices that lead to two sentences and back to it."""
    return flow_of(
        {
            "main": MENU,
            "one": {"type": "say", "prompt": "It was sent.", "next": "main"},
            "two": {"type": "say", "prompt": "From nine to five.", "next": "main"},
        },
        **more,
    )


def asking(answer: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A node that asks for one value."""
    return {"type": "ask", "prompt": "What is it?", "answer": answer, "save_as": "value", "next": "end", **more}


FOUR_DIGITS: dict[str, Any] = {"type": "digits", "min": 4, "max": 4}


def windows_of(flow: Flow, since: datetime) -> tuple[events.Slot, ...]:
    """Every window of the flow's first opening hours."""
    opening = next(iter(flow.hours.values()), None)
    if opening is None:
        return ()
    found = hours.windows(opening, flow.holidays, since.astimezone(flow.zone), count=60)
    return tuple(events.Slot(starts=starts.astimezone(UTC), ends=ends.astimezone(UTC)) for starts, ends in found)


def slots_at(*starts: datetime) -> tuple[events.Slot, ...]:
    """Windows of an hour."""
    return tuple(events.Slot(starts=start, ends=start + timedelta(hours=1)) for start in starts)


def promise_of(**more: Any) -> events.OpenPromise:
    """A callback that the caller has: tomorrow from two to three."""
    fields: dict[str, Any] = {
        "request_id": "cb7",
        "queue": "shop",
        "number": CALLER,
        "arrived_at": AT - timedelta(hours=2),
        "starts": datetime(2026, 3, 3, 14, tzinfo=UTC),
        "by": datetime(2026, 3, 3, 15, tzinfo=UTC),
        "reason": "a repair",
    }
    return events.OpenPromise(**{**fields, **more})


class Call:
    """One call: what it has come to, and what can happen next.

    Who is calling and which times are free is answered at once, by `values`, `promise` and `slots`; `asked` is every
    such question.
    """

    def __init__(
        self,
        flow: Flow,
        *,
        speech: tuple[str, ...] = ("en", "ar", "fa"),
        caller: str | None = CALLER,
        at: datetime = AT,
        values: dict[str, events.Value] | None = None,
        promise: events.OpenPromise | None = None,
        slots: tuple[events.Slot, ...] | None = None,
    ) -> None:
        self.flow, self.at, self.slots = flow, at, slots
        self.known = events.CallerRecognised(at=at, values=values or {}, promise=promise)
        self.asked: list[actions.Action] = []
        self.state, self.did = engine.start(
            flow,
            events.CallStarted(at=at, call_sid="CA1", caller_number=caller, office_number=CALLER, speech=speech),
        )
        self._answer()

    def on(self, event: events.Event) -> Call:
        """An event happens."""
        self.state = msgspec.json.decode(msgspec.json.encode(self.state), type=CallState)
        self.state, self.did = engine.advance(self.flow, self.state, event)
        self._answer()
        return self

    def _answer(self) -> None:
        match self.did[-1] if self.did else None:
            case actions.RecogniseCaller() as asked:
                self.asked.append(asked)
                self.on(self.known)
            case actions.AskSlots(since=since) as asked:
                self.asked.append(asked)
                slots = windows_of(self.flow, since or self.at) if self.slots is None else self.slots
                left = tuple(slot for slot in slots if since is None or slot.starts >= since)
                before = self.did[:-1]
                self.on(events.SlotsKnown(at=self.at, slots=left))
                self.did = [*before, *self.did]
            case _:
                pass

    def press(self, *keys: str) -> Call:
        """The caller presses keys, one answer after another."""
        for answer in keys:
            self.on(events.KeysPressed(at=self.at, keys=answer))
        return self

    def hear(self, keys: str, text: str, *, sure: bool = True, **slots: str) -> Call:
        """The caller says something that was understood."""
        return self.on(events.Heard(at=self.at, keys=keys, text=text, confidence=0.9, sure=sure, slots=slots))

    def silence(self, times: int = 1) -> Call:
        """The caller says nothing."""
        for _ in range(times):
            self.on(events.NoInput(at=self.at))
        return self

    def mumble(self, times: int = 1) -> Call:
        """The caller says what nobody understands."""
        for _ in range(times):
            self.on(events.NoMatch(at=self.at, text="[unk]"))
        return self

    def hang_up(self) -> Call:
        return self.on(events.HungUp(at=self.at))

    def fail(self) -> Call:
        return self.on(events.Failed(at=self.at, code="engine"))

    def nobody(self) -> Call:
        return self.on(events.NobodyFree(at=self.at))

    def person(self, person_id: str = "desk") -> Call:
        return self.on(events.PersonFound(at=self.at, person_id=person_id, person_number="+442079460100"))

    def transfer_ended(self, *, talked: bool) -> Call:
        return self.on(events.TransferEnded(at=self.at, talked=talked))

    def promised(self, *, already_booked: bool = False, window: tuple[datetime, datetime] | None = None) -> Call:
        starts, by = window or (None, self.at + timedelta(minutes=30))
        return self.on(
            events.CallbackPromised(at=self.at, request_id="cb1", by=by, already_booked=already_booked, starts=starts)
        )

    def refused(self, reason: str) -> Call:
        return self.on(events.CallbackRefused(at=self.at, reason=reason))  # type: ignore[arg-type]

    def found(self, **values: Any) -> Call:
        return self.on(events.LookupFound(at=self.at, values=values))

    def later(self, seconds: int) -> Call:
        """Time passes."""
        self.at += timedelta(seconds=seconds)
        return self

    @property
    def spoken(self) -> str:
        """What the caller hears now."""
        texts: list[str] = []
        for action in self.did:
            if isinstance(action, actions.Say | actions.Play):
                texts.append(action.text)
            elif isinstance(action, actions.Collect | actions.Record):
                texts += [prompt.text for prompt in action.prompts]
        return " ".join(texts)

    @property
    def collect(self) -> actions.Collect:
        """How the caller is listened to."""
        last = self.did[-1]
        assert isinstance(last, actions.Collect), self.did
        return last

    @property
    def stage(self) -> str:
        return type(self.state.stage).__name__

    @property
    def outcome(self) -> str:
        return str(getattr(self.state.stage, "outcome", None))

    @property
    def last(self) -> Any:
        """What the engine did last."""
        return self.did[-1]

    def seeks(self) -> bool:
        return isinstance(self.last, actions.SeekPerson)
