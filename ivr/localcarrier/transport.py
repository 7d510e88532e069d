"""How the requests of the carrier travel to the application: over HTTP (`transport_http`), or by a function call."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import msgspec

from ivr.localcarrier.clock import Clock
from ivr.localcarrier.overrides import Overrides, RetryOn

Deliver = Callable[[str, str, Mapping[str, str], Mapping[str, str]], tuple[int, bytes | str]]
"""Takes method, URL, headers and form, and returns the status and the body, which is TwiML or empty.

It raises `ConnectionRefusedError` where nobody listens, another `OSError` for a connection that breaks, and
`TimeoutError` where no answer ever comes. Anything else that it raises is a failure of the test.
"""


class WebhookError(Exception):
    """No usable answer; `code` is the vendor's error, `retry_kind` what connection overrides call it."""

    retryable = False

    def __init__(self, code: int, message: str, url: str, retry_kind: RetryOn | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.url = url
        self.retry_kind = retry_kind


class Request(msgspec.Struct, frozen=True):
    """One request: `form` is the body of a POST; a GET has its parameters in `url`."""

    method: str
    url: str
    headers: Mapping[str, str]
    form: Mapping[str, str]
    credentials: tuple[str, str] | None = None


class Response(msgspec.Struct, frozen=True):
    """The answer to one request, of whatever status."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Transport(Protocol):
    """One way to the application."""

    def new_cookies(self) -> Any:
        """Return an empty cookie jar for one call."""

    def seconds(self) -> float:
        """Return the time that the limits are measured by."""

    async def request(self, request: Request, limits: Overrides, left_s: float, cookies: Any) -> Response:
        """Return the answer; raises `WebhookError`. `left_s` is what is left of the total time."""

    async def close(self) -> None:
        """Close the connections."""


class CallTransport:
    """Hands each request to a function of this process. Its limits are call time; it keeps no cookies."""

    def __init__(self, deliver: Deliver, clock: Clock) -> None:
        self._deliver = deliver
        self._clock = clock
        self.busy_s = 0.0  # call time that the application has spent since the request: `rest` adds to it
        self.failure: Exception | None = None

    def new_cookies(self) -> None:
        """Return nothing: there are no cookies."""

    def seconds(self) -> float:
        """Return call time."""
        return self._clock.seconds()

    async def request(self, request: Request, limits: Overrides, left_s: float, cookies: Any) -> Response:  # noqa: ARG002
        """Call the function; an answer that took the application longer than the limits comes too late."""
        limit_s = min(limits.read_timeout_s, left_s)
        self.busy_s = 0.0
        try:
            status, body = self._deliver(request.method, request.url, request.headers, request.form)
        except TimeoutError as error:
            await self._clock.sleep(limit_s)
            raise WebhookError(11200, "no answer in time", request.url, "rt") from error
        except ConnectionRefusedError as error:
            raise WebhookError(11205, f"the connection failed: {error}", request.url, "ct") from error
        except OSError as error:
            raise WebhookError(11206, f"HTTP protocol violation: {type(error).__name__}", request.url) from error
        except Exception as error:
            self.failure = error
            raise
        if self.busy_s > 0:
            busy_s, self.busy_s = self.busy_s, 0.0
            await self._clock.sleep(min(busy_s, limit_s))
            if busy_s >= limit_s:
                raise WebhookError(11200, "no answer in time", request.url, "rt")
        content = body.encode() if isinstance(body, str) else body
        return Response(status, {"Content-Type": "text/xml"}, content)

    async def close(self) -> None:
        """Do nothing: there is no connection."""
