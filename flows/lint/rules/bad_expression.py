"""Expressions that cannot be read."""

from __future__ import annotations

from collections.abc import Iterator

from flows.document import Document
from flows.expressions import ExpressionError, parse
from flows.lint.rule import Rule, found_at
from flows.lint.texts import expressions_in
from flows.problems import Problem

ID = "bad-expression"


def _check(document: Document) -> Iterator[Problem]:
    for worked in expressions_in(document):
        try:
            parse(worked.source)
        except ExpressionError as error:
            place = document.text.inside(worked.path, error.column - 1)
            yield found_at(ID, document, place, error.message)


RULE = Rule(
    id=ID,
    level="error",
    title="An expression that cannot be read",
    why="The call breaks off where the expression is needed. Texts inside of an expression stand in quotes of their "
    "own: `state == 'open'`.",
    fails=(
        "nodes:\n  main: {type: branch, cases: [{when: 1 = 2, to: person}], otherwise: goodbye}",
        "nodes:\n  main: {type: branch, cases: [{when: opne('shop'), to: person}], otherwise: goodbye}",
    ),
    passes=("nodes:\n  main: {type: branch, cases: [{when: language == 'en', to: person}], otherwise: goodbye}",),
    check=_check,
)
