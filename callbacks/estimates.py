"""How long somebody waits who is in line: a window from measured conversations, and what may be promised by then.

Everyone who serves the line is taken to be in a conversation, so the wait until it is one's turn is the time until as
many of them have come free as one's position says.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from statistics import fmean, pvariance
from typing import Final

import msgspec

from callbacks.model import Interval
from callbacks.shifts import joined

# Lengths of conversations spread by about their mean or less, so the standard error of the mean of ten is a third of it
# or less: about one step of the scale below. With fewer, a window would pretend to a knowledge that nobody has.
LEAST_SAMPLES: Final = 10
MOST_SAMPLES: Final = 200

# Minutes that can be said; above the last one, full hours.
_STEPS: Final = (0, 1, 2, 3, 5, 10, 15, 20, 30, 45, 60, 90, 120)
# The 20% and the 80% quantile of the normal distribution.
_SPREAD: Final = 0.8416
_PROMISE_AT_LEAST: Final = timedelta(minutes=15)
_PROMISE_ROUND_TO_S: Final = 300


class History(msgspec.Struct, frozen=True):
    """The lengths in seconds of a queue's last conversations, each with its wrap-up; the last `MOST_SAMPLES` count."""

    talks_s: tuple[float, ...] = ()

    def is_enough(self) -> bool:
        """Whether anything may be said from it."""
        return len(self.talks_s) >= LEAST_SAMPLES and sum(self.talks_s) > 0


def talk_s(history: History, assumed_s: float) -> float:
    """Seconds that one conversation takes an agent: the measured mean, else what is assumed (with wrap-up)."""
    return fmean(history.talks_s[-MOST_SAMPLES:]) if history.is_enough() else assumed_s


def expected_wait(position: int, agents: int, history: History) -> tuple[int, int] | None:
    """Minutes from and to that somebody waits at `position` (1 is next) while `agents` people serve the line.

    Three waits in five end inside, before it is widened to minutes that can be said. None without agents or without
    enough history: then only the position can be told.
    """
    if agents < 1 or not history.is_enough():
        return None
    soonest_s, latest_s = _wait_s(position, agents, history, 0.0)
    return _step_down(soonest_s / 60), _step_up(latest_s / 60)


def forecast(
    now: datetime, position: int, agents: int, history: History, assumed_s: float
) -> tuple[datetime, datetime] | None:
    """Between which instants it will probably be the turn of `position`; None if nobody serves the line.

    Without enough history each conversation is taken to last `assumed_s`, with the spread of its own length.
    """
    if agents < 1:
        return None
    soonest_s, latest_s = _wait_s(position, agents, history, assumed_s)
    return now + timedelta(seconds=soonest_s), now + timedelta(seconds=latest_s)


def promise_by(now: datetime, wait_minutes: float, openings: list[Interval]) -> datetime | None:
    """The end of the window to promise to somebody who waits at most `wait_minutes` of the office's open time (UTC).

    At least 15 minutes ahead and rounded up to 5 minutes. Where the office closes before, the rest of the wait, and at
    least 15 minutes, counts from its next opening. None where `openings` leave no room for it.
    """
    now, left = now.astimezone(UTC), timedelta(minutes=wait_minutes)
    for opening in joined(openings):
        starts = max(now, opening.starts)
        by = _rounded_up(starts + max(left, _PROMISE_AT_LEAST))
        if by <= opening.ends:
            return by
        left -= max(opening.ends - starts, timedelta())
    return None


def _wait_s(position: int, agents: int, history: History, assumed_s: float) -> tuple[float, float]:
    """The 20% and the 80% quantile of the time until `position` departures from `agents` busy servers.

    The time is taken as a gamma variable. Its mean is that of a stationary renewal process. Departures of many servers
    together are nearly a Poisson process at first and show the spread of one server's times only in the long run, hence
    the weight between the two; the error of the mean, which is measured too, adds to the spread.
    Source: D. R. Cox, Renewal Theory (1962), sections 4 and 6 (pooled renewal processes); S. L. Albin, "Approximating a
    point process by a renewal process, II: superposition arrival processes to queues", Operations Research 32 (1984).
    """
    mean, variance, error = talk_s(history, assumed_s), 1.0, 1.0
    if history.is_enough():
        talks = history.talks_s[-MOST_SAMPLES:]
        variance = pvariance(talks) / mean**2
        error = variance / len(talks)
    long_run = position / (position + agents)
    per_departure = 1 + (variance - 1) * long_run
    relative_variance = per_departure / position + error
    wait = position * mean / agents
    return _gamma(wait, relative_variance, -_SPREAD), _gamma(wait, relative_variance, _SPREAD)


def _gamma(mean: float, relative_variance: float, normal: float) -> float:
    """The quantile of a gamma variable that belongs to the standard normal quantile `normal`.

    Source: E. B. Wilson and M. M. Hilferty, "The distribution of chi-square", PNAS 17 (1931) 684-688.
    """
    ninth = relative_variance / 9
    return mean * max(0.0, 1 - ninth + normal * math.sqrt(ninth)) ** 3


def _step_down(minutes: float) -> int:
    if minutes >= _STEPS[-1]:
        return int(minutes // 60) * 60
    return max(step for step in _STEPS if step <= minutes)


def _step_up(minutes: float) -> int:
    return next(step for step in (*_STEPS, math.ceil(minutes / 60) * 60) if step >= minutes)


def _rounded_up(at: datetime) -> datetime:
    excess_s = at.timestamp() % _PROMISE_ROUND_TO_S
    return at + timedelta(seconds=_PROMISE_ROUND_TO_S - excess_s) if excess_s else at
