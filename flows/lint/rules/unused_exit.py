"""Exits of subflows by which they never return."""

from __future__ import annotations

from collections.abc import Iterator

from flows.document import Document
from flows.lint.graph import returns_of
from flows.lint.rule import Rule, found
from flows.problems import Problem

ID = "unused-exit"


def _check(document: Document) -> Iterator[Problem]:
    returns = returns_of(document.flow)
    for subflow, part in document.flow.subflows.items():
        ways = returns[subflow]
        for index, name in enumerate(part.exits):
            if name not in ways:
                message = f'the subflow "{subflow}" never returns by "{name}"'
                yield found(ID, document, ("subflows", subflow, "exits", index), message, level="warning")


RULE = Rule(
    id=ID,
    level="warning",
    title="An exit that is never taken",
    why="No `return` of the subflow that a call can reach has this exit, so that its callers handle it in vain.",
    fails=(
        """
subflows:
  pay:
    exits: [done, failed]
    start: back
    nodes:
      back: {type: return, exit: done}
nodes:
  main: {type: subflow, subflow: pay, exits: {done: goodbye, failed: goodbye}}
""",
    ),
    passes=(
        """
subflows:
  pay:
    exits: [done]
    start: back
    nodes:
      back: {type: return, exit: done}
nodes:
  main: {type: subflow, subflow: pay, exits: {done: goodbye}}
""",
    ),
    check=_check,
)
