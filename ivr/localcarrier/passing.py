"""How call time passes on a manual clock: straight to the next thing that happens.

Frame by frame only while somebody listens to the frames (a media stream, a recording); else the frames between two
happenings are skipped, with the same outcome.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ivr.localcarrier.clock import TICK_S, ManualClock

if TYPE_CHECKING:
    from ivr.localcarrier.exchange import Exchange


class NotManualError(Exception):
    """The carrier's clock runs by itself: it cannot be moved."""

    code = "clock_not_manual"
    retryable = False

    def __init__(self) -> None:
        super().__init__("the clock of this carrier runs by itself (see CarrierSettings.manual_clock)")


def manual(exchange: Exchange) -> ManualClock:
    """Return the clock of the exchange; raises `NotManualError` if it runs by itself."""
    if not isinstance(exchange.clock, ManualClock):
        raise NotManualError
    return exchange.clock


def ticks_to_next(exchange: Exchange) -> int | None:
    """Return after how many ticks something happens; None where nothing ever does by itself."""
    ticks = manual(exchange).ticks_to_next()
    for leg in exchange.live.values():
        own = 1 if leg.needs_frames else leg.line.ticks_to_next()
        if own is not None and (ticks is None or own < ticks):
            ticks = own
    return None if ticks is None else max(1, ticks)


def next_event_in(exchange: Exchange) -> float | None:
    """Return in how many seconds of call time something happens; None where nothing ever does by itself."""
    ticks = ticks_to_next(exchange)
    return None if ticks is None else ticks * TICK_S


def pass_time(exchange: Exchange, ticks: int) -> Iterator[None]:
    """Let `ticks` frames pass; yields after each one in which something happened, to let it settle."""
    clock = manual(exchange)
    end = clock.ticks + ticks
    while clock.ticks < end:
        step = ticks_to_next(exchange)
        if step is None or clock.ticks + step > end:
            _skip(exchange, clock, end - clock.ticks)
            return
        _skip(exchange, clock, step - 1)
        clock.tick()
        exchange.tick()
        yield


def _skip(exchange: Exchange, clock: ManualClock, ticks: int) -> None:
    if ticks > 0:
        clock.skip(ticks)
        for leg in exchange.live.values():
            leg.line.skip(ticks)
