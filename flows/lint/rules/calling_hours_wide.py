"""Calling hours before eight in the morning or after nine in the evening."""

from __future__ import annotations

from collections.abc import Iterator

from flows.document import Document
from flows.lint.rule import Rule, found
from flows.problems import Problem
from flows.queues import minutes_of

ID = "calling-hours-wide"
# Source: 47 CFR 64.1200(c)(1): no telephone solicitation "before the hour of 8 a.m. or after 9 p.m. (local time at the
# called party's location)". A callback that was asked for is none, but later than that nobody expects a call.
EARLIEST_MINUTE = 8 * 60
LATEST_MINUTE = 21 * 60


def _check(document: Document) -> Iterator[Problem]:
    for name, queue in document.flow.queues.items():
        first, last = minutes_of(queue.calling_hours)
        if first < EARLIEST_MINUTE or last > LATEST_MINUTE:
            message = f"customers could be rung between {queue.calling_hours[:5]} and {queue.calling_hours[6:]}"
            message += "; stay between 08:00 and 21:00 (47 CFR 64.1200(c)(1))"
            yield found(ID, document, ("queues", name, "calling_hours"), message, level="warning")


RULE = Rule(
    id=ID,
    level="warning",
    title="Calling hours at night",
    why="A telephone that rings at night wakes people. United States law (47 CFR 64.1200(c)(1)) has sales calls "
    "between 8 in the morning and 9 in the evening by the clock of whoever is called, and other countries have "
    "narrower rules. A callback was asked for; still, ask a lawyer before you go beyond these hours.",
    fails=(
        "queues:\n  shop: {calling_hours: '07:00-20:00'}",
        "queues:\n  shop: {calling_hours: '09:00-22:00'}",
    ),
    passes=("queues:\n  shop: {calling_hours: '08:00-21:00'}",),
    check=_check,
)
