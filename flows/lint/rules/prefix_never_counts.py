"""Beginnings of numbers that are allowed and denied at once."""

from __future__ import annotations

from collections.abc import Iterator

from flows.document import Document
from flows.lint.rule import Rule, found
from flows.problems import Problem

ID = "prefix-never-counts"


def _check(document: Document) -> Iterator[Problem]:
    for name, queue in document.flow.queues.items():
        for index, allowed in enumerate(queue.numbers.allow):
            denied = next((prefix for prefix in queue.numbers.deny if allowed.startswith(prefix)), None)
            if denied is not None:
                message = f"{allowed} is never called: `deny` has {denied}, and counts first"
                yield found(ID, document, ("queues", name, "numbers", "allow", index), message)


RULE = Rule(
    id=ID,
    level="error",
    title="A number that is allowed and denied",
    why="`deny` counts before `allow`. What both name is never called, and one of the two is a mistake.",
    fails=("queues:\n  shop: {numbers: {allow: ['+442079'], deny: ['+4420']}}",),
    passes=("queues:\n  shop: {numbers: {allow: ['+4420'], deny: ['+442079']}}",),
    check=_check,
)
