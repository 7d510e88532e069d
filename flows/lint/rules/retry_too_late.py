"""Retries that can never happen."""

from __future__ import annotations

from collections.abc import Iterator

from flows.document import Document
from flows.lint.rule import Rule, found
from flows.problems import Problem
from flows.queues import Queue, Retries

ID = "retry-too-late"


def _check(document: Document) -> Iterator[Problem]:
    for name, queue in document.flow.queues.items():
        for reason in Retries.model_fields:
            path = ("queues", name, "retries", reason)
            # The defaults are there for any figures; what is written is meant.
            late = _first_late(queue, getattr(queue.retries, reason)) if document.text.has(path) else None
            if late is not None:
                index, why = late
                yield found(ID, document, (*path, index), why, level="warning")


def _first_late(queue: Queue, waits: tuple[int, ...]) -> tuple[int, str] | None:
    """The first wait of a list that cannot be, by its position, and why."""
    # The first dial may be at the beginning of the window, and the hours count from its end.
    ends = queue.windows.minutes + queue.expires_hours * 60
    passed = 0
    for index, wait in enumerate(waits):
        passed += wait
        if index + 2 > queue.most_dials:
            return index, f"this would be dial {index + 2}, and `most_dials` is {queue.most_dials}"
        if passed >= ends:
            return index, (
                f"this would be {passed} minutes after the first dial, and a window of {queue.windows.minutes} minutes "
                f"and `expires_hours` end it after {ends}"
            )
    return None


RULE = Rule(
    id=ID,
    level="warning",
    title="A retry that never happens",
    why="A callback is given up after `most_dials` dials and after `expires_hours`. A wait beyond either is a dial "
    "that is never made, and the plan says otherwise.",
    fails=(
        "queues:\n  shop: {most_dials: 2, retries: {busy: [5, 10]}}",
        "queues:\n  shop: {expires_hours: 2, retries: {no_answer: [60, 120]}}",
    ),
    passes=(
        "queues:\n  shop: {most_dials: 3, expires_hours: 2, retries: {busy: [5, 10], no_answer: [30, 60]}}",
        "queues:\n  shop: {most_dials: 1}",
    ),
    check=_check,
)
