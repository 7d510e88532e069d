"""Queues that are listed and never used."""

from __future__ import annotations

from collections.abc import Iterator

from flows.document import Document
from flows.lint.queues import used_in
from flows.lint.rule import Rule, found
from flows.problems import Problem

ID = "unused-queue"


def _check(document: Document) -> Iterator[Problem]:
    used = used_in(document)
    for name in document.flow.queues:
        if name not in used:
            message = f'no node goes to the queue "{name}", and no queue that is used has it as overflow'
            yield found(ID, document, ("queues", name), message, level="warning")


RULE = Rule(
    id=ID,
    level="warning",
    title="A queue that nothing uses",
    why="What is said of it counts for nobody: a `transfer` or a `callback` has lost its queue, or the entry is left "
    "over.",
    fails=("queues:\n  shop: {}\n  repairs: {most_dials: 3}",),
    passes=(
        "queues:\n  shop: {}\n  repairs: {most_dials: 3}\nnodes:\n  main: {type: transfer, to: {queue: repairs}}",
        "queues:\n  shop: {overflow: [office]}\n  office: {}",
    ),
    check=_check,
)
