"""From node to node, up to the first one that waits for somebody."""

from __future__ import annotations

from typing import Final

import msgspec

from flows import actions, model, nodes
from flows.engine import booking, line, offering, recalling, times
from flows.engine.prompting import environment_of, local_text, sound
from flows.engine.questions import listen
from flows.engine.steps import Step, hang_up, say, say_message
from flows.events import Value
from flows.expressions import EvaluationError, QueueState, evaluate, parse
from flows.model import home_of
from flows.parts import LocalText
from flows.state import AtNode, CallState, Frame, TellingPromise, Visit

# More nodes than this without the caller's doing is an endless loop; one that asks the shell counts for several,
# since a caller waits for it.
NODES_PER_TURN: Final = 50
WEIGHT_OF_EFFECT: Final = 5
# A state is stored at every turn: what it remembers of the way is bounded.
PATH_LENGTH: Final = 200
TRAIL_LENGTH: Final = 20


def enter(flow: model.Flow, state: CallState, name: str) -> Step:
    """Go to a node and on from there.

    What cannot be worked out, and a way without an end, is a fault at the node where it happens: what the caller told
    before is kept.
    """
    while state.walked < NODES_PER_TURN:
        state = _at(state, name)
        try:
            moved = _pass(flow, state, name)
            if moved is None:
                return _wait(flow, state, flow.all_nodes[name])
        except EvaluationError:
            break
        state, name = moved
    return offering.fault(flow, state)


def _pass(flow: model.Flow, state: CallState, name: str) -> tuple[CallState, str] | None:
    """The state and the next node after one that waits for nobody; None for one that waits."""
    node, home = flow.all_nodes[name], home_of(name)
    match node:
        case nodes.Say():
            return say(state, sound(flow, state, node.prompt)), home + node.next
        case nodes.Set():
            return _with_values(flow, state, node), home + node.next
        case nodes.CallSubflow():
            frame = Frame(node=name, parameters=_evaluated(flow, state, node.parameters))
            state = msgspec.structs.replace(state, frames=(*state.frames, frame))
            return state, flow.start_of(node.subflow)
        case nodes.Return():
            return _returned(flow, state, node)
        case _:
            return None


def decide(flow: model.Flow, state: CallState, queue: QueueState | None) -> int:
    """Which way out of the present node its expressions mean."""
    node = flow.all_nodes[state.node]
    if isinstance(node, nodes.Branch):
        environment = environment_of(flow, state, queue)
        for way, case in enumerate(node.cases):
            holds = evaluate(parse(case.when), environment)
            if not isinstance(holds, bool):
                raise EvaluationError(f"`{case.when}` is neither true nor false")
            if holds:
                return way
        return len(node.cases)
    return int(isinstance(node, nodes.Ask) and _is_known(state, node))


def ways_out(node: nodes.Node) -> int:
    """How many ways there are where the engine decides."""
    return len(node.cases) + 1 if isinstance(node, nodes.Branch) else 2


def decided(flow: model.Flow, state: CallState, way: int) -> Step:
    """Go the way that was decided for."""
    node, home = flow.all_nodes[state.node], home_of(state.node)
    if isinstance(node, nodes.Branch):
        return enter(flow, state, home + (node.cases[way].to if way < len(node.cases) else node.otherwise))
    if isinstance(node, nodes.Ask) and way == 1:
        return enter(flow, state, home + node.next)
    return _ask(flow, state)


def _at(state: CallState, name: str) -> CallState:
    return msgspec.structs.replace(
        state,
        node=name,
        stage=AtNode(),
        silences=0,
        mismatches=0,
        missed=None,
        walked=state.walked + 1,
        path=(*state.path, name)[-PATH_LENGTH:],
    )


def _wait(flow: model.Flow, state: CallState, node: nodes.Node) -> Step:
    """Ask whom this node asks: the caller, the shell, a person."""
    match node:
        case nodes.Ask() if node.save_as in flow.shared_names and not node.ask_again:
            return state, [actions.Decide()]
        case nodes.Menu() | nodes.Ask() | nodes.OpenQuestion() | nodes.Survey():
            return _ask(flow, state)
        case nodes.Branch():
            if any(parse(case.when).uses_queue for case in node.cases):
                return _effect(state, actions.AskQueue(queue=node.queue or flow.queue))
            return state, [actions.Decide()]
        case nodes.Lookup():
            where = _evaluated(flow, state, node.where)
            lookup = actions.Lookup(source=node.source, where=where, save=dict(node.save), timeout_s=node.timeout_s)
            return _effect(state, lookup)
        case nodes.SendText():
            return _send_text(flow, state, node)
        case nodes.Record():
            prompts = (*state.pending, sound(flow, state, node.prompt))
            record = actions.Record(prompts=prompts, max_s=node.max_s, no_input_s=flow.clocks.no_input_s)
            return msgspec.structs.replace(state, pending=(), walked=0), [record]
        case nodes.Transfer():
            return _transfer(flow, state, node)
        case nodes.Callback():
            return _callback(flow, state, node)
        case nodes.End():
            return hang_up(say(state, sound(flow, state, node.prompt)), node.outcome)
        case _:
            raise TypeError(f"{type(node).__name__} does not wait")


