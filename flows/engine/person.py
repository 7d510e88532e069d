"""The way to a person, from anywhere: seek one, else the plain choice between a callback and waiting.

seek --PersonFound--> joined --TransferEnded(talked)--> end
  |                      +-----TransferEnded(missed)--> seek
  +--NobodyFree--> offer --1--> [which time?] --> which number? --1--> booked --> end, or on in the flow
                     |                              +--2--> another number --> which number?
                     +--2, silence--> in line --(every ten seconds)--> seek
"""

from __future__ import annotations

import datetime as dt
from typing import Final

import msgspec

from flows import actions, hours, model, nodes, speaking
from flows.engine import effort
from flows.engine.dossier import dossier_of
from flows.engine.questions import listen, listen_again, spoken_window, today_of, without_sensitive
from flows.engine.steps import Step, flush, hang_up, say_message
from flows.events import CallbackPromised, CallbackRefused, Event, NobodyFree, PersonFound, TransferEnded
from flows.messages import message
from flows.state import (
    Booking,
    CallState,
    ChoosingWindow,
    ConfirmingNumber,
    EnteringNumber,
    OfferingCallback,
    SeekingPerson,
    WaitingInLine,
    Window,
    WithPerson,
    beneath,
)

# A caller who stays silent this often at a question about the callback is taken at the last known word.
MISSES_BEFORE_ASSUMING: Final = 3
# One window of each morning and afternoon, so that few words offer a real choice.
WINDOWS_OFFERED: Final = 3
WINDOWS_LOOKED_AT: Final = 30
NOON: Final = 12
YES: Final = "1"


def asked_for(flow: model.Flow, state: CallState) -> Step:
    """The caller wants a person, now; one who is in line already is."""
    in_line = isinstance(beneath(state.stage), WaitingInLine)
    state = in_line_anew(state) if in_line else _for_anybody(flow, state)
    return seek(say_message(state, "finding_person"))


def fault(flow: model.Flow, state: CallState) -> Step:
    """Something in the flow or at our end broke: an apology, and a person."""
    state = say_message(without_sensitive(flow, state), "apology")
    if isinstance(state.stage, SeekingPerson):  # who finds nobody for a fault must not look for ever
        return advance(flow, state, NobodyFree(at=state.at))
    return seek(state)


def left(flow: model.Flow, state: CallState) -> CallState:
    """The state of a caller who goes on in the flow: a person was offered, and nobody in particular is sought."""
    return effort.renewed(_for_anybody(flow, state))


def in_line_anew(state: CallState) -> CallState:
    """The state of a caller in line who is to hear again that they are; elsewhere the state itself."""
    if not isinstance(state.stage, WaitingInLine):
        return state
    return msgspec.structs.replace(state, stage=WaitingInLine(rounds=0))


def _for_anybody(flow: model.Flow, state: CallState) -> CallState:
    return msgspec.structs.replace(state, queue=flow.queue, person_id=None, whisper=None)


def seek(state: CallState) -> Step:
    """Look for a free person; the shell answers with `PersonFound` or `NobodyFree`."""
    stage = beneath(state.stage)
    waiting = isinstance(stage, WaitingInLine)
    stage = stage if waiting else SeekingPerson()
    state = msgspec.structs.replace(state, stage=stage, silences=0, mismatches=0, missed=None)
    seek = actions.SeekPerson(
        queue=state.queue,
        language=state.language,
        waiting=waiting,
        arrived_at=state.started_at,
        tried=state.tried,
        person_id=state.person_id,
    )
    return state, [seek]


def ring_number(state: CallState, number: str) -> Step:
    """Put the caller through to a number that a transfer names."""
    return _join(state, number, number)


def look_again(state: CallState) -> Step:
    """Ten more seconds in line have passed."""
    if isinstance(state.stage, WaitingInLine):
        state = msgspec.structs.replace(state, stage=WaitingInLine(rounds=state.stage.rounds + 1))
    return seek(state)


def offer_times(flow: model.Flow, state: CallState, node: nodes.Callback) -> Step:
    """Begin to book a callback as a flow's node says; where no time can be offered, as soon as possible."""
    opening = flow.hours.get(node.hours) if node.hours is not None else next(iter(flow.hours.values()), None)
    if node.when == "as_soon_as_possible" or opening is None:
        return book(flow, state, None)
    return _offer_windows(flow, state, opening)


def _offer_windows(flow: model.Flow, state: CallState, opening: hours.Hours) -> Step:
    local = state.at.astimezone(flow.zone)
    halves: dict[tuple[dt.date, bool], Window] = {}
    for starts, ends in hours.windows(opening, flow.holidays, local, count=WINDOWS_LOOKED_AT):
        halves.setdefault((starts.date(), starts.hour < NOON), Window(starts=starts, ends=ends))
    if not halves:
        return book(flow, state, None)
    return listen(flow, _fresh(state, ChoosingWindow(windows=tuple(halves.values())[:WINDOWS_OFFERED])))


def book(flow: model.Flow, state: CallState, window: Window | None) -> Step:
    """Ask which number to call: the caller's own if we know it."""
    if state.caller_number is None:
        return listen(flow, _fresh(state, EnteringNumber(window=window)))
    return listen(flow, _fresh(state, ConfirmingNumber(number=state.caller_number, window=window)))


