"""Whether one more call can be listened to: arithmetic on what is measured, with the times handed in.

    open     a new stream is admitted while it fits: its cost and that of the others, and nobody waits
    closed   nobody is admitted until there is clearly room again

A call that is not admitted runs by keys from its first prompt on; the streams that were admitted keep what they need.
"""

from __future__ import annotations

from typing import Final

import msgspec


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """When to close and to open. Shares are of all children's time; seconds are past the deadline of a chunk.

    Source: ours. What is left above `close_at` is for what a mean does not show: turns that begin together, and other
    processes of the machine. A stream that nothing was fed to of late counts `idle_weight`: most of those wait for a
    person, and not all of them will speak at once.
    """

    close_at: float = 0.85
    open_at: float = 0.75
    close_late_s: float = 0.3
    open_late_s: float = 0.05
    closed_for_s: float = 2.0
    idle_weight: float = 0.25


DEFAULT_LIMITS: Final = Limits()
# For measurements of what happens without admission.
NO_LIMITS: Final = Limits(close_at=1e9, open_at=1e9, close_late_s=1e9, open_late_s=1e9, closed_for_s=0.0)


def limits_for(share: float) -> Limits:
    """The usual limits, but for the share of the children's time that may be used."""
    return Limits(close_at=share, open_at=share * DEFAULT_LIMITS.open_at / DEFAULT_LIMITS.close_at)


class Load(msgspec.Struct, frozen=True, kw_only=True):
    """What is measured: children that are ready, streams that were fed of late (or are new), streams that were not.

    `cost` is what a second of audio takes of one child; `late_s` is how far the oldest work is past its deadline.
    """

    children: int
    active: int
    idle: int
    cost: float
    late_s: float


class Admission:
    """Open or closed, with hysteresis."""

    def __init__(self, limits: Limits = DEFAULT_LIMITS) -> None:
        self._limits = limits
        self._closed_since_s: float | None = None
        self.places = 0

    @property
    def is_open(self) -> bool:
        """Whether a stream is admitted now."""
        return self.places > 0

    def update(self, now_s: float, load: Load) -> bool:
        """Take the present load; answers whether it opened or closed."""
        was_open = self.is_open
        if self._closed_since_s is not None and self._may_open(now_s, load):
            self._closed_since_s = None
        self.places = 0 if self._closed_since_s is not None else self._places(load)
        # Children that are still loading, or are replaced, are no overload: there is no wait after it.
        if not self.places and load.children and self._closed_since_s is None:
            self._closed_since_s = now_s
        return self.is_open != was_open

    def _may_open(self, now_s: float, load: Load) -> bool:
        limits = self._limits
        return (
            self._closed_since_s is not None
            and now_s - self._closed_since_s >= limits.closed_for_s
            and load.late_s <= limits.open_late_s
            and self._needed(load) <= limits.open_at * load.children
            and self._places(load) > 0
        )

    def _needed(self, load: Load) -> float:
        """How many children the streams need that are there."""
        return load.cost * (load.active + self._limits.idle_weight * load.idle)

    def _places(self, load: Load) -> int:
        """How many more streams fit."""
        if not load.children or load.late_s > self._limits.close_late_s:
            return 0
        free = self._limits.close_at * load.children - self._needed(load)
        # What fits exactly is not left out for a rounding error.
        fit = int(free / max(load.cost, 1e-6) + 1e-6) if free > 0 else 0
        # Where the machine is only just fast enough for one, that one is heard.
        lone = load.active + load.idle == 0 and load.cost < 1.0
        return max(fit, int(lone))
