"""When to stop asking a source that does not answer, so that it does not cost each caller a second. Pure."""

from __future__ import annotations

from typing import Final

import msgspec

FAILURES_TO_REST: Final = 5
REST_S: Final = 20.0


class Breaker(msgspec.Struct, frozen=True):
    """How a source did lately; `rests_until_s` is an instant of a monotonic clock.

    While that is None, everybody may ask. After so many failures in a row nobody may, until that instant; then one may,
    as a trial, and the next 20 s later, until one of them is answered.
    """

    failures: int = 0
    rests_until_s: float | None = None


def admit(breaker: Breaker, now_s: float) -> Breaker | None:
    """The breaker with one question admitted; None where the question must fail at once."""
    if breaker.rests_until_s is None:
        return breaker
    if now_s < breaker.rests_until_s:
        return None
    return msgspec.structs.replace(breaker, rests_until_s=now_s + REST_S)


def settled(breaker: Breaker, *, answered: bool, now_s: float) -> Breaker:
    """The breaker after a question that was admitted: the source answered it, or did not."""
    if answered:
        return Breaker()
    failures = breaker.failures + 1
    if breaker.rests_until_s is not None or failures < FAILURES_TO_REST:
        return msgspec.structs.replace(breaker, failures=failures)
    return Breaker(failures=failures, rests_until_s=now_s + REST_S)
