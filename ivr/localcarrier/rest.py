"""The REST API as values: a request in, an answer out, without HTTP and without waiting.

`rest_http` puts it on a socket, `driven` offers it as a method. Source: https://www.twilio.com/docs/voice/api
"""

from __future__ import annotations

import base64
import binascii
import hmac
import re
from collections.abc import Callable, Mapping
from typing import Any, Final, Literal

import msgspec

from ivr.localcarrier import verbs as v
from ivr.localcarrier.exchange import Exchange
from ivr.localcarrier.leg import Leg
from ivr.localcarrier.parameters import API_VERSION
from ivr.localcarrier.rest_calls import create_call, list_calls, update_call
from ivr.localcarrier.rest_messages import create_message
from ivr.localcarrier.rest_views import RestError, call_view, notification_view, page, stream_view
from ivr.localcarrier.streams import TRACKS, begin_stream

_MAX_PARAMETERS: Final = 99
_HIDDEN: Final = {"CallToken", "SipAuthPassword"}


class RestRequest(msgspec.Struct, frozen=True):
    """One request; `form` is the body of a POST, `names` what the route found in the path."""

    method: str
    path: str
    query: dict[str, str]
    form: dict[str, list[str]]
    authorization: str = ""
    names: dict[str, str] = {}


class RestAnswer(msgspec.Struct, frozen=True):
    """What comes back, `delay_s` of call time later.

    `broken` says that the connection breaks instead: nobody listens ("refused"), the request did not arrive
    ("request"), or the reply does not ("reply").
    """

    status: int
    body: Any
    delay_s: float = 0.0
    broken: Literal["", "refused", "request", "reply"] = ""


_Operation = Callable[[Exchange, RestRequest], tuple[int, Any]]


def is_authorized(exchange: Exchange, authorization: str) -> bool:
    """Whether this `Authorization` header carries the account's SID and token."""
    scheme, _, encoded = authorization.partition(" ")
    try:
        given = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        return False
    wanted = f"{exchange.settings.account_sid}:{exchange.settings.auth_token}".encode()
    return scheme.lower() == "basic" and hmac.compare_digest(given, wanted)


def answer(exchange: Exchange, request: RestRequest) -> RestAnswer:
    """Do what the request asks, with the faults that are due. Works inside and outside the running loop."""
    name, operation, names = _route(request)
    request = msgspec.structs.replace(request, names=names)
    injection = exchange.injection
    if injection.rest_is_down():
        return _note(exchange, name, request, RestAnswer(0, None, broken="refused"))
    if injection.take_for_rest("lose_requests", name):
        return _note(exchange, name, request, RestAnswer(0, None, broken="request"))
    status, body = _processed(exchange, name, operation, request)
    broken: Literal["", "reply"] = ""
    if status < 300:
        if injection.take_for_rest("rest_errors_after_effect", name):
            status, body = 500, RestError(20500, "Injected failure", 500).body()
        elif injection.take_for_rest("lose_replies", name):
            broken = "reply"
    concerned = injection.faults.rest_operation in ("*", name)
    delay_s = injection.faults.delay_reply_ms / 1000 if concerned else 0.0
    return _note(exchange, name, request, RestAnswer(status, body, delay_s, broken))


def _processed(exchange: Exchange, name: str, operation: _Operation, request: RestRequest) -> tuple[int, Any]:
    try:
        if not is_authorized(exchange, request.authorization):
            raise RestError(20003, "Authenticate", 401)
        if exchange.injection.take_for_rest("rest_errors", name):
            status = exchange.injection.faults.rest_error_status
            raise RestError(20429 if status == 429 else 20500, "Injected failure", status)
        if request.names.get("account", exchange.settings.account_sid) != exchange.settings.account_sid:
            raise _not_found(request)
        return operation(exchange, request)
    except RestError as error:
        return error.status, error.body()


def _note(exchange: Exchange, name: str, request: RestRequest, reply: RestAnswer) -> RestAnswer:
    body = reply.body if isinstance(reply.body, dict) else {}
    given: Mapping[str, list[str]] = request.form
    if request.method != "POST":
        given = {key: [value] for key, value in request.query.items()}
    exchange.log.add(
        "rest_request",
        request.names.get("sid") or body.get("sid"),
        operation=name,
        method=request.method,
        path=request.path,
        params={key: values for key, values in given.items() if key not in _HIDDEN},
        status=reply.status,
        code=body.get("code"),
        reply_lost=reply.broken == "reply",
    )
    return reply


def _not_found(request: RestRequest) -> RestError:
    return RestError(20404, f"The requested resource {request.path} was not found", 404)


