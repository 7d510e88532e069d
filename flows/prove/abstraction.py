"""How the state space of a call is made finite.

A proof runs the engine itself (`engine.step`), not a model of it, on states that stand for many:

| of a call | in a proof |
|---|---|
| values, what was said, times, numbers | left out; a typed answer is one good and one bad one |
| branches, and questions that may be known already | every way out is taken |
| expressions and templates that fail | left out; they lead to the apology that is tried everywhere |
| the effort budget | may be spent at any question |
| where "back" leads | any question asked before, which is a reachable state already |
| values from an earlier call | any that may be asked about again may be known, at any question for it |
| a callback that the caller has | none, one as soon as possible, or one in a window; wherever a callback is at stake |
| times that can be promised | none, a few, those of one day, those of many |
| who comes first in line | left out; it changes nothing that the caller is asked |
| people who did not answer | one person and one number; the line's questions are one for all nodes |
| the way so far | only the subflow calls that are open |
| languages, speech up or down, misses, help, confirmation | kept |

So every behaviour of a real call is among those explored; some that are explored no real call can have (a branch whose
conditions exclude each other). A proof can therefore fail for a call that cannot happen, and never pass one that can.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec

from flows import nodes
from flows.engine.line import is_about_the_promise
from flows.engine.way import MISSES_BEFORE_ASSUMING
from flows.events import OpenPromise
from flows.hours import is_open
from flows.model import Flow
from flows.parts import Part
from flows.state import (
    ON_THE_WAY,
    AskingSlot,
    AskingSlots,
    Booking,
    CallState,
    Cancelling,
    ChoosingDay,
    ChoosingLanguage,
    ChoosingPart,
    ChoosingSlot,
    Confirming,
    ConfirmingCancel,
    ConfirmingNumber,
    Ended,
    EnteringNumber,
    Helping,
    Moving,
    OfferingCallback,
    OfferingPerson,
    Plan,
    SeekingPerson,
    Spent,
    Stage,
    TellingPromise,
    WaitingInLine,
    WithPerson,
)

# A Monday at half past ten: hours matter to branches alone, and those go every way.
AT: Final = datetime(2026, 3, 2, 10, 30, tzinfo=UTC)
CALLER: Final = "+442079460123"
PERSON_ID: Final = "a"
PERSON_NUMBER: Final = "+442079460111"
HOURS_OF_A_WEEK: Final = 168
# A filled-in value takes as long to say as two or three words; the templates of a flow are replaced by these.
STAND_IN: Final = "some value here"

# The stages that may stand over another one.
OVER: Final = (Confirming, Helping, ChoosingLanguage, OfferingPerson)
# Where it matters who has missed this call: before the caller does something again.
ASKS_FOR_PEOPLE: Final = (SeekingPerson, WithPerson, AskingSlots, WaitingInLine)

Key = tuple[object, ...]
_TEMPLATE: Final = re.compile(r"\{[^{}]*\}")
_TEXTS: Final = frozenset({"prompt", "no_input", "no_match", "help", "label", "reason", "whisper", "text"})
_EXPRESSIONS: Final = frozenset({"where", "values", "parameters"})


def without_values(flow: Flow) -> Flow:
    """The flow with every template and expression replaced by a constant."""
    plain = {name: _plain_node(node) for name, node in flow.nodes.items()}
    subflows = {
        name: subflow.model_copy(update={"nodes": {inner: _plain_node(node) for inner, node in subflow.nodes.items()}})
        for name, subflow in flow.subflows.items()
    }
    queues = {name: queue.model_copy(update={"priorities": ()}) for name, queue in flow.queues.items()}
    fields = {name: getattr(flow, name) for name in Flow.model_fields}
    # Not a copy of the model: that would keep what was worked out from the old nodes.
    return Flow.model_construct(**{**fields, "nodes": plain, "subflows": subflows, "queues": queues})


def _plain_node(node: nodes.Node) -> nodes.Node:
    return _plain(node, in_text=False)  # type: ignore[no-any-return]


def _plain(value: Any, *, in_text: bool) -> Any:
    match value:
        case str():
            return _TEMPLATE.sub(STAND_IN, value) if in_text else value
        case Part():
            changes = {}
            for name in type(value).model_fields:
                old = getattr(value, name)
                if name in _EXPRESSIONS and isinstance(old, dict):
                    new: Any = dict.fromkeys(old, 0 if name != "where" else "0")
                elif name == "to" and isinstance(value, nodes.SendText):
                    new = None
                else:
                    new = _plain(old, in_text=in_text or name in _TEXTS)
                if new is not old:
                    changes[name] = new
            return value.model_copy(update=changes) if changes else value
        case dict():
            plain = {key: _plain(item, in_text=in_text) for key, item in value.items()}
            return plain if any(plain[key] is not value[key] for key in value) else value
        case tuple():
            items = tuple(_plain(item, in_text=in_text) for item in value)
            return items if any(new is not old for new, old in zip(items, value, strict=True)) else value
        case _:
            return value


def queues_of(flow: Flow) -> list[str]:
    """The flow's own queue, and one for each other table of hours that a queue has."""
    by_hours = {flow.queue_of(name).hours or flow.staffed: name for name in (*flow.queues, flow.queue)}
    return sorted({*by_hours.values(), flow.queue}, key=lambda name: name != flow.queue)


