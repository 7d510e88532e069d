"""Promises: making them, moving them, taking them back, and knowing a caller who has one."""

from __future__ import annotations

import hashlib
import secrets
import uuid
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Final, Literal

import msgspec

from callbacks import calling_hours, numbers, slots
from callbacks import lifecycle_events as events
from callbacks.claiming import LOOK_AHEAD
from callbacks.code_words import code_words
from callbacks.committing import RETRIES, Committer, new_entry
from callbacks.errors import ConflictError, IllegalEventError
from callbacks.indexes import quota_keys
from callbacks.model import CallbackRequest, Interval, Order, line_of
from callbacks.rules import QueueRules
from callbacks.standing import Standing
from callbacks.store import AROUND, Change, QuotaUse, Versioned

RefusalReason = Literal["number", "not_allowed", "own", "quota", "full", "closed", "gone"]
DAY: Final = timedelta(days=1)
DAY_S: Final = 86_400
# 64 bits: among ten million promises, two have the same id in one of 370,000 installations.
ID_DIGITS: Final = 16


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """A callback as somebody asks for it. The same `key` books once, ever.

    `number` is as it was keyed in within `country`; `own_number` says whether it is the one that calls. Without
    `starts` it is as soon as possible, in the place of somebody who came at `arrived_at`, ahead of it by what a rule
    gives.
    """

    key: str
    number: str
    country: str
    queue: str
    language: str
    topic: str
    dossier: dict[str, Any]
    arrived_at: datetime
    caller_number: str | None = None
    own_number: bool = True
    starts: datetime | None = None
    head_start_s: int = 0
    priority: str | None = None
    preferred_agent: str | None = None


class Promise(msgspec.Struct, frozen=True, kw_only=True):
    """A booked callback; `already_booked` where the caller had one open."""

    request: CallbackRequest
    already_booked: bool = False


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """Why there is no promise; `detail` is for the log and has no number in it."""

    reason: RefusalReason
    detail: str = ""


class _Room(msgspec.Struct, frozen=True, kw_only=True):
    """How many promises a window may hold, given what was seen of all windows around it; None for no limit."""

    limit: int | None = None
    seen: slots.Booked | None = None

    def refusal(self) -> Refusal:
        """Why a promise has no room in it: others have it, or nobody could ever be called then."""
        return Refusal(reason="closed", detail="no such window") if self.limit == 0 else Refusal(reason="full")


