"""One name for values of different types."""

from __future__ import annotations

from collections.abc import Iterator

from flows.document import Document
from flows.lint.asked import Asked, answers_in
from flows.lint.rule import Rule, found
from flows.problems import Problem

ID = "shared-name-types"


def _check(document: Document) -> Iterator[Problem]:
    first: dict[str, Asked] = {}
    for asked in answers_in(document):
        other = first.setdefault(asked.name, asked)
        line, _ = document.where(other.path)
        if other.answer.type != asked.answer.type:
            message = (
                f'"{asked.name}" is asked for as {other.answer.type} in line {line} and as {asked.answer.type} here; '
                "give one of them another name"
            )
            yield found(ID, document, asked.path, message)
        elif other.sensitive != asked.sensitive:
            message = f'"{asked.name}" is sensitive in one place and not in the other (line {line})'
            yield found(ID, document, asked.path, message)


RULE = Rule(
    id=ID,
    level="error",
    title="One name for two types",
    why="Nobody is asked twice: who has answered one question is not asked the other, so that its answer would be of "
    "the wrong type.",
    fails=(
        """
nodes:
  main: {type: ask, prompt: When?, answer: {type: date}, save_as: visit, next: other}
  other: {type: ask, prompt: When on that day?, answer: {type: time}, save_as: visit, next: goodbye}
""",
    ),
    passes=(
        """
nodes:
  main: {type: ask, prompt: When?, answer: {type: date}, save_as: visit_day, next: other}
  other: {type: ask, prompt: When on that day?, answer: {type: time}, save_as: visit_time, next: goodbye}
""",
    ),
    check=_check,
)
