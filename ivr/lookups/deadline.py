"""The instant by which a lookup must be over."""

from __future__ import annotations

import time

import msgspec

from ivr.lookups.errors import LookupFailedError


class Deadline(msgspec.Struct, frozen=True):
    """An instant of the monotonic clock, in seconds, and the time-out that it came from."""

    at_s: float
    timeout_s: float

    @classmethod
    def after(cls, timeout_s: float) -> Deadline:
        """The deadline `timeout_s` seconds from now."""
        return cls(time.monotonic() + timeout_s, timeout_s)

    def remaining_s(self) -> float:
        """Seconds left; never less than zero."""
        return max(0.0, self.at_s - time.monotonic())

    def passed(self) -> bool:
        """Whether it is over."""
        return time.monotonic() >= self.at_s

    def missed(self) -> LookupFailedError:
        """The error of who does not make it."""
        return LookupFailedError(f"no answer within {self.timeout_s:g} s", code="timeout", retryable=True)

    def left_s(self) -> float:
        """Seconds left, more than zero; raises `LookupFailedError` when none are."""
        if self.passed():
            raise self.missed()
        return max(self.remaining_s(), 0.001)
