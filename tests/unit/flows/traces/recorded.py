"""Calls for the tests of traces and replay: driven as the edge drives them, and traced."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import msgspec

from flows import actions, engine, events
from flows.engine.questions import without_sensitive
from flows.loader import load_flow
from flows.model import Flow
from flows.prove.abstraction import open_and_closed
from flows.prove.happenings import after
from flows.state import CallState, Ended
from flows.traces.failures import trace_of
from flows.traces.model import Trace, Turn
from flows.traces.recording import Performed, entry

EXAMPLES = Path(__file__).resolve().parents[4] / "flows" / "examples"
FLOWS = [path for path in sorted(EXAMPLES.rglob("*.yaml")) if not path.name.endswith(".test.yaml")]
CALLER, OFFICE = "+442079460123", "+442079460000"
AT = dt.datetime(2026, 3, 2, 10, 30, tzinfo=dt.UTC)
STEP = dt.timedelta(seconds=6)
MOST = 20


@cache
def flow_of(path: Path) -> Flow:
    return load_flow(path)


HOURS: dict[str, list[dt.datetime]] = {}


def following(flow: Flow, state: CallState, did: list[actions.Action]) -> list[events.Event | events.Decided]:
    """What can happen next."""
    if flow.revision not in HOURS:
        HOURS[flow.revision] = open_and_closed(flow)
    return [*after(flow, state, did, HOURS[flow.revision])]


class Recorder:
    """One call, turn by turn; `shell` answers effects in order, `happens` what the caller does."""

    def __init__(
        self, flow: Flow, *, caller: str | None = CALLER, speech: tuple[str, ...] = (), call_sid: str = "CA1"
    ) -> None:
        self.flow = flow
        self.at = AT
        self.turns: list[Turn] = []
        self.verbs: tuple[actions.Verb, ...] = ()
        self._started = events.CallStarted(
            at=AT, call_sid=call_sid, caller_number=caller, office_number=OFFICE, speech=speech
        )
        self.state: CallState | None = None

    def begin(self, choose: Chooser) -> None:
        self._settle(None, self._started, engine.start(self.flow, self._started), choose)

    def happen(self, event: events.Event, choose: Chooser) -> None:
        assert self.state is not None
        if isinstance(choose, Chooser):
            choose.nobody_was_free = False
        self.at += STEP
        event = msgspec.structs.replace(event, at=self.at)
        before = self.state
        self._settle(before, event, engine.advance(self.flow, before, event), choose)

    def _settle(self, before: CallState | None, event: events.Event, step: engine.Step, choose: Chooser) -> None:
        performed: list[Performed] = []
        verbs: list[actions.Verb] = []
        state, did = step
        for _ in range(MOST):
            answer = None
            for action in did:
                if isinstance(action, actions.Effect):
                    given = choose(self.flow, state, action)
                    given = None if given is None else msgspec.structs.replace(given, at=self.at)
                    performed.append(Performed(action, given, 1.5))
                    answer = given or answer
                elif isinstance(action, actions.Verb):
                    verbs.append(action)
            if answer is None:
                break
            state, did = engine.advance(self.flow, state, answer)
        self.state = without_sensitive(self.flow, state)
        self.verbs = tuple(verbs) or self.verbs
        turn = entry(self.flow, before, event, performed, number=len(self.turns), took_ms=2.0)
        self.turns.append(msgspec.json.decode(msgspec.json.encode(turn), type=Turn))

    @property
    def trace(self) -> Trace:
        return trace_of(self.turns)


class Chooser:
    """Chooses among what can happen, by bytes."""

    def __init__(self, choices: bytes) -> None:
        self._choices = list(choices)
        self.nobody_was_free = False

    @property
    def empty(self) -> bool:
        return not self._choices

    def pick(self, options: Sequence[events.Event]) -> events.Event | None:
        if not options:
            return None
        choice = self._choices.pop(0) if self._choices else 0
        return options[choice % len(options)]

    def __call__(self, flow: Flow, state: CallState, effect: actions.Effect) -> events.Event | None:
        options = [event for event in following(flow, state, [effect]) if not isinstance(event, events.Failed)]
        if self.nobody_was_free:  # who becomes free within a turn, no conversation can tell
            options = [event for event in options if not isinstance(event, events.PersonFound)]
        found = self.pick(options)  # type: ignore[arg-type]
        self.nobody_was_free = self.nobody_was_free or isinstance(found, events.NobodyFree)
        return found


def random_call(flow: Flow, choices: bytes, call_sid: str = "CA1") -> Recorder:
    """A call in which each byte chooses what happens next."""
    chooser = Chooser(choices)
    first = choices[0] if choices else 0
    speech = (("en", "ar", "fa"), (), flow.languages)[first % 3]
    call = Recorder(flow, caller=None if first % 7 == 6 else CALLER, speech=tuple(speech), call_sid=call_sid)
    call.begin(chooser)
    while not chooser.empty and call.state is not None and not isinstance(call.state.stage, Ended):
        options = following(flow, call.state, list(call.verbs))
        event = chooser.pick(options)  # type: ignore[arg-type]
        if event is None:
            break
        if isinstance(event, events.SpeechChanged):
            call.state = engine.advance(flow, call.state, event)[0]
        else:
            call.happen(event, chooser)
    return call
