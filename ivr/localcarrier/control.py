"""The control API below `/local`: numbers, phones, calls, faults and the event log. `client` is its other end."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

import msgspec
from aiohttp import web

from ivr.localcarrier.leg import DocumentRequest, Handling, Leg
from ivr.localcarrier.life import inbound
from ivr.localcarrier.person import Person
from ivr.localcarrier.rest import EXCHANGE, is_authorized, json_response
from ivr.localcarrier.script import Step
from ivr.localcarrier.status_webhooks import StatusSubscription
from ivr.localcarrier.wire import CallView, Faults, InboundCall, NumberSettings, PhoneBook

_T = TypeVar("_T")
_MAX_WAIT_S = 30.0
_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def add_control_routes(app: web.Application) -> None:
    """Add the paths of the control API."""
    for method, path, handler in (
        ("GET", "/local/health", _health),
        ("PUT", "/local/numbers/{number}", _put_number),
        ("PUT", "/local/phones/{number}", _put_phones),
        ("POST", "/local/calls", _place_call),
        ("GET", "/local/calls", _calls),
        ("GET", "/local/calls/{sid}", _call),
        ("POST", "/local/calls/{sid}/hang_up", _hang_up),
        ("POST", "/local/calls/{sid}/steps", _steps),
        ("PUT", "/local/faults", _put_faults),
        ("POST", "/local/drop_media", _drop_media),
        ("GET", "/local/events", _events),
    ):
        app.router.add_route(method, path, _authorized(handler))


def _authorized(handler: _Handler) -> _Handler:
    async def handle(request: web.Request) -> web.StreamResponse:
        if not is_authorized(request.app[EXCHANGE], request):
            return web.Response(status=401, text="wrong account SID or auth token")
        try:
            return await handler(request)
        except msgspec.ValidationError as error:
            return web.Response(status=400, text=str(error))

    return handle


async def _body(request: web.Request, kind: type[_T]) -> _T:
    return msgspec.json.decode(await request.read(), type=kind)


async def _health(request: web.Request) -> web.StreamResponse:
    exchange = request.app[EXCHANGE]
    return json_response({"live_calls": len(exchange.live), "speech": exchange.voices.engine_name})


async def _put_number(request: web.Request) -> web.StreamResponse:
    request.app[EXCHANGE].numbers[request.match_info["number"]] = await _body(request, NumberSettings)
    return json_response({})


async def _put_phones(request: web.Request) -> web.StreamResponse:
    book = await _body(request, PhoneBook)
    request.app[EXCHANGE].set_phones(request.match_info["number"], book.phones)
    return json_response({})


async def _place_call(request: web.Request) -> web.StreamResponse:
    exchange = request.app[EXCHANGE]
    call = await _body(request, InboundCall)
    number = exchange.numbers.get(call.to_number)
    if number is None:
        known = ", ".join(exchange.numbers) or "none"
        return web.Response(status=404, text=f"{call.to_number} is not a number here (known: {known})")
    status = None
    if number.status_callback is not None:
        status = StatusSubscription(number.status_callback, number.status_callback_method)
    first = DocumentRequest(number.voice_url, number.voice_method, purpose="answer")
    leg = Leg(
        exchange,
        direction="inbound",
        from_number=call.from_number,
        to_number=call.to_number,
        handling=Handling(first, number.fallback_url, number.fallback_method, status),
        extra=call.extra,
    )
    exchange.in_background(inbound(leg, Person.of(leg), call.steps))
    return json_response(_view(leg), 201)


async def _calls(request: web.Request) -> web.StreamResponse:
    return json_response([_view(leg) for leg in request.app[EXCHANGE].legs.values()])


async def _call(request: web.Request) -> web.StreamResponse:
    return json_response(_view(_leg(request)))


async def _hang_up(request: web.Request) -> web.StreamResponse:
    _leg(request).end("person")
    return json_response({})


async def _steps(request: web.Request) -> web.StreamResponse:
    leg = _leg(request)
    steps = await _body(request, tuple[Step, ...])
    if leg.ended:
        return web.Response(status=409, text=f"{leg.sid} has ended")
    Person.of(leg).follow(steps)
    return json_response({})


async def _put_faults(request: web.Request) -> web.StreamResponse:
    exchange = request.app[EXCHANGE]
    exchange.faults = await _body(request, Faults)
    exchange.webhooks.duplicates = exchange.faults.duplicate_webhooks
    return json_response({})


async def _drop_media(request: web.Request) -> web.StreamResponse:
    exchange = request.app[EXCHANGE]
    sid = request.query.get("call_sid")
    legs = list(exchange.live.values()) if sid is None else [exchange.legs[sid]]
    dropped = sum(stream.drop() for leg in legs for stream in list(leg.streams))
    return json_response({"dropped": dropped})


async def _events(request: web.Request) -> web.StreamResponse:
    after = int(request.query.get("after", "0"))
    wait_s = min(float(request.query.get("wait_s", "0")), _MAX_WAIT_S)
    return json_response(await request.app[EXCHANGE].log.wait_after(after, wait_s))


def _leg(request: web.Request) -> Leg:
    sid = request.match_info["sid"]
    leg = request.app[EXCHANGE].legs.get(sid)
    if leg is None:
        raise web.HTTPNotFound(text=f"there is no call {sid}")
    return leg


def _view(leg: Leg) -> CallView:
    return CallView(
        sid=leg.sid,
        direction=leg.direction,
        from_number=leg.from_number,
        to_number=leg.to_number,
        status=leg.status,
        created_at=leg.created_at,
        parent_call_sid=leg.parent.sid if leg.parent is not None else None,
        answered_at=leg.answered_at,
        ended_at=leg.ended_at,
        ended_by=leg.ended_by,
        script_done=leg.script_done,
        script_error=leg.script_error,
        recording=leg.recording,
    )
