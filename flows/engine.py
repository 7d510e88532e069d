"""The engine: `advance(flow, state, event) -> (state, actions)`; pure, deterministic, total.

The shape of a call. A node is entered and either asks the caller (menu, ask), asks the shell (lookup), moves on
(say) or ends. Whatever happens, 0 leads to a person, and the person's subdialogue (`flows.person`) is
the engine's own: a flow's author can neither break it nor leave it out.

    node --answer--> node ... --0, three misses, a fault, `transfer`--> seek a person --> joined
                                                                            |
                                                                            +--> nobody free --> callback or line
"""

from __future__ import annotations

from typing import Final

import msgspec

from flows import actions, model, person
from flows.events import (
    CallStarted,
    Event,
    Failed,
    Heard,
    HungUp,
    KeysPressed,
    LookupFailed,
    LookupFound,
    LookupMissed,
    NoInput,
    NoMatch,
    SpeechChanged,
)
from flows.messages import PERSON_KEY, REPEAT_KEY, YES_KEY, message
from flows.questions import MISSES_BEFORE_KEYPAD, Question, listen, question_of
from flows.state import AtNode, CallState, Confirming, Ended, Said, WaitingInLine
from flows.steps import Step, hang_up, say
from flows.templates import fill

MISSES_BEFORE_PERSON: Final = 3
# More nodes than this without the caller's doing is an endless loop.
NODES_PER_STEP: Final = 50


def start(flow: model.Flow, event: CallStarted) -> Step:
    """Begin a call: its first state and what the caller hears first."""
    state = CallState(
        revision=flow.revision,
        call_sid=event.call_sid,
        caller_number=event.caller_number,
        office_number=event.office_number,
        started_at=event.at,
        language=flow.language,
        speech=event.speech,
        node=flow.start,
    )
    return _enter(flow, state, flow.start)


def advance(flow: model.Flow, state: CallState, event: Event) -> Step:
    """What follows from an event. An event that does not fit the stage changes nothing and asks again."""
    if isinstance(state.stage, Ended):
        return state, [actions.Hangup()]
    if isinstance(event, KeysPressed | Heard | NoMatch | NoInput):
        question = question_of(flow, state)
        # Where nobody asked, what the caller does belongs to something that is over.
        return _heard_from_caller(flow, state, event, question) if question is not None else (state, [])
    match event:
        case SpeechChanged(available=available):
            return msgspec.structs.replace(state, speech=available), []
        case HungUp():
            return _hung_up(flow, state)
        case Failed():
            return person.seek(flow, say(state, message(state.language, "apology")))
        case LookupFound() | LookupMissed() | LookupFailed():
            return _looked_up(flow, state, event)
        case _:
            return person.advance(flow, state, event)


def _heard_from_caller(
    flow: model.Flow, state: CallState, event: KeysPressed | Heard | NoMatch | NoInput, question: Question
) -> Step:
    match event:
        case KeysPressed(keys=keys):
            return _answer(flow, state, question, keys, by_voice=None)
        case Heard(keys=keys):
            return _answer(flow, state, question, keys, by_voice=event)
        case NoMatch():
            return _missed(flow, state, "no_match")
        case NoInput() if isinstance(state.stage, WaitingInLine):
            return person.look_again(flow, state)
        case NoInput():
            return _missed(flow, state, "no_input")


def _enter(flow: model.Flow, state: CallState, name: str) -> Step:
    """Walk from a node to the first one that waits for somebody."""
    for _ in range(NODES_PER_STEP):
        node = flow.nodes[name]
        state = msgspec.structs.replace(state, node=name, stage=AtNode(), misses=0, path=(*state.path, name))
        try:
            match node:
                case model.Say():
                    state, name = say(state, fill(node.prompt, state.values)), node.next
                    continue
                case model.Menu() | model.Ask():
                    return listen(flow, state)
                case model.Lookup():
                    where = {column: fill(text, state.values) for column, text in node.where.items()}
                    return state, [actions.Lookup(file=node.file, where=where, save=dict(node.save))]
                case model.Transfer():
                    return person.seek(flow, msgspec.structs.replace(state, reason=node.reason or state.reason))
                case model.Callback():
                    return person.book(flow, msgspec.structs.replace(state, reason=node.reason or state.reason))
                case model.End():
                    return hang_up(say(state, fill(node.prompt, state.values)), node.outcome)
        except KeyError:
            break  # a prompt names a value that this call does not have
    return person.seek(flow, say(state, message(state.language, "apology")))


