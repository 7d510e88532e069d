"""Rings agents and customers through the carrier, for the callbacks' dispatcher."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final, cast

import structlog

from callbacks.dispatch import LegStatus
from callbacks.errors import DialError
from callbacks.model import CallbackRequest, Leg, LegName
from ivr.documents import known_language
from ivr.texts import Texts
from ivr.twilio_rest import Carrier, CarrierError
from ivr.urls import Urls

log = structlog.get_logger()

TEXT_WAIT_S: Final = 5.0
# What a customer is told of a new time.
Wording = Callable[[CallbackRequest, datetime], str]


class CarrierDialler:
    """`callbacks.dispatch.Dialler` over the carrier's REST interface."""

    def __init__(
        self,
        carrier: Carrier,
        urls: Urls,
        texts: Texts,
        *,
        wording: Wording,
        from_number: str,
        agent_ring_s: int,
        customer_ring_s: int,
    ) -> None:
        self._carrier = carrier
        self._texts = texts
        self._wording = wording
        self._urls = urls
        self._from_number = from_number
        self._agent_ring_s = agent_ring_s
        self._customer_ring_s = customer_ring_s

    def ring_agent(self, request: CallbackRequest) -> str:
        attempt = request.attempt
        if attempt is None or attempt.agent_leg is None:
            raise ValueError("a request without an offer has no agent to ring")
        url = self._urls.callback("offer", request.id, request.fence, offer=attempt.offer)
        return self._ring(request, attempt.agent_leg.to_number, url, "agent", self._agent_ring_s)

    def ring_customer(self, request: CallbackRequest) -> str:
        url = self._urls.callback_answer(request.id, request.fence, language=known_language(request.language))
        return self._ring(request, request.number, url, "customer", self._customer_ring_s)

    def _ring(self, request: CallbackRequest, number: str, url: str, leg: LegName, ring_s: int) -> str:
        try:
            sid = self._carrier.create_call(
                to_number=number,
                from_number=self._from_number,
                url=url,
                status_url=self._urls.callback(f"{leg}-status", request.id, request.fence, offer=_offer(request)),
                status_events=("completed",),
                ring_s=ring_s,
            )
        except CarrierError as error:
            log.warning("leg not created", request_id=request.id, leg=leg, error=str(error))
            bad_number = not error.retryable and not error.unknown_outcome
            raise DialError(str(error), unknown_outcome=error.unknown_outcome, bad_number=bad_number) from error
        log.info("leg created", request_id=request.id, fence=request.fence, leg=leg, sid=sid)
        return sid

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
        sid = leg.sid
        try:
            self._carrier.redirect_call(sid, self._urls.callback("unreached", request.id, request.fence))
        except CarrierError as error:
            log.warning("agent not let go", sid=sid, error=str(error))

    def apologise(self, request: CallbackRequest) -> None:
        leg = None if request.attempt is None else request.attempt.customer_leg
        if leg is None or leg.sid is None:
            return
        url = self._urls.callback_answer(request.id, request.fence, language=request.language, step="nobody-came")
        try:
            self._carrier.redirect_call(leg.sid, url)
        except CarrierError as error:
            log.warning("a waiting customer heard no apology", sid=leg.sid, error=str(error))

    def tell(self, request: CallbackRequest, ends: datetime) -> str | None:
        text = self._wording(request, ends)
        sent = self._texts.send(f"late:{request.id}:{request.tellings}", request.number, text, wait_s=TEXT_WAIT_S)
        return "text" if sent else None


def _offer(request: CallbackRequest) -> int:
    return 1 if request.attempt is None else request.attempt.offer
