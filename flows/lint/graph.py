"""The graph of a flow as the rules see it: edges, calls of subflows and their returns, what can be reached."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache

import msgspec

from flows import nodes
from flows.document import Document, Path
from flows.model import Flow, home_of, subflow_of
from flows.nodes import Node

# What goes on by itself: nobody is asked and nobody has to answer.
SILENT = (nodes.Say, nodes.Set, nodes.Branch, nodes.Lookup, nodes.SendText, nodes.CallSubflow, nodes.Return)
LAST = (nodes.End, nodes.Transfer)


class Graph(msgspec.Struct, frozen=True):
    """Nodes by their full names; targets and subflows that do not exist are left out.

    `exits` are the edges within a flow or a subflow: exit label -> node. An exit of a call is among them only if the
    subflow can return by it. `calls` leads from a call to the first node of its subflow.
    """

    nodes: Mapping[str, Node]
    exits: Mapping[str, Mapping[str, str]]
    calls: Mapping[str, str]
    reachable: frozenset[str]

    def after(self, name: str) -> list[str]:
        """The nodes to which a node leads, into subflows too."""
        into = [self.calls[name]] if name in self.calls else []
        return [*self.exits[name].values(), *into]


@lru_cache(maxsize=4)
def graph_of(document: Document) -> Graph:
    """The graph of a document's flow; where a subflow calls itself, only what returns without that counts."""
    flow = document.flow
    every = flow.all_nodes
    targets = {name: {label: to for label, to in flow.exits_of(name).items() if to in every} for name in every}
    calls = {name: start for name, node in every.items() if (start := _start_of(flow, node)) in every}
    ways = returns_of(flow)
    exits = {name: _possible(every[name], found, ways) for name, found in targets.items()}
    graph = Graph(nodes=every, exits=exits, calls=calls, reachable=frozenset())
    first = [flow.start] if flow.start in every else []
    return msgspec.structs.replace(graph, reachable=frozenset(closure(first, graph.after)))


def _possible(node: Node, exits: dict[str, str], ways: Mapping[str, frozenset[str]]) -> dict[str, str]:
    """The exits of a node without those by which its subflow never returns."""
    if not isinstance(node, nodes.CallSubflow):
        return exits
    return {label: to for label, to in exits.items() if label.removeprefix("exits.") in ways.get(node.subflow, ())}


def _start_of(flow: Flow, node: Node) -> str:
    if isinstance(node, nodes.CallSubflow) and node.subflow in flow.subflows:
        return flow.start_of(node.subflow)
    return ""


def returns_of(flow: Flow, may_pass: Callable[[str], bool] = lambda _: True) -> dict[str, frozenset[str]]:
    """The exits by which each subflow can return, on ways that pass only nodes which `may_pass`."""
    every = flow.all_nodes
    targets = {name: flow.exits_of(name) if may_pass(name) else {} for name in every}
    ways: dict[str, frozenset[str]] = dict.fromkeys(flow.subflows, frozenset())

    def after(name: str) -> Iterable[str]:
        node = every.get(name)
        return () if node is None else _possible(node, targets[name], ways).values()

    while True:
        found = {}
        for subflow in flow.subflows:
            reached = closure([flow.start_of(subflow)], after)
            ends = [every[name] for name in reached if name in every and may_pass(name)]
            found[subflow] = frozenset(node.exit for node in ends if isinstance(node, nodes.Return))
        if found == ways:
            return ways
        ways.update(found)


def closure(start: Iterable[str], after: Callable[[str], Iterable[str]]) -> set[str]:
    """Everything that can be reached from `start`, itself included."""
    seen = set(start)
    todo = list(seen)
    while todo:
        for name in after(todo.pop()):
            if name not in seen:
                seen.add(name)
                todo.append(name)
    return seen


def components(names: Iterable[str], after: Callable[[str], Iterable[str]]) -> list[list[str]]:
    """The cycles of a graph: groups of nodes that reach each other, a node that leads to itself included."""
    # Tarjan's algorithm with a stack of its own, for flows that are deeper than Python's.
    # Source: Tarjan, "Depth-first search and linear graph algorithms", SIAM J. Comput. 1 (1972).
    allowed = list(names)
    known = set(allowed)
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    on_stack: set[str] = set()
    found: list[list[str]] = []
    for root in allowed:
        if root in index:
            continue
        work = [(root, iter([to for to in after(root) if to in known]))]
        index[root] = low[root] = len(index)
        stack.append(root)
        on_stack.add(root)
        while work:
            name, ahead = work[-1]
            to = next(ahead, None)
            if to is not None and to not in index:
                index[to] = low[to] = len(index)
                stack.append(to)
                on_stack.add(to)
                work.append((to, iter([further for further in after(to) if further in known])))
            elif to is not None:
                if to in on_stack:
                    low[name] = min(low[name], index[to])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[name])
                if low[name] == index[name]:
                    group = stack[stack.index(name) :]
                    del stack[stack.index(name) :]
                    on_stack.difference_update(group)
                    if len(group) > 1 or name in after(name):
                        found.append(group)
    return found


def path_of(name: str) -> Path:
    """Where a node stands in the file."""
    subflow = subflow_of(name)
    return ("subflows", subflow, "nodes", name.removeprefix(home_of(name))) if subflow else ("nodes", name)


def exit_path(name: str, label: str) -> Path:
    """Where an exit of a node stands in the file."""
    return (*path_of(name), *(int(part) if part.isdecimal() else part for part in label.split(".")))


def in_order(document: Document, names: Iterable[str]) -> list[str]:
    """Names of nodes in the order of the file."""
    return sorted(names, key=lambda name: document.where(path_of(name)))
