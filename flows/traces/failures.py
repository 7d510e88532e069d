"""What counts as a failure of a call: whatever an operator should look at, however many calls went well since."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from flows import events
from flows.traces.model import Trace, Turn

# Each failure: its code, and what it says.
FAILURES: Final[dict[str, str]] = {
    "engine": "our engine failed",
    "fault": "something in the flow could not be worked out, or went round and round",
    "broke": "something at our end broke",
    "revision": "the call's own revision of the flow was gone",
    "answer_lost": "an answer was lost",
    "lookup_failed": "a lookup could not be done",
    "text_failed": "a text message could not be sent",
    "callback_not_booked": "a callback could not be booked",
    "gave_up": "the caller was not understood three times, and was handed to a person",
    "left_after_misses": "the caller hung up after they were not understood",
    "effort_spent": "the call became too much of an effort",
    "cut_off": "the call stopped without an end",
}
MISSES_BEFORE_PERSON: Final = 3
_MISSES: Final = frozenset({"silence", "not_in_grammar", "out_of_range"})
_FAULTS: Final = frozenset({"engine", "fault", "revision"})


def trace_of(turns: Sequence[Turn]) -> Trace:
    """The trace of a call from its turns, in order; raises `ValueError` without the first one."""
    if not turns or not isinstance(turns[0].event, events.CallStarted):
        raise ValueError("the first turn of the call is missing")
    outcome = turns[-1].outcome
    found = {code for turn in turns for code in _failures_of(turn)}
    if outcome is None:
        found.add("cut_off")
    return Trace(
        call_sid=turns[0].event.call_sid,
        flow=turns[0].flow,
        revision=turns[0].revision,
        started_at=turns[0].at,
        turns=tuple(turns),
        outcome=outcome,
        failures=tuple(code for code in FAILURES if code in found),
    )


def _failures_of(turn: Turn) -> Iterable[str]:
    for code in turn.faults:
        yield code if code in _FAULTS else "broke"
    if isinstance(turn.event, events.AnswerLost):
        yield "answer_lost"
    for answered in turn.answered:
        match answered.answer:
            case events.LookupFailed():
                yield "lookup_failed"
            case events.TextFailed():
                yield "text_failed"
            case events.CallbackRefused(reason="store"):
                yield "callback_not_booked"
    missed = turn.match.kind in _MISSES
    if missed and turn.misses + 1 >= MISSES_BEFORE_PERSON and any(a.effect == "SeekPerson" for a in turn.answered):
        yield "gave_up"
    if isinstance(turn.event, events.HungUp) and turn.misses:
        yield "left_after_misses"
    if turn.to_stage == "OfferingPerson" and turn.stage != "OfferingPerson":
        yield "effort_spent"
