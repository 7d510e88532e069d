"""Queues that are named and not listed."""

from __future__ import annotations

from collections.abc import Iterator

from flows.document import Document
from flows.lint.queues import Named, named_in
from flows.lint.rule import Rule, found
from flows.problems import Problem, known_words

ID = "queue-unknown"


def _check(document: Document) -> Iterator[Problem]:
    queues = document.flow.queues
    if not queues:
        return
    known = tuple(sorted(queues))
    helping = [
        Named(("queues", name, "overflow", index), other)
        for name, queue in queues.items()
        for index, other in enumerate(queue.overflow)
    ]
    for named in (*named_in(document), *helping):
        if named.queue not in queues:
            message = f'there is no queue "{named.queue}"{known_words(named.queue, known)}'
            yield found(ID, document, named.path, message, known=known)


RULE = Rule(
    id=ID,
    level="error",
    title="A queue that does not exist",
    why="Nobody answers for a queue whose name is misspelt: its callers would wait until they give up. Where a flow "
    "lists its `queues`, it lists all of them; one that needs no words of its own is `name: {}`.",
    fails=(
        "queues:\n  shop: {most_dials: 3}\nnodes:\n  main: {type: transfer, to: {queue: shp}}",
        "queue: till\nqueues:\n  shop: {most_dials: 3}",
        "queues:\n  shop: {overflow: [offfice]}\n  office: {}\nnodes:\n  main: {type: transfer, to: {queue: office}}",
    ),
    passes=(
        "queues:\n  shop: {overflow: [office]}\n  office: {}\nnodes:\n  main: {type: transfer, to: {queue: shop}}",
        "nodes:\n  main: {type: transfer, to: {queue: repairs}}",
    ),
    check=_check,
)
