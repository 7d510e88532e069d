"""Tells an application how a leg gets on: asynchronous, numbered, and without any effect on the call.

Source: https://www.twilio.com/docs/voice/api/call-resource#statuscallbackevent
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import msgspec

from ivr.localcarrier.parameters import EVENT_OF_STATUS, status_parameters
from ivr.localcarrier.webhook import Fate, WebhookError

if TYPE_CHECKING:
    from ivr.localcarrier.leg import Leg


class StatusSubscription(msgspec.Struct, frozen=True):
    """Who wants to know which events; the default is the vendor's."""

    url: str
    method: str = "POST"
    events: frozenset[str] = frozenset({"completed"})


class StatusWebhooks:
    """Sends one leg's status webhooks, one after the other unless the fault says shuffled."""

    def __init__(self, leg: Leg) -> None:
        self._leg = leg
        self._sequence = 0
        self._before: asyncio.Task[None] | None = None

    def report(
        self,
        status: str,
        *,
        duration_s: int | None = None,
        sip_code: int | None = None,
        answered_by: str | None = None,
    ) -> None:
        """Send the webhook of this status, if somebody asked for its event."""
        subscription = self._leg.handling.status
        if subscription is None or EVENT_OF_STATUS.get(status) not in subscription.events:
            return
        exchange = self._leg.exchange
        params = status_parameters(
            self._leg.facts(status),
            sequence_number=self._sequence,
            timestamp=exchange.timestamp(),
            duration_s=duration_s,
            sip_response_code=sip_code,
            answered_by=answered_by,
        )
        self._sequence += 1
        fate = exchange.webhooks.fate("status", params, self._leg.sid)
        if exchange.injection.faults.shuffle_status_webhooks:
            # A delay of its own for each: the order of arrival is then anybody's guess.
            fate = Fate(fate.delay_s + exchange.chance.uniform(0.0, 0.3), fate.lost)
        if fate == Fate():
            self._before = exchange.in_background(self._send(subscription, params, fate, self._before))
        else:  # one that is held back is overtaken
            exchange.in_background(self._send(subscription, params, fate, None))

    async def _send(
        self,
        subscription: StatusSubscription,
        params: dict[str, str],
        fate: Fate,
        before: asyncio.Task[None] | None,
    ) -> None:
        leg = self._leg
        if before is not None:
            await asyncio.wait([before])
        try:
            await leg.exchange.webhooks.send(
                "status",
                subscription.url,
                params,
                method=subscription.method,
                call_sid=leg.sid,
                fate=fate,
            )
        except WebhookError as error:
            leg.exchange.notice("warning", leg.sid, error.code, f"status webhook: {error}", error.url)
