"""The JSON of the REST API: calls, streams, notifications, lists and errors.

Source: https://www.twilio.com/docs/voice/api/call-resource, https://github.com/twilio/twilio-oai
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from ivr.localcarrier.parameters import API_VERSION

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ivr.localcarrier.exchange import Exchange, Notification
    from ivr.localcarrier.leg import Leg
    from ivr.localcarrier.streams import MediaStream

MAX_PAGE_SIZE = 1000


class RestError(Exception):
    """A request that the vendor refuses; `code` is the vendor's, `status` that of HTTP."""

    def __init__(self, code: int, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.status = status
        self.retryable = status == 429 or status >= 500

    def body(self) -> dict[str, Any]:
        """Return the error as JSON values."""
        return {
            "code": self.code,
            "message": str(self),
            "more_info": f"https://www.twilio.com/docs/errors/{self.code}",
            "status": self.status,
        }


def account_uri(exchange: Exchange) -> str:
    """Return the path that all of the account's resources are below."""
    return f"/{API_VERSION}/Accounts/{exchange.settings.account_sid}"


def call_view(leg: Leg) -> dict[str, Any]:
    """Return a call resource."""
    exchange = leg.exchange
    uri = f"{account_uri(exchange)}/Calls/{leg.sid}"
    names = ("events", "notifications", "recordings", "streams")
    return {
        "sid": leg.sid,
        "date_created": exchange.timestamp(leg.created_at),
        "date_updated": exchange.timestamp(leg.updated_at),
        "parent_call_sid": leg.parent.sid if leg.parent is not None else None,
        "account_sid": exchange.settings.account_sid,
        "to": leg.to_number,
        "to_formatted": _formatted(leg.to_number),
        "from": leg.from_number,
        "from_formatted": _formatted(leg.from_number),
        "phone_number_sid": None,
        # `initiated` exists in status webhooks only.
        "status": "queued" if leg.status == "initiated" else leg.status,
        "start_time": exchange.timestamp(leg.dialled_at) if leg.dialled_at is not None else None,
        "end_time": exchange.timestamp(leg.ended_at) if leg.ended_at is not None else None,
        "duration": str(leg.duration_s) if leg.ended else None,
        "price": None,
        "price_unit": "USD",
        "direction": leg.direction,
        "answered_by": leg.answered_by,
        "api_version": API_VERSION,
        "forwarded_from": leg.extra.get("ForwardedFrom"),
        "group_sid": None,
        "caller_name": leg.extra.get("CallerName"),
        "queue_time": str(round(((leg.dialled_at or leg.created_at) - leg.created_at) * 1000)),
        "trunk_sid": None,
        "uri": f"{uri}.json",
        "subresource_uris": {name: f"{uri}/{name.capitalize()}.json" for name in names},
    }


def stream_view(stream: MediaStream) -> dict[str, Any]:
    """Return a stream resource."""
    exchange = stream.leg.exchange
    return {
        "sid": stream.sid,
        "account_sid": exchange.settings.account_sid,
        "call_sid": stream.leg.sid,
        "name": stream.name,
        "status": stream.status,
        "date_updated": exchange.timestamp(stream.updated_at.timestamp()),
        "uri": f"{account_uri(exchange)}/Calls/{stream.leg.sid}/Streams/{stream.sid}.json",
    }


def notification_view(exchange: Exchange, entry: Notification) -> dict[str, Any]:
    """Return a notification resource: `log` is "0" for an error and "1" for a warning."""
    date = exchange.timestamp(entry.at)
    return {
        "sid": entry.sid,
        "account_sid": exchange.settings.account_sid,
        "call_sid": entry.call_sid,
        "api_version": API_VERSION,
        "date_created": date,
        "date_updated": date,
        "message_date": date,
        "error_code": str(entry.code),
        "log": "0" if entry.is_error else "1",
        "message_text": entry.message,
        "more_info": f"https://www.twilio.com/docs/errors/{entry.code}",
        "request_method": None,
        "request_url": entry.url,
        "uri": f"{account_uri(exchange)}/Calls/{entry.call_sid}/Notifications/{entry.sid}.json",
    }


def page(name: str, path: str, query: dict[str, str], items: Sequence[Any]) -> tuple[dict[str, Any], slice]:
    """Return a list's envelope (with `name` still empty) and the slice of `items` that belongs into it."""
    size = min(max(_number(query.get("PageSize"), 50), 1), MAX_PAGE_SIZE)
    number = max(_number(query.get("Page"), 0), 0)
    start = number * size
    end = min(start + size, len(items))

    def uri(of_page: int) -> str:
        return f"{path}?{urlencode({**query, 'PageSize': size, 'Page': of_page})}"

    envelope = {
        name: [],
        "page": number,
        "page_size": size,
        "start": start,
        "end": max(start, end - 1),
        "uri": uri(number),
        "first_page_uri": uri(0),
        "next_page_uri": uri(number + 1) if end < len(items) else None,
        "previous_page_uri": uri(number - 1) if number else None,
    }
    return envelope, slice(start, end)


def _number(text: str | None, default: int) -> int:
    return int(text) if text is not None and text.isdecimal() else default


def _formatted(number: str) -> str:
    match = re.fullmatch(r"\+1(\d{3})(\d{3})(\d{4})", number)
    return "({}) {}-{}".format(*match.groups()) if match else number
