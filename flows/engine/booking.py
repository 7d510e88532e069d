"""Booking a callback: which number to call, the request for it, and what the caller hears of the promise."""

from __future__ import annotations

from functools import partial, reduce

import msgspec

from flows import actions, model, speaking
from flows.engine import line
from flows.engine.dossier import dossier_of
from flows.engine.questions import listen
from flows.engine.steps import Step, say_message
from flows.engine.way_questions import spoken_by, spoken_window
from flows.events import CallbackPromised, OpenPromise
from flows.messages import message
from flows.state import (
    AskingSlots,
    Booking,
    CallState,
    ChoosingDay,
    ChoosingPart,
    ChoosingSlot,
    ConfirmingNumber,
    EnteringNumber,
    Moving,
    Plan,
    Question,
    beneath,
)

ARRANGING = (AskingSlots, ChoosingDay, ChoosingPart, ChoosingSlot, EnteringNumber, ConfirmingNumber)


def fresh(state: CallState, stage: Question) -> CallState:
    """The state at a question that was not asked before."""
    return msgspec.structs.replace(state, stage=stage, silences=0, mismatches=0, missed=None)


def book(flow: model.Flow, state: CallState, plan: Plan) -> Step:
    """The time is settled: move the promise there, or ask which number to call, the caller's own if we know it."""
    if plan.moves and state.promise is not None:
        starts, ends = (None, None) if plan.slot is None else (plan.slot.starts, plan.slot.ends)
        move = actions.MovePromise(request_id=state.promise.request_id, starts=starts, ends=ends)
        return msgspec.structs.replace(state, stage=Moving(plan=plan)), [move]
    number = number_of(state, plan)
    if number is None:
        return listen(flow, fresh(state, EnteringNumber(plan=plan)))
    return listen(flow, fresh(state, ConfirmingNumber(number=number, plan=plan)))


def number_of(state: CallState, plan: Plan) -> str | None:
    """The number that will be called, as far as it is known."""
    if plan.moves and state.promise is not None:
        return state.promise.number
    return plan.number or (None if plan.own_refused else state.caller_number)


def request(flow: model.Flow, state: CallState, number: str, plan: Plan) -> Step:
    """Book it; the shell answers with `CallbackPromised` or `CallbackRefused`."""
    return msgspec.structs.replace(state, stage=Booking(number=number, plan=plan)), [
        _request(flow, state, number, plan)
    ]


def _request(flow: model.Flow, state: CallState, number: str, plan: Plan) -> actions.RequestCallback:
    head_start_s, rule = line.priority(flow, state)
    return actions.RequestCallback(
        queue=state.queue,
        language=state.language,
        topic=state.topic or state.queue,
        number=number,
        caller_number=state.caller_number,
        own_number=number == state.caller_number,
        arrived_at=state.started_at,
        dossier=dossier_of(flow, state),
        starts=None if plan.slot is None else plan.slot.starts,
        ends=None if plan.slot is None else plan.slot.ends,
        head_start_s=head_start_s,
        priority=rule,
    )


def agreed_before_hanging_up(flow: model.Flow, state: CallState) -> list[actions.Action]:
    """The request for a callback to which the caller had said yes when they hung up; none where no number is known.

    A number that was being read back is taken as it is: such a call is joined only after a key is pressed.
    """
    stage = beneath(state.stage)
    if not isinstance(stage, ARRANGING) or not stage.plan.agreed or stage.plan.moves:
        return []
    number = stage.number if isinstance(stage, ConfirmingNumber) else number_of(state, stage.plan)
    return [] if number is None else [_request(flow, state, number, stage.plan)]


def booked(flow: model.Flow, state: CallState, event: CallbackPromised) -> CallState:
    """The state after a promise was made or moved, with the sentence about it still to be said."""
    known = state.promise
    if isinstance(state.stage, Booking):
        number, arrived_at, reason = state.stage.number, state.started_at, state.reason
    elif known is not None:
        number, arrived_at, reason = known.number, known.arrived_at, known.reason
    else:
        raise TypeError(f"{type(state.stage).__name__} books nothing")
    promise = OpenPromise(
        request_id=event.request_id,
        queue=known.queue if known is not None and event.moved else state.queue,
        number=number,
        arrived_at=arrived_at,
        by=event.by,
        starts=event.starts,
        reason=reason,
        words=event.words,
    )
    name = "moved" if event.moved else "already_booked" if event.already_booked else "promised"
    state = msgspec.structs.replace(state, promise=promise, promise_id=promise.request_id)
    return tell(flow, state, name, with_words=known is None or known.words != event.words)


def already(flow: model.Flow, state: CallState, promise: OpenPromise) -> CallState:
    """The state of a caller who wants what they have: they are told so."""
    state = msgspec.structs.replace(state, promise_id=promise.request_id)
    return tell(flow, state, "already_booked", with_words=True)


def tell(flow: model.Flow, state: CallState, name: str, *, with_words: bool) -> CallState:
    """Let the caller hear about their promise, by the sentence `name` or its form for a window; and its two words."""
    promise = state.promise
    if promise is None:
        return state
    known = {} if name == "moved" else {"number": speaking.phone_ending(state.language, promise.number)}
    if promise.starts is not None:
        times = spoken_window(flow, state, promise.starts, promise.by)
        state = say_message(state, f"{name}_window", **known, **times)
    else:
        state = say_message(state, name, **known, time=spoken_by(flow, state, promise))
    if promise.words and with_words:
        words = reduce(partial(_and_then, state.language), promise.words)
        state = say_message(state, "first_words", words=words)
    return state


def _and_then(language: str, first: str, second: str) -> str:
    return message(language, "and_then", first=first, second=second)
