"""Rings agents and customers through the carrier, for the callbacks' dispatcher."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final, cast

import structlog

from callbacks.dispatch import ON_THE_LINE, LegStatus
from callbacks.errors import DialError
from callbacks.model import CallbackRequest, Leg, LegName
from callbacks.service import Callbacks
from ivr.documents import known_language
from ivr.redis_texts import TextLedger
from ivr.texts import Texts
from ivr.twilio_rest import Carrier, CarrierError
from ivr.urls import Urls
from ivr.wordings import Wordings

log = structlog.get_logger()

TEXT_WAIT_S: Final = 5.0
# An intent is on record a moment before its dial. Of an older one, other workers look already what became of it
# (`Policy.unknown_outcome_s`), and take it back where the carrier has no such leg (`listed_within_s`): a worker that
# slept in between must not dial any more.
STALE_INTENT: Final = timedelta(seconds=4)
# A call that tells of a new time is listed by then, if it was made.
TOLD_WITHIN: Final = timedelta(hours=1)


class CarrierDialler:
    """`callbacks.dispatch.Dialler` over the carrier's REST interface."""

    def __init__(
        self,
        carrier: Carrier,
        urls: Urls,
        texts: Texts,
        told: TextLedger,
        callbacks: Callbacks,
        *,
        wordings: Wordings,
        from_number: str,
        agent_ring_s: int,
        customer_ring_s: int,
        now: Callable[[], datetime],
    ) -> None:
        self._carrier = carrier
        self._texts = texts
        self._told = told
        self._callbacks = callbacks
        self._wordings = wordings
        self._urls = urls
        self._from_number = from_number
        self._agent_ring_s = agent_ring_s
        self._customer_ring_s = customer_ring_s
        self._now = now

    def ring_agent(self, request: CallbackRequest) -> str:
        attempt = request.attempt
        if attempt is None or attempt.agent_leg is None:
            raise ValueError("a request without an offer has no agent to ring")
        url = self._urls.callback("offer", request.id, request.fence, offer=attempt.offer)
        return self._ring(request, attempt.agent_leg, url, "agent", self._agent_ring_s)

    def ring_customer(self, request: CallbackRequest) -> str:
        attempt = request.attempt
        if attempt is None or attempt.customer_leg is None:
            raise ValueError("a request without the intent to ring its customer")
        url = self._urls.callback_answer(request.id, request.fence, language=known_language(request.language))
        return self._ring(request, attempt.customer_leg, url, "customer", self._customer_ring_s)

    def _ring(self, request: CallbackRequest, leg: Leg, url: str, name: LegName, ring_s: int) -> str:
        self._check_time(request, leg, name)
        # Who is rung first may be a machine; who is rung for an agent that waits is listened to by that agent.
        may_be_machine = name == "customer" and request.order == "customer_first"
        try:
            sid = self._carrier.create_call(
                to_number=leg.to_number,
                from_number=self._from_number,
                url=url,
                status_url=self._urls.callback(f"{name}-status", request.id, request.fence, offer=_offer(request)),
                status_events=("completed",),
                ring_s=ring_s,
                machine_url=self._urls.callback("machine", request.id, request.fence) if may_be_machine else None,
            )
        except CarrierError as error:
            log.warning("leg not created", request_id=request.id, leg=name, error=str(error))
            bad_number = not error.retryable and not error.unknown_outcome
            raise DialError(str(error), unknown_outcome=error.unknown_outcome, bad_number=bad_number) from error
        log.info("leg created", request_id=request.id, fence=request.fence, leg=name, sid=sid)
        return sid

    def _check_time(self, request: CallbackRequest, leg: Leg, name: LegName) -> None:
        """The last look at the clock before a phone rings; raises `DialError`, and nobody has been rung."""
        now = self._now()
        if abs(now - leg.intended_at) > STALE_INTENT:
            late_s = (now - leg.intended_at).total_seconds()
            log.error("a dial came too late and was not made", request_id=request.id, leg=name, late_s=late_s)
            raise DialError("the intent is too old", unknown_outcome=False)
        if name == "customer" and not self._callbacks.claims.may_ring(request, now):
            log.error("a customer was not rung at this hour", request_id=request.id)
            raise DialError("not within the calling hours", unknown_outcome=False)

    def find_leg(self, leg: Leg) -> str | None:
        try:
            found = self._carrier.calls_to(leg.to_number, leg.intended_at)
        except CarrierError as error:
            raise DialError(str(error), unknown_outcome=False) from error
        return found[0].sid if found else None

    def leg_status(self, sid: str) -> LegStatus:
        try:
            call = self._carrier.fetch_call(sid)
        except CarrierError as error:
            raise DialError(str(error), unknown_outcome=False) from error
        if call is None:
            return "completed"
        match call.status:
            case "queued" | "initiated" | "ringing":
                return "ringing"
            case "in-progress":
                return "talking"
            case ended:
                return cast(LegStatus, ended)

    def is_gone(self, leg: Leg | None) -> bool:
        """Whether the carrier knows that a leg is over; what it cannot tell counts as being there."""
        try:
            return leg is not None and leg.sid is not None and self.leg_status(leg.sid) not in ON_THE_LINE
        except DialError:
            return False

    def was_cut_off(self, leg: Leg | None) -> bool:
        """Whether the carrier knows that a leg ended by nobody's will."""
        try:
            return leg is not None and leg.sid is not None and self.leg_status(leg.sid) == "failed"
        except DialError:
            return False

    def hang_up(self, sid: str) -> None:
        try:
            self._carrier.hang_up(sid)
        except CarrierError as error:
            # Whoever answers that leg hears an apology: its fence no longer holds.
            log.warning("leg not hung up", sid=sid, error=str(error))

    def let_agent_go(self, request: CallbackRequest) -> None:
        leg = None if request.attempt is None else request.attempt.agent_leg
        if leg is None or leg.sid is None:
            return
        url = self._urls.callback("unreached", request.id, request.fence, offer=_offer(request))
        try:
            if not self._carrier.redirect_call(leg.sid, url):
                # It still rings, or is over: a phone that rings for nothing is silenced.
                self._carrier.hang_up(leg.sid)
        except CarrierError as error:
            log.warning("agent not let go", sid=leg.sid, error=str(error))

    def apologise(self, request: CallbackRequest) -> None:
        leg = None if request.attempt is None else request.attempt.customer_leg
        if leg is None or leg.sid is None:
            return
        language = known_language(request.language)
        url = self._urls.callback_answer(request.id, request.fence, language=language, step="nobody-came")
        try:
            self._carrier.redirect_call(leg.sid, url)
        except CarrierError as error:
            log.warning("a waiting customer heard no apology", sid=leg.sid, error=str(error))

    # ------------------------------------------------------------ a new time

    def tell(self, request: CallbackRequest, ends: datetime) -> str | None:
        """By text; where that fails, by a call that says it. Each new time is told once, however often this is asked.

        Nobody who is not to be called gets either, and no phone rings outside the calling hours.
        """
        if self._callbacks.store.on_do_not_call(request.number):
            return None
        # The time is part of the key: who was told another one before has to be told this one, too.
        key = f"late:{request.id}:{request.tellings}:{int(ends.timestamp())}"
        text = self._wordings.written(request, ends, self._now())
        if self._texts.send(key, request.number, text, wait_s=TEXT_WAIT_S):
            return "text"
        return "call" if self._tell_by_call(f"{key}:call", request, ends) else None

    def _tell_by_call(self, key: str, request: CallbackRequest, ends: datetime) -> bool:
        now = self._now()
        if not self._callbacks.claims.may_ring(request, now):
            return False
        standing = self._told.begin(key)
        if standing == "unknown":
            return self._was_called(key, request, now)
        if standing != "new":
            return standing == "sent"
        language = known_language(request.language)
        try:
            sid = self._carrier.create_call(
                to_number=request.number,
                from_number=self._from_number,
                url=self._urls.callback_late(request.id, int(ends.timestamp()), language=language),
                ring_s=self._customer_ring_s,
            )
        except CarrierError as error:
            log.warning("a customer was not told of a delay", request_id=request.id, error=str(error))
            if not error.unknown_outcome:
                self._told.end(key, "failed")
            return False
        log.info("a customer is told of a delay by a call", request_id=request.id, sid=sid)
        self._told.end(key, "sent")
        return True

    def _was_called(self, key: str, request: CallbackRequest, now: datetime) -> bool:
        """Somebody began to call and nobody knows how it ended: ask the carrier, never call again blindly."""
        try:
            found = self._carrier.calls_to(request.number, now - TOLD_WITHIN)
        except CarrierError as error:
            log.warning("nobody knows whether a customer was told", request_id=request.id, error=str(error))
            return False
        self._told.end(key, "sent" if found else "failed")
        return bool(found)


def _offer(request: CallbackRequest) -> int:
    return 1 if request.attempt is None else request.attempt.offer
