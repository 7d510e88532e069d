"""Values saved under names that mean something else."""

from __future__ import annotations

from collections.abc import Iterator

from flows.document import Document
from flows.expressions import RESERVED_NAMES
from flows.lint.asked import saved_in
from flows.lint.rule import Rule, found
from flows.problems import Problem

ID = "reserved-name"


def _check(document: Document) -> Iterator[Problem]:
    for path, name in saved_in(document):
        if name in RESERVED_NAMES:
            message = f'"{name}" means something in expressions already; save the value under another name'
            yield found(ID, document, path, message)


RULE = Rule(
    id=ID,
    level="error",
    title="A name that is taken",
    why="`today`, `language`, `queue` and the like have a meaning of their own in expressions, so that a value under "
    "such a name could never be read.",
    fails=("nodes:\n  main: {type: set, values: {today: 1}, next: goodbye}",),
    passes=(
        "nodes:\n  main: {type: set, values: {this_day: 1}, next: say}\n"
        "  say: {type: say, prompt: '{this_day}.', next: goodbye}",
    ),
    check=_check,
)
