"""Two legs that hear each other."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ivr.localcarrier.leg import Leg


class Bridge:
    """Joins two legs until it is closed, or one of them ends; `over` is set then."""

    def __init__(self, one: Leg, other: Leg) -> None:
        self.over = asyncio.Event()
        self._pair = (one, other)
        for leg, peer in ((one, other), (other, one)):
            leg.line.source = _ear(peer)
            leg.listeners.append(peer)
            leg.exchange.log.add("bridge_started", leg.sid, other_call_sid=peer.sid)
            leg.exchange.in_background(self._close_with(leg))

    def close(self) -> None:
        """Part the two; the second call does nothing."""
        if self.over.is_set():
            return
        self.over.set()
        one, other = self._pair
        for leg, peer in ((one, other), (other, one)):
            leg.line.source = None
            leg.listeners.remove(peer)
            leg.exchange.log.add("bridge_ended", leg.sid, other_call_sid=peer.sid)

    async def _close_with(self, leg: Leg) -> None:
        gone, over = asyncio.ensure_future(leg.gone.wait()), asyncio.ensure_future(self.over.wait())
        await asyncio.wait((gone, over), return_when=asyncio.FIRST_COMPLETED)
        gone.cancel()
        over.cancel()
        self.close()


def _ear(peer: Leg) -> Callable[[], bytes]:
    return lambda: peer.line.said
