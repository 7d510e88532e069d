"""The worker: a tick twice a second that keeps the promises. Any number may run."""

from __future__ import annotations

import signal
import threading
from typing import Final

import structlog

from callbacks.dispatch import Dispatcher
from callbacks.errors import DialError
from callbacks.scheduler import Ticker
from ivr import logs
from ivr.redis_client import RedisError
from ivr.services import Services, build, utc_now
from ivr.settings import Settings

log = structlog.get_logger()

TICK_S: Final = 0.5


class Tick:
    """One tick: a sign of life, then what is due. A fault is logged when it begins and when it is over."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._dispatcher = Dispatcher(services.callbacks, services.dialler)
        self._fault: str | None = None

    def __call__(self) -> None:
        fault = None
        try:
            self._services.heartbeats.worker_beats(utc_now().timestamp())
            self._dispatcher.dispatch_due(utc_now())
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


def run(settings: Settings) -> None:
    """Work until SIGTERM or SIGINT."""
    logs.configure("worker", settings.log_level)
    ticker = Ticker(TICK_S, Tick(build(settings)))
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    ticker.start()
    log.info("worker ready")
    stop.wait()
    ticker.stop()
