"""The REST API over HTTP: routes, Basic auth, faults, error bodies.

Source: https://www.twilio.com/docs/voice/api
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hmac
from collections.abc import Awaitable, Callable
from typing import Any, Final

import msgspec
from aiohttp import web

from ivr.localcarrier import verbs as v
from ivr.localcarrier.exchange import Exchange
from ivr.localcarrier.leg import Leg
from ivr.localcarrier.parameters import API_VERSION
from ivr.localcarrier.rest_calls import create_call, list_calls, update_call
from ivr.localcarrier.rest_messages import create_message
from ivr.localcarrier.rest_views import RestError, call_view, notification_view, page, stream_view
from ivr.localcarrier.streams import TRACKS, begin_stream
from ivr.sound import mulaw, wav

EXCHANGE: Final = web.AppKey("exchange", Exchange)
_MAX_PARAMETERS: Final = 99
_Answer = tuple[int, Any]
_Operation = Callable[[Exchange, web.Request], Awaitable[_Answer]]


def is_authorized(exchange: Exchange, request: web.Request) -> bool:
    """Whether the request carries the account's SID and token."""
    scheme, _, encoded = request.headers.get("Authorization", "").partition(" ")
    try:
        given = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        return False
    wanted = f"{exchange.settings.account_sid}:{exchange.settings.auth_token}".encode()
    return scheme.lower() == "basic" and hmac.compare_digest(given, wanted)


def json_response(body: Any, status: int = 200) -> web.Response:
    """Return `body` as JSON."""
    return web.Response(body=msgspec.json.encode(body), status=status, content_type="application/json")


def add_rest_routes(app: web.Application) -> None:
    """Add the paths of the REST API."""
    calls = f"/{API_VERSION}/Accounts/{{account}}/Calls"
    one = calls + "/{sid:[^/.]+}"
    for method, path, name, operation in (
        ("POST", f"{calls}.json", "create_call", _create_call),
        ("GET", f"{calls}.json", "list_calls", _list_calls),
        ("GET", f"{one}.json", "fetch_call", _fetch_call),
        ("POST", f"{one}.json", "update_call", _update_call),
        ("POST", f"{one}/Streams.json", "create_stream", _create_stream),
        ("POST", one + "/Streams/{stream:[^/]+}.json", "update_stream", _update_stream),
        ("GET", f"{one}/Notifications.json", "list_notifications", _list_notifications),
        ("POST", f"/{API_VERSION}/Accounts/{{account}}/Messages.json", "create_message", _create_message),
    ):
        app.router.add_route(method, path, _handler(name, operation))
    recording = f"/{API_VERSION}/Accounts/{{account}}/Recordings/{{sid:[^/.]+}}"
    for path in (recording, f"{recording}.wav"):
        app.router.add_route("GET", path, _recording)
    app.router.add_route("*", f"/{API_VERSION}/{{rest:.*}}", _handler("unknown", _unknown))


def _handler(name: str, operation: _Operation) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def handle(request: web.Request) -> web.Response:
        exchange = request.app[EXCHANGE]
        faults = exchange.faults
        concerned = faults.rest_operation in ("*", name)
        try:
            if not is_authorized(exchange, request):
                raise RestError(20003, "Authenticate", 401)
            if concerned and exchange.take_fault("rest_errors"):
                status = faults.rest_error_status
                raise RestError(20429 if status == 429 else 20500, "Injected failure", status)
            if request.match_info.get("account", exchange.settings.account_sid) != exchange.settings.account_sid:
                raise RestError(20404, f"The requested resource {request.path} was not found", 404)
            status, body = await operation(exchange, request)
        except RestError as error:
            status, body = error.status, error.body()
        lost = concerned and status < 300 and exchange.take_fault("lose_replies")
        exchange.log.add(
            "rest_request",
            _sid_of(request, body),
            operation=name,
            method=request.method,
            path=request.path,
            params=await _params(request),
            status=status,
            code=body.get("code") if isinstance(body, dict) else None,
            reply_lost=lost,
        )
        if concerned and faults.delay_reply_ms:
            await asyncio.sleep(faults.delay_reply_ms / 1000)
        if lost and request.transport is not None:
            request.transport.abort()
        return json_response(body, status)

    return handle


def _sid_of(request: web.Request, body: Any) -> str | None:
    sid = request.match_info.get("sid")
    return sid or (body.get("sid") if isinstance(body, dict) else None)


async def _params(request: web.Request) -> dict[str, list[str]]:
    form = await request.post() if request.method == "POST" else request.query
    hidden = {"CallToken", "SipAuthPassword"}
    return {name: [str(value) for value in form.getall(name)] for name in form if name not in hidden}


def _leg(exchange: Exchange, request: web.Request) -> Leg:
    leg = exchange.legs.get(request.match_info["sid"])
    if leg is None:
        raise RestError(20404, f"The requested resource {request.path} was not found", 404)
    return leg


async def _create_call(exchange: Exchange, request: web.Request) -> _Answer:
    return 201, call_view(create_call(exchange, await _params(request)))


async def _list_calls(exchange: Exchange, request: web.Request) -> _Answer:
    query = dict(request.query)
    legs = list_calls(exchange, query)
    envelope, part = page("calls", request.path, query, legs)
    return 200, {**envelope, "calls": [call_view(leg) for leg in legs[part]]}


async def _fetch_call(exchange: Exchange, request: web.Request) -> _Answer:
    return 200, call_view(_leg(exchange, request))


async def _update_call(exchange: Exchange, request: web.Request) -> _Answer:
    leg = _leg(exchange, request)
    update_call(leg, await _params(request))
    return 200, call_view(leg)


async def _create_stream(exchange: Exchange, request: web.Request) -> _Answer:
    """Fork by REST. Source: https://www.twilio.com/docs/voice/api/stream-resource"""
    leg = _leg(exchange, request)
    form = {name: values[0] for name, values in (await _params(request)).items()}
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


async def _update_stream(exchange: Exchange, request: web.Request) -> _Answer:
    leg = _leg(exchange, request)
    wanted = request.match_info["stream"]
    for stream in reversed(leg.all_streams):
        if wanted in (stream.sid, stream.name):
            stream.stop()
            return 200, stream_view(stream)
    raise RestError(20404, f"The requested resource {request.path} was not found", 404)


async def _create_message(exchange: Exchange, request: web.Request) -> _Answer:
    """Accept a text message. Source: https://www.twilio.com/docs/messaging/api/message-resource"""
    return 201, create_message(exchange, await _params(request))


async def _recording(request: web.Request) -> web.Response:
    """The media of a recording, as WAV. Source: https://www.twilio.com/docs/voice/api/recording (fetch media)"""
    exchange = request.app[EXCHANGE]
    if not is_authorized(exchange, request):
        return web.Response(status=401)
    codes = exchange.recordings.get(request.match_info["sid"])
    if codes is None:
        return web.Response(status=404)
    return web.Response(body=wav.mono_wav(mulaw.decode(codes)), content_type="audio/x-wav")


async def _list_notifications(exchange: Exchange, request: web.Request) -> _Answer:
    leg = _leg(exchange, request)
    entries = [entry for entry in exchange.notifications if entry.call_sid == leg.sid]
    envelope, part = page("notifications", request.path, dict(request.query), entries)
    return 200, {**envelope, "notifications": [notification_view(exchange, one) for one in entries[part]]}


async def _unknown(_exchange: Exchange, request: web.Request) -> _Answer:
    raise RestError(20404, f"The requested resource {request.path} was not found", 404)
