"""A failure of a proof as a conversation: the shortest call that shows it, to be kept as a test."""

from __future__ import annotations

from typing import Any, Final

from flows import events
from flows.conversations.model import Conversation, LookupAnswer, Step
from flows.messages import message
from flows.model import Flow
from flows.prove.proof import EffortSpent, Failure, Happening
from flows.universal import PERSON

# What a conversation says beforehand, and not step by step: the answers of the shell.
_LOOKUPS: Final = {events.LookupMissed: "not_found", events.LookupFailed: "failed"}


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
        "lookups": _lookups(failure.call),
        "steps": steps,
    }
    if any(isinstance(happening.event, events.TextFailed) for happening in failure.call):
        fields["texts"] = "failed"
    if any(isinstance(happening.event, events.PersonFound) for happening in failure.call):
        fields["agents"] = {flow.queue: ["a"]}
    return Conversation.model_validate(fields)


def _steps(flow: Flow, happening: Happening) -> list[Step]:
    match happening.event:
        case events.KeysPressed(keys=keys):
            given: dict[str, Any] = {"presses": keys}
        case events.Heard(keys=keys, text=text, sure=sure, slots=slots):
            given = {"says": {"text": text, "means": keys, "unsure": not sure, "slots": slots}}
        case events.NoMatch():
            given = {"says_something_else": True}
        case events.NoInput():
            given = {"stays_silent": True}
        case events.Recorded(duration_s=duration_s, keys=keys):
            given = {"presses": keys} if keys else {"records": duration_s}
        case events.SpeechChanged(speech=speech):
            given = {"speech": "up" if speech else "down"}
        case events.TransferEnded(talked=talked):
            given = {"person": "talks" if talked else "misses"}
        case events.HungUp():
            given = {"hangs_up": True}
        case EffortSpent():
            given = {"waits_s": flow.effort.seconds}
        case _:
            return []  # what the shell answers is said beforehand; what expressions decide follows from values
    return [Step.model_validate(given)]


def _lookups(call: tuple[Happening, ...]) -> dict[str, Any]:
    """What each lookup finds, one time after the other."""
    found: dict[str, list[Any]] = {}
    for happening in call:
        match happening.event:
            case events.LookupFound(values=values):
                found.setdefault(happening.node, []).append(LookupAnswer(found=values))
            case events.LookupMissed() | events.LookupFailed():
                found.setdefault(happening.node, []).append(_LOOKUPS[type(happening.event)])
    return {node: tuple(answers) for node, answers in found.items()}


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