def answered(flow: model.Flow, state: CallState, keys: str) -> Step:
    """An answer to one of the questions above."""
    stage = state.stage
    match stage:
        case OfferingCallback():
            return book(flow, state, None) if keys == YES else _wait(state)
        case WaitingInLine():
            state, asked = book(flow, state, None)
            return state, [actions.LeaveLine(queue=state.queue), *asked]
        case ChoosingWindow(windows=windows):
            return book(flow, state, windows[int(keys) - 1])
        case ConfirmingNumber(number=number, window=window) if keys == YES:
            return _request(flow, state, number, window)
        case ConfirmingNumber(window=window):
            return listen(flow, _fresh(state, EnteringNumber(window=window)))
        case EnteringNumber(window=window):
            return listen(flow, _fresh(state, ConfirmingNumber(number=keys, window=window)))
        case _:
            return state, []


def missed(flow: model.Flow, state: CallState) -> Step:
    """Silence or nonsense where a person or a callback is at stake: ask again, then do the kind thing.

    The miss is counted, and what to say about it is pending, already.
    """
    stage = state.stage
    if state.misses < MISSES_BEFORE_ASSUMING:
        return listen_again(flow, in_line_anew(state))
    match stage:
        case ChoosingWindow():
            return book(flow, state, None)
        case ConfirmingNumber(number=number, window=window):
            return _request(flow, state, number, window)
        case _:  # whoever is to key in a number has refused their own, or we have
            return _wait(state)


def advance(flow: model.Flow, state: CallState, event: Event) -> Step:
    """What the shell found out about people and promises."""
    stage = state.stage
    match event:
        case PersonFound(person_id=person_id, person_number=person_number) if isinstance(
            stage, SeekingPerson | WaitingInLine
        ):
            return _join(say_message(state, "joining"), person_id, person_number)
        case NobodyFree() if isinstance(stage, WaitingInLine):
            return listen(flow, state)
        case NobodyFree() if isinstance(stage, SeekingPerson):
            return _nobody_free(flow, state)
        case TransferEnded(talked=True) if isinstance(stage, WithPerson):
            return hang_up(say_message(state, "thanks"), "transferred")
        case TransferEnded(talked=False) if isinstance(stage, WithPerson):
            state = msgspec.structs.replace(state, tried=(*state.tried, stage.person_id), person_id=None)
            return seek(say_message(state, "person_missed"))
        case CallbackRefused(reason="number") if isinstance(stage, Booking):
            return listen(flow, _fresh(say_message(state, "refused_number"), EnteringNumber(window=stage.window)))
        case CallbackRefused() if isinstance(stage, Booking):
            return _wait(say_message(state, "refused_store"))
        case _:
            return state, []


def _nobody_free(flow: model.Flow, state: CallState) -> Step:
    """A callback or the line; where nobody is there to answer at this hour, the time of a callback."""
    opening = flow.hours.get(flow.staffed) if flow.staffed is not None else None
    if opening is None or hours.is_open(opening, flow.holidays, state.at.astimezone(flow.zone)):
        return listen(flow, _fresh(say_message(state, "busy"), OfferingCallback()))
    return _offer_windows(flow, say_message(state, "nobody_there"), opening)


def booked(flow: model.Flow, state: CallState, event: CallbackPromised) -> CallState:
    """The state after a promise, with the sentence about it still to be said."""
    local = event.by.astimezone(flow.zone)
    number = speaking.phone_ending(state.language, state.stage.number if isinstance(state.stage, Booking) else "")
    if event.starts is not None:
        times = spoken_window(flow, state, event.starts, event.by)
        state = say_message(state, "promised_window", number=number, **times)
    else:
        name = "already_booked" if event.already_booked else "promised"
        time = speaking.time(state.language, local.time())
        if local.date() != today_of(flow, state):
            day = speaking.date(state.language, local.date(), today=today_of(flow, state))
            time = message(state.language, "day_and_time", day=day, time=time)
        state = say_message(state, name, number=number, time=time)
    return msgspec.structs.replace(state, promise_id=event.request_id)


def _fresh(state: CallState, stage: ChoosingWindow | EnteringNumber | ConfirmingNumber | OfferingCallback) -> CallState:
    return msgspec.structs.replace(state, stage=stage, silences=0, mismatches=0, missed=None)


def _join(state: CallState, person_id: str, person_number: str) -> Step:
    state, spoken = flush(state)
    transfer = actions.Transfer(person_id=person_id, person_number=person_number, whisper=state.whisper)
    return msgspec.structs.replace(state, stage=WithPerson(person_id=person_id)), [*spoken, transfer]


def _wait(state: CallState) -> Step:
    """Into the line, for everybody: who could not take the call a while ago may be free by then."""
    return seek(msgspec.structs.replace(state, stage=WaitingInLine(rounds=0), tried=(), person_id=None))


def _request(flow: model.Flow, state: CallState, number: str, window: Window | None) -> Step:
    state = msgspec.structs.replace(state, stage=Booking(number=number, window=window))
    request = actions.RequestCallback(
        queue=state.queue,
        language=state.language,
        topic=state.queue,
        number=number,
        caller_number=state.caller_number,
        own_number=number == state.caller_number,
        arrived_at=state.started_at,
        dossier=dossier_of(flow, state),
        starts=None if window is None else window.starts,
        ends=None if window is None else window.ends,
    )
    return state, [request]
