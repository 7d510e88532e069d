"""Nodes from which a call can never come to an end, other than by the caller's leaving."""

from __future__ import annotations

from collections.abc import Iterator

from flows import nodes
from flows.document import Document
from flows.lint.graph import LAST, Graph, closure, graph_of, in_order, path_of
from flows.lint.rule import Rule, found
from flows.problems import Problem

ID = "no-way-to-end"


def _check(document: Document) -> Iterator[Problem]:
    graph = graph_of(document)
    before: dict[str, list[str]] = {}
    for name in graph.nodes:
        for to in graph.after(name):
            before.setdefault(to, []).append(name)
    ends = [name for name in graph.nodes if _ends(document, graph, name)]
    ending = closure(ends, lambda name: before.get(name, ()))
    trapped = [name for name in in_order(document, graph.reachable) if name not in ending]
    while trapped:
        first = trapped[0]
        group = closure([first], graph.after)
        others = [name for name in trapped if name in group and name != first]
        also = f" (nor can it from {', '.join(others)})" if others else ""
        message = f'from the node "{first}" a call can never come to an end, a person or a callback{also}'
        yield found(ID, document, path_of(first), message)
        trapped = [name for name in trapped if name not in group]


def _ends(document: Document, graph: Graph, name: str) -> bool:
    """Whether the call, or the subflow, may be over at a node; what leads to an unknown node is another mistake."""
    node = graph.nodes[name]
    if isinstance(node, (*LAST, nodes.Return)) or (isinstance(node, nodes.Callback) and node.next is None):
        return True
    exits = document.flow.exits_of(name)
    return any(to not in graph.nodes for to in exits.values()) or (
        isinstance(node, nodes.CallSubflow) and node.subflow not in document.flow.subflows
    )


RULE = Rule(
    id=ID,
    level="error",
    title="No way to an end",
    why="Once there, a caller goes round and round until they hang up or ask for a person. Lead at least one way to an "
    "`end`, a `transfer` or a `callback`.",
    fails=(
        """
nodes:
  main:
    type: menu
    prompt: What would you like?
    choices:
      - {key: "1", phrases: [hours], label: our hours, to: hours}
  hours: {type: say, prompt: We are open from nine to five., next: main}
""",
    ),
    passes=(
        """
nodes:
  main:
    type: menu
    prompt: What would you like?
    choices:
      - {key: "1", phrases: [hours], label: our hours, to: hours}
      - {key: "2", phrases: [goodbye], label: goodbye, to: goodbye}
  hours: {type: say, prompt: We are open from nine to five., next: main}
""",
    ),
    check=_check,
)
