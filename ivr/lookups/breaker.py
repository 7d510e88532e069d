"""When to stop asking a source that does not answer, so that it does not cost each caller a second. Pure."""

from __future__ import annotations

from typing import Final

import msgspec

FAILURES_TO_REST: Final = 5
REST_S: Final = 20.0


class Breaker(msgspec.Struct, frozen=True):
    """How a source did lately; `rests_until_s` and `trial_since_s` are instants of a monotonic clock.

    Closed (`rests_until_s` is None): everybody may ask. Resting: nobody may. Rested: one may, as a trial; the others
    wait for how that ends, at most one more rest.
    """

    failures: int = 0
    rests_until_s: float | None = None
    trial: bool = False


def admit(breaker: Breaker, now_s: float) -> Breaker | None:
    """The breaker with this question admitted; None where it must fail at once."""
    if breaker.rests_until_s is None:
        return breaker
    if now_s < breaker.rests_until_s:
        return None
    # Until the trial ends, or is overdue, nobody else is admitted.
    return Breaker(failures=breaker.failures, rests_until_s=now_s + REST_S, trial=True)


def settled(breaker: Breaker, *, answered: bool, now_s: float) -> Breaker:
    """The breaker after a question that was admitted: the source answered, or it did not."""
    if answered:
        return Breaker()
    failures = breaker.failures + 1
    if breaker.rests_until_s is not None and not breaker.trial:
        return breaker  # a question from before the rest: it tells nothing new
    if failures < FAILURES_TO_REST:
        return Breaker(failures=failures)
    return Breaker(failures=failures, rests_until_s=now_s + REST_S)
