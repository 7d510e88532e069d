"""Errors as problem details. Source: RFC 9457."""

from __future__ import annotations

from typing import Final

import msgspec
from flask import Response

from ivr.desk.errors import Code

MEDIA_TYPE: Final = "application/problem+json"
# Of the desk's refusals; those of HTTP itself have their own.
STATUS_OF: Final[dict[Code, int]] = {
    "invalid": 422,
    "number": 422,
    "own": 422,
    "not_allowed": 422,
    "key_reused": 422,
    "not_found": 404,
    "gone": 409,
    "full": 409,
    "closed": 409,
    "in_call": 409,
    "no_journal": 409,
    "changed": 412,
    "quota": 429,
    "busy": 503,
}
TITLES: Final = {
    400: "Not understood",
    401: "Not authorised",
    404: "Not found",
    405: "Not possible here",
    409: "Not possible now",
    412: "Changed meanwhile",
    413: "Too large",
    415: "Not JSON",
    422: "Not acceptable",
    429: "Too many",
    500: "Our fault",
    503: "Try again",
}
RETRY_AFTER_S: Final = 1


class ProblemDetails(msgspec.Struct, frozen=True, kw_only=True):
    """Why nothing was done. `code` is for programs, `detail` for people; `allowed` are words that would be right."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    allowed: tuple[str, ...] = ()


def problem(status: int, code: str, detail: str, *, allowed: tuple[str, ...] = ()) -> Response:
    """A problem as a response."""
    body = ProblemDetails(
        type=f"urn:zerohold:problem:{code}",
        title=TITLES.get(status, "Not done"),
        status=status,
        code=code,
        detail=detail,
        allowed=allowed,
    )
    response = Response(msgspec.json.encode(body), status=status, mimetype=MEDIA_TYPE)
    if status == 503:
        response.headers["Retry-After"] = str(RETRY_AFTER_S)
    return response
