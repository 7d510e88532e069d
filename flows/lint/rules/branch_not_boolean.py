"""Conditions that are neither true nor false, or always the same."""

from __future__ import annotations

from collections.abc import Iterator

from flows.document import Document
from flows.expressions.functions import FUNCTIONS
from flows.expressions.parser import Binary, Call, Literal, QueueField, Unary
from flows.lint.expressions import readable_in
from flows.lint.rule import Rule, found
from flows.problems import Problem

ID = "branch-not-boolean"
_ARITHMETIC = frozenset({"+", "-", "*", "/"})
_TRUTHS = frozenset({"known", "open", "holiday"})
# May be either: they give back what they get.
_EITHER = frozenset({"default"})


def _check(document: Document) -> Iterator[Problem]:
    for placed in readable_in(document):
        if placed.role != "when":
            continue
        match placed.expression.tree:
            case Literal(value=bool() as value):
                message = f"this is always {str(value).lower()}; compare something"
            case Literal() | QueueField():
                message = "this is neither true nor false; compare it with something"
            case Unary(operator="-"):
                message = "this is a number, neither true nor false; compare it with something"
            case Binary(operator=operator) if operator in _ARITHMETIC:
                message = "this is a sum, neither true nor false; compare it with something"
            case Call(function=name) if name in FUNCTIONS and name not in _TRUTHS | _EITHER:
                message = f"{name}() is neither true nor false; compare it with something"
            case _:
                continue
        yield found(ID, document, placed.path, message, value=True)


RULE = Rule(
    id=ID,
    level="error",
    title="A condition that is neither true nor false",
    why="A branch goes by what is true. A number or a text breaks the call off; what is always the same is no branch.",
    fails=(
        "nodes:\n  main: {type: branch, cases: [{when: 1 + 1, to: person}], otherwise: goodbye}",
        "nodes:\n  main: {type: branch, cases: [{when: 'true', to: person}], otherwise: goodbye}",
        "nodes:\n  main: {type: branch, cases: [{when: queue.waiting, to: person}], otherwise: goodbye}",
    ),
    passes=("nodes:\n  main: {type: branch, cases: [{when: queue.waiting < 3, to: person}], otherwise: goodbye}",),
    check=_check,
)
