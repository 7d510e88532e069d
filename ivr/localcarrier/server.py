"""Runs a local carrier: in a process of its own (`run`) or inside an event loop (`LocalCarrier`)."""

from __future__ import annotations

import asyncio
import errno
import signal
import sys
from types import TracebackType

from aiohttp import web

from ivr.localcarrier.control import add_control_routes
from ivr.localcarrier.exchange import Exchange
from ivr.localcarrier.rest_http import EXCHANGE, add_rest_routes
from ivr.localcarrier.settings import CarrierSettings
from ivr.localcarrier.settling import SettlingLoop

_STOP_TIMEOUT_S = 5.0


class CarrierStartError(Exception):
    """The carrier cannot start; the message says why and what to do."""

    code = "carrier_start"
    retryable = False


class LocalCarrier:
    """A running carrier, for `async with`."""

    def __init__(self, settings: CarrierSettings) -> None:
        self._settings = settings
        self._runner: web.AppRunner | None = None
        self._ticking: asyncio.Task[None] | None = None
        self._exchange: Exchange | None = None
        self.base_url = ""

    async def start(self) -> None:
        """Listen and let the clock run; raises `CarrierStartError` if the port is taken.

        With a manual clock the loop must be a `SettlingLoop` (see `loop_for`).
        """
        settings = self._settings
        loop = asyncio.get_running_loop()
        if settings.manual_clock is not None and not isinstance(loop, SettlingLoop):
            raise CarrierStartError("a manual clock needs an event loop that can settle: make it with `loop_for`")
        exchange = self._exchange = Exchange(settings, loop)
        if isinstance(loop, SettlingLoop):
            loop.settling.busy = lambda: exchange.away > 0
        app = web.Application()
        app[EXCHANGE] = exchange
        add_rest_routes(app)
        add_control_routes(app)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        site = web.TCPSite(self._runner, settings.host, settings.port)
        try:
            await site.start()
        except OSError as error:
            await self.stop()
            where = f"port {settings.port} of {settings.host}"
            if error.errno == errno.EADDRINUSE:
                message = f"{where} is in use; stop the other program or choose another port with --port"
            else:
                message = f"cannot listen on {where}: {error.strerror}"
            raise CarrierStartError(message) from error
        port = self._runner.addresses[0][1]
        self.base_url = exchange.base_url = f"http://{settings.host}:{port}"
        if settings.manual_clock is None:
            self._ticking = asyncio.ensure_future(exchange.clock.run(exchange.tick))

    async def stop(self) -> None:
        """End all calls, deliver what is still to be delivered, and close; safe to call twice."""
        exchange, self._exchange = self._exchange, None
        if exchange is not None:
            for leg in list(exchange.live.values()):
                leg.end("carrier")
            if isinstance(exchange.loop, SettlingLoop):
                await exchange.loop.settled()
            await exchange.settle(0.0 if exchange.settings.manual_clock is not None else _STOP_TIMEOUT_S)
        if self._ticking is not None:
            self._ticking.cancel()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None
        if exchange is not None:
            await exchange.webhooks.close()
            exchange.voices.close()
            exchange.log.close()

    async def __aenter__(self) -> LocalCarrier:
        """Start."""
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop."""
        await self.stop()


def loop_for(settings: CarrierSettings) -> asyncio.AbstractEventLoop:
    """Return a new event loop that suits these settings."""
    return SettlingLoop() if settings.manual_clock is not None else asyncio.new_event_loop()


def run(settings: CarrierSettings) -> int:
    """Run until SIGTERM or SIGINT; returns the exit status: 0, or 1 if the carrier could not start."""
    try:
        with asyncio.Runner(loop_factory=lambda: loop_for(settings)) as runner:
            runner.run(_run(settings))
    except CarrierStartError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


async def _run(settings: CarrierSettings) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with LocalCarrier(settings) as carrier:
        sys.stdout.write(f"local carrier at {carrier.base_url}\n")
        sys.stdout.flush()
        await stop.wait()
