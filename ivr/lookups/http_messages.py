"""What is sent to an HTTP source, and what is accepted from it."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from email.message import Message
from typing import Final
from urllib.parse import urldefrag, urlencode, urlsplit

import msgspec

from flows.events import Value
from flows.sources import HttpSource
from ivr.lookups.errors import LookupFailedError

_VARIABLE: Final = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_PRINTABLE: Final = re.compile(r"[\x20-\x7e\t]*")
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """A request as it is sent."""

    method: str
    url: str
    headers: dict[str, str]
    body: bytes | None


def filled_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers with `${NAME}` replaced by the environment's variables; raises `LookupFailedError` without one."""
    return {name: _filled(name, text) for name, text in headers.items()}


def _filled(header: str, text: str) -> str:
    def value_of(match: re.Match[str]) -> str:
        value = os.environ.get(match[1], "")
        if not value:
            raise LookupFailedError(
                f"the header {header} needs the environment variable {match[1]}, which is not set", code="setup"
            )
        if not _PRINTABLE.fullmatch(value):
            raise LookupFailedError(
                f"the environment variable {match[1]} for the header {header} has signs that no header can hold",
                code="setup",
            )
        return value

    filled = _VARIABLE.sub(value_of, text)
    if not _PRINTABLE.fullmatch(filled):
        raise LookupFailedError(f"the header {header} has signs that no header can hold", code="setup")
    return filled


def question(source: HttpSource, where: Mapping[str, Value]) -> Question:
    """The request that asks a source for `where`; raises `LookupFailedError` where its address or headers cannot be."""
    url, _ = urldefrag(source.url)
    if "@" in urlsplit(url).netloc:
        raise LookupFailedError("the address holds a user's name; send it in a header", code="setup")
    headers = filled_headers(source.headers) | {"Accept": "application/json", "Accept-Encoding": "identity"}
    if source.method == "POST":
        return Question(
            method="POST",
            url=url,
            headers=headers | {"Content-Type": "application/json"},
            body=msgspec.json.encode(where),
        )
    query = urlencode({name: _in_query(value) for name, value in where.items()})
    if query:
        url += ("&" if "?" in url else "?") + query
    return Question(method="GET", url=url, headers=headers, body=None)


def _in_query(value: Value) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def same_origin(one: str, other: str) -> bool:
    """Whether two addresses have the same scheme, host and port."""
    return _origin(one) == _origin(other)


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    try:
        return parts.scheme, parts.hostname, parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    except ValueError:  # a port that is no number
        return parts.scheme, parts.hostname, -1


def check_json(content_type: str, content_encoding: str) -> None:
    """Raises `LookupFailedError` for content that does not say that it is JSON in UTF-8, uncompressed.

    Source: RFC 8259 section 8.1 (UTF-8), RFC 6839 section 3.1 (`+json`).
    """
    header = Message()
    header["Content-Type"] = content_type
    kind = header.get_content_type() if content_type else "nothing"
    if kind != "application/json" and not kind.endswith("+json"):
        raise LookupFailedError("the answer is not application/json", code="answer")
    charset = header.get_content_charset("utf-8")
    if charset not in {"utf-8", "utf8", "us-ascii"}:
        raise LookupFailedError("the answer is not in UTF-8", code="answer")
    if content_encoding.strip().lower() not in {"", "identity"}:
        raise LookupFailedError("the answer is compressed, which nobody asked for", code="answer")


def parsed(body: bytes) -> object:
    """The JSON document; raises `LookupFailedError` for what is none (NaN, wrong bytes), or nests too deep."""
    try:
        document: object = msgspec.json.decode(body.removeprefix(_BYTE_ORDER_MARK))
    except (msgspec.MsgspecError, UnicodeDecodeError, ValueError, RecursionError):
        raise LookupFailedError("the answer is no valid JSON", code="answer") from None
    return document
