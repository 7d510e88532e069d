"""The queues of a flow as the rules see them: where each is named, which are used, and when their people are there.

A week is told by the clock on the wall, in minutes after the midnight at which Monday begins; holidays and changes of
the clocks are left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Final

import msgspec

from flows import nodes
from flows.document import Document, Path
from flows.hours import DAY_MINUTES, Hours
from flows.lint.graph import closure, path_of
from flows.queues import minutes_of

HOUR_MINUTES: Final = 60
WEEK_MINUTES: Final = 7 * DAY_MINUTES

# From a minute up to another, which is not part of it; the second may lie in the next week.
Stretch = tuple[int, int]
ALWAYS: Final[tuple[Stretch, ...]] = ((0, WEEK_MINUTES),)


class Named(msgspec.Struct, frozen=True):
    """One place at which a queue is named."""

    path: Path
    queue: str


@lru_cache(maxsize=4)
def named_in(document: Document) -> tuple[Named, ...]:
    """Where the flow and its nodes name queues; the entries under `queues` are not among them."""
    found = [Named(("queue",), document.flow.queue)]
    for name, node in document.flow.all_nodes.items():
        match node:
            case nodes.Branch(queue=str(queue)) | nodes.Callback(queue=str(queue)):
                found.append(Named((*path_of(name), "queue"), queue))
            case nodes.Transfer(to=nodes.ToQueue(queue=queue)):
                found.append(Named((*path_of(name), "to", "queue"), queue))
            case _:
                pass
    return tuple(found)


def used_in(document: Document) -> list[str]:
    """The queues that the flow asks for, and those that help out for them, in the order of their names."""
    return sorted(
        closure((named.queue for named in named_in(document)), lambda name: document.flow.queue_of(name).overflow)
    )


def promising_in(document: Document) -> list[str]:
    """The queues that can make promises: those that the flow asks for, in the order of their names."""
    return sorted({named.queue for named in named_in(document)})


def path_in_queue(document: Document, queue: str, *words: str | int) -> Path:
    """Where something about a queue stands, or the word that decides it where the queue does not say it."""
    path: Path = ("queues", queue, *words)
    if document.text.has(path) or queue in document.flow.queues:
        return path
    return ("staffed",) if document.flow.staffed is not None else ("queue",)


def hours_of(document: Document, queue: str) -> Hours | None:
    """When the people of a queue are there; None for always, or where the hours are unknown."""
    flow = document.flow
    return flow.hours.get(flow.queue_of(queue).hours or flow.staffed or "")


def week_of(hours: Hours | None) -> tuple[Stretch, ...]:
    """The openings of a week, in order; those that touch are one, also over the end of the week."""
    if hours is None:
        return ALWAYS
    found = [
        (day * DAY_MINUTES + span.start, day * DAY_MINUTES + span.end) for day in range(7) for span in hours.spans(day)
    ]
    return joined(found)


def calling_week(calling_hours: str) -> tuple[Stretch, ...]:
    """Calling hours, every day of a week."""
    first, last = minutes_of(calling_hours)
    return joined([(day * DAY_MINUTES + first, day * DAY_MINUTES + last) for day in range(7)])


def joined(stretches: list[Stretch]) -> tuple[Stretch, ...]:
    """The same time of a week, in order and without touching stretches; at most the last one ends in the next week."""
    flat: list[Stretch] = []
    for start, end in sorted(_within_week(stretches)):
        if flat and start <= flat[-1][1]:
            flat[-1] = flat[-1][0], max(flat[-1][1], end)
        else:
            flat.append((start, end))
    if len(flat) > 1 and flat[0][0] == 0 and flat[-1][1] == WEEK_MINUTES:
        first = flat.pop(0)
        flat[-1] = flat[-1][0], WEEK_MINUTES + first[1]
    return tuple(flat)


def common(first: tuple[Stretch, ...], second: tuple[Stretch, ...]) -> tuple[Stretch, ...]:
    """The time of a week that is in both."""
    pairs = ((one, other) for one in _within_week(first) for other in _within_week(second))
    shared = [(max(one[0], other[0]), min(one[1], other[1])) for one, other in pairs]
    return joined([stretch for stretch in shared if stretch[0] < stretch[1]])


def longest(stretches: tuple[Stretch, ...]) -> int:
    """The longest stretch, in minutes."""
    return max((end - start for start, end in stretches), default=0)


def windows_in(week: tuple[Stretch, ...], minutes: int) -> tuple[int, ...]:
    """When the windows of a week begin, as callbacks are offered: they begin on a full hour, or a whole part of it.

    They lie inside one stretch, do not overlap, and end on the day on which they begin.
    """
    step = min(minutes, HOUR_MINUTES)
    found: list[int] = []
    for day in range(7):
        midnight = day * DAY_MINUTES
        for first, last in common(week, ((midnight, midnight + DAY_MINUTES),)):
            free_from = first
            for start in (hour + part for hour in range(midnight, last, HOUR_MINUTES) for part in range(0, 60, step)):
                if free_from <= start and start + minutes <= last:
                    found.append(start)
                    free_from = start + minutes
    return tuple(found)


def inside(starts: tuple[int, ...], minutes: int, week: tuple[Stretch, ...]) -> tuple[int, ...]:
    """Those of the windows that lie inside one stretch of a week each."""
    spread = [(start + shift, end + shift) for start, end in week for shift in (0, -WEEK_MINUTES)]
    return tuple(start for start in starts if any(first <= start and start + minutes <= last for first, last in spread))


def offered_at(starts: tuple[int, ...], at: int, notice_minutes: int, days_ahead: int) -> bool:
    """Whether a caller at a minute of the week is offered one of the windows."""
    end = (at // DAY_MINUTES + days_ahead + 1) * DAY_MINUTES
    weeks = range(0, end, WEEK_MINUTES)
    return any(at + notice_minutes <= start + week < end for week in weeks for start in starts)


def _within_week(stretches: tuple[Stretch, ...] | list[Stretch]) -> Iterator[Stretch]:
    for start, end in stretches:
        yield start, min(end, WEEK_MINUTES)
        if end > WEEK_MINUTES:
            yield 0, end - WEEK_MINUTES
