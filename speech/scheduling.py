"""In which order a recogniser child does its work, and how fast it is: arithmetic on times that are handed in.

Work waits in a heap by its deadline, the earliest first. A stream has one piece of work at a time, waiting or on its
way, and only a few pieces are on their way to the child at all: what is in its pipe already can no longer be overtaken.
Two keep it busy while an answer travels; more than that only while they are done in a moment (`ahead`).
"""

from __future__ import annotations

import heapq
import math
from collections import deque
from typing import Final, Generic, TypeVar

import msgspec

LEAST_ON_THEIR_WAY: Final = 2
MOST_ON_THEIR_WAY: Final = 8
# Source: ours. So much work may be in a child's pipe; urgent work has to wait for it, and callers do not notice it.
AHEAD_S: Final = 0.01

T = TypeVar("T")


class OrderError(Exception):
    """An answer came for something that was not asked."""


class Done(msgspec.Struct, Generic[T], frozen=True):
    """A piece of work that was answered: how long the child had it to itself, and how long after its deadline it was.

    `work` is None where the stream went away meanwhile. `late_s` is below zero where it was in time.
    """

    work: T | None
    service_s: float
    late_s: float


class _Entry(msgspec.Struct, Generic[T]):
    stream: int
    due_s: float
    work: T | None
    sent_s: float = 0.0


class Schedule(Generic[T]):
    """The work of one child. All times are seconds of one clock that does not go back."""

    def __init__(self, most_on_their_way: int = LEAST_ON_THEIR_WAY) -> None:
        # How many pieces may be on their way.
        self.most = most_on_their_way
        self._heap: list[tuple[float, int, int]] = []
        self._waiting: dict[int, _Entry[T]] = {}
        self._on_their_way: deque[_Entry[T]] = deque()
        self._asked: set[int] = set()
        self._count = 0
        self._answered_s = -math.inf

    def __contains__(self, stream: int) -> bool:
        return stream in self._waiting or stream in self._asked

    def add(self, stream: int, due_s: float, work: T) -> None:
        """Take work that should be done by `due_s`. Raises `OrderError` where the stream has some already."""
        if stream in self:
            raise OrderError(f"stream {stream} has work already")
        self._count += 1
        self._waiting[stream] = _Entry(stream, due_s, work)
        heapq.heappush(self._heap, (due_s, self._count, stream))

    def next(self, now_s: float) -> T | None:
        """What is to be sent to the child now; None where it has enough, or there is nothing."""
        while len(self._on_their_way) < self.most and self._heap:
            due_s, _, stream = heapq.heappop(self._heap)
            entry = self._waiting.get(stream)
            if entry is None or entry.due_s != due_s or entry.work is None:
                continue  # it was dropped
            del self._waiting[stream]
            entry.sent_s = now_s
            self._on_their_way.append(entry)
            self._asked.add(stream)
            return entry.work
        return None

    def answered(self, stream: int, now_s: float) -> Done[T]:
        """The child answered for a stream. Raises `OrderError` where another answer was to come first, or none."""
        if not self._on_their_way or self._on_their_way[0].stream != stream:
            raise OrderError(f"an answer for stream {stream} out of order")
        entry = self._on_their_way.popleft()
        self._asked.discard(stream)
        service_s = now_s - max(entry.sent_s, self._answered_s)
        self._answered_s = now_s
        return Done(entry.work, max(0.0, service_s), now_s - entry.due_s)

    def drop(self, stream: int) -> None:
        """The stream went away: what waits is not done; what is on its way is answered to nobody."""
        self._waiting.pop(stream, None)
        for entry in self._on_their_way:
            if entry.stream == stream:
                entry.work = None

    def at_work(self) -> list[int]:
        """The streams whose answers the child owes; it works on one of them."""
        return [entry.stream for entry in self._on_their_way]

    def owing_since_s(self) -> float | None:
        """Since when the child works on what it has; None where it owes no answer."""
        return max(self._on_their_way[0].sent_s, self._answered_s) if self._on_their_way else None

    def late_s(self, now_s: float) -> float:
        """By how much the oldest unfinished work is past its deadline; 0 where all is in time."""
        dues = [entry.due_s for entry in (*self._waiting.values(), *self._on_their_way)]
        return max(0.0, now_s - min(dues)) if dues else 0.0

    def __len__(self) -> int:
        return len(self._waiting) + len(self._on_their_way)


def ahead(service_s: float) -> int:
    """How many pieces may be on their way to a child that takes so long for each."""
    fit = AHEAD_S / max(service_s, AHEAD_S / MOST_ON_THEIR_WAY)
    return max(LEAST_ON_THEIR_WAY, int(fit))


class ServiceRate:
    """What a second of audio costs, in seconds of one child, as a moving average over `over_s` seconds of time.

    `expected` is believed until there is something to measure, with the weight of a few seconds of audio.
    """

    BELIEVED_S: Final = 5.0
    LEAST_AUDIO_S: Final = 0.5

    def __init__(self, expected: float, over_s: float = 15.0) -> None:
        self._over_s = over_s
        self._service_s = expected * self.BELIEVED_S
        self._audio_s = self.BELIEVED_S
        self._busy_s = 0.0
        self._at_s: float | None = None
        self.cost: float = expected

    def note(self, now_s: float, service_s: float, audio_s: float) -> None:
        """A piece of work took `service_s` and was for `audio_s` of audio; 0 for work without any."""
        self._decay(now_s)
        self._busy_s += service_s
        self._service_s += service_s
        self._audio_s += audio_s
        if self._audio_s > self.LEAST_AUDIO_S:
            self.cost = self._service_s / self._audio_s

    def busy(self, now_s: float) -> float:
        """How many children's whole time was used of late."""
        self._decay(now_s)
        return self._busy_s / self._over_s

    def _decay(self, now_s: float) -> None:
        if self._at_s is not None and now_s > self._at_s:
            left = math.exp((self._at_s - now_s) / self._over_s)
            self._busy_s *= left
            self._service_s *= left
            self._audio_s *= left
        self._at_s = now_s
