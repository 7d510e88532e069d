"""Nodes and subflows that no call ever comes to."""

from __future__ import annotations

from collections.abc import Iterator

from flows import nodes
from flows.document import Document
from flows.lint.graph import graph_of, path_of
from flows.lint.rule import Rule, found
from flows.model import INSIDE, home_of
from flows.problems import Problem

ID = "unreachable-node"


def _check(document: Document) -> Iterator[Problem]:
    graph = graph_of(document)
    if not graph.reachable:
        return  # the start is unknown, and that is the mistake
    called = {node.subflow for node in graph.nodes.values() if isinstance(node, nodes.CallSubflow)}
    for subflow in document.flow.subflows:
        if subflow not in called:
            message = f'no node calls the subflow "{subflow}"'
            yield found(ID, document, ("subflows", subflow), message, level="warning")
    for name in graph.nodes:
        subflow = home_of(name).removesuffix(INSIDE)
        if name not in graph.reachable and (not subflow or subflow in called):
            message = f'no call can reach the node "{name}"'
            yield found(ID, document, path_of(name), message, level="warning")


RULE = Rule(
    id=ID,
    level="warning",
    title="A node that no call can reach",
    why="Nothing leads to it: an exit names another node by mistake, or the node is left over.",
    fails=(
        """
nodes:
  main: {type: say, prompt: Hello., next: goodbye}
  hours: {type: say, prompt: We are open from nine to five., next: goodbye}
""",
        """
subflows:
  pay:
    exits: [done]
    start: back
    nodes:
      back: {type: return, exit: done}
""",
    ),
    passes=(
        """
nodes:
  main: {type: say, prompt: Hello., next: hours}
  hours: {type: say, prompt: We are open from nine to five., next: goodbye}
""",
    ),
    check=_check,
)
