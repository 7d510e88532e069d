"""What lets the application and a driven carrier live in one process: the SDK without a socket, and no threads."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Any
from urllib.parse import urlsplit

from twilio.http import HttpClient
from twilio.http.response import Response

from ivr.localcarrier.driven import DrivenCarrier


class SdkClient(HttpClient):
    """Carries the vendor's SDK to a driven carrier; which one may be changed."""

    def __init__(self, carrier: DrivenCarrier | None = None) -> None:
        super().__init__(logger=None, is_async=False)
        self.carrier = carrier

    def request(  # type: ignore[override]
        self,
        method: str,
        uri: str,
        params: Any = None,
        data: Any = None,
        headers: Any = None,
        auth: Any = None,
        **_options: Any,
    ) -> Response:
        assert self.carrier is not None
        basic = base64.b64encode(":".join(auth).encode()).decode()
        given = {**(headers or {}), "Authorization": f"Basic {basic}"}
        status, body = self.carrier.rest(method, urlsplit(uri).path, params, data, given, timeout_s=3.0)
        return Response(status, json.dumps(body))


class AtOnce(Executor):
    """Does on the spot what the application would do on another thread."""

    def submit(self, function: Callable[..., Any], /, *arguments: Any, **named: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(function(*arguments, **named))
        except Exception as error:
            future.set_exception(error)
        return future
