"""The engine: `advance(flow, state, event) -> (state, actions)`; pure, deterministic, total.

The shape of a call. A node is entered and either asks the caller (menu, ask, open question, survey, record), asks the
shell (lookup, text message, queue), moves on (say, set, branch, subflow) or ends. Whatever happens, 0 leads to a
person, and the person's subdialogue (`flows.engine.way`) is the engine's own: a flow's author can neither break it
nor leave it out.

    node --answer--> node ... --0, three misses, a fault, `transfer`--> seek a person --> joined
                                                                            |
                                                                            +--> nobody free --> callback or line

| room | what is in it |
|---|---|
| `walk` | from node to node, up to one that waits |
| `questions`, `node_questions` | what is asked at each stage, and how it can be answered |
| `answering`, `universal_answers` | what an answer, a miss, a universal word leads to |
| `way` | the way to a person or a callback, with rooms of its own |
| `recalling` | what an earlier call has told |
| `effort` | when a person is offered unasked |

`step` is the engine without its decisions: where a branch is reached it answers with `Decide`, and `advance` evaluates
the branch's expressions and goes on. A proof (`flows.prove`) calls `step` and takes every way instead.
"""

from __future__ import annotations

import msgspec

from flows import actions, model, nodes
from flows.engine import effort, line, offering, returning, way
from flows.engine.answering import answer, missed
from flows.engine.questions import listen_again, question_of, without_sensitive
from flows.engine.steps import Step, say_message
from flows.engine.universal import PERSON, REPEAT
from flows.engine.universal_answers import universal
from flows.engine.walk import decide, decided, enter
from flows.events import (
    AnswerLost,
    CallbackPromised,
    CallStarted,
    Decided,
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
    QueueKnown,
    Recorded,
    SpeechChanged,
    TextFailed,
    TextSent,
)
from flows.expressions import EvaluationError, QueueState
from flows.model import home_of
from flows.state import AtNode, CallState, Ended, Recognising, Spent, WaitingInLine


def start(flow: model.Flow, event: CallStarted) -> Step:
    """Begin a call: its first state and what the caller hears first."""
    return _decide_all(flow, *begin(flow, event))


def advance(flow: model.Flow, state: CallState, event: Event) -> Step:
    """What follows from an event. An event that does not fit the stage changes nothing and asks again."""
    return _decide_all(flow, *step(flow, state, event))


def begin(flow: model.Flow, event: CallStarted) -> Step:
    """The same as `start`, without decisions."""
    state = CallState(
        revision=flow.revision,
        call_sid=event.call_sid,
        caller_number=event.caller_number,
        office_number=event.office_number,
        started_at=event.at,
        at=event.at,
        language=flow.languages[0],
        speech=event.speech,
        node=flow.start,
        spent=Spent(since=event.at),
        queue=flow.queue,
    )
    if event.caller_number is not None:
        return returning.recognise(state, event.caller_number)
    try:
        return returning.welcome(flow, state)
    except EvaluationError:
        return offering.fault(flow, state)


def step(flow: model.Flow, state: CallState, event: Event | Decided) -> Step:
    """The same as `advance`, without decisions: the last action may be `Decide`, which a `Decided` answers."""
    if isinstance(state.stage, Ended):
        return _kept_promise(state, event), [actions.Hangup()]
    state = msgspec.structs.replace(state, at=event.at)
    try:
        state, did = _step(flow, state, event)
    except EvaluationError:
        state, did = offering.fault(flow, state)
    if did and isinstance(did[-1], actions.Verb):  # the turn is over, and the state is stored
        state = without_sensitive(flow, state)
    return state, did


def _decide_all(flow: model.Flow, state: CallState, did: list[actions.Action]) -> Step:
    while did and isinstance(did[-1], actions.Decide):
        try:
            chosen = decide(flow, state, did[-1].queue)
        except EvaluationError:
            return offering.fault(flow, state)
        state, more = step(flow, state, Decided(at=state.at, way=chosen))
        did = [*did[:-1], *more]
    return state, did


def _kept_promise(state: CallState, event: Event | Decided) -> CallState:
    """Whoever hung up while their callback was being booked is called back all the same."""
    if not isinstance(event, CallbackPromised) or state.promise_id is not None:
        return state
    return msgspec.structs.replace(state, promise_id=event.request_id, stage=Ended(outcome="callback"))


