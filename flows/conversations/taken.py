"""Which nodes a call visits and which exits it takes at one event: the engine's own steps, looked at one by one.

`advance` does not say by which exit it left a node, and two exits may lead to the same place. Here each of its steps is
done again without the decisions (`flows.engine.step`), so that what was decided is known.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from flows import actions, events, nodes
from flows.engine import begin, step
from flows.engine.steps import Step
from flows.engine.universal import BACK, HELP, OTHER_LANGUAGE, PERSON, REPEAT
from flows.engine.walk import decide
from flows.expressions import EvaluationError
from flows.model import Flow
from flows.state import AskingSlot, AtNode, CallState, Confirming

UNIVERSAL_KEYS = (PERSON, REPEAT, BACK, HELP, OTHER_LANGUAGE)
YES = "1"


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """The nodes that were entered, in order, and the exits that were taken: (node, path of the exit within it)."""

    nodes: tuple[str, ...] = ()
    exits: tuple[tuple[str, str], ...] = ()


def taken_at_start(flow: Flow, event: events.CallStarted) -> Taken:
    """What the call visits before the caller does anything."""
    after, did = begin(flow, event)
    hops = _Hops(flow)
    hops.on_from(None, after.path)
    return hops.decide_all((after, did))


def taken(flow: Flow, before: CallState, event: events.Event) -> Taken:
    """What the call visits because of one event."""
    hops = _Hops(flow)
    return hops.decide_all(hops.one_step(before, event))


class _Hops:
    """Collects nodes and exits; `callers` are the subflow calls that are running."""

    def __init__(self, flow: Flow) -> None:
        self.flow = flow
        self.callers: list[str] = []
        self.nodes: list[str] = []
        self.exits: list[tuple[str, str]] = []

    def one_step(self, before: CallState, event: events.Event | events.Decided) -> Step:
        """Do a step of the engine, and note what it entered."""
        self.callers = [frame.node for frame in before.frames]
        # A path is bounded; from an empty one, what is new is all there is.
        after, did = step(self.flow, msgspec.structs.replace(before, path=()), event)
        exit_taken = _first_exit(self.flow, before, event)
        self.on_from(None if exit_taken is None else (before.node, exit_taken), after.path)
        return after, did

    def decide_all(self, stepped: Step) -> Taken:
        """Make the decisions that `advance` makes."""
        after, did = stepped
        while did and isinstance(did[-1], actions.Decide):
            try:
                way = decide(self.flow, after, did[-1].queue)
            except EvaluationError:
                break
            after, did = self.one_step(after, events.Decided(at=after.at, way=way))
        return Taken(nodes=tuple(self.nodes), exits=tuple(self.exits))

    def on_from(self, first: tuple[str, str] | None, entered: tuple[str, ...]) -> None:
        """Note the exit that led to the first node, and those between the nodes."""
        if entered and first is not None and self.flow.exits_of(first[0]).get(first[1]) == entered[0]:
            self.exits.append(first)
        self.nodes += entered
        for index, name in enumerate(entered):
            if index + 1 < len(entered):
                self.exits += self._passed(name, entered[index + 1])

    def _passed(self, name: str, following: str) -> Iterator[tuple[str, str]]:
        """The exit by which a node was left that waits for nobody."""
        match self.flow.all_nodes[name]:
            case nodes.CallSubflow():
                self.callers.append(name)
            case nodes.Return(exit=exit_name):
                yield self.callers.pop(), f"exits.{exit_name}"
            case nodes.SendText():
                yield name, "failed"  # no number to send it to
            case _:
                yield from ((name, label) for label, to in self.flow.exits_of(name).items() if to == following)


def _first_exit(flow: Flow, before: CallState, event: events.Event | events.Decided) -> str | None:
    """The exit that an event means at the node where the call stands; None where it is none of the node's."""
    node = flow.all_nodes[before.node]
    match node, event:
        case nodes.Branch(), events.Decided(way=way):
            return f"cases.{way}.to" if way < len(node.cases) else "otherwise"
        case nodes.Ask(), events.Decided():
            return "next"
        case nodes.Lookup(), events.LookupFound():
            return "found"
        case nodes.Lookup(), events.LookupMissed():
            return "not_found"
        case nodes.Lookup(), events.LookupFailed():
            return "failed"
        case nodes.SendText(), events.TextFailed():
            return "failed"
        case nodes.SendText() | nodes.Callback(), events.TextSent() | events.CallbackPromised():
            return "next"
        case nodes.Record(), events.Recorded(duration_s=duration_s) if duration_s > 0:
            return "next"
        case nodes.Record(), _:
            return "nothing"
        case _, events.KeysPressed(keys=keys) | events.Heard(keys=keys) if keys not in UNIVERSAL_KEYS:
            return _answered(node, before, keys)
        case _:
            return None


def _answered(node: nodes.Node, before: CallState, keys: str) -> str | None:
    """The exit that an answer means, here or where it was given before it was confirmed."""
    stage = before.stage
    over: object = stage
    if isinstance(stage, Confirming):
        if keys != YES:
            return None
        over, keys = stage.over, stage.keys
    match node, over:
        case nodes.Menu(), AtNode():
            return next((f"choices.{at}.to" for at, choice in enumerate(node.choices) if choice.key == keys), None)
        case nodes.OpenQuestion(), AskingSlot(intent=intent):
            return f"intents.{intent}.to"
        case nodes.OpenQuestion(), AtNode():
            return next((f"intents.{name}.to" for name, intent in node.intents.items() if intent.key == keys), None)
        case nodes.Ask() | nodes.Survey(), AtNode():
            return "next"
        case _:
            return None