def _answer(flow: model.Flow, state: CallState, question: Question, keys: str, by_voice: Heard | None) -> Step:
    if keys == REPEAT_KEY:
        return listen(flow, msgspec.structs.replace(state, pending=state.last_heard))
    if keys == PERSON_KEY:
        return person.asked_for(flow, state)
    said = Said(
        node=state.node,
        text=by_voice.text if by_voice else keys,
        by="voice" if by_voice else "keys",
        confidence=by_voice.confidence if by_voice else None,
    )
    stage, node = state.stage, flow.nodes[state.node]
    if not question.fits(keys):
        return _missed(flow, state, "no_match", question.digits)
    if isinstance(stage, Confirming):
        if keys == YES_KEY:
            return _take(flow, state, stage.keys, stage.said)
        again = say(state, message(state.language, "again"))
        return _missed(flow, msgspec.structs.replace(again, stage=AtNode()), None)
    if not isinstance(stage, AtNode):
        return person.answered(flow, state, keys)
    if _needs_confirming(node, by_voice):
        return listen(flow, msgspec.structs.replace(state, stage=Confirming(keys=keys, said=said)))
    return _take(flow, state, keys, said)


def _needs_confirming(node: model.Node, by_voice: Heard | None) -> bool:
    if isinstance(node, model.Ask):
        return node.read_back == "always" or (node.read_back == "spoken" and by_voice is not None)
    return by_voice is not None and not by_voice.sure


def _take(flow: model.Flow, state: CallState, keys: str, said: Said) -> Step:
    """An answer is settled: remember it, and go where it leads."""
    node = flow.nodes[state.node]
    state = msgspec.structs.replace(state, said=(*state.said, said), misses=0)
    if isinstance(node, model.Ask):
        return _enter(flow, msgspec.structs.replace(state, values={**state.values, node.save_as: keys}), node.next)
    if isinstance(node, model.Menu):
        chosen = next(choice for choice in node.choices if choice.key == keys)
        return _enter(flow, msgspec.structs.replace(state, reason=chosen.label), chosen.to)
    return listen(flow, state)


def _missed(flow: model.Flow, state: CallState, why: str | None, digits: model.DigitCount | None = None) -> Step:
    """Silence, or something not understood: explain, offer the keypad, and at last a person."""
    if not isinstance(state.stage, AtNode | Confirming):
        return person.missed(flow, state, why)
    state = msgspec.structs.replace(state, misses=state.misses + 1)
    if state.misses >= MISSES_BEFORE_PERSON:
        return person.asked_for(flow, state)
    if why is not None:
        state = say(state, message(state.language, why))
    if digits is not None:
        count = str(digits.min) if digits.min == digits.max else f"{digits.min} to {digits.max}"
        state = say(state, message(state.language, "digit_count", count=count))
    if state.misses == MISSES_BEFORE_KEYPAD:
        state = say(state, message(state.language, "use_keys"))
    return listen(flow, state)


def _looked_up(flow: model.Flow, state: CallState, event: Event) -> Step:
    node = flow.nodes[state.node]
    if not isinstance(node, model.Lookup):
        return state, []
    match event:
        case LookupFound(values=values):
            return _enter(flow, msgspec.structs.replace(state, values={**state.values, **values}), node.found)
        case LookupMissed():
            return _enter(flow, state, node.not_found)
        case _:
            return _enter(flow, state, node.failed)


def _hung_up(flow: model.Flow, state: CallState) -> Step:
    leave: list[actions.Action] = []
    if isinstance(state.stage, WaitingInLine):
        leave.append(actions.LeaveLine(queue=flow.queue))
    return msgspec.structs.replace(state, stage=Ended(outcome="abandoned")), leave
