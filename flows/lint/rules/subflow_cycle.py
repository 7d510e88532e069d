"""Subflows that call themselves, directly or through others."""

from __future__ import annotations

from collections.abc import Iterator

from flows import nodes
from flows.document import Document
from flows.lint.graph import components
from flows.lint.rule import Rule, found
from flows.problems import Problem

ID = "subflow-cycle"


def _check(document: Document) -> Iterator[Problem]:
    subflows = document.flow.subflows

    def after(name: str) -> list[str]:
        inner = subflows[name].nodes.values()
        return [node.subflow for node in inner if isinstance(node, nodes.CallSubflow) and node.subflow in subflows]

    for group in components(subflows, after):
        names = sorted(group, key=lambda name: document.where(("subflows", name)))
        way = " -> ".join([*names, names[0]])
        yield found(ID, document, ("subflows", names[0]), f"these subflows call each other without end: {way}")


RULE = Rule(
    id=ID,
    level="error",
    title="A subflow that calls itself",
    why="Each call of a subflow is remembered until it returns; one that calls itself would be remembered without end. "
    "Lead back to an earlier node instead.",
    fails=(
        """
subflows:
  pay:
    exits: [done]
    start: again
    nodes:
      again:
        type: menu
        prompt: Once more?
        choices:
          - {key: "1", phrases: [once more], label: once more, to: inner}
          - {key: "2", phrases: [enough], label: the end, to: back}
      inner: {type: subflow, subflow: pay, exits: {done: back}}
      back: {type: return, exit: done}
nodes:
  main: {type: subflow, subflow: pay, exits: {done: goodbye}}
""",
    ),
    passes=(
        """
subflows:
  pay:
    exits: [done]
    start: again
    nodes:
      again:
        type: menu
        prompt: Once more?
        choices:
          - {key: "1", phrases: [once more], label: once more, to: again}
          - {key: "2", phrases: [enough], label: the end, to: back}
      back: {type: return, exit: done}
nodes:
  main: {type: subflow, subflow: pay, exits: {done: goodbye}}
""",
    ),
    check=_check,
)
