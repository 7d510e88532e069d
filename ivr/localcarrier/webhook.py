"""Delivers webhooks: signed requests with the vendor's headers, time limits, retries and redirects.

Source: https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides,
https://www.twilio.com/docs/usage/security, error pages https://www.twilio.com/docs/errors/<code>
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, unquote, urlencode, urljoin, urlsplit, urlunsplit

import msgspec

from ivr.localcarrier.overrides import Overrides, RetryOn, parse_overrides
from ivr.localcarrier.signature import sign
from ivr.localcarrier.transport import Request, Response, Transport, WebhookError

if TYPE_CHECKING:
    from ivr.localcarrier.exchange import Exchange

__all__ = ["MAX_REDIRECTS", "Reply", "WebhookClient", "WebhookError"]

MAX_REDIRECTS: Final = 10  # Source: docs/errors/11215
_SECRET_PARAMS: Final = {"CallToken"}
_HEADERS: Final = {
    "User-Agent": "TwilioProxy/1.1",
    "Accept": "*/*",
    "Cache-Control": "max-age=259200",
}


class Reply(msgspec.Struct, frozen=True):
    """What the application answered; `url` is where the answer came from, without fragment."""

    status: int
    content_type: str
    body: bytes
    url: str


class Fate(msgspec.Struct, frozen=True):
    """What the fault set does to one webhook before it is sent."""

    delay_s: float = 0.0
    lost: bool = False


class WebhookClient:
    """Sends the webhooks of one account, and the faults that befall them."""

    def __init__(self, exchange: Exchange, transport: Transport) -> None:
        self._exchange = exchange
        self.transport = transport

    async def close(self) -> None:
        """Close the connections."""
        await self.transport.close()

    def fate(self, purpose: str, params: Mapping[str, str], call_sid: str | None) -> Fate:
        """Return what befalls this webhook; the faults are counted down."""
        injection = self._exchange.injection
        lost = injection.take_for_webhook("lose_webhooks", purpose, params, call_sid)
        held_back = not lost and injection.take_for_webhook("delay_webhooks", purpose, params, call_sid)
        return Fate(injection.faults.webhook_delay_ms / 1000 if held_back else 0.0, lost)

    async def send(
        self,
        purpose: str,
        url: str,
        params: Mapping[str, str],
        *,
        method: str = "POST",
        call_sid: str | None = None,
        cookies: Any = None,
        fate: Fate | None = None,
    ) -> Reply:
        """Return the answer of the application, whatever its status is below 400.

        Raises `WebhookError` for everything else, after the retries that the URL's fragment asks for. Without `fate`
        the fault set is asked.
        """
        exchange = self._exchange
        injection = exchange.injection
        if fate is None:
            fate = self.fate(purpose, params, call_sid)
        if fate.delay_s > 0:
            await exchange.clock.sleep(fate.delay_s)
        if fate.lost:
            limits = parse_overrides(url)
            await exchange.clock.sleep(min(limits.connect_timeout_s * (1 + limits.retries), limits.total_timeout_s))
            raise WebhookError(11205, "the connection failed: lost (injected)", _public(url), "ct")
        delivery = _Delivery(exchange, self.transport, purpose, params, method, call_sid, cookies)
        if injection.take_for_webhook("duplicate_webhooks", purpose, params, call_sid):
            exchange.in_background(delivery.repeat(url, injection.faults.duplicate_delay_ms / 1000))
        return await delivery.deliver(url)


class _Delivery:
    """One logical request: its retries share an idempotency token."""

    def __init__(
        self,
        exchange: Exchange,
        transport: Transport,
        purpose: str,
        params: Mapping[str, str],
        method: str,
        call_sid: str | None,
        cookies: Any,
    ) -> None:
        self._exchange = exchange
        self._transport = transport
        self._purpose = purpose
        self._params = params
        self._method = method
        self._call_sid = call_sid
        self._cookies = cookies
        self._token = exchange.sids.new_uuid()

    async def repeat(self, url: str, delay_s: float) -> None:
        """Deliver it once more, `delay_s` later; nobody looks at the answer."""
        await self._exchange.clock.sleep(delay_s)
        try:
            await self.deliver(url)
        except WebhookError as error:
            self._exchange.notice("warning", self._call_sid, error.code, f"duplicate webhook: {error}", error.url)

    async def deliver(self, url: str) -> Reply:
        """Try, and try again as the URL's fragment says."""
        limits = parse_overrides(url)
        deadline = self._transport.seconds() + limits.total_timeout_s
        attempt = 0
        while True:
            started = self._transport.seconds()
            try:
                return await self._follow(url, limits, deadline, attempt)
            except WebhookError as error:
                ms = self._ms(started)
                self._note("webhook_failed", url, attempt, code=error.code, message=str(error), ms=ms)
                retry = error.retry_kind is not None and error.retry_kind in limits.retry_on
                if not retry or attempt >= limits.retries or self._transport.seconds() >= deadline:
                    raise
                attempt += 1

    async def _follow(self, url: str, limits: Overrides, deadline: float, attempt: int) -> Reply:
        target, method, params = url, self._method, self._params
        for _ in range(MAX_REDIRECTS + 1):
            response, reply = await self._once(target, method, params, limits, deadline, attempt)
            if response.status not in (301, 302, 303, 307, 308) or "Location" not in response.headers:
                return reply
            # The vendor follows without the body: what the caller entered is lost on the way.
            target, method, params = urljoin(target, response.headers["Location"]), "GET", {}
        raise WebhookError(11215, f"more than {MAX_REDIRECTS} redirects", url)

    async def _once(
        self, url: str, method: str, params: Mapping[str, str], limits: Overrides, deadline: float, attempt: int
    ) -> tuple[Response, Reply]:
        exchange = self._exchange
        target, credentials = _without_userinfo(url)
        if method == "GET" and params:
            target += ("&" if "?" in target else "?") + urlencode(params)
        signed = sign(exchange.settings.auth_token, target, params.items() if method == "POST" else ())
        headers = {**_HEADERS, "X-Twilio-Signature": signed, "I-Twilio-Idempotency-Token": self._token}
        shown = {name: value for name, value in params.items() if name not in _SECRET_PARAMS}
        self._note("webhook_request", target, attempt, method=method, params=shown, idempotency_token=self._token)
        started = self._transport.seconds()
        form = params if method == "POST" else {}
        request = Request(method, target, headers, form, credentials)
        response = await self._transport.request(request, limits, deadline - started, self._cookies)
        if exchange.injection.take_for_webhook("late_answers", self._purpose, self._params, self._call_sid):
            await exchange.clock.sleep(max(0.0, min(limits.read_timeout_s, deadline - started)))
            raise WebhookError(11200, "no answer in time (injected)", target, "rt")
        content_type = response.headers.get("Content-Type", "")
        self._note(
            "webhook_response",
            target,
            attempt,
            status=response.status,
            content_type=content_type,
            document=response.body[:65536].decode("utf-8", "replace") if "audio/" not in content_type else "",
            ms=self._ms(started),
        )
        if response.status >= 400:
            kind: RetryOn = "4xx" if response.status < 500 else "5xx"
            raise WebhookError(11200, f"HTTP status {response.status}", target, kind)
        return response, Reply(response.status, content_type, response.body, target)

    def _note(self, kind: str, url: str, attempt: int, **data: Any) -> None:
        self._exchange.log.add(kind, self._call_sid, purpose=self._purpose, url=_public(url), attempt=attempt, **data)

    def _ms(self, started: float) -> int:
        return round((self._transport.seconds() - started) * 1000)


@lru_cache(1024)
def _without_userinfo(url: str) -> tuple[str, tuple[str, str] | None]:
    """Return the URL as it is requested (no fragment, no userinfo), and the credentials that it named."""
    parts = urlsplit(url)
    userinfo, _, host = parts.netloc.rpartition("@")
    path = quote(parts.path or "/", safe="/%:=&?~#+!$,;'@()*[]")
    target = urlunsplit((parts.scheme, host, path, parts.query, ""))
    if not userinfo:
        return target, None
    user, _, password = userinfo.partition(":")
    return target, (unquote(user), unquote(password))


def _public(url: str) -> str:
    return _without_userinfo(url)[0]
