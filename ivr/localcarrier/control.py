"""The control API below `/local`: numbers, phones, calls, faults, clock, event log. `client` is its other end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

import msgspec
from aiohttp import web

from ivr.localcarrier import controls
from ivr.localcarrier.clock import TICK_S, ticks_in
from ivr.localcarrier.exchange import Exchange
from ivr.localcarrier.passing import NotManualError, manual, next_event_in, pass_time, ticks_to_next
from ivr.localcarrier.rest import is_authorized
from ivr.localcarrier.rest_http import EXCHANGE, json_response
from ivr.localcarrier.script import Step
from ivr.localcarrier.settling import SettlingLoop
from ivr.localcarrier.wire import Faults, InboundCall, NumberSettings, Passing, PhoneBook

_T = TypeVar("_T")
_MOVING: Final = web.AppKey("moving", asyncio.Lock)  # one at a time moves the clock
_MAX_WAIT_S = 30.0
_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def add_control_routes(app: web.Application) -> None:
    """Add the paths of the control API."""
    app[_MOVING] = asyncio.Lock()
    for method, path, handler in (
        ("GET", "/local/health", _health),
        ("PUT", "/local/numbers/{number}", _put_number),
        ("PUT", "/local/phones/{number}", _put_phones),
        ("POST", "/local/calls", _place_call),
        ("GET", "/local/calls", _calls),
        ("GET", "/local/calls/{sid}", _call),
        ("POST", "/local/calls/{sid}/hang_up", _hang_up),
        ("POST", "/local/calls/{sid}/drop_line", _drop_line),
        ("POST", "/local/calls/{sid}/steps", _steps),
        ("PUT", "/local/faults", _put_faults),
        ("POST", "/local/drop_media", _drop_media),
        ("POST", "/local/clock/advance", _advance),
        ("POST", "/local/clock/advance_to_next_event", _advance_to_next_event),
        ("GET", "/local/clock/next_event", _next_event),
        ("GET", "/local/events", _events),
    ):
        app.router.add_route(method, path, _authorized(handler))


def _authorized(handler: _Handler) -> _Handler:
    async def handle(request: web.Request) -> web.StreamResponse:
        if not is_authorized(request.app[EXCHANGE], request.headers.get("Authorization", "")):
            return web.Response(status=401, text="wrong account SID or auth token")
        try:
            return await handler(request)
        except msgspec.ValidationError as error:
            return web.Response(status=400, text=str(error))
        except controls.ControlError as error:
            return web.Response(status=error.status, text=str(error))
        except NotManualError as error:
            return web.Response(status=409, text=str(error))

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
    return json_response(controls.place_call(request.app[EXCHANGE], await _body(request, InboundCall)), 201)


async def _calls(request: web.Request) -> web.StreamResponse:
    return json_response([controls.view(leg) for leg in request.app[EXCHANGE].legs.values()])


async def _call(request: web.Request) -> web.StreamResponse:
    return json_response(controls.view(controls.leg_of(request.app[EXCHANGE], request.match_info["sid"])))


async def _hang_up(request: web.Request) -> web.StreamResponse:
    controls.hang_up(request.app[EXCHANGE], request.match_info["sid"])
    return json_response({})


async def _drop_line(request: web.Request) -> web.StreamResponse:
    controls.drop_line(request.app[EXCHANGE], request.match_info["sid"])
    return json_response({})


async def _steps(request: web.Request) -> web.StreamResponse:
    steps = await _body(request, tuple[Step, ...])
    controls.act(request.app[EXCHANGE], request.match_info["sid"], steps)
    return json_response({})


async def _put_faults(request: web.Request) -> web.StreamResponse:
    request.app[EXCHANGE].injection.replace(await _body(request, Faults))
    return json_response({})


async def _drop_media(request: web.Request) -> web.StreamResponse:
    return json_response({"dropped": controls.drop_media(request.app[EXCHANGE], request.query.get("call_sid"))})


async def _advance(request: web.Request) -> web.StreamResponse:
    """Let call time pass; answers when all that this causes has settled."""
    passing = await _body(request, Passing)
    async with request.app[_MOVING]:
        return json_response(await _pass(request.app[EXCHANGE], ticks_in(passing.seconds or 0.0)))


async def _advance_to_next_event(request: web.Request) -> web.StreamResponse:
    exchange = request.app[EXCHANGE]
    async with request.app[_MOVING]:
        await _loop(exchange).settled()
        ticks = ticks_to_next(exchange)
        return json_response(Passing(None) if ticks is None else await _pass(exchange, ticks))


async def _next_event(request: web.Request) -> web.StreamResponse:
    exchange = request.app[EXCHANGE]
    await _loop(exchange).settled()
    return json_response(Passing(next_event_in(exchange)))


async def _pass(exchange: Exchange, ticks: int) -> Passing:
    loop = _loop(exchange)
    await loop.settled()
    for _ in pass_time(exchange, ticks):
        await loop.settled()
    return Passing(ticks * TICK_S)


def _loop(exchange: Exchange) -> SettlingLoop:
    manual(exchange)
    assert isinstance(exchange.loop, SettlingLoop)  # noqa: S101 - `LocalCarrier.start` refuses another one
    return exchange.loop


async def _events(request: web.Request) -> web.StreamResponse:
    after = int(request.query.get("after", "0"))
    wait_s = min(float(request.query.get("wait_s", "0")), _MAX_WAIT_S)
    return json_response(await request.app[EXCHANGE].log.wait_after(after, wait_s))
