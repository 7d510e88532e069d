"""Who calls again: recognised before the first prompt, told what is booked, to keep, move or cancel it, or speak now.

recognise --> [language] --promise--> "you have a callback booked" --1--> kept ------> the flow
                  +--none--> the flow          |                  +--2--> another time, moved -> the flow
                                               +--3--> sure? --> cancelled -> the flow
                                               +--4, 0--> a person, in the promise's place
"""

from __future__ import annotations

import msgspec

from flows import actions, model, nodes
from flows.engine import booking, line, recalling, times
from flows.engine.booking import fresh
from flows.engine.prompting import local_text
from flows.engine.questions import listen
from flows.engine.steps import Step, hang_up, say, say_message
from flows.engine.walk import enter
from flows.events import CallerRecognised
from flows.model import home_of
from flows.state import (
    CallState,
    Cancelling,
    ChoosingLanguage,
    ConfirmingCancel,
    Plan,
    Recognising,
    TellingPromise,
)

KEEP, MOVE, CANCEL = "1", "2", "3"
YES = "1"


def recognise(state: CallState, number: str) -> Step:
    """Ask who is calling, before anything is said."""
    return msgspec.structs.replace(state, stage=Recognising()), [actions.RecogniseCaller(number=number)]


def recognised(flow: model.Flow, state: CallState, event: CallerRecognised) -> Step:
    """What is known of the caller counts from the first prompt on."""
    state = recalling.remembered(flow, state, event.values)
    return welcome(flow, msgspec.structs.replace(state, promise=event.promise))


def welcome(flow: model.Flow, state: CallState) -> Step:
    """The first question of a call: the language where there are several, then what is booked, then the flow."""
    if len(flow.languages) > 1:
        return listen(flow, msgspec.structs.replace(state, stage=ChoosingLanguage()))
    if state.promise is not None:
        state = say(state, actions.Say(text=local_text(flow, state, flow.organisation) + ".", language=state.language))
    return first_question(flow, state)


def first_question(flow: model.Flow, state: CallState) -> Step:
    """The same once the language is known."""
    if state.promise is None:
        return enter(flow, state, flow.start)
    return listen(flow, fresh(state, TellingPromise(at_start=True)))


def answered(flow: model.Flow, state: CallState, stage: TellingPromise | ConfirmingCancel, keys: str) -> Step:
    """The caller's choice about their promise."""
    at_start, promise = stage.at_start, state.promise
    if promise is None:
        return go_on(flow, state, at_start=at_start)
    if isinstance(stage, ConfirmingCancel):
        if keys == YES:
            cancel = actions.CancelPromise(request_id=promise.request_id)
            return msgspec.structs.replace(state, stage=Cancelling(at_start=at_start)), [cancel]
        return listen(flow, fresh(state, TellingPromise(at_start=at_start)))
    match keys:
        case _ if keys == KEEP:
            return keep(flow, state, at_start=at_start)
        case _ if keys == MOVE:
            state = msgspec.structs.replace(state, queue=promise.queue)
            return times.ask(flow, state, Plan(moves=True, at_start=at_start))
        case _ if keys == CANCEL:
            return listen(flow, fresh(state, ConfirmingCancel(at_start=at_start)))
        case _:
            return line.asked_for(flow, state)


def keep(flow: model.Flow, state: CallState, *, at_start: bool, said: str = "kept") -> Step:
    """It stays as it is."""
    if state.promise is not None:
        state = msgspec.structs.replace(say_message(state, said), promise_id=state.promise.request_id)
    return go_on(flow, state, at_start=at_start)


def cancelled(flow: model.Flow, state: CallState, said: str) -> Step:
    """There is no promise any more; the flow begins, or begins again."""
    state = msgspec.structs.replace(say_message(state, said), promise=None, promise_id=None)
    return go_on(flow, state, at_start=True)


def go_on(flow: model.Flow, state: CallState, *, at_start: bool) -> Step:
    """Into the flow, where it has not begun or its node says so; else the call has come to its end."""
    if at_start:
        state = say_message(line.left(flow, state), "anything_else")
        return enter(flow, state, flow.start)
    node = flow.all_nodes[state.node]
    if isinstance(node, nodes.Callback) and node.next is not None:
        return enter(flow, line.left(flow, state), home_of(state.node) + node.next)
    return hang_up(say_message(state, "goodbye"), "callback")


def already_booked(flow: model.Flow, state: CallState) -> Step:
    """The caller wants a callback and has it: they are told so."""
    if state.promise is None:
        return go_on(flow, state, at_start=False)
    return go_on(flow, booking.already(flow, state, state.promise), at_start=False)
