"""Looks ahead at promises, and does something about those that are about to be broken."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

import msgspec

from callbacks import lifecycle_events as events
from callbacks.claiming import Claims
from callbacks.committing import RETRIES, Committer
from callbacks.errors import IllegalEventError
from callbacks.foresight import AGAIN, foresee
from callbacks.model import CallbackRequest
from callbacks.standing import Standing
from callbacks.store import Change, Versioned

REVIEWED_AT_ONCE: Final = 20
# Puts a promise at risk before everybody who just waits; those at risk stand in the order of what they were promised.
AHEAD: Final = timedelta(days=7)
# Tells the customer of a request that it will be this instant at the latest: "text", "call", or None if that failed.
Tell = Callable[[CallbackRequest, datetime], str | None]


class Reviews:
    """Whether promises can be kept."""

    def __init__(self, committer: Committer, claims: Claims, standing: Standing) -> None:
        self._committer = committer
        self._claims = claims
        self._standing = standing

    def review_due(self, now: datetime, tell: Tell) -> int:
        """Look at the promises that are to be looked at; how many were changed by it."""
        return sum(self._review(known, now, tell) for known in self._committer.store.to_review(now, REVIEWED_AT_ONCE))

    def _review(self, known: Versioned[CallbackRequest], now: datetime, tell: Tell) -> bool:
        request = known.record
        if request.held_by_call is not None:
            self._look_again(known, now + AGAIN)  # they are on the line with us: nobody texts them
            return False
        also = self._committer.rules_of(request.queue).overflow if request.widened else ()
        turn = self._standing.turn(request.queue, request.language, request.rank_at, now, also=also)
        times = self._claims.times(request, now)
        # Where nobody is left for it, the hours are all that is known.
        allowed = self._standing.staffed(request.queue, request.language, now, times, also=also) or times
        seen = foresee(self._committer.policy, request, now, turn=turn, allowed=allowed)
        event: events.Event | None = None
        match seen.what:
            case "expire":
                event = events.Expired(at=now)
            case "hasten":
                rank_at = min(request.rank_at, request.promised_by - AHEAD)
                event = events.Hastened(at=now, rank_at=rank_at, widened=True, due_at=_earlier(request, now))
            case "tell" if seen.ends is not None:
                told_by = tell(request, seen.ends)
                if told_by is not None:
                    event = events.Repromised(at=now, ends=seen.ends, told_by=told_by)
        if event is None:
            self._look_again(known, seen.review_at)
            return False
        for _ in range(RETRIES):
            try:
                after = self._committer.after(known.record, event)
            except IllegalEventError:
                return False  # somebody took it meanwhile
            if not isinstance(event, events.Repromised):
                after = msgspec.structs.replace(after, review_at=seen.review_at)
            if self._committer.commit_event(known, after, event) == "done":
                return True
            again = self._committer.store.request(request.id)
            # What was told is told: it goes on record, unless another worker has told the same.
            if not isinstance(event, events.Repromised) or again is None or again.record.tellings > request.tellings:
                return False
            known = again
        return False

    def _look_again(self, known: Versioned[CallbackRequest], at: datetime) -> None:
        after = msgspec.structs.replace(known.record, review_at=at)
        change = Change(commit_id=uuid.uuid4().hex, request=Versioned(after, known.version), before=known.record)
        self._committer.store.commit(change)


def _earlier(request: CallbackRequest, now: datetime) -> datetime | None:
    """A dial that was put off beyond the promised time comes forward, but never before the promised window."""
    if request.state != "scheduled" or request.held_by_call is not None or request.due_at <= request.promised_by:
        return None
    return max(now, request.starts_at or now)
