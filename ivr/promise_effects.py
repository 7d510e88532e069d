"""Performs the engine's effects that are about promises: who calls, which windows, to book, to move, to take back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import cast

import structlog

from callbacks import numbers
from callbacks.booking import Promise, Refusal, Wish
from callbacks.errors import ConflictError, IllegalEventError
from callbacks.model import CallbackRequest
from callbacks.service import Callbacks
from flows import actions, events
from flows.model import Flow
from ivr.after_call import AfterCall, fresh
from ivr.redis_client import RedisError, is_refusal
from ivr.redis_contexts import Contexts

log = structlog.get_logger()


class PromiseEffects:
    """Answers for `callbacks.service.Callbacks`. `end_legs` ends what an attempt has on the line, on another thread."""

    def __init__(
        self,
        callbacks: Callbacks,
        contexts: Contexts,
        after_call: AfterCall,
        *,
        end_legs: Callable[[CallbackRequest], None],
        now: Callable[[], datetime],
    ) -> None:
        self._callbacks = callbacks
        self._contexts = contexts
        self._after_call = after_call
        self._end_legs = end_legs
        self._now = now

    def recognise(self, flow: Flow, call_sid: str, effect: actions.RecogniseCaller) -> events.Event:
        """Who is it, and what are they promised? Nobody rings them while they talk with us.

        Of several promises, the caller is told of the one that comes first.
        """
        now = self._now()
        promised = self._callbacks.promises.recognise(effect.number, call_sid, now)
        for request in promised:
            self._end_legs(request)
        first = min(promised, key=lambda request: (request.promised_by, request.id), default=None)
        return events.CallerRecognised(
            at=now,
            values=self._contexts.values(effect.number, now, fresh(flow)),
            promise=None if first is None else _as_open(first),
        )

    def ask_slots(self, flow: Flow, effect: actions.AskSlots) -> events.Event:
        """The windows that can be promised, by the office's clock and by that of the number that will be called."""
        now = self._now()
        found = self._callbacks.promises.slots(effect.queue, effect.language, now, self._zones(flow, effect))
        slots = tuple(
            events.Slot(starts=slot.starts, ends=slot.ends)
            for slot in found
            if effect.since is None or slot.starts >= effect.since
        )
        return events.SlotsKnown(at=now, slots=slots)

    def _zones(self, flow: Flow, effect: actions.AskSlots) -> tuple[str, ...]:
        """Where the phone may be; where no number is known, or it may not be called, another one will be asked for."""
        if effect.number is None:
            return ()
        rules = self._callbacks.rules_of(effect.queue).numbers
        judged = numbers.judge(effect.number, flow.country, rules, do_not_call=False)
        return judged.zones if isinstance(judged, numbers.Judged) else ()

    def book(self, flow: Flow, key: str, effect: actions.RequestCallback) -> events.Event:
        """Make a promise, once for each key; the agent whom the caller knows is asked first."""
        wish = Wish(
            key=key,
            number=effect.number,
            country=flow.country,
            queue=effect.queue,
            language=effect.language,
            topic=effect.topic,
            dossier=effect.dossier,
            arrived_at=effect.arrived_at,
            caller_number=effect.caller_number,
            own_number=effect.own_number,
            starts=effect.starts,
            head_start_s=effect.head_start_s,
            priority=effect.priority,
            preferred_agent=self._after_call.preferred_agent(effect.caller_number, effect.queue, effect.language),
        )
        return self._answer(key, lambda: self._callbacks.promises.book(wish, self._now()))

    def move(self, call_sid: str, key: str, effect: actions.MovePromise) -> events.Event:
        """Another time for an open promise; it stays put off until this call is over."""
        return self._answer(
            key,
            lambda: self._callbacks.promises.move(effect.request_id, effect.starts, self._now(), by_call=call_sid),
            moved=True,
        )

    def cancel(self, effect: actions.CancelPromise) -> events.Event:
        """Take a promise back."""
        now = self._now()
        try:
            self._end_legs(self._callbacks.promises.cancel(effect.request_id, now))
        except IllegalEventError:
            return events.CallbackRefused(at=now, reason="gone")
        except (ConflictError, RedisError) as error:
            return self._not_stored(error, effect.request_id)
        return events.PromiseCancelled(at=now)

    def _answer(self, key: str, promise: Callable[[], Promise | Refusal], *, moved: bool = False) -> events.Event:
        try:
            answer = promise()
        except (ConflictError, RedisError) as error:
            return self._not_stored(error, key)
        if isinstance(answer, Refusal):
            log.info("callback refused", key=key, reason=answer.reason, why=answer.detail)
            return events.CallbackRefused(at=self._now(), reason=answer.reason)
        request = answer.request
        log.info("callback promised", request_id=request.id, by=request.promised_by.isoformat(), moved=moved)
        return events.CallbackPromised(
            at=self._now(),
            request_id=request.id,
            by=request.promised_by,
            already_booked=answer.already_booked,
            starts=request.starts_at,
            words=request.words,
            moved=moved,
        )

    def _not_stored(self, error: ConflictError | RedisError, key: str) -> events.Event:
        """The store has refused, and nothing was written: the caller hears of it.

        Where it did not answer nobody knows, so the error goes on: the turn is made again under the same keys, and
        finds what the first try has written. A caller is not told that there is no promise while there may be one.
        """
        if isinstance(error, RedisError) and not is_refusal(error):
            raise error
        log.error("the store refused a promise", key=key, error=f"{type(error).__name__}: {error}")
        return events.CallbackRefused(at=self._now(), reason="store")


def _as_open(request: CallbackRequest) -> events.OpenPromise:
    return events.OpenPromise(
        request_id=request.id,
        queue=request.queue,
        number=request.number,
        arrived_at=request.arrived_at,
        by=request.promised_by,
        starts=request.starts_at,
        reason=cast("str | None", request.dossier.get("reason")),
        words=request.words,
    )