def _step(flow: model.Flow, state: CallState, event: Event | Decided) -> Step:
    match event:
        case KeysPressed() | Heard() | NoMatch() | NoInput() | AnswerLost() | Recorded():
            return _from_caller(flow, state, event)
        case Decided(way=chosen):
            return decided(flow, state, chosen)
        case SpeechChanged(speech=speech):
            return msgspec.structs.replace(state, speech=speech), []
        case HungUp():
            return _hung_up(flow, state)
        case Failed() if isinstance(state.stage, Recognising):
            return returning.welcome(flow, state)  # nobody need know whom we did not know
        case Failed():
            return offering.fault(flow, state)
        case LookupFound() | LookupMissed() | LookupFailed() | QueueKnown() | TextSent() | TextFailed():
            return _from_shell(flow, state, event) if isinstance(state.stage, AtNode) else (state, [])
        case _:
            return way.advance(flow, state, event)


def _from_caller(
    flow: model.Flow, state: CallState, event: KeysPressed | Heard | NoMatch | NoInput | AnswerLost | Recorded
) -> Step:
    node = flow.all_nodes[state.node]
    if isinstance(node, nodes.Record) and isinstance(state.stage, AtNode):
        return _recorded(flow, state, node, event)
    question = question_of(flow, state)
    if question is None:
        return state, []  # where nobody asked, what the caller does belongs to something that is over
    match event:
        case KeysPressed(keys=keys):
            return answer(flow, state, question, keys, None)
        case Heard(keys=keys):
            return answer(flow, state, question, keys, event)
        case NoInput() if isinstance(state.stage, WaitingInLine):
            return line.look_again(flow, state)
        case NoMatch() if isinstance(state.stage, WaitingInLine):
            return line.look_again(flow, state)
        case NoInput():
            return missed(flow, state, "no_input", question)
        case AnswerLost():
            return listen_again(flow, say_message(state, "answer_lost"))
        case NoMatch():
            return missed(flow, state, "no_match", question)
        case _:
            return state, []  # a recording of another turn


def _recorded(
    flow: model.Flow,
    state: CallState,
    node: nodes.Record,
    event: KeysPressed | Heard | NoMatch | NoInput | AnswerLost | Recorded,
) -> Step:
    home = home_of(state.node)
    left = isinstance(event, Recorded) and event.duration_s > 0
    if isinstance(event, Recorded) and left:
        state = msgspec.structs.replace(state, values={**state.values, node.save_as: event.url})
    match event:
        case KeysPressed(keys=keys) | Heard(keys=keys) | Recorded(keys=keys) if keys == PERSON:
            return universal(flow, state, PERSON)
        case KeysPressed(keys=keys) | Recorded(keys=keys) if keys == REPEAT and not left:
            return enter(flow, effort.with_repeat(state), state.node)
        case Recorded() if left:
            return enter(flow, state, home + node.next)
        case _:
            # The budget counts here, too: where nothing leads back to the recording, nobody else would end it.
            state = effort.with_error(state)
            if state.spent.errors >= flow.effort.errors:
                return line.asked_for(flow, state)
            return enter(flow, state, home + node.nothing)


def _from_shell(flow: model.Flow, state: CallState, event: Event) -> Step:
    """The answer to the present node's own question to the shell; an answer to something else changes nothing."""
    node, home = flow.all_nodes[state.node], home_of(state.node)
    match node, event:
        case nodes.Lookup(), LookupFound(values=values):
            return enter(flow, msgspec.structs.replace(state, values={**state.values, **values}), home + node.found)
        case nodes.Lookup(), LookupMissed():
            return enter(flow, state, home + node.not_found)
        case nodes.Lookup(), LookupFailed() if node.failed is not None:
            return enter(flow, state, home + node.failed)
        case nodes.Lookup(), LookupFailed():
            return offering.fault(flow, state)
        case nodes.Branch(), QueueKnown():
            known = QueueState(waiting=event.waiting, free_agents=event.free_agents, wait_minutes=event.wait_minutes)
            return state, [actions.Decide(queue=known)]
        case nodes.SendText(), TextSent():
            return enter(flow, state, home + node.next)
        case nodes.SendText(), TextFailed():
            return enter(flow, state, home + node.failed)
        case _:
            return state, []


def _hung_up(flow: model.Flow, state: CallState) -> Step:
    did = way.hung_up(flow, state)
    ended = Ended(outcome="abandoned" if state.promise_id is None else "callback")
    return msgspec.structs.replace(without_sensitive(flow, state), stage=ended), did
