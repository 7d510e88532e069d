"""Can a promise be kept, and if not, what is to be done about it: pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final, Literal

import msgspec

from callbacks.model import CallbackRequest, Interval
from callbacks.rules import Policy

What = Literal["fine", "hasten", "tell", "expire"]
AGAIN: Final = timedelta(seconds=60)
MOST_TELLINGS: Final = 2
ROUND_TO_S: Final = 900


class Foreseen(msgspec.Struct, frozen=True, kw_only=True):
    """What to do, and when to look again. `ends` is the new time to tell."""

    what: What
    review_at: datetime
    ends: datetime | None = None


def foresee(
    policy: Policy,
    request: CallbackRequest,
    now: datetime,
    *,
    turn: tuple[datetime, datetime] | None,
    allowed: list[Interval],
) -> Foreseen:
    """Judge a promise that has not been dialled yet.

    `turn` is between which instants its turn probably comes, None while nobody serves the line; `allowed` is when the
    customer may be rung. At risk, it is hastened once; if that is not enough, the customer is told a new time, at most
    twice: a third would be noise.
    """
    if now >= request.expires_at:
        return Foreseen(what="expire", review_at=request.expires_at)
    if request.first_dialled_at is not None:
        # It rang when we said so; what is tried again after that follows the retry plan.
        return Foreseen(what="fine", review_at=request.expires_at)
    if turn is not None and _inside(turn[1], allowed) and turn[1] <= request.promised_by:
        return Foreseen(what="fine", review_at=min(now + AGAIN, request.expires_at))
    if not request.widened:
        return Foreseen(what="hasten", review_at=now + AGAIN)
    if request.tellings >= MOST_TELLINGS:
        return Foreseen(what="fine", review_at=request.expires_at)
    ends = _new_time(now, turn, allowed, policy)
    if ends is None or ends <= request.promised_by:
        return Foreseen(what="fine", review_at=min(now + AGAIN, request.expires_at))
    return Foreseen(what="tell", review_at=now + AGAIN, ends=ends)


def _inside(at: datetime, allowed: list[Interval]) -> bool:
    return any(each.starts <= at < each.ends for each in allowed)


def _new_time(
    now: datetime, turn: tuple[datetime, datetime] | None, allowed: list[Interval], policy: Policy
) -> datetime | None:
    """The end of the new window: after the turn's latest, inside the hours, and rounded up to what can be said."""
    latest = now + timedelta(seconds=2 * policy.foresight_s) if turn is None else turn[1]
    for each in allowed:
        starts = max(each.starts, now)
        by = _rounded_up(max(latest, starts + timedelta(seconds=policy.foresight_s)))
        if by <= each.ends:
            return by
    return None


def _rounded_up(at: datetime) -> datetime:
    excess_s = at.timestamp() % ROUND_TO_S
    return at + timedelta(seconds=ROUND_TO_S - excess_s) if excess_s else at