def open_and_closed(flow: Flow) -> list[datetime]:
    """For each queue an hour at which people answer, and one at which nobody does, as far as the flow says."""
    found = {AT: None}
    at_hours = [AT + timedelta(hours=hours) for hours in range(HOURS_OF_A_WEEK)]
    for queue in queues_of(flow):
        opening = flow.hours_of_queue(queue)
        if opening is not None:
            by_answer = {is_open(opening, flow.holidays, at.astimezone(flow.zone)): at for at in at_hours}
            found.update(dict.fromkeys(by_answer.values()))
    return list(found)


def canonical(flow: Flow, state: CallState) -> CallState:
    """The one state that stands for all with the same key."""
    node, frames = state.node, state.frames
    inner = innermost(state.stage)
    on_the_way = isinstance(inner, ON_THE_WAY)
    if isinstance(state.stage, Ended) or (on_the_way and not _returns_to_flow(flow, node)):
        node, frames = flow.start, ()
    silences, mismatches, missed = state.silences, state.mismatches, state.missed
    if not _has_reprompts(flow.all_nodes[node]):
        silences, mismatches, missed = state.misses, 0, None
    if on_the_way and state.misses:  # the last miss before we go on without an answer stands for those before it
        silences, mismatches = MISSES_BEFORE_ASSUMING - 1, 0
    slots = _slots_before(flow.all_nodes[node], inner)
    return msgspec.structs.replace(
        state,
        node=node,
        frames=frames,
        silences=silences,
        mismatches=mismatches,
        missed=missed,
        at=AT,
        started_at=AT,
        spent=Spent(since=AT),
        values={name: state.values[name] for name in slots if name in state.values},
        remembered=(),
        said=(),
        path=(),
        pending=(),
        last_heard=(),
        reason=None,
        topic=None,
        whisper=None,
        trail=state.trail[-2:],
        tried=state.tried if isinstance(state.stage, ASKS_FOR_PEOPLE) else (),
        walked=0,
        keyed_at=None,
        promise=promise_of(flow) if _shows_promise(state, inner) else None,
        promise_id=None,
        in_its_place=False,
        queue=flow.queue,
    )


def _shows_promise(state: CallState, stage: Stage) -> bool:
    """Whether the caller has a promise, as the innermost stage tells; elsewhere they may, and both are explored."""
    if isinstance(stage, ChoosingLanguage):  # the first question of a call, before they are told
        return state.promise is not None
    return is_about_the_promise(stage) or getattr(stage, "kept", False)