class Promises:
    """What the callbacks of an installation promise. Every method takes the present instant, in UTC."""

    def __init__(self, committer: Committer, standing: Standing) -> None:
        self._committer = committer
        self._store = committer.store
        self._standing = standing

    def book(self, wish: Wish, now: datetime) -> Promise | Refusal:
        """Make a promise, or say why not.

        Raises `ConflictError` where the store is too busy; nothing is promised then.
        """
        request_id = "cb" + hashlib.sha256(wish.key.encode()).hexdigest()[:ID_DIGITS]
        rules = self._committer.rules_of(wish.queue)
        for _ in range(RETRIES):
            known = self._store.request(request_id)
            if known is not None:
                return Promise(request=known.record)
            judged = self._judge(wish, rules)
            if isinstance(judged, numbers.Refused):
                return Refusal(reason=judged.reason, detail=judged.detail)
            open_id = self._store.open_request_id(wish.topic, judged.number)
            booked = self._store.request(open_id) if open_id else None
            if booked is not None:
                # Another arrival of the same webhook may have booked it since we looked.
                return Promise(request=booked.record, already_booked=booked.record.id != request_id)
            request = self._request(request_id, wish, rules, judged, now)
            if isinstance(request, Refusal):
                return request
            room = self._room(request, now)
            outcome = self._store.commit(
                Change(
                    commit_id=uuid.uuid4().hex,
                    request=Versioned(request, 0),
                    entries=new_entry(request),
                    slot_limit=room.limit,
                    slots_seen=room.seen,
                    quotas=_quotas(rules, request),
                )
            )
            match outcome:
                case "done":
                    return Promise(request=request)
                case "quota":
                    return Refusal(reason="quota")
                case "full":
                    return room.refusal()
        raise ConflictError(f"could not book {request_id}")

    def slots(self, queue: str, language: str, now: datetime, number_zones: tuple[str, ...] = ()) -> list[slots.Slot]:
        """What can be promised in a line: windows with room, where the office and the customer's clock allow them."""
        rules = self._committer.rules_of(queue)
        until = now + timedelta(days=rules.slots.days_ahead + 1)
        allowed = _allowed(rules, number_zones, now, until)
        return slots.offered(
            self._committer.rules_of,
            line_of(queue, language),
            now,
            [known.record for known in self._store.agents()],
            allowed,
            self._store.booked(now - DAY, until),
            cache(self._standing.talk_s),
        )

    def move(
        self, request_id: str, starts: datetime | None, now: datetime, *, by_call: str | None = None
    ) -> Promise | Refusal:
        """Promise another window that is offered, or as soon as possible with the place of old.

        Its legs, if it was being dialled, are the dispatcher's to end.
        """
        for _ in range(RETRIES):
            known = self._store.request(request_id)
            if known is None or not known.record.is_open:
                return Refusal(reason="gone")
            request, rules = known.record, self._committer.rules_of(known.record.queue)
            times = self._times(
                rules, request.number_zones, request.queue, request.language, request.rank_at, starts, now
            )
            if isinstance(times, Refusal):
                return times
            event = events.Moved(
                at=now,
                starts=starts,
                ends=times.ends,
                rank_at=starts or _old_rank(request),
                expires_at=times.ends + timedelta(minutes=rules.expires_after_minutes),
                by_call=by_call,
            )
            try:
                after = self._committer.after(request, event)
            except IllegalEventError:
                return Refusal(reason="gone")
            room = self._room(after, now)
            match self._committer.commit_event(known, after, event, slot_limit=room.limit, slots_seen=room.seen):
                case "done":
                    return Promise(request=after)
                case "full":
                    return room.refusal()
        raise ConflictError(f"could not move {request_id}")

    def cancel(self, request_id: str, now: datetime) -> CallbackRequest:
        """Take a promise back, up to the conversation; its legs are the dispatcher's to end.

        Raises `IllegalEventError`.
        """
        return self._committer.apply(request_id, events.Cancelled(at=now))

    def recognise(self, number: str, call_sid: str, now: datetime) -> list[CallbackRequest]:
        """The open promises to somebody who calls us; no dial disturbs this call.

        A dial that was under way is withdrawn: the legs of what comes back are the dispatcher's to end.
        """
        until = now + timedelta(seconds=self._committer.policy.put_off_s)
        found = []
        for known in self._store.requests_of(number):
            if known.record.is_open:
                try:
                    event = events.PutOff(at=now, until=until, by_call=call_sid, why="they call us")
                    found.append(self._committer.apply(known.record.id, event))
                except IllegalEventError:
                    continue  # they are on another line with us just now
        return found

    def call_over(self, number: str, call_sid: str, now: datetime) -> None:
        """The call of somebody with promises is over: what was put off for it goes on."""
        for known in self._store.requests_of(number):
            if known.record.held_by_call == call_sid and known.record.state == "scheduled":
                try:
                    self._committer.apply(known.record.id, events.Resumed(at=now))
                except IllegalEventError:
                    continue  # it came due meanwhile

    def answered_live(self, request_id: str, call_sid: str, now: datetime) -> CallbackRequest | None:
        """Its customer talks with a person in a call of their own: the promise is kept by it. None where it was over.

        A dial that was under way is withdrawn: its legs are the dispatcher's to end.
        """
        try:
            return self._committer.apply(request_id, events.AnsweredLive(at=now, call_sid=call_sid))
        except IllegalEventError:
            return None

    # ------------------------------------------------------------ helpers

    def _judge(self, wish: Wish, rules: QueueRules) -> numbers.Judged | numbers.Refused:
        judged = numbers.judge(wish.number, wish.country, rules.numbers, do_not_call=False)
        if isinstance(judged, numbers.Judged) and self._store.on_do_not_call(judged.number):
            return numbers.judge(judged.number, wish.country, rules.numbers, do_not_call=True)
        return judged

    def _request(
        self, request_id: str, wish: Wish, rules: QueueRules, judged: numbers.Judged, now: datetime
    ) -> CallbackRequest | Refusal:
        rank_at = wish.starts or wish.arrived_at - timedelta(seconds=wish.head_start_s)
        if wish.starts is None and self._store.backlog(wish.queue) >= rules.most_promises:
            return Refusal(reason="full", detail="the queue's backlog is at its cap")
        times = self._times(rules, judged.zones, wish.queue, wish.language, rank_at, wish.starts, now)
        if isinstance(times, Refusal):
            return times
        order: Order = rules.order if wish.own_number else "customer_first"
        return CallbackRequest(
            id=request_id,
            number=judged.number,
            queue=wish.queue,
            language=wish.language,
            topic=wish.topic,
            dossier=wish.dossier,
            created_at=now,
            arrived_at=wish.arrived_at,
            rank_at=rank_at,
            promised_by=times.ends,
            first_promised_by=times.ends,
            starts_at=wish.starts,
            due_at=times.starts,
            expires_at=times.ends + timedelta(minutes=rules.expires_after_minutes),
            review_at=times.ends - timedelta(seconds=self._committer.policy.foresight_s),
            looked_at=now,
            order=order,
            number_zones=judged.zones,
            caller_number=wish.caller_number,
            words=code_words(request_id, wish.language),
            preferred_agent=wish.preferred_agent,
            priority=wish.priority,
            salt=secrets.token_hex(16),
            state="waiting" if times.starts <= now else "scheduled",
        )

    def _times(
        self,
        rules: QueueRules,
        zones: tuple[str, ...],
        queue: str,
        language: str,
        rank_at: datetime,
        starts: datetime | None,
        now: datetime,
    ) -> Interval | Refusal:
        """When it is due and by when it is promised."""
        if starts is not None:
            # Whether that is a window with room is asked with the commit.
            return Interval(starts=starts, ends=starts + timedelta(minutes=rules.slots.window_minutes))
        allowed = _allowed(rules, zones, now, now + LOOK_AHEAD)
        by = self._standing.promise_by(queue, language, rank_at, now, allowed)
        if by is None:
            return Refusal(reason="closed", detail="no time to call within two weeks")
        return Interval(starts=max(now, allowed[0].starts), ends=by)

    def _room(self, request: CallbackRequest, now: datetime) -> _Room:
        """The most promises that the request's window may hold, whatever its line holds already; 0 for no window."""
        starts = request.starts_at
        if starts is None:
            return _Room()
        since, until = starts - AROUND, starts + AROUND
        booked = self._store.booked(since, until)
        limit = slots.capacity(
            self._committer.rules_of,
            request.line,
            starts,
            now,
            [known.record for known in self._store.agents()],
            _allowed(self._committer.rules_of(request.queue), request.number_zones, since, until),
            booked,
            cache(self._standing.talk_s),
        )
        return _Room(limit=limit, seen=booked)


def _old_rank(request: CallbackRequest) -> datetime:
    """The place of one who came then: with what a rule gave ahead, without what a risk did."""
    return request.arrived_at if request.starts_at is not None or request.widened else request.rank_at


def _allowed(rules: QueueRules, zones: tuple[str, ...], since: datetime, until: datetime) -> list[Interval]:
    hours = rules.calling_hours
    return calling_hours.callable_intervals(rules.openings(since, until), zones or (rules.zone,), hours, since, until)


def _quotas(rules: QueueRules, request: CallbackRequest) -> tuple[QuotaUse, ...]:
    limits = (rules.quotas.per_number, rules.quotas.per_caller)
    keys = quota_keys(request)
    return tuple(QuotaUse(key=key, limit=limit, kept_s=2 * DAY_S) for key, limit in zip(keys, limits, strict=False))
