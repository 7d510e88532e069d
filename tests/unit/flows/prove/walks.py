"""Random calls: each byte chooses one of the things that can happen next."""

from __future__ import annotations

from collections.abc import Iterator

from flows import actions, engine, events
from flows.model import Flow
from flows.prove.abstraction import AT, CALLER, open_and_closed
from flows.prove.happenings import after
from flows.state import CallState, Ended


def walk(flow: Flow, choices: bytes) -> Iterator[tuple[CallState, list[actions.Action]]]:
    """Every state of a call whose events are chosen by `choices`; real decisions, real values."""
    speech = ("en", "ar", "fa") if not choices or choices[0] % 2 else ()
    started = events.CallStarted(at=AT, call_sid="CA", caller_number=CALLER, office_number=CALLER, speech=speech)
    state, did = engine.start(flow, started)
    yield state, did
    hours = open_and_closed(flow)
    for choice in choices:
        happenings = [*after(flow, state, did, hours)]
        if isinstance(state.stage, Ended) or not happenings:
            return
        event = happenings[choice % len(happenings)]
        state, more = engine.advance(flow, state, event)
        # Speech comes or goes between two turns: what was asked stays asked.
        did = did if isinstance(event, events.SpeechChanged) else more
        yield state, did
