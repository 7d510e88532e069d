"""Which values are set where: for certain, or on some way; and where each is read.

A forward analysis over the graph, each node's effect being told by its exit. A subflow is summed up once: which values
are set after it whatever came before, and which outlive it. Nodes inside of a subflow see what all of its callers have.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache

import msgspec

from flows import nodes
from flows.document import Document
from flows.expressions.parser import Binary, Call, Name, Unary
from flows.expressions.parser import Node as Tree
from flows.lint.expressions import read
from flows.lint.graph import Graph, graph_of
from flows.model import home_of, subflow_of
from flows.node_facts import saved_by
from flows.nodes import Node

Names = frozenset[str]
NOTHING: Names = frozenset()


class Known(msgspec.Struct, frozen=True):
    """The values before a node: those that are set on every way to it, and those that are set on one at least."""

    surely: Names
    maybe: Names


class _Effect(msgspec.Struct, frozen=True):
    """What an exit does: which values are lost, or lost on some way, and which are then set."""

    lost: Names = NOTHING
    weakened: Names = NOTHING
    surely: Names = NOTHING
    maybe: Names = NOTHING

    def after(self, known: Known) -> Known:
        return Known(
            surely=(known.surely - self.lost - self.weakened) | self.surely,
            maybe=(known.maybe - self.lost) | self.surely | self.maybe,
        )


@lru_cache(maxsize=4)
def known_before(document: Document) -> Mapping[str, Known]:
    """The values before each node that can be reached, parameters of its subflow included."""
    flow, graph = document.flow, graph_of(document)
    effects = _Effects(document, graph)
    before: dict[str, Known] = {}
    entries: dict[str, list[Known]] = {}
    if flow.start in flow.all_nodes:
        before.update(effects.flowing(flow.start, Known(NOTHING, NOTHING)))
    for subflow in _callers_first(document):
        for name, known in before.items():
            node = graph.nodes[name]
            if isinstance(node, nodes.CallSubflow) and node.subflow == subflow:
                outer = _parameters_at(document, name)
                given = frozenset(flow.subflows[subflow].parameters)  # one that is missing is a mistake of its own
                entries.setdefault(subflow, []).append(
                    Known((known.surely - outer) | given, (known.maybe - outer) | given)
                )
        if subflow in entries:
            start = flow.start_of(subflow)
            if start in graph.nodes:
                before.update(effects.flowing(start, _joined(entries[subflow])))
    return before


def _parameters_at(document: Document, name: str) -> Names:
    """The parameters that a node sees: those of the subflow that it is in."""
    subflow = subflow_of(name)
    return frozenset(document.flow.subflows[subflow].parameters) if subflow else NOTHING


def _callers_first(document: Document) -> list[str]:
    """The subflows, each after those that call it; where they call each other, in the order of the file."""
    flow = document.flow
    callers: dict[str, set[str]] = {name: set() for name in flow.subflows}
    for name, node in flow.all_nodes.items():
        if isinstance(node, nodes.CallSubflow) and node.subflow in callers:
            callers[node.subflow].add(subflow_of(name))
    ordered: list[str] = []
    while len(ordered) < len(callers):
        ready = [name for name in callers if name not in ordered and callers[name] - {"", name} <= set(ordered)]
        ordered.append(ready[0] if ready else next(name for name in callers if name not in ordered))
    return ordered


def _joined(many: Iterable[Known]) -> Known:
    """What is known where several ways meet."""
    ways = list(many)
    return Known(
        surely=frozenset.intersection(*(way.surely for way in ways)),
        maybe=frozenset().union(*(way.maybe for way in ways)),
    )


class _Effects:
    """What each exit of each node does to the values."""

    def __init__(self, document: Document, graph: Graph) -> None:
        self._flow = document.flow
        self._graph = graph
        self._sensitive = document.flow.sensitive_names
        self._savers = savers_of(document)
        self._summaries: dict[str, dict[str, _Effect]] = {}
        self._everything = frozenset(name for node in graph.nodes.values() for name in saved_by(node)) | frozenset(
            name for part in document.flow.subflows.values() for name in part.parameters
        )

    def flowing(self, start: str, entry: Known) -> dict[str, Known]:
        """What is known before each node of one flow or subflow."""
        before = {start: entry}
        todo = [start]
        while todo:
            name = todo.pop()
            for label, to in self._graph.exits[name].items():
                after = self._of_exit(name, label).after(before[name])
                joined = _joined([before[to], after]) if to in before else after
                if before.get(to) != joined:
                    before[to] = joined
                    todo.append(to)
        return before

    def _of_exit(self, name: str, label: str) -> _Effect:
        node = self._graph.nodes[name]
        match node:
            case nodes.Ask() | nodes.Survey():
                return _Effect(lost=self._sensitive, surely=frozenset({node.save_as}))
            case nodes.OpenQuestion():
                slots = node.intents[label.split(".")[1]].slots
                return _Effect(lost=self._sensitive, surely=frozenset(slots))
            case nodes.Menu() | nodes.Callback():
                return _Effect(lost=self._sensitive)
            case nodes.Record():
                saved = frozenset({node.save_as}) if label == "next" else NOTHING
                return _Effect(lost=self._sensitive, surely=saved)
            case nodes.Lookup() if label == "found":
                return _Effect(surely=frozenset(node.save))
            case nodes.Set():
                return _Effect(surely=frozenset(node.values))
            case nodes.Branch():
                told = _told_by_branch(node, label)
                return _Effect(surely=told | frozenset(name for other in told for name in self._companions(other)))
            case nodes.CallSubflow():
                return self._of_subflow(node.subflow).get(label.removeprefix("exits."), _Effect())
            case _:
                return _Effect()

    def _companions(self, value: str) -> Names:
        """The values that are set whenever a value is: every node that saves it saves them at the same time."""
        together = [
            frozenset(saved_by(node)) if isinstance(node, nodes.Lookup | nodes.Set) else frozenset({value})
            for _, node in self._savers.get(value, ())
        ]
        return frozenset.intersection(*together) - self._sensitive if together else NOTHING

    def _of_subflow(self, subflow: str) -> dict[str, _Effect]:
        """What a subflow does to the values of its caller, by its exits."""
        if subflow not in self._summaries:
            self._summaries[subflow] = {}  # for one that calls itself, which is a mistake of its own
            start = self._flow.start_of(subflow)
            from_nothing = self.flowing(start, Known(NOTHING, NOTHING))
            from_everything = self.flowing(start, Known(self._everything, self._everything))
            own = frozenset(self._flow.subflows[subflow].parameters)
            ways: dict[str, list[tuple[Known, Known]]] = {}
            for name, known in from_nothing.items():
                node = self._graph.nodes[name]
                if isinstance(node, nodes.Return):
                    ways.setdefault(node.exit, []).append((known, from_everything[name]))
            self._summaries[subflow] = {
                exit_name: _summary(_joined(k for k, _ in pairs), _joined(k for _, k in pairs), self._everything, own)
                for exit_name, pairs in ways.items()
            }
        return self._summaries[subflow]


def _summary(from_nothing: Known, from_everything: Known, everything: Names, own: Names) -> _Effect:
    return _Effect(
        lost=everything - from_everything.maybe,
        weakened=everything - from_everything.surely,
        surely=from_nothing.surely - own,
        maybe=from_nothing.maybe - own,
    )


def _told_by_branch(node: nodes.Branch, label: str) -> Names:
    """The values that are set because the expressions before an exit of a branch say so."""
    taken = int(label.split(".")[1]) if label.startswith("cases.") else len(node.cases)
    told: set[str] = set()
    for index, case in enumerate(node.cases[: taken + 1]):
        expression = read(case.when)
        if expression is not None:
            told |= _known_if(expression.tree, holds=index == taken)
    return frozenset(told)


def _known_if(tree: Tree, *, holds: bool) -> set[str]:
    """The values that must be set if an expression is true, or if it is false."""
    match tree:
        case Call(function="known", arguments=(Name(name=name),)) if holds:
            return {name}
        case Unary(operator="not", operand=operand):
            return _known_if(operand, holds=not holds)
        case Binary(operator="and", left=left, right=right) if holds:
            return _known_if(left, holds=True) | _known_if(right, holds=True)
        case Binary(operator="or", left=left, right=right) if not holds:
            return _known_if(left, holds=False) | _known_if(right, holds=False)
        case _:
            return set()


def savers_of(document: Document) -> dict[str, list[tuple[str, Node]]]:
    """Which nodes save each value."""
    found: dict[str, list[tuple[str, Node]]] = {}
    for name, node in document.flow.all_nodes.items():
        for value in saved_by(node):
            found.setdefault(value, []).append((name, node))
    return found


@lru_cache(maxsize=4)
def told_elsewhere(document: Document) -> Names:
    """The questions that ask nothing where another node has saved their value before."""
    flow, graph = document.flow, graph_of(document)
    way_on = _way_on(graph)
    found: set[str] = set()
    for value, savers in savers_of(document).items():
        asks = [name for name, node in savers if isinstance(node, nodes.Ask) and not node.ask_again]
        if value in flow.shared_names and asks:
            told_by = _origins(graph, [name for name, _ in savers], way_on)
            found.update(name for name in asks if told_by.get(name, set()) - {name})
    return frozenset(found)


def _origins(graph: Graph, savers: list[str], way_on: Callable[[str], Iterable[str]]) -> dict[str, set[str]]:
    """Which of the savers come before each node; two of them are enough to know that one is another."""
    before: dict[str, set[str]] = {}
    todo = [(to, saver) for saver in savers for to in graph.exits[saver].values()]
    while todo:
        name, saver = todo.pop()
        told = before.setdefault(name, set())
        if saver not in told and len(told) < 2:
            told.add(saver)
            todo += [(to, saver) for to in way_on(name)]
    return before


def _way_on(graph: Graph) -> Callable[[str], Iterable[str]]:
    """From a node to all that may come after it, out of its subflow too."""
    callers: dict[str, list[str]] = {}
    for name, start in graph.calls.items():
        callers.setdefault(home_of(start), []).append(name)

    def after(name: str) -> Iterable[str]:
        back = callers.get(home_of(name), []) if isinstance(graph.nodes[name], nodes.Return) else []
        return [*graph.after(name), *(to for call in back for to in graph.exits[call].values())]

    return after
