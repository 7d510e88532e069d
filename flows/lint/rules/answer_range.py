"""Typed answers that no caller can give."""

from __future__ import annotations

from collections.abc import Iterator

from flows.document import Document
from flows.lint.asked import answers_in
from flows.lint.rule import Rule, found
from flows.parts import DigitsAnswer, NumberAnswer
from flows.problems import Problem

ID = "answer-range"


def _check(document: Document) -> Iterator[Problem]:
    for asked in answers_in(document):
        answer = asked.answer
        if isinstance(answer, DigitsAnswer | NumberAnswer) and answer.min > answer.max:
            message = f"nothing is between {answer.min} and {answer.max}; `min` must not be above `max`"
            yield found(ID, document, (*asked.path, "min"), message)


RULE = Rule(
    id=ID,
    level="error",
    title="An answer that nobody can give",
    why="Whatever the caller keys in is refused.",
    fails=(
        "nodes:\n  main: {type: ask, prompt: Your order number?, answer: {type: digits, min: 6, max: 4}, "
        "save_as: order, next: goodbye}",
    ),
    passes=(
        "nodes:\n  main: {type: ask, prompt: Your order number?, answer: {type: digits, min: 4, max: 6}, "
        "save_as: order, next: goodbye}",
    ),
    check=_check,
)
