"""Create, update, fetch and list calls, as the REST API does.

Source: https://www.twilio.com/docs/voice/api/call-resource
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import msgspec

from ivr.localcarrier.leg import DocumentRequest, Handling, Leg
from ivr.localcarrier.life import outbound
from ivr.localcarrier.machine_detection import DetectionError, parse_detection
from ivr.localcarrier.rest_views import RestError
from ivr.localcarrier.status_webhooks import StatusSubscription

if TYPE_CHECKING:
    from ivr.localcarrier.exchange import Exchange

MAX_INLINE_TWIML: Final = 4000
MAX_TIMEOUT_S: Final = 600
DEFAULT_TIMEOUT_S: Final = 60
_EVENTS: Final = frozenset({"initiated", "ringing", "answered", "completed"})
_NUMBER: Final = re.compile(r"\+[1-9]\d{4,14}")
Form = Mapping[str, list[str]]


def create_call(exchange: Exchange, form: Form) -> Leg:
    """Accept a call and start to dial it; raises `RestError`."""
    to_number, from_number = _one(form, "To") or "", _one(form, "From") or ""
    if not _NUMBER.fullmatch(to_number):
        raise RestError(21211, f"The 'To' number {to_number} is not a valid phone number.")
    if not from_number:
        raise RestError(21213, "A 'From' phone number is required.")
    if exchange.switches.from_must_be_owned and from_number not in exchange.numbers:
        raise RestError(21210, f"The source phone number {from_number} is not verified for your account.")
    first = _document_request(form)
    if first is None:
        raise RestError(21201, "Neither Url nor Twiml was given.")
    try:
        detection = parse_detection({name: values[0] for name, values in form.items() if values})
    except DetectionError as error:
        raise RestError(20001, f"{error}.") from error
    if detection is not None and detection.callback is not None:
        _check_url(detection.callback)
    events, bad_events = _events(form)
    status = None
    callback = _one(form, "StatusCallback")
    inline = first.twiml is not None
    wanted = not inline or exchange.switches.status_webhooks_with_inline_twiml
    if callback and events and wanted:
        _check_url(callback)
        status = StatusSubscription(callback, _method(form, "StatusCallbackMethod"), events)
    handling = Handling(first, _one(form, "FallbackUrl"), _method(form, "FallbackMethod"), status)
    leg = Leg(exchange, direction="outbound-api", from_number=from_number, to_number=to_number, handling=handling)
    if bad_events:
        # Accepted all the same, and then no status webhook comes at all. Source: as measured.
        exchange.notice("warning", leg.sid, 21626, f"invalid StatusCallbackEvent: {', '.join(bad_events)}")
    if _one(form, "Url") and _one(form, "Twiml"):
        exchange.notice("warning", leg.sid, 32019, "both Url and Twiml were given: Url is used")
    timeout_text = _one(form, "Timeout") or ""
    timeout_s = int(timeout_text) if timeout_text.isdecimal() else DEFAULT_TIMEOUT_S
    delay_s = exchange.next_start_delay_s()
    exchange.in_background(outbound(leg, min(timeout_s, MAX_TIMEOUT_S), delay_s, detection))
    return leg


def update_call(leg: Leg, form: Form) -> None:
    """Redirect or end a call; raises `RestError` 21220 if it is over."""
    if leg.ended:
        raise RestError(21220, "Call is not in-progress. Cannot redirect.")
    status = _one(form, "Status")
    if status is not None:
        _end(leg, status)
        return
    if _one(form, "Url") and _one(form, "Twiml"):
        raise RestError(20001, "Url and Twiml exclude each other.")
    request = _document_request(form)
    if request is None:
        return
    if leg.status != "in-progress":
        raise RestError(21220, "Call is not in-progress. Cannot redirect.")
    handling = leg.handling
    if request.twiml is None:
        fallback, callback = _one(form, "FallbackUrl"), _one(form, "StatusCallback")
        if fallback:
            handling = msgspec.structs.replace(
                handling, fallback_url=fallback, fallback_method=_method(form, "FallbackMethod")
            )
        if callback:  # ignored without Url. Source: github.com/twilio/twilio-python/issues/884
            subscription = StatusSubscription(callback, _method(form, "StatusCallbackMethod"))
            handling = msgspec.structs.replace(handling, status=subscription)
    leg.handling = handling
    leg.redirect(msgspec.structs.replace(request, purpose="update"))


def list_calls(exchange: Exchange, query: Mapping[str, str]) -> list[Leg]:
    """Return the calls that fit the filters, newest first; raises `RestError` for a date that is none."""
    # Several may be created in the same instant of a manual clock: those are in the order of creation.
    legs = [leg for leg in reversed(exchange.legs.values()) if _fits(leg, query)]
    return sorted(legs, key=lambda leg: leg.created_at, reverse=True)


def _fits(leg: Leg, query: Mapping[str, str]) -> bool:
    parent = leg.parent.sid if leg.parent is not None else None
    plain = {"To": leg.to_number, "From": leg.from_number, "Status": leg.status, "ParentCallSid": parent}
    if any(name in query and query[name] != value for name, value in plain.items()):
        return False
    started = leg.dialled_at or leg.created_at
    times = {"StartTime": started, "EndTime": leg.ended_at}
    return all(_in_time(name, at, query) for name, at in times.items())


def _in_time(name: str, at: float | None, query: Mapping[str, str]) -> bool:
    bounds = {sign: query[name + sign] for sign in ("", "<", ">") if name + sign in query}
    if bounds and at is None:
        return False
    for sign, text in bounds.items():
        limit, length_s = _moment(text)
        second = float(int(at or 0.0))  # the vendor keeps whole seconds
        below, above = second < limit, second >= limit + length_s
        if (sign == "" and (below or above)) or (sign == "<" and above) or (sign == ">" and below):
            return False
    return True


def _moment(text: str) -> tuple[float, float]:
    """Return the beginning of a date or second as an epoch, and how long it lasts."""
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError as error:
        raise RestError(20001, f"{text!r} is not a date or time") from error
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return moment.timestamp(), 86_400.0 if len(text) == len("2026-01-01") else 1.0


def _end(leg: Leg, status: str) -> None:
    """End a call. Source: docs/voice/api/call-resource (update: Status)."""
    if status == "canceled":
        if leg.is_answered:
            raise RestError(21220, "Call is in-progress. Cannot cancel.")
        leg.end("api", "canceled")
    elif status == "completed":
        leg.end("api", None if leg.is_answered else "canceled")
    else:
        raise RestError(20001, f"Status {status!r} is neither canceled nor completed.")


def _document_request(form: Form) -> DocumentRequest | None:
    url, twiml = _one(form, "Url"), _one(form, "Twiml")
    if url:
        _check_url(url)
        return DocumentRequest(url, _method(form, "Method"), purpose="answer")
    if twiml:
        if len(twiml) > MAX_INLINE_TWIML:
            raise RestError(20001, f"Twiml is longer than {MAX_INLINE_TWIML} characters.")
        return DocumentRequest(twiml=twiml, purpose="answer")
    return None


def _check_url(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or "_" in parts.hostname:
        raise RestError(21205, f"Url is not a valid URL: {url}")


def _events(form: Form) -> tuple[frozenset[str], list[str]]:
    """Return the events asked for, and those that are none; one bad value spoils them all."""
    given = form.get("StatusCallbackEvent") or ["completed"]
    bad = [event for event in given if event not in _EVENTS]
    return frozenset() if bad else frozenset(given), bad


def _method(form: Form, name: str) -> str:
    return "GET" if (_one(form, name) or "").upper() == "GET" else "POST"


def _one(form: Form, name: str) -> str | None:
    values = form.get(name)
    return values[0] if values else None
