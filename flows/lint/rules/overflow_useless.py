"""Queues that would help themselves, or help twice."""

from __future__ import annotations

from collections.abc import Iterator

from flows.document import Document
from flows.lint.rule import Rule, found
from flows.problems import Problem

ID = "overflow-useless"


def _check(document: Document) -> Iterator[Problem]:
    for name, queue in document.flow.queues.items():
        for index, other in enumerate(queue.overflow):
            path = ("queues", name, "overflow", index)
            if other == name:
                yield found(ID, document, path, f'the queue "{name}" cannot be its own overflow')
            elif other in queue.overflow[:index]:
                yield found(ID, document, path, f'the queue "{other}" is listed twice')


RULE = Rule(
    id=ID,
    level="error",
    title="An overflow that helps nobody",
    why="`overflow` names the other queues whose agents help where a callback is about to be late. A queue's own "
    "agents are asked anyway.",
    fails=(
        "queues:\n  shop: {overflow: [shop]}",
        "queues:\n  shop: {overflow: [office, office]}\n  office: {}",
    ),
    passes=("queues:\n  shop: {overflow: [office]}\n  office: {overflow: [shop]}",),
    check=_check,
)
