"""Lookups by HTTP: a JSON document, from the address in the flow and from nowhere else.

One pool of connections for the process. urllib3 itself: no proxies from the environment, no cookies that one caller
would leave for the next, no `.netrc`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlencode, urljoin

import msgspec
import urllib3
from urllib3.exceptions import HTTPError, SSLError

from flows import actions
from flows.events import Value
from flows.sources import HttpSource
from ivr.lookups.cuttable import CUTTABLE_POOLS, Cut
from ivr.lookups.deadline import Deadline
from ivr.lookups.errors import LookupFailedError
from ivr.lookups.http_messages import check_json, filled_headers, parsed, query_values, same_origin
from ivr.lookups.values import is_empty, pick

MAX_BODY_BYTES: Final = 256 * 1024
MAX_REDIRECTS: Final = 2
POOLED_ORIGINS: Final = 16
POOLED_CONNECTIONS: Final = 8

NOTHING: Final = frozenset({204, 404})
REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
# Worth another try later: too many requests, and what a server says that is not well.
TRANSIENT: Final = frozenset({408, 425, 429})


class HttpLookups:
    """The connections of one process, kept open between lookups."""

    def __init__(self) -> None:
        self._pool = urllib3.PoolManager(num_pools=POOLED_ORIGINS, maxsize=POOLED_CONNECTIONS, block=False)
        self._pool.pool_classes_by_scheme = CUTTABLE_POOLS

    def find(self, lookup: actions.Lookup, source: HttpSource, deadline: Deadline, cut: Cut) -> dict[str, Value] | None:
        """The values in the answer, None for an empty one; `cut` can end this from another thread.

        Raises `LookupFailedError`.
        """
        try:
            with cut.watching():
                document = self._document(source, lookup.where, deadline)
        except SSLError:
            raise LookupFailedError("no secure connection: is the certificate valid?", code="unreachable") from None
        # The text of such an error holds the address with the caller's values in it: only its type goes on.
        except (HTTPError, OSError) as error:
            if deadline.passed():
                raise deadline.missed() from None
            raise LookupFailedError(f"no answer: {type(error).__name__}", code="unreachable", retryable=True) from None
        return None if is_empty(document) else pick(document, lookup.save)

    def _document(self, source: HttpSource, where: Mapping[str, Value], deadline: Deadline) -> object:
        url, body = source.url, None
        headers = filled_headers(source.headers) | {"Accept": "application/json", "Accept-Encoding": "identity"}
        if source.method == "GET":
            if where:
                url += ("&" if "?" in url else "?") + urlencode(query_values(where))
        else:
            body = msgspec.json.encode(where)
            headers["Content-Type"] = "application/json"
        for _ in range(MAX_REDIRECTS + 1):
            response = self._ask(source.method, url, headers, body, deadline)
            try:
                target = response.headers.get("Location")
                if response.status not in REDIRECTS or target is None:
                    return _answer(response, deadline)
            finally:
                # Returns the connection to the pool where everything was read, else closes it.
                response.close() if not response.closed else response.release_conn()
            url = urljoin(url, target)
            if source.method != "GET" or not same_origin(url, source.url):
                raise LookupFailedError(
                    "the answer leads to another address; write that one into the flow", code="answer"
                )
        raise LookupFailedError("the answers lead in a circle", code="answer")

    def _ask(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None, deadline: Deadline
    ) -> urllib3.BaseHTTPResponse:
        return self._pool.urlopen(
            method,
            url,
            headers=headers,
            body=body,
            redirect=False,
            retries=False,
            preload_content=False,
            decode_content=False,
            timeout=urllib3.Timeout(total=deadline.left_s()),
        )


def _answer(response: urllib3.BaseHTTPResponse, deadline: Deadline) -> object:
    status = response.status
    if status in NOTHING:
        return None
    if not 200 <= status < 300:
        transient = status in TRANSIENT or status >= 500
        raise LookupFailedError(
            f"the answer has status {status}", code="unreachable" if transient else "answer", retryable=transient
        )
    body = _body(response, deadline)
    if not body.strip():
        return None
    check_json(response.headers.get("Content-Type", ""), response.headers.get("Content-Encoding", "identity"))
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
