"""A failure of a proof as a conversation: the shortest call that shows it, to be kept as a test."""

from __future__ import annotations

from typing import Any

from flows import events
from flows.conversations.from_events import line_fields, local, lookups_of, promise_fields, step_of
from flows.conversations.model import Conversation, Step
from flows.engine.universal import PERSON
from flows.messages import message
from flows.model import Flow
from flows.prove.happenings import remembered_at
from flows.prove.proof import EffortSpent, Failure, Happening, Remembered


def conversation_of(flow: Flow, failure: Failure) -> Conversation:
    """The shortest call to a failure; where an expression decided the way, its values must be chosen by hand."""
    steps = [step for happening in failure.call for step in _steps(flow, happening)]
    if failure.promise == "person-one-key-away" and steps and steps[-1].presses == PERSON:
        expected = message(failure.language, "finding_person")
        steps.append(Step.model_validate({"expect": {"prompt": expected}}))
    else:
        steps.append(Step.model_validate({"expect": {"node": failure.node}}))
    fields: dict[str, Any] = {
        "name": f"{failure.promise}: {failure.message}"[:200],
        "speech": failure.speech,
        "lookups": lookups_of((happening.node, happening.event) for happening in failure.call),
        "steps": steps,
    }
    if any(isinstance(happening.event, events.TextFailed) for happening in failure.call):
        fields["texts"] = "failed"
    if any(isinstance(happening.event, events.PersonFound) for happening in failure.call):
        fields["agents"] = {flow.queue: ["a"]}
    fields.update(_known(flow, failure))
    return Conversation.model_validate(fields)


def _known(flow: Flow, failure: Failure) -> dict[str, Any]:
    """What the shell knew of the caller and of times, as circumstances."""
    fields: dict[str, Any] = {}
    times: list[list[Any]] = []
    stands: list[dict[str, Any]] = []
    for happening in failure.call:
        match happening.event:
            case events.CallerRecognised(values=values, promise=promise):
                fields["remembered"] = values
                if promise is not None:
                    fields["promise"] = promise_fields(flow, promise)
            case Remembered():
                fields["remembered"] = {**fields.get("remembered", {}), **remembered_at(flow, happening.node)}
            case events.SlotsKnown(slots=slots):
                times.append([local(flow, slot.starts) for slot in slots])
            case events.NobodyFree():
                stands.append(line_fields(happening.event))
            case _:
                pass
    if times:
        fields["slots"] = times
    if stands:
        fields["line"] = stands
    return fields


def _steps(flow: Flow, happening: Happening) -> list[Step]:
    if isinstance(happening.event, EffortSpent):
        return [Step.model_validate({"waits_s": flow.effort.seconds})]
    step = step_of(happening.event)
    return [] if step is None else [step]  # what expressions decide follows from values


def decided_by(flow: Flow, failure: Failure) -> list[str]:
    """What must hold on the way, in sentences: the branches that the call takes."""
    notes = []
    for happening in failure.call:
        node = flow.all_nodes[happening.node]
        if isinstance(happening.event, events.Decided) and node.type == "branch":
            way = happening.event.way
            holds = f"`{node.cases[way].when}` is true" if way < len(node.cases) else "none of its cases is true"
            notes.append(f"at {happening.node}: {holds}")
    return notes