def promise_of(flow: Flow, *, window: bool = True) -> OpenPromise:
    """The one promise that stands for all of its kind: as soon as possible, or in a window."""
    return OpenPromise(
        request_id="1",
        queue=flow.queue,
        number=CALLER,
        arrived_at=AT - timedelta(hours=1),
        by=AT + timedelta(hours=25),
        starts=AT + timedelta(hours=24) if window else None,
        words=("river", "lantern"),
    )


def key_of(state: CallState) -> Key:
    """What tells a canonical state from another."""
    return (
        state.node,
        tuple(frame.node for frame in state.frames),
        state.language,
        bool(state.speech),
        _stage_key(state.stage),
        state.silences,
        state.mismatches,
        state.missed,
        tuple(sorted(set(state.tried))),
        state.promise is not None,
    )


def _has_reprompts(node: nodes.Node) -> bool:
    """Whether silence and misunderstanding are answered differently there; else only their number matters."""
    return isinstance(node, nodes.Asking) and (node.no_input is not None or node.no_match is not None)


def _slots_before(node: nodes.Node, stage: Stage) -> list[str]:
    """The slots that are known where another one is asked for.

    Those after it count as unknown: who has said them elsewhere already skips questions that are explored all the same.
    """
    if not isinstance(stage, AskingSlot) or not isinstance(node, nodes.OpenQuestion):
        return []
    names = list(node.intents[stage.intent].slots)
    return names[: names.index(stage.slot)]


def _returns_to_flow(flow: Flow, name: str) -> bool:
    node = flow.all_nodes[name]
    return isinstance(node, nodes.Callback) and node.next is not None


def innermost(stage: Stage) -> Stage:
    """The stage that a confirmation, help, the choice of a language or the offer of a person stands over."""
    while isinstance(stage, OVER) and stage.over is not None:
        stage = stage.over
    return stage


def _stage_key(stage: Stage | None) -> Key:
    kind = type(stage).__name__
    match stage:
        case Confirming(over=over, slots=slots):
            # One good answer of several keys stands for all; a choice is what it is.
            keys = stage.keys if len(stage.keys) == 1 else "several"
            return (kind, keys, _stage_key(over), tuple(sorted(slots)), stage.remembered)
        case Helping(over=over) | ChoosingLanguage(over=over) | OfferingPerson(over=over):
            return (kind, _stage_key(over))
        case AskingSlot(intent=intent, slot=slot, given=given):
            return (kind, intent, slot, tuple(sorted(given)))
        case WaitingInLine(rounds=rounds):
            return (kind, rounds == 0, stage.callback, stage.kept)
        case OfferingCallback(times=times, kept=has_promise):
            return (kind, times, has_promise)
        case WithPerson(person_id=person_id):
            return (kind, person_id)
        case ChoosingDay(days=days, page=page, plan=plan):
            return (kind, len(days), page, _plan_key(plan))
        case ChoosingSlot(slots=offered, page=page, of_day=of_day, plan=plan):
            return (kind, len(offered), page, of_day, _plan_key(plan))
        case ChoosingPart(slots=offered, plan=plan):
            return (kind, len(offered), _plan_key(plan))
        case AskingSlots(plan=plan, day=day):
            return (kind, day is not None, _plan_key(plan), plan.hours)
        case ConfirmingNumber(plan=plan, number=number) | Booking(plan=plan, number=number):
            # Another number than the one that calls is kept while another time is chosen for it.
            return (kind, _plan_key(plan), number == CALLER)
        case EnteringNumber(plan=plan) | Moving(plan=plan):
            return (kind, _plan_key(plan))
        case TellingPromise(at_start=at_start) | ConfirmingCancel(at_start=at_start) | Cancelling(at_start=at_start):
            return (kind, at_start)
        case _:
            return (kind,)


def _plan_key(plan: Plan) -> Key:
    """What makes a difference to a caller who stays on the line."""
    return (plan.slot is not None, plan.soon, plan.moves, plan.at_start, plan.number is not None)
