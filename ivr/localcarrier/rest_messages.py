"""Text messages: accepted, noted in the event log, and delivered to nobody.

Source: https://www.twilio.com/docs/messaging/api/message-resource
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from ivr.localcarrier.parameters import API_VERSION
from ivr.localcarrier.rest_views import RestError, account_uri

if TYPE_CHECKING:
    from ivr.localcarrier.exchange import Exchange

MAX_BODY_LENGTH: Final = 1600
_SEGMENT_LENGTH: Final = 153
_NUMBER: Final = re.compile(r"\+[1-9]\d{4,14}")


def create_message(exchange: Exchange, form: Mapping[str, list[str]]) -> dict[str, Any]:
    """Return the message resource; raises `RestError` with the vendor's code."""
    to_number, from_number, body = (form.get(name, [""])[0] for name in ("To", "From", "Body"))
    if not _NUMBER.fullmatch(to_number):
        raise RestError(21211, f"The 'To' number {to_number} is not a valid phone number.")
    if not from_number:
        raise RestError(21603, "A 'From' phone number is required.")
    if not body:
        raise RestError(21602, "Message body is required.")
    if len(body) > MAX_BODY_LENGTH:
        raise RestError(21617, f"The concatenated message body exceeds the {MAX_BODY_LENGTH} character limit.")
    sid = exchange.sids.new("SM")
    exchange.log.add("text_message", None, message_sid=sid, from_number=from_number, to_number=to_number, text=body)
    date = exchange.timestamp()
    uri = f"{account_uri(exchange)}/Messages/{sid}"
    return {
        "sid": sid,
        "account_sid": exchange.settings.account_sid,
        "api_version": API_VERSION,
        "body": body,
        "date_created": date,
        "date_sent": None,
        "date_updated": date,
        "direction": "outbound-api",
        "error_code": None,
        "error_message": None,
        "from": from_number,
        "messaging_service_sid": None,
        "num_media": "0",
        "num_segments": str(math.ceil(len(body) / _SEGMENT_LENGTH)),
        "price": None,
        "price_unit": "USD",
        "status": "queued",
        "subresource_uris": {"media": f"{uri}/Media.json"},
        "to": to_number,
        "uri": f"{uri}.json",
    }
