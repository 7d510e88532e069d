"""The worker: a tick twice a second that keeps the promises. Any number may run."""

from __future__ import annotations

import signal
import threading
from typing import Final

import structlog

from callbacks.errors import DialError
from callbacks.scheduler import Ticker
from ivr import logs
from ivr.redis_client import RedisError
from ivr.services import Services, build, utc_now
from ivr.settings import Settings

log = structlog.get_logger()

TICK_S: Final = 0.5
# Calls whose end nobody told us of are looked for at this pace, so many at a time.
HOUSEKEEPING_S: Final = 600.0
CALLS_GATHERED: Final = 500


class Tick:
    """One tick: a sign of life, then what is due. A fault is logged when it begins and when it is over."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._fault: str | None = None

    def __call__(self) -> None:
        fault = None
        try:
            self._services.heartbeats.worker_beats(utc_now().timestamp())
            self._services.dispatcher.dispatch_due(utc_now())
        except (RedisError, DialError) as error:
            fault = f"{type(error).__name__}: {error}"
        except Exception:
            log.exception("tick failed")
            fault = "unexpected"
        if fault is not None and self._fault is None:
            log.error("the worker cannot work and keeps trying", fault=fault)
        elif fault is None and self._fault is not None:
            log.info("the worker works again")
        self._fault = fault


class Housekeeping:
    """Keeps the traces of calls that just stopped."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def __call__(self) -> None:
        try:
            self._services.traces.gather(utc_now(), CALLS_GATHERED)
        except RedisError as error:
            log.error("traces not gathered; tried again later", fault=type(error).__name__)


def run(settings: Settings) -> None:
    """Work until SIGTERM or SIGINT."""
    logs.configure("worker", settings.log_level)
    services = build(settings)
    tickers = (Ticker(TICK_S, Tick(services)), Ticker(HOUSEKEEPING_S, Housekeeping(services)))
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    for ticker in tickers:
        ticker.start()
    log.info("worker ready")
    stop.wait()
    for ticker in tickers:
        ticker.stop()
