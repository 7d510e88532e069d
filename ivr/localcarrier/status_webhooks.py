"""Tells an application how a leg gets on: asynchronous, numbered, and without any effect on the call.

Source: https://www.twilio.com/docs/voice/api/call-resource#statuscallbackevent
"""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING

import msgspec

from ivr.localcarrier.parameters import EVENT_OF_STATUS, status_parameters
from ivr.localcarrier.webhook import WebhookError

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

    def report(self, status: str, *, duration_s: int | None = None, sip_code: int | None = None) -> None:
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
        )
        self._sequence += 1
        self._before = exchange.in_background(self._send(subscription, params, self._before))

    async def _send(
        self, subscription: StatusSubscription, params: dict[str, str], before: asyncio.Task[None] | None
    ) -> None:
        leg = self._leg
        if leg.exchange.faults.shuffle_status_webhooks:
            # A delay of its own for each: the order of arrival is then anybody's guess.
            await leg.exchange.clock.sleep(random.uniform(0.0, 0.3))  # noqa: S311 - no secret
        elif before is not None:
            await asyncio.wait([before])
        try:
            await leg.exchange.webhooks.send(
                "status", subscription.url, params, method=subscription.method, call_sid=leg.sid
            )
        except WebhookError as error:
            leg.exchange.notice("warning", leg.sid, error.code, f"status webhook: {error}", error.url)
