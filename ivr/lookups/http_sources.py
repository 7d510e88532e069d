"""Lookups by HTTP: a JSON document, from the address in the flow and from nowhere else.

One pool of connections for the process. urllib3 itself: no proxies from the environment, no `.netrc`, no cookies that
one caller would leave for the next.
"""

from __future__ import annotations

import contextlib
import logging
from typing import Final
from urllib.parse import urljoin

import urllib3
from urllib3.exceptions import HTTPError, ProtocolError, SSLError

from flows import actions
from flows.events import Value
from flows.sources import HttpSource
from ivr.lookups.cuttable import CUTTABLE_POOLS, Cut
from ivr.lookups.deadline import Deadline
from ivr.lookups.errors import LookupFailedError
from ivr.lookups.http_messages import Question, check_json, parsed, question, same_origin
from ivr.lookups.values import is_empty, pick

MAX_BODY_BYTES: Final = 256 * 1024
MAX_REDIRECTS: Final = 2
POOLED_ORIGINS: Final = 16
POOLED_CONNECTIONS: Final = 8

NOTHING: Final = frozenset({204, 404})
REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
# Worth another try, as all of 5xx: time-out, too early, too many requests. Source: RFC 9110, RFC 8470, RFC 6585.
TRANSIENT: Final = frozenset({408, 425, 429})


class HttpLookups:
    """The connections of one process, kept open between lookups."""

    def __init__(self) -> None:
        self._pool = urllib3.PoolManager(num_pools=POOLED_ORIGINS, maxsize=POOLED_CONNECTIONS, block=False)
        self._pool.pool_classes_by_scheme = CUTTABLE_POOLS
        # It warns of broken headers, and debugs every request, with the whole address: callers' values are in there.
        logging.getLogger("urllib3").setLevel(logging.ERROR)

    def find(self, lookup: actions.Lookup, source: HttpSource, deadline: Deadline, cut: Cut) -> dict[str, Value] | None:
        """The values in the answer, None for an empty one; `cut` can end this from another thread.

        Raises `LookupFailedError`.
        """
        asked = question(source, lookup.where)
        try:
            with cut.watching():
                document = self._document(asked, deadline)
        # The text of these errors holds the address with the caller's values in it: only the type goes on.
        except SSLError:
            raise LookupFailedError("no secure connection: is the certificate valid?", code="unreachable") from None
        except (HTTPError, OSError) as error:
            if deadline.passed():
                raise deadline.missed() from None
            raise LookupFailedError(f"no answer: {type(error).__name__}", code="unreachable", retryable=True) from None
        return None if is_empty(document) else pick(document, lookup.save)

    def _document(self, asked: Question, deadline: Deadline) -> object:
        url = asked.url
        for _ in range(MAX_REDIRECTS + 1):
            response = self._response(asked, url, deadline)
            # What was read to its end has gone back to the pool by itself; anything else is closed.
            with contextlib.closing(response):
                target = response.headers.get("Location")
                if response.status not in REDIRECTS or target is None:
                    return _answer(response, deadline)
            url = urljoin(url, target)
            if asked.method != "GET" or not same_origin(url, asked.url):
                raise LookupFailedError("it leads to another address; write that one into the flow", code="answer")
        raise LookupFailedError(f"it leads on more than {MAX_REDIRECTS} times", code="answer")

    def _response(self, asked: Question, url: str, deadline: Deadline) -> urllib3.BaseHTTPResponse:
        try:
            return self._ask(asked, url, deadline)
        except ProtocolError:
            # A pooled connection that the server has just closed. Source: RFC 9110 section 9.2.2 (only what is safe).
            if asked.method != "GET":
                raise
            return self._ask(asked, url, deadline)

    def _ask(self, asked: Question, url: str, deadline: Deadline) -> urllib3.BaseHTTPResponse:
        return self._pool.urlopen(
            asked.method,
            url,
            headers=asked.headers,
            body=asked.body,
            redirect=False,
            retries=False,
            preload_content=False,
            decode_content=False,
            timeout=urllib3.Timeout(total=deadline.left_s()),
        )


def _answer(response: urllib3.BaseHTTPResponse, deadline: Deadline) -> object:
    status = response.status
    if status in NOTHING:
        # Read, so that the connection can be used again; what it says does not matter.
        with contextlib.suppress(LookupFailedError, HTTPError):
            _body(response, deadline)
        return None
    if not 200 <= status < 300:
        transient = status in TRANSIENT or status >= 500
        raise LookupFailedError(
            f"it answered with status {status}", code="unreachable" if transient else "answer", retryable=transient
        )
    body = _body(response, deadline)
    if not body.strip():
        # Nothing at all, and no length that says so, is what a server sends that dies in the middle of its headers.
        if not {"content-length", "transfer-encoding"} & {name.lower() for name in response.headers}:
            raise LookupFailedError("the answer broke off", code="unreachable", retryable=True)
        return None
    check_json(response.headers.get("Content-Type", ""), response.headers.get("Content-Encoding", ""))
    return parsed(body)


def _body(response: urllib3.BaseHTTPResponse, deadline: Deadline) -> bytes:
    body = bytearray()
    # One read from the socket at a time: a body that drips must meet the clock at each drop.
    while chunk := response.read1(16_384):
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            raise LookupFailedError(f"the answer is larger than {MAX_BODY_BYTES} bytes", code="answer")
        if deadline.passed():
            raise deadline.missed()
    return bytes(body)
