"""Opening hours that never open."""

from __future__ import annotations

from collections.abc import Iterator

from flows.document import Document
from flows.hours import never_opens
from flows.lint.rule import Rule, found
from flows.problems import Problem

ID = "hours-never-open"


def _check(document: Document) -> Iterator[Problem]:
    for name, hours in document.flow.hours.items():
        if never_opens(hours):
            message = f'the hours "{name}" never open; write at least one day, such as mon-fri: ["09:00-17:00"]'
            yield found(ID, document, ("hours", name), message)


RULE = Rule(
    id=ID,
    level="error",
    title="Hours that never open",
    why="Callers would always hear that you are closed, and no callback could be promised.",
    fails=("hours:\n  shop: {mon-fri: []}",),
    passes=("hours:\n  shop: {mon-fri: ['09:00-17:00']}",),
    check=_check,
)
