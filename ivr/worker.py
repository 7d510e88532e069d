"""The worker: a tick twice a second that keeps the promises. Any number may run."""

from __future__ import annotations

import signal
import threading
from datetime import datetime, timedelta
from typing import Final

import structlog

from callbacks import lifecycle_events as events
from callbacks.dispatch import MOST_PER_TICK, ON_THE_LINE
from callbacks.errors import ConflictError, DialError, IllegalEventError
from callbacks.scheduler import Ticker
from ivr import logs
from ivr.bookkeeping import Bookkeeping
from ivr.desk.privacy import forget_old
from ivr.redis_client import RedisError
from ivr.redis_durability import check as check_durability
from ivr.services import Services, build, utc_now
from ivr.settings import Settings

log = structlog.get_logger()

TICK_S: Final = 0.5
BUSY_AT_MOST: Final = timedelta(seconds=2)
# What was not copied before a store is lost cannot be put back from the copy.
BOOKKEEPING_S: Final = 1.0
# Calls whose end nobody told us of are looked for at this pace, so many at a time.
HOUSEKEEPING_S: Final = 600.0
# Some ticks before a put-off ends, whichever worker is first asks whether the call for which it is has ended.
BEFORE_DUE: Final = timedelta(seconds=10)
HELD_AT_ONCE: Final = 50
# Where the carrier cannot say.
ASK_AGAIN: Final = timedelta(seconds=60)
CALLS_GATHERED: Final = 500


class Tick:
    """One tick: a sign of life, then what is due. A fault is logged when it begins and when it is over.

    By a clock that is not the others' no phone is rung: it might be the wrong hour, or a lease that has not ended. Nor
    on a store that has forgotten what it did; without `bookkeeping` there is no copy that would tell.
    """

    def __init__(self, services: Services, bookkeeping: Bookkeeping | None = None) -> None:
        self._services = services
        self._bookkeeping = bookkeeping
        self._fault = logs.LastingFault("the worker cannot work and keeps trying", "the worker works again")

    def __call__(self) -> None:
        fault = None
        try:
            self._services.heartbeats.worker_beats(utc_now().timestamp())
            clock = self._services.clock.compare()
            forgot = self._bookkeeping.why_not_dial() if self._bookkeeping is not None else None
            if not clock.agrees:
                # The figure is not in the log, where it would be another fault each time.
                fault = "this machine's clock and that of Redis do not agree"
                self._services.heartbeats.worker_is_idle("clock", f"{clock.ahead_s:+.1f} s ahead of Redis")
            elif forgot is not None:
                fault = forgot
                self._services.heartbeats.worker_is_idle("ledger", forgot)
            else:
                hold_while_they_call(self._services, utc_now())
                self._dispatch()
        except (RedisError, DialError) as error:
            fault = f"{type(error).__name__}: {error}"
        except Exception:
            log.exception("tick failed")
            fault = "unexpected"
        self._fault.note(fault)

    def _dispatch(self) -> None:
        """What is due; at once again while it is as much as is done at once, before the next look at the clock."""
        began = utc_now()
        while self._services.dispatcher.dispatch_due(utc_now()) >= MOST_PER_TICK:
            if abs(utc_now() - began) > BUSY_AT_MOST:
                break


def hold_while_they_call(services: Services, now: datetime) -> int:
    """Put off once more what is put off for a call that still goes on; how many.

    Who has talked with us for a quarter of an hour must not be rung in the middle of it.
    """
    held = 0
    for known in services.callbacks.store.came_due(now + BEFORE_DUE, HELD_AT_ONCE):
        call_sid = known.record.held_by_call
        longer = None if call_sid is None else _how_much_longer(services, call_sid)
        if longer is None:
            continue
        try:
            event = events.PutOff(at=now, until=now + longer, by_call=call_sid, why="they call us")
            services.callbacks.apply(known.record.id, event)
            held += 1
        except (IllegalEventError, ConflictError):
            continue  # the call has ended in this moment, or another worker was faster
    return held


def _how_much_longer(services: Services, call_sid: str) -> timedelta | None:
    """For how long nobody should be rung for a call; None where it is over."""
    try:
        talks = services.dialler.leg_status(call_sid) in ON_THE_LINE
    except DialError as error:
        log.warning("nobody knows whether a call goes on", call_sid=call_sid, error=str(error))
        return ASK_AGAIN
    return timedelta(seconds=services.callbacks.policy.put_off_s) if talks else None


class Housekeeping:
    """Keeps the traces of calls that just stopped, and deletes the callbacks that ended long ago."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def __call__(self) -> None:
        try:
            self._services.traces.gather(utc_now(), CALLS_GATHERED)
        except RedisError as error:
            log.error("traces not gathered; tried again later", fault=type(error).__name__)
        try:
            # By a wrong clock, yesterday's might look old.
            agrees = self._services.clock.compare().agrees
            forgotten = forget_old(self._services, utc_now()) if agrees else 0
        except RedisError as error:
            log.error("old callbacks not deleted; tried again later", fault=type(error).__name__)
        else:
            if forgotten:
                log.info("old callbacks deleted", count=forgotten)


def run(settings: Settings) -> None:
    """Work until SIGTERM or SIGINT. Raises `DurabilityError` before that where Redis keeps less than it should."""
    logs.configure("worker", settings.log_level)
    services = build(settings)
    check_durability(services.redis, settings.durability)
    bookkeeping = Bookkeeping(services)
    tickers = (
        Ticker(TICK_S, Tick(services, bookkeeping)),
        Ticker(BOOKKEEPING_S, bookkeeping),
        Ticker(HOUSEKEEPING_S, Housekeeping(services)),
    )
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    for ticker in tickers:
        ticker.start()
    log.info("worker ready")
    stop.wait()
    for ticker in tickers:
        ticker.stop()
    bookkeeping.close()
