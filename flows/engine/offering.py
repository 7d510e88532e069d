"""Nobody is free: where the caller stands in line, and the plain choice between a callback and waiting."""

from __future__ import annotations

import msgspec

from flows import hours, model, speaking
from flows.engine import line, times, way_questions
from flows.engine.booking import book, fresh
from flows.engine.questions import listen, without_sensitive
from flows.engine.steps import Step, say, say_message
from flows.events import NobodyFree
from flows.state import CallState, OfferingCallback, Plan, SeekingPerson, TellingPromise, WaitingInLine

CALLBACK = "1"
STAY = "2"


def nobody_free(flow: model.Flow, state: CallState, event: NobodyFree) -> Step:
    """A callback or the line; where nobody is there to answer at this hour, the time of a callback."""
    promise = line.kept(state)
    opening = flow.hours_of_queue(state.queue)
    if opening is not None and not hours.is_open(opening, flow.holidays, state.at.astimezone(flow.zone)):
        state = say_message(state, "nobody_there")
        if promise is not None:
            return listen(flow, fresh(state, TellingPromise()))
        return times.ask(flow, state, Plan(soon=event.offers_callback))
    if promise is None and not event.offers_callback:
        stage = WaitingInLine(rounds=0, position=event.position, callback=False)
        return line.wait(flow, _with_wait(state, event), stage)
    state = _standing(state, event)
    return listen(flow, fresh(state, OfferingCallback(kept=promise is not None, position=event.position)))


def fault(flow: model.Flow, state: CallState) -> Step:
    """Something in the flow or at our end broke: an apology, and a person."""
    state = say_message(without_sensitive(flow, state), "apology")
    if isinstance(state.stage, SeekingPerson):  # who finds nobody for a fault must not look for ever
        return nobody_free(flow, state, NobodyFree(at=state.at))
    return line.seek(flow, state)


def _standing(state: CallState, event: NobodyFree) -> CallState:
    """The state in which the caller is to hear how they stand, as far as it is known."""
    if event.position is None:
        return _with_wait(say_message(state, "busy"), event)
    return _with_wait(say(state, way_questions.place(state.language, event.position)), event)


def _with_wait(state: CallState, event: NobodyFree) -> CallState:
    if event.wait_from_minutes is None or event.wait_to_minutes is None:
        return state
    wait = speaking.waiting(state.language, event.wait_from_minutes, event.wait_to_minutes)
    return say_message(state, "wait", wait=wait)


def still_in_line(flow: model.Flow, state: CallState, stage: WaitingInLine, event: NobodyFree) -> Step:
    """The caller waits on, and is told where they are, now and then."""
    promised = line.kept(state) is not None
    stage = msgspec.structs.replace(stage, position=event.position, callback=event.offers_callback, kept=promised)
    return listen(flow, msgspec.structs.replace(state, stage=stage))


def answered(flow: model.Flow, state: CallState, stage: OfferingCallback, keys: str) -> Step:
    """The caller's choice; a promise that is kept as it is, is none of this room's."""
    if keys == STAY:
        told = WaitingInLine(rounds=0, told=stage.position, kept=stage.kept)
        return line.wait(flow, state, told)
    if keys == CALLBACK:
        return book(flow, state, Plan(agreed=True))
    return times.ask(flow, state, Plan(agreed=True, moves=stage.kept))
