"""The way to a person, from anywhere: seek one, else the plain choice between a callback and waiting.

seek --PersonFound--> joined --TransferEnded(talked)--> end
  |                      +-----TransferEnded(missed)--> seek
  +--NobodyFree--> offer --1--> which number? --1--> booked --> end
                     |              +--2--> another number --> which number?
                     +--2, silence--> in line --(every ten seconds)--> seek
"""

from __future__ import annotations

from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from flows import actions, model
from flows.dossier import dossier_of
from flows.events import CallbackPromised, CallbackRefused, Event, NobodyFree, PersonFound, TransferEnded
from flows.messages import YES_KEY, message, spoken_number, spoken_time
from flows.questions import listen
from flows.state import (
    Booking,
    CallState,
    ConfirmingNumber,
    EnteringNumber,
    OfferingCallback,
    SeekingPerson,
    WaitingInLine,
    WithPerson,
)
from flows.steps import Step, flush, hang_up, say

# A caller who stays silent this often at a question about the callback is taken at the last known word.
MISSES_BEFORE_ASSUMING: Final = 3


def asked_for(flow: model.Flow, state: CallState) -> Step:
    """The caller wants a person, now."""
    return seek(flow, say(state, message(state.language, "finding_person")))


def seek(flow: model.Flow, state: CallState) -> Step:
    """Look for a free person; the shell answers with `PersonFound` or `NobodyFree`."""
    waiting = isinstance(state.stage, WaitingInLine)
    stage = state.stage if waiting else SeekingPerson()
    state = msgspec.structs.replace(state, stage=stage, misses=0)
    seek = actions.SeekPerson(queue=flow.queue, waiting=waiting, arrived_at=state.started_at, tried=state.tried)
    return state, [seek]


def look_again(flow: model.Flow, state: CallState) -> Step:
    """Ten more seconds in line have passed."""
    if isinstance(state.stage, WaitingInLine):
        state = msgspec.structs.replace(state, stage=WaitingInLine(rounds=state.stage.rounds + 1))
    return seek(flow, state)


def book(flow: model.Flow, state: CallState) -> Step:
    """Begin to book a callback: on the caller's own number if we know it."""
    if state.caller_number is None:
        return listen(flow, msgspec.structs.replace(state, stage=EnteringNumber(), misses=0))
    return listen(flow, msgspec.structs.replace(state, stage=ConfirmingNumber(number=state.caller_number), misses=0))


def answered(flow: model.Flow, state: CallState, keys: str) -> Step:
    """An answer to one of the questions above."""
    stage = state.stage
    match stage:
        case OfferingCallback():
            return book(flow, state) if keys == YES_KEY else _wait(flow, state)
        case WaitingInLine():
            state, asked = book(flow, state)
            return state, [actions.LeaveLine(queue=flow.queue), *asked]
        case ConfirmingNumber(number=number) if keys == YES_KEY:
            return _request(flow, state, number)
        case ConfirmingNumber():
            return listen(flow, msgspec.structs.replace(state, stage=EnteringNumber(), misses=0))
        case EnteringNumber():
            return listen(flow, msgspec.structs.replace(state, stage=ConfirmingNumber(number=keys), misses=0))
        case _:
            return state, []


def missed(flow: model.Flow, state: CallState, why: str | None) -> Step:
    """Silence or nonsense where a person or a callback is at stake: ask again, then do the kind thing."""
    stage = state.stage
    if isinstance(stage, WaitingInLine):
        return look_again(flow, state)
    if not isinstance(stage, OfferingCallback | ConfirmingNumber | EnteringNumber):
        return state, []
    state = msgspec.structs.replace(state, misses=state.misses + 1)
    if state.misses < MISSES_BEFORE_ASSUMING:
        return listen(flow, say(state, message(state.language, why)) if why else state)
    if isinstance(stage, ConfirmingNumber):
        return _request(flow, state, stage.number)
    if isinstance(stage, EnteringNumber) and state.caller_number is not None:
        return _request(flow, state, state.caller_number)
    return _wait(flow, state)


def advance(flow: model.Flow, state: CallState, event: Event) -> Step:
    """What the shell found out about people and promises."""
    stage = state.stage
    match event:
        case PersonFound(person_id=person_id, person_number=person_number):
            state, spoken = flush(say(state, message(state.language, "joining")))
            transfer = actions.Transfer(person_id=person_id, person_number=person_number)
            return msgspec.structs.replace(state, stage=WithPerson(person_id=person_id)), [*spoken, transfer]
        case NobodyFree() if isinstance(stage, WaitingInLine):
            return listen(flow, state)
        case NobodyFree() if isinstance(stage, SeekingPerson):
            offered = say(state, message(state.language, "busy"))
            return listen(flow, msgspec.structs.replace(offered, stage=OfferingCallback()))
        case TransferEnded(talked=True):
            return hang_up(say(state, message(state.language, "goodbye")), "transferred")
        case TransferEnded(talked=False) if isinstance(stage, WithPerson):
            state = msgspec.structs.replace(state, tried=(*state.tried, stage.person_id))
            return seek(flow, say(state, message(state.language, "person_missed")))
        case CallbackPromised():
            return _promised(flow, state, event)
        case CallbackRefused(reason="number"):
            refused = say(state, message(state.language, "refused_number"))
            return listen(flow, msgspec.structs.replace(refused, stage=EnteringNumber()))
        case CallbackRefused():
            return _wait(flow, say(state, message(state.language, "refused_store")))
        case _:
            return state, []


def _wait(flow: model.Flow, state: CallState) -> Step:
    return seek(flow, msgspec.structs.replace(state, stage=WaitingInLine(rounds=0)))


def _request(flow: model.Flow, state: CallState, number: str) -> Step:
    state = msgspec.structs.replace(state, stage=Booking(number=number))
    request = actions.RequestCallback(
        queue=flow.queue, number=number, arrived_at=state.started_at, dossier=dossier_of(flow, state)
    )
    return state, [request]


def _promised(flow: model.Flow, state: CallState, event: CallbackPromised) -> Step:
    if not isinstance(state.stage, Booking):
        return state, []
    text = message(
        state.language,
        "already_booked" if event.already_booked else "promised",
        number=spoken_number(state.stage.number),
        time=spoken_time(event.by.astimezone(ZoneInfo(flow.time_zone))),
    )
    return hang_up(say(msgspec.structs.replace(state, promise_id=event.request_id), text), "callback")
