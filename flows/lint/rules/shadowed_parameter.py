"""Values saved under the name of a parameter, which hides them."""

from __future__ import annotations

from collections.abc import Iterator

from flows import nodes
from flows.document import Document
from flows.lint.graph import path_of
from flows.lint.rule import Rule, found
from flows.model import INSIDE
from flows.node_facts import saved_by
from flows.problems import Problem

ID = "shadowed-parameter"


def _check(document: Document) -> Iterator[Problem]:
    for subflow, part in document.flow.subflows.items():
        for inner, node in part.nodes.items():
            if isinstance(node, nodes.Set):
                continue  # sets the parameter itself
            for name in saved_by(node):
                if name in part.parameters:
                    message = f'"{name}" is a parameter of the subflow "{subflow}", which hides the value saved here'
                    path = (*path_of(subflow + INSIDE + inner), "save_as")
                    yield found(ID, document, path, message)


RULE = Rule(
    id=ID,
    level="error",
    title="A value hidden by a parameter",
    why="Inside of a subflow its parameters come first: a value saved under the same name could not be read there.",
    fails=(
        """
subflows:
  pay:
    parameters: [amount]
    exits: [done]
    start: begin
    nodes:
      begin: {type: ask, prompt: "Not {amount}?", answer: {type: number, max: 99}, save_as: amount, next: back}
      back: {type: return, exit: done}
nodes:
  main: {type: subflow, subflow: pay, parameters: {amount: 3}, exits: {done: goodbye}}
""",
    ),
    passes=(
        """
subflows:
  pay:
    parameters: [amount]
    exits: [done]
    start: begin
    nodes:
      begin: {type: ask, prompt: "Not {amount}?", answer: {type: number, min: 1, max: 99}, save_as: other, next: back}
      back: {type: return, exit: done}
nodes:
  main: {type: subflow, subflow: pay, parameters: {amount: 3}, exits: {done: goodbye}}
""",
    ),
    check=_check,
)
