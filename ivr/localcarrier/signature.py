"""The signature on webhooks and media sockets, as the vendor makes it.

Source: https://www.twilio.com/docs/usage/security
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Iterable
from functools import lru_cache
from urllib.parse import urlsplit, urlunsplit


@lru_cache(1024)
def signed_url(url: str) -> str:
    """Return `url` as it is signed: without fragment and userinfo; `https` and `wss` also lose the port."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    if parts.scheme in ("https", "wss"):
        host = _without_port(host)
    return urlunsplit((parts.scheme, host, parts.path, parts.query, ""))


def sign(auth_token: str, url: str, params: Iterable[tuple[str, str]] = ()) -> str:
    """Return the base64 HMAC-SHA1 over the URL and the decoded form fields, sorted by name.

    `params` are the fields of a POST, empty values included; a GET and a WebSocket upgrade pass none.
    """
    message = signed_url(url) + "".join(name + value for name, value in sorted(set(params)))
    digest = hmac.digest(auth_token.encode(), message.encode(), "sha1")
    return base64.b64encode(digest).decode()


def _without_port(host: str) -> str:
    if host.startswith("["):  # an IPv6 address: its colons are not a port
        return host.partition("]")[0] + "]"
    return host.partition(":")[0]