def _ask(flow: model.Flow, state: CallState) -> Step:
    visit, trail = Visit(node=state.node, frames=state.frames), state.trail
    if trail and _place(trail[-1]) == _place(visit):
        trail = trail[:-1]  # asked again, which is no step forward
    state = msgspec.structs.replace(state, trail=(*trail, visit)[-TRAIL_LENGTH:])
    node = flow.all_nodes[state.node]
    if isinstance(node, nodes.Ask) and not node.ask_again and not node.sensitive:
        stage = recalling.to_confirm(flow, state, node.save_as, node.answer, AtNode())
        return listen(flow, state if stage is None else msgspec.structs.replace(state, stage=stage))
    return listen(flow, state)


def _place(visit: Visit) -> tuple[str, ...]:
    return (*(frame.node for frame in visit.frames), visit.node)


def _effect(state: CallState, effect: actions.Effect) -> Step:
    return msgspec.structs.replace(state, walked=state.walked + WEIGHT_OF_EFFECT), [effect]


def _send_text(flow: model.Flow, state: CallState, node: nodes.SendText) -> Step:
    number: Value = state.caller_number
    if node.to is not None:
        number = evaluate(parse(node.to), environment_of(flow, state))
    if number is None:
        return enter(flow, state, home_of(state.node) + node.failed)
    return _effect(state, actions.SendText(number=str(number), text=local_text(flow, state, node.text)))


def _transfer(flow: model.Flow, state: CallState, node: nodes.Transfer) -> Step:
    state = _with_reason(flow, state, node.reason)
    whisper = None if node.whisper is None else local_text(flow, state, node.whisper)
    state = msgspec.structs.replace(state, whisper=whisper, queue=flow.queue, person_id=None, in_its_place=False)
    match node.to:
        case nodes.ToNumber(number=number):
            return line.join(state, number, number)
        case nodes.ToPerson(person=person_id):
            return line.seek(flow, msgspec.structs.replace(state, person_id=person_id))
        case nodes.ToQueue(queue=queue):
            return line.seek(flow, msgspec.structs.replace(state, queue=queue))
        case None:
            return line.seek(flow, state)


def _callback(flow: model.Flow, state: CallState, node: nodes.Callback) -> Step:
    """Book a callback; who has one is told so."""
    state = msgspec.structs.replace(_with_reason(flow, state, node.reason), queue=node.queue or flow.queue)
    promise = line.kept(state)
    if promise is None:
        return times.of_node(flow, state, node)
    if promise.starts is not None or node.when == "choose_time":
        return listen(flow, booking.fresh(state, TellingPromise()))
    state = booking.already(flow, state, promise)
    if node.next is not None:
        return enter(flow, line.left(flow, state), home_of(state.node) + node.next)
    return hang_up(say_message(state, "goodbye"), "callback")


def _with_reason(flow: model.Flow, state: CallState, reason: LocalText | None) -> CallState:
    if reason is None:
        return state
    return msgspec.structs.replace(state, reason=local_text(flow, state, reason), topic=state.node)


def _with_values(flow: model.Flow, state: CallState, node: nodes.Set) -> CallState:
    values = _evaluated(flow, state, node.values)
    if not state.frames:
        return msgspec.structs.replace(state, values={**state.values, **values})
    frame = state.frames[-1]
    inner = {name: value for name, value in values.items() if name in frame.parameters}
    outer = {name: value for name, value in values.items() if name not in frame.parameters}
    frame = msgspec.structs.replace(frame, parameters={**frame.parameters, **inner})
    return msgspec.structs.replace(state, frames=(*state.frames[:-1], frame), values={**state.values, **outer})


def _evaluated(
    flow: model.Flow, state: CallState, expressions: dict[str, str] | dict[str, str | bool | int | float]
) -> dict[str, Value]:
    """Texts are expressions; what YAML reads as a number or a truth value is itself."""
    environment = environment_of(flow, state)
    return {
        name: evaluate(parse(given), environment) if isinstance(given, str) else given
        for name, given in expressions.items()
    }


def _returned(flow: model.Flow, state: CallState, node: nodes.Return) -> tuple[CallState, str]:
    frame = state.frames[-1]
    caller = flow.all_nodes[frame.node]
    if not isinstance(caller, nodes.CallSubflow):
        raise TypeError(f"{frame.node} calls no subflow")
    state = msgspec.structs.replace(state, frames=state.frames[:-1])
    return state, home_of(frame.node) + caller.exits[node.exit]


def _is_known(state: CallState, node: nodes.Ask) -> bool:
    """Whether the caller told it elsewhere already; whoever comes to the same question again is to answer again."""
    return state.values.get(node.save_as) is not None and all(said.node != state.node for said in state.said)
