"""How many more promises a line can keep where other lines have sold the time of the same agents: exactly, as a flow.

The promises of each line and window are so many microseconds of talk. They flow to the agents who serve the line, cell
by cell of the time that the windows have in common, and each agent takes what the shifts and the queue's share leave.
What still fits after the others' promises have been served as far as they can be is the line's own.

A flow may split a conversation between agents, people cannot; still nothing is sold that cannot be kept. A flow for
conversations of fixed lengths can be rounded so that each agent gets whole ones and at most one more than fits: that
one comes last and begins, as was promised, while its agent works.
Source: J. K. Lenstra, D. B. Shmoys, É. Tardos, "Approximation algorithms for scheduling unrelated parallel machines",
Mathematical Programming 46 (1990) 259-271, theorem 1.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter, deque
from collections.abc import Callable, Hashable, Iterable
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

import msgspec

from callbacks.model import Agent, Interval, parts_of
from callbacks.shifts import counted_on, joined

_MICROSECOND: Final = timedelta(microseconds=1)
_HOUR_US: Final = timedelta(hours=1) // _MICROSECOND
# More talk than any office has in a window, in the units of the flow.
_ENDLESS: Final = 1 << 80

Network = dict[Hashable, dict[Hashable, int]]


class Load(msgspec.Struct, frozen=True, kw_only=True):
    """`count` promises of a line in one window; each takes `talk_us` microseconds of one agent.

    `share_percent` is how much of an agent's time the line's queue may promise.
    """

    line: str
    window: Interval
    count: int
    talk_us: int
    share_percent: int


class Crew(msgspec.Struct, frozen=True, kw_only=True):
    """`size` agents who serve the same queues and languages, and work at the same times."""

    size: int
    queues: tuple[str, ...]
    languages: tuple[str, ...]
    per_hour: int | None
    working: tuple[Interval, ...]

    def serves(self, line: str) -> bool:
        """Whether these agents talk with the people of a line."""
        queue, language = parts_of(line)
        return queue in self.queues and (not self.languages or language in self.languages)

    def works_us(self, cell: Interval) -> int:
        """Microseconds that all of them together work inside an interval."""
        total, index = 0, max(0, bisect_right(self.working, cell.starts, key=_starts) - 1)
        while index < len(self.working) and self.working[index].starts < cell.ends:
            each = self.working[index]
            total += max(0, (min(each.ends, cell.ends) - max(each.starts, cell.starts)) // _MICROSECOND)
            index += 1
        return total * self.size


class Sold:
    """What other lines have promised, found by time."""

    def __init__(self, loads: Iterable[Load]) -> None:
        self._loads = sorted(loads, key=_load_starts)
        self._longest = max((each.window.ends - each.window.starts for each in self._loads), default=timedelta())

    def competing(self, window: Interval) -> list[Load]:
        """The loads that compete for a window's time: those that overlap with it, or with such a one, and so on."""
        since, until = window.starts, window.ends
        while True:
            first = bisect_left(self._loads, since - self._longest, key=_load_starts)
            last = bisect_left(self._loads, until, key=_load_starts)
            found = [each for each in self._loads[first:last] if each.window.ends > since]
            wider = (
                min([since, *(each.window.starts for each in found)]),
                max([until, *(each.window.ends for each in found)]),
            )
            if wider == (since, until):
                return found
            since, until = wider


def crews(
    agents: Iterable[Agent], now: datetime, until: datetime, openings_of: Callable[[str], list[Interval]]
) -> list[Crew]:
    """The agents whom promises up to an instant may count on, those who are alike together.

    `openings_of` a queue are joined and reach back to the beginning of today.
    """
    alike = Counter(
        msgspec.structs.replace(
            each, id="", name="", number="", idle_since=now, holder=None, held_for=None, joined_at=None,
            talked_for=None, leg_sid=None, check_at=None, not_before=None, given_at=(),
        )
        for each in agents
    )  # fmt: skip
    result: list[Crew] = []
    for agent, size in alike.items():
        openings = joined(opening for queue in agent.queues for opening in openings_of(queue))
        result.append(
            Crew(
                size=size,
                queues=agent.queues,
                languages=agent.languages,
                per_hour=agent.per_hour,
                working=tuple(counted_on(agent, now, until, openings)),
            )
        )
    return result


