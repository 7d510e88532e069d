"""The way to the application over HTTP. Its time limits are real time."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, Final
from urllib.parse import urlencode

import aiohttp
from yarl import URL

from ivr.localcarrier.overrides import Overrides
from ivr.localcarrier.transport import Request, Response, WebhookError

MAX_BODY_BYTES: Final = 10 * 1024 * 1024  # audio may be answered as well; TwiML has its own limit
_FORM: Final = "application/x-www-form-urlencoded; charset=UTF-8"


class HttpTransport:
    """Sends each request on a connection of its own, as the vendor does; `away` marks the time until the answer."""

    def __init__(self, away: Callable[[], AbstractContextManager[None]]) -> None:
        self._connector = aiohttp.TCPConnector(force_close=True, limit=0)
        self._away = away

    def new_cookies(self) -> aiohttp.CookieJar:
        """Return an empty jar; "unsafe", since applications on 127.0.0.1 have cookies as well."""
        return aiohttp.CookieJar(unsafe=True)

    def seconds(self) -> float:
        """Return real time."""
        return time.monotonic()

    async def request(self, request: Request, limits: Overrides, left_s: float, cookies: Any) -> Response:
        """Send and read; raises `WebhookError` with the vendor's code."""
        timeout = aiohttp.ClientTimeout(
            total=max(0.001, left_s), sock_connect=limits.connect_timeout_s, sock_read=limits.read_timeout_s
        )
        post = request.method == "POST"
        headers = {**request.headers, "Content-Type": _FORM} if post else request.headers
        data = urlencode(request.form).encode() if post else None
        auth = aiohttp.BasicAuth(*request.credentials) if request.credentials is not None else None
        try:
            with self._away():
                async with aiohttp.ClientSession(
                    connector=self._connector,
                    connector_owner=False,
                    cookie_jar=cookies,
                    skip_auto_headers=("Accept-Encoding",),
                ) as session:
                    for credentials in (None, auth):
                        async with session.request(
                            request.method,
                            URL(request.url, encoded=True),
                            data=data,
                            headers=headers,
                            timeout=timeout,
                            allow_redirects=False,
                            auth=credentials,
                        ) as response:
                            body = await _read(response, request.url)
                            if response.status != 401 or auth is None or credentials is not None:
                                break
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise _failure(error, request.url) from error
        return Response(response.status, response.headers, body)

    async def close(self) -> None:
        """Close the connections."""
        await self._connector.close()


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
