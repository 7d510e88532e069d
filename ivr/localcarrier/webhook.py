"""Delivers webhooks: signed requests with the vendor's headers, time limits, retries and redirects.

Source: https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides,
https://www.twilio.com/docs/usage/security, error pages https://www.twilio.com/docs/errors/<code>
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote, unquote, urlencode, urljoin, urlsplit, urlunsplit

import aiohttp
import msgspec
from yarl import URL

from ivr.localcarrier.events import EventLog
from ivr.localcarrier.overrides import Overrides, RetryOn, parse_overrides
from ivr.localcarrier.sids import Sids
from ivr.localcarrier.signature import sign

MAX_REDIRECTS: Final = 10  # Source: docs/errors/11215
MAX_BODY_BYTES: Final = 10 * 1024 * 1024  # audio may be answered as well; TwiML has its own limit
_SECRET_PARAMS: Final = {"CallToken"}
_HEADERS: Final = {
    "User-Agent": "TwilioProxy/1.1",
    "Accept": "*/*",
    "Cache-Control": "max-age=259200",
}
_FORM: Final = "application/x-www-form-urlencoded; charset=UTF-8"


class Reply(msgspec.Struct, frozen=True):
    """What the application answered; `url` is where the answer came from, without fragment."""

    status: int
    content_type: str
    body: bytes
    url: str


class WebhookError(Exception):
    """No usable answer; `code` is the vendor's error, `retry_kind` what connection overrides call it."""

    retryable = False

    def __init__(self, code: int, message: str, url: str, retry_kind: RetryOn | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.url = url
        self.retry_kind = retry_kind


class WebhookClient:
    """Sends the webhooks of one account."""

    def __init__(self, auth_token: str, log: EventLog, sids: Sids) -> None:
        self._auth_token = auth_token
        self._log = log
        self._sids = sids
        self._connector = aiohttp.TCPConnector(force_close=True, limit=0)
        self.duplicates = 0  # fault: how many webhooks are still to be sent twice

    async def close(self) -> None:
        """Close the connections."""
        await self._connector.close()

    async def send(
        self,
        purpose: str,
        url: str,
        params: Mapping[str, str],
        *,
        method: str = "POST",
        call_sid: str | None = None,
        cookies: aiohttp.CookieJar | None = None,
    ) -> Reply:
        """Return the answer of the application, whatever its status is below 400.

        Raises `WebhookError` for everything else, after the retries that the URL's fragment asks for.
        """
        token = self._sids.new_uuid()
        delivery = _Delivery(self, purpose, params, method, call_sid, cookies, token)
        if self.duplicates > 0:
            self.duplicates -= 1
            self._log.add("fault_injected", call_sid, fault="duplicate_webhook", url=_public(url))
            first = await asyncio.gather(delivery.deliver(url), delivery.deliver(url), return_exceptions=True)
            if isinstance(first[0], BaseException):
                raise first[0]
            return first[0]
        return await delivery.deliver(url)


class _Delivery:
    """One logical request: its retries share an idempotency token."""

    def __init__(
        self,
        client: WebhookClient,
        purpose: str,
        params: Mapping[str, str],
        method: str,
        call_sid: str | None,
        cookies: aiohttp.CookieJar | None,
        token: str,
    ) -> None:
        self._client = client
        self._purpose = purpose
        self._params = params
        self._method = method
        self._call_sid = call_sid
        self._cookies = cookies
        self._token = token

    async def deliver(self, url: str) -> Reply:
        overrides = parse_overrides(url)
        deadline = time.monotonic() + overrides.total_timeout_s
        attempt = 0
        while True:
            started = time.monotonic()
            try:
                return await self._follow(url, overrides, deadline, attempt)
            except WebhookError as error:
                self._note("webhook_failed", url, attempt, code=error.code, message=str(error), ms=_ms(started))
                retry = error.retry_kind is not None and error.retry_kind in overrides.retry_on
                if not retry or attempt >= overrides.retries or time.monotonic() >= deadline:
                    raise
                attempt += 1

    async def _follow(self, url: str, overrides: Overrides, deadline: float, attempt: int) -> Reply:
        target, method, params = url, self._method, self._params
        async with aiohttp.ClientSession(
            connector=self._client._connector,
            connector_owner=False,
            cookie_jar=self._cookies,
            skip_auto_headers=("Accept-Encoding",),
        ) as session:
            for _ in range(MAX_REDIRECTS + 1):
                status, headers, reply = await self._once(session, target, method, params, overrides, deadline, attempt)
                if status not in (301, 302, 303, 307, 308) or "Location" not in headers:
                    return reply
                # The vendor follows without the body: what the caller entered is lost on the way.
                target, method, params = urljoin(target, headers["Location"]), "GET", {}
        raise WebhookError(11215, f"more than {MAX_REDIRECTS} redirects", url)

    async def _once(
        self,
        session: aiohttp.ClientSession,
        url: str,
        method: str,
        params: Mapping[str, str],
        overrides: Overrides,
        deadline: float,
        attempt: int,
    ) -> tuple[int, Mapping[str, str], Reply]:
        target, auth = _without_userinfo(url)
        form = urlencode(params) if params else ""
        if method == "GET" and form:
            target += ("&" if "?" in target else "?") + form
        signed = sign(self._client._auth_token, target, params.items() if method == "POST" else ())
        headers = {**_HEADERS, "X-Twilio-Signature": signed, "I-Twilio-Idempotency-Token": self._token}
        if method == "POST":
            headers["Content-Type"] = _FORM
        shown = {name: value for name, value in params.items() if name not in _SECRET_PARAMS}
        self._note("webhook_request", target, attempt, method=method, params=shown, idempotency_token=self._token)
        started = time.monotonic()
        timeout = aiohttp.ClientTimeout(
            total=max(0.001, deadline - started),
            sock_connect=overrides.connect_timeout_s,
            sock_read=overrides.read_timeout_s,
        )
        data = form.encode() if method == "POST" else None
        try:
            for credentials in (None, auth):
                async with session.request(
                    method,
                    URL(target, encoded=True),
                    data=data,
                    headers=headers,
                    timeout=timeout,
                    allow_redirects=False,
                    auth=credentials,
                ) as response:
                    body = await _read(response, target)
                    if response.status != 401 or auth is None or credentials is not None:
                        break
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise _failure(error, target) from error
        content_type = response.headers.get("Content-Type", "")
        self._note(
            "webhook_response",
            target,
            attempt,
            status=response.status,
            content_type=content_type,
            document=body[:65536].decode("utf-8", "replace") if "audio/" not in content_type else "",
            ms=_ms(started),
        )
        if response.status >= 400:
            kind: RetryOn = "4xx" if response.status < 500 else "5xx"
            raise WebhookError(11200, f"HTTP status {response.status}", target, kind)
        return response.status, response.headers, Reply(response.status, content_type, body, target)

    def _note(self, kind: str, url: str, attempt: int, **data: Any) -> None:
        self._client._log.add(kind, self._call_sid, purpose=self._purpose, url=_public(url), attempt=attempt, **data)


async def _read(response: aiohttp.ClientResponse, url: str) -> bytes:
    body = bytearray()
    async for chunk in response.content.iter_chunked(16384):
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            raise WebhookError(11750, "the response body is too large", url)
    return bytes(body)


def _failure(error: Exception, url: str) -> WebhookError:
    """Name an error of the network as the vendor does. Source: docs/errors/112xx."""
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return WebhookError(11205, "the connection could not be made in time", url, "ct")
    if isinstance(error, TimeoutError):
        return WebhookError(11200, "no answer in time", url, "rt")
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return WebhookError(11210, f"the host name has no address: {error}", url, "ct")
    if isinstance(error, aiohttp.ClientSSLError):
        return WebhookError(11220, f"TLS: {error}", url)
    if isinstance(error, aiohttp.ClientConnectorError):
        return WebhookError(11205, f"the connection failed: {error}", url, "ct")
    if isinstance(error, aiohttp.InvalidURL | ValueError):
        return WebhookError(11100, f"not a usable URL: {error}", url)
    return WebhookError(11206, f"HTTP protocol violation: {type(error).__name__}: {error}", url)


def _without_userinfo(url: str) -> tuple[str, aiohttp.BasicAuth | None]:
    """Return the URL as it is requested (no fragment, no userinfo), and the credentials that it named."""
    parts = urlsplit(url)
    userinfo, _, host = parts.netloc.rpartition("@")
    path = quote(parts.path or "/", safe="/%:=&?~#+!$,;'@()*[]")
    target = urlunsplit((parts.scheme, host, path, parts.query, ""))
    if not userinfo:
        return target, None
    user, _, password = userinfo.partition(":")
    return target, aiohttp.BasicAuth(unquote(user), unquote(password))


def _public(url: str) -> str:
    return _without_userinfo(url)[0]


def _ms(started: float) -> int:
    return round((time.monotonic() - started) * 1000)