def most(own: Load, competing: list[Load], people: list[Crew]) -> int:
    """The highest number of promises that `own` (whose count is ignored) may reach, given those of competing loads."""
    loads = [own, *competing]
    network = _network(loads, people)
    for index, load in enumerate(loads[1:], start=1):
        network["source"] = {index: load.count * load.talk_us * 100}
        _push(network)
    network["source"] = {0: _ENDLESS}
    return _push(network) // (own.talk_us * 100)


def _network(loads: list[Load], people: list[Crew]) -> Network:
    """Who may take whose promises, in hundredths of a microsecond: load -> a queue's share -> people -> sink."""
    network: Network = {"source": {}, "sink": {}}
    bounds = sorted({bound for load in loads for bound in (load.window.starts, load.window.ends)})
    for starts, ends in pairwise(bounds):
        cell = Interval(starts=starts, ends=ends)
        current = [
            (index, load)
            for index, load in enumerate(loads)
            if load.window.starts <= starts and ends <= load.window.ends
        ]
        for served, time_us in _times(current, cell, people).items():
            # Each queue keeps to its own share of an agent, and together they keep to the largest of these.
            crew = ("crew", served, starts)
            network[crew] = {"sink": time_us * max(loads[index].share_percent for index in served)}
            for index in served:
                share = ("share", parts_of(loads[index].line)[0], served, starts)
                network.setdefault(index, {})[share] = _ENDLESS
                network.setdefault(share, {})[crew] = time_us * loads[index].share_percent
    return network


def _times(current: list[tuple[int, Load]], cell: Interval, people: list[Crew]) -> dict[tuple[int, ...], int]:
    """Microseconds that agents work in a cell, by the numbers of the loads that they serve."""
    times: dict[tuple[int, ...], int] = {}
    for crew in people:
        served = [(index, load) for index, load in current if crew.serves(load.line)]
        time_us = crew.works_us(cell) if served else 0
        if time_us == 0:
            continue
        if crew.per_hour is not None:
            # Their pace in terms of the shortest of these conversations, so that no mixture exceeds it.
            time_us = min(time_us, time_us * crew.per_hour * min(load.talk_us for _, load in served) // _HOUR_US)
        numbers = tuple(index for index, _ in served)
        times[numbers] = times.get(numbers, 0) + time_us
    return times


def _push(network: Network) -> int:
    """The most that still flows from source to sink; what is left of the network remains in it.

    Source: J. Edmonds, R. M. Karp, "Theoretical improvements in algorithmic efficiency for network flow problems",
    Journal of the ACM 19 (1972) 248-264: augment along shortest paths.
    """
    total = 0
    while path := _path(network):
        amount = min(network[start][end] for start, end in path)
        for start, end in path:
            network[start][end] -= amount
            back = network.setdefault(end, {})
            back[start] = back.get(start, 0) + amount
        total += amount
    return total


def _path(network: Network) -> list[tuple[Hashable, Hashable]]:
    came_from: dict[Hashable, Hashable] = {"source": "source"}
    waiting: deque[Hashable] = deque(["source"])
    while waiting and "sink" not in came_from:
        node = waiting.popleft()
        for following, room in network.get(node, {}).items():
            if room > 0 and following not in came_from:
                came_from[following] = node
                waiting.append(following)
    path: list[tuple[Hashable, Hashable]] = []
    node = "sink"
    while node in came_from and node != "source":
        path.append((came_from[node], node))
        node = came_from[node]
    return path


def _starts(interval: Interval) -> datetime:
    return interval.starts


def _load_starts(load: Load) -> datetime:
    return load.window.starts
