"""The REST API on a socket."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from aiohttp import web

from ivr.localcarrier.exchange import Exchange
from ivr.localcarrier.parameters import API_VERSION
from ivr.localcarrier.rest import RestRequest, answer, is_authorized
from ivr.sound import mulaw
from speech import wav

EXCHANGE: Final = web.AppKey("exchange", Exchange)


def json_response(body: Any, status: int = 200) -> web.Response:
    """Return `body` as JSON."""
    return web.Response(body=msgspec.json.encode(body), status=status, content_type="application/json")


def add_rest_routes(app: web.Application) -> None:
    """Add the paths of the REST API."""
    recording = f"/{API_VERSION}/Accounts/{{account}}/Recordings/{{sid:[^/.]+}}"
    for path in (recording, f"{recording}.wav"):
        app.router.add_route("GET", path, _recording)
    app.router.add_route("*", f"/{API_VERSION}/{{rest:.*}}", _handle)


async def _handle(request: web.Request) -> web.StreamResponse:
    exchange = request.app[EXCHANGE]
    form = await request.post() if request.method == "POST" else None
    reply = answer(
        exchange,
        RestRequest(
            request.method,
            request.path,
            dict(request.query),
            {} if form is None else {name: [str(value) for value in form.getall(name)] for name in form},
            request.headers.get("Authorization", ""),
        ),
    )
    if reply.delay_s > 0:
        await exchange.clock.sleep(reply.delay_s)
    if reply.broken and request.transport is not None:
        request.transport.abort()
    return json_response(reply.body, reply.status or 503)


async def _recording(request: web.Request) -> web.StreamResponse:
    """The media of a recording, as WAV. Source: https://www.twilio.com/docs/voice/api/recording (fetch media)"""
    exchange = request.app[EXCHANGE]
    if not is_authorized(exchange, request.headers.get("Authorization", "")):
        return web.Response(status=401)
    codes = exchange.recordings.get(request.match_info["sid"])
    if codes is None:
        return web.Response(status=404)
    return web.Response(body=wav.mono_wav(mulaw.decode(codes)), content_type="audio/x-wav")
