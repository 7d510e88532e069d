"""Windows that fit into no opening, so that callers could choose no time."""

from __future__ import annotations

from collections.abc import Iterator

from flows import nodes
from flows.document import Document
from flows.hours import DAY_MINUTES, DAYS, never_opens
from flows.lint.graph import path_of
from flows.lint.queues import (
    hours_of,
    inside,
    longest,
    offered_at,
    path_in_queue,
    promising_in,
    week_of,
    windows_in,
)
from flows.lint.rule import Rule, found
from flows.problems import Problem

ID = "no-time-to-offer"


def _check(document: Document) -> Iterator[Problem]:
    broken = set()
    for queue in promising_in(document):
        problems = list(_of_queue(document, queue))
        if any(problem.level == "error" for problem in problems):
            broken.add(queue)
        yield from problems
    flow = document.flow
    for name, node in flow.all_nodes.items():
        if not isinstance(node, nodes.Callback) or node.when != "choose_time" or node.hours not in flow.hours:
            continue
        queue = node.queue or flow.queue
        own = flow.hours[node.hours]
        theirs = hours_of(document, queue)
        if queue in broken or never_opens(own) or (theirs is not None and never_opens(theirs)):
            continue
        minutes = flow.queue_of(queue).windows.minutes
        if not inside(windows_in(week_of(theirs), minutes), minutes, week_of(own)):
            message = f'no window of the queue "{queue}" ({minutes} minutes) lies inside of the hours "{node.hours}"'
            yield found(ID, document, (*path_of(name), "hours"), message)


def _of_queue(document: Document, queue: str) -> Iterator[Problem]:
    windows = document.flow.queue_of(queue).windows
    hours = hours_of(document, queue)
    if hours is not None and never_opens(hours):
        return  # a mistake of its own
    week = week_of(hours)
    starts = windows_in(week, windows.minutes)
    if not starts:
        why = "windows begin on the full hour, and end on the same day"
        if longest(week) < windows.minutes:
            why = f"the longest has {longest(week)} minutes"
        message = f'a window of {windows.minutes} minutes fits into no opening of the queue "{queue}"; {why}'
        yield found(ID, document, path_in_queue(document, queue, "windows", "minutes"), message)
        return

    def offered(at: int) -> bool:
        return offered_at(starts, at, windows.notice_minutes, windows.days_ahead)

    if not any(offered(day * DAY_MINUTES) for day in range(7)):
        path = path_in_queue(document, queue, "windows", "notice_minutes")
        message = f"{windows.notice_minutes} minutes of notice leave no time within {_days(windows.days_ahead)}"
        yield found(ID, document, path, message)
        return
    late = [DAYS[day] for day in range(7) if not offered((day + 1) * DAY_MINUTES - 1)]
    if late:
        path = path_in_queue(document, queue, "windows", "days_ahead")
        message = (
            f'whoever calls late on {", ".join(late)} can choose no time of the queue "{queue}" within '
            f"{_days(windows.days_ahead)}"
        )
        yield found(ID, document, path, message, level="warning")


def _days(count: int) -> str:
    return "one day" if count == 1 else f"{count} days"


RULE = Rule(
    id=ID,
    level="error",
    title="Windows that fit nowhere",
    why="A time is offered only if the whole window lies inside one opening of the queue (and of the `hours` of the "
    "`callback`), after the notice, and within the days ahead. Windows begin on a full hour, or on a whole part of it "
    "where they are shorter. Where none fits, callers could choose no time; it is a warning where that is so on some "
    "days.",
    fails=(
        "staffed: shop\nhours:\n  shop: {mon-fri: ['09:00-09:45']}",
        "hours:\n  shop: {mon-fri: ['09:00-12:00']}\nqueues:\n  shop: {hours: shop, windows: {minutes: 240}}",
        "hours:\n  shop: {mon-fri: ['09:30-10:30']}\nqueues:\n  shop: {hours: shop}",
        "queues:\n  shop: {windows: {notice_minutes: 2880, days_ahead: 1}}",
        "hours:\n  shop: {mon-fri: ['09:00-12:00']}\n  late: {mon-fri: ['13:00-17:00']}\n"
        "queues:\n  shop: {hours: shop}\n"
        "nodes:\n  main: {type: callback, when: choose_time, hours: late}",
        "staffed: shop\nhours:\n  shop: {mon-fri: ['09:00-17:00']}\nqueues:\n  shop: {windows: {days_ahead: 2}}",
    ),
    passes=(
        "hours:\n  shop: {mon-fri: ['09:00-13:00']}\n  late: {mon-fri: ['11:00-17:00']}\n"
        "queues:\n  shop: {hours: shop, windows: {minutes: 120, days_ahead: 5}}\n"
        "nodes:\n  main: {type: callback, when: choose_time, hours: late}",
    ),
    check=_check,
)