def _leg(exchange: Exchange, request: RestRequest) -> Leg:
    leg = exchange.legs.get(request.names["sid"])
    if leg is None:
        raise _not_found(request)
    return leg


def _create_call(exchange: Exchange, request: RestRequest) -> tuple[int, Any]:
    return 201, call_view(create_call(exchange, request.form))


def _list_calls(exchange: Exchange, request: RestRequest) -> tuple[int, Any]:
    legs = list_calls(exchange, request.query)
    envelope, part = page("calls", request.path, request.query, legs)
    return 200, {**envelope, "calls": [call_view(leg) for leg in legs[part]]}


def _fetch_call(exchange: Exchange, request: RestRequest) -> tuple[int, Any]:
    return 200, call_view(_leg(exchange, request))


def _update_call(exchange: Exchange, request: RestRequest) -> tuple[int, Any]:
    leg = _leg(exchange, request)
    update_call(leg, request.form)
    return 200, call_view(leg)


def _create_stream(exchange: Exchange, request: RestRequest) -> tuple[int, Any]:
    """Fork by REST. Source: https://www.twilio.com/docs/voice/api/stream-resource"""
    leg = _leg(exchange, request)
    form = {name: values[0] for name, values in request.form.items()}
    if leg.status != "in-progress":
        raise RestError(21220, "Call is not in-progress. Cannot start a stream.")
    if "Url" not in form:
        raise RestError(21201, "Url is required.")
    track = form.get("Track", "inbound_track")
    if track not in TRACKS:
        raise RestError(31941, f"Track {track!r} is not one of {', '.join(TRACKS)}.")
    numbered = ((f"Parameter{n}.Name", f"Parameter{n}.Value") for n in range(1, _MAX_PARAMETERS + 1))
    parameters = tuple((form[name], form.get(value, "")) for name, value in numbered if name in form)
    verb = v.StartStream(
        url=form["Url"],
        name=form.get("Name", ""),
        track=track,
        status_callback=form.get("StatusCallback"),
        status_callback_method=form.get("StatusCallbackMethod", "POST"),
        parameters=parameters,
    )
    return 201, stream_view(begin_stream(leg, verb, verb.status_callback))


def _update_stream(exchange: Exchange, request: RestRequest) -> tuple[int, Any]:
    leg = _leg(exchange, request)
    wanted = request.names["stream"]
    for stream in reversed(leg.all_streams):
        if wanted in (stream.sid, stream.name):
            stream.stop()
            return 200, stream_view(stream)
    raise _not_found(request)


def _create_message(exchange: Exchange, request: RestRequest) -> tuple[int, Any]:
    """Accept a text message. Source: https://www.twilio.com/docs/messaging/api/message-resource"""
    return 201, create_message(exchange, request.form)


def _list_notifications(exchange: Exchange, request: RestRequest) -> tuple[int, Any]:
    leg = _leg(exchange, request)
    entries = [entry for entry in exchange.notifications if entry.call_sid == leg.sid]
    envelope, part = page("notifications", request.path, request.query, entries)
    return 200, {**envelope, "notifications": [notification_view(exchange, one) for one in entries[part]]}


def _unknown(_exchange: Exchange, request: RestRequest) -> tuple[int, Any]:
    raise _not_found(request)


_ACCOUNT: Final = rf"/{API_VERSION}/Accounts/(?P<account>[^/]+)"
_CALL: Final = _ACCOUNT + r"/Calls/(?P<sid>[^/.]+)"
_ROUTES: Final[tuple[tuple[str, re.Pattern[str], str, _Operation], ...]] = tuple(
    (method, re.compile(pattern), name, operation)
    for method, pattern, name, operation in (
        ("POST", _ACCOUNT + r"/Calls\.json", "create_call", _create_call),
        ("GET", _ACCOUNT + r"/Calls\.json", "list_calls", _list_calls),
        ("GET", _CALL + r"\.json", "fetch_call", _fetch_call),
        ("POST", _CALL + r"\.json", "update_call", _update_call),
        ("POST", _CALL + r"/Streams\.json", "create_stream", _create_stream),
        ("POST", _CALL + r"/Streams/(?P<stream>[^/]+)\.json", "update_stream", _update_stream),
        ("GET", _CALL + r"/Notifications\.json", "list_notifications", _list_notifications),
        ("POST", _ACCOUNT + r"/Messages\.json", "create_message", _create_message),
    )
)


def _route(request: RestRequest) -> tuple[str, _Operation, dict[str, str]]:
    for method, pattern, name, operation in _ROUTES:
        if method == request.method:
            match = pattern.fullmatch(request.path)
            if match is not None:
                return name, operation, match.groupdict()
    return "unknown", _unknown, {}
