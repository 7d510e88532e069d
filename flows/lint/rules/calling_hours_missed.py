"""Calling hours in which nobody of the queue is there."""

from __future__ import annotations

from collections.abc import Iterator

from flows.document import Document
from flows.hours import never_opens
from flows.lint.queues import (
    calling_week,
    common,
    hours_of,
    inside,
    path_in_queue,
    promising_in,
    week_of,
    windows_in,
)
from flows.lint.rule import Rule, found
from flows.problems import Problem

ID = "calling-hours-missed"


def _check(document: Document) -> Iterator[Problem]:
    flow = document.flow
    for name in promising_in(document):
        queue, hours = flow.queue_of(name), hours_of(document, name)
        abroad = set(queue.numbers.countries or ()) - {flow.country} or queue.numbers.allow
        if hours is None or never_opens(hours) or abroad:
            continue
        week, calling = week_of(hours), calling_week(queue.calling_hours)
        minutes = queue.windows.minutes
        windows = windows_in(week, minutes)
        if not common(week, calling):
            message = f'the calling hours {queue.calling_hours} never meet the hours of the queue "{name}"'
        elif windows and not inside(windows, minutes, calling):
            message = f'no window of the queue "{name}" ({minutes} minutes) lies inside of {queue.calling_hours}'
        else:
            continue
        yield found(ID, document, path_in_queue(document, name, "calling_hours"), message, level="warning")


RULE = Rule(
    id=ID,
    level="warning",
    title="Calling hours in which nobody is there",
    why="A callback needs both: somebody of the queue who is there, and an hour at which the customer may be rung, by "
    "the customer's own clock. Where the two do not meet, no callback could be kept. Only queues that call no other "
    "country are checked.",
    fails=(
        "staffed: night\nhours:\n  night: {every_day: ['22:00-06:00']}",
        "hours:\n  shop: {mon-fri: ['19:30-22:00']}\nqueues:\n  shop: {hours: shop}",
        "hours:\n  shop: {mon-fri: ['09:00-12:00']}\nqueues:\n  shop: {hours: shop, calling_hours: '13:00-18:00'}",
    ),
    passes=(
        "hours:\n  shop: {mon-fri: ['08:00-18:00']}\nqueues:\n  shop: {hours: shop, calling_hours: '10:00-18:00'}",
        "hours:\n  night: {every_day: ['22:00-06:00']}\nqueues:\n  shop: {hours: night, numbers: {countries: [AU]}}",
    ),
    check=_check,
)
