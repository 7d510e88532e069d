"""Nodes and subflows that no call ever comes to."""

from __future__ import annotations

from collections.abc import Iterator

from flows import nodes
from flows.document import Document
from flows.lint.graph import closure, graph_of, path_of
from flows.lint.rule import Rule, found
from flows.model import INSIDE, home_of
from flows.node_facts import exits_of
from flows.problems import Problem, near_words

ID = "unreachable-node"


def _check(document: Document) -> Iterator[Problem]:
    graph = graph_of(document)
    if not graph.reachable:
        return  # the start is unknown, and that is the mistake
    meant = closure(_meant(document), graph.after)
    called = {node.subflow for node in graph.nodes.values() if isinstance(node, nodes.CallSubflow)}
    for subflow in document.flow.subflows:
        if subflow not in called:
            message = f'no node calls the subflow "{subflow}"'
            yield found(ID, document, ("subflows", subflow), message, level="warning")
    for name in graph.nodes:
        subflow = home_of(name).removesuffix(INSIDE)
        if name not in graph.reachable | meant and (not subflow or subflow in called):
            message = f'no call can reach the node "{name}"'
            yield found(ID, document, path_of(name), message, level="warning")


def _meant(document: Document) -> set[str]:
    """The nodes that misspelt exits were probably meant to name: to misspell one is one mistake, not two."""
    flow = document.flow
    every = flow.all_nodes
    wrong = {(home_of(name), to) for name, node in every.items() for to in exits_of(node).values()}
    return {
        home + near
        for home, to in wrong
        if home + to not in every
        for near in near_words(to, [name.removeprefix(home) for name in every if home_of(name) == home])
    }


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
