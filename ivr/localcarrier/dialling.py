"""`<Dial>`: rings phones, runs whispers, bridges the first that answers; or joins a conference.

Source: https://www.twilio.com/docs/voice/twiml/dial, /number, /conference
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from ivr.localcarrier import verbs as v
from ivr.localcarrier.bridge import Bridge
from ivr.localcarrier.conference import confer
from ivr.localcarrier.interpreter import WHISPER_VERBS, Ending, Interpreter
from ivr.localcarrier.leg import DocumentRequest, Handling, Leg
from ivr.localcarrier.life import live, ring
from ivr.localcarrier.status_webhooks import StatusSubscription
from ivr.localcarrier.waiting import first_of

if TYPE_CHECKING:
    from ivr.localcarrier.documents import Loaded


class DialResult(msgspec.Struct):
    """How a Dial went; filled in while it goes, so that it is known when the Dial is interrupted."""

    status: str
    child: Leg | None = None
    bridged: bool = False
    duration_s: int | None = None
    is_conference: bool = False

    def parameters(self) -> dict[str, str]:
        """Return what the Dial's action gets on top of the standard set."""
        params = {"DialCallStatus": self.status, "DialBridged": "true" if self.bridged else "false"}
        if self.child is not None and not self.is_conference:
            params["DialCallSid"] = self.child.sid
            if self.duration_s is not None:
                params["DialCallDuration"] = str(self.duration_s)
        return params


async def dial(leg: Leg, verb: v.Dial, loaded: Loaded, result: DialResult) -> None:
    """Run a Dial to its end; `result` tells how it went, also when this is cancelled."""
    log = leg.exchange.log
    leg.in_dial = True
    log.add(
        "dial_started",
        leg.sid,
        numbers=[number.number for number in verb.numbers],
        conference=verb.conference.name if verb.conference is not None else None,
    )
    try:
        if verb.conference is not None:
            result.is_conference, result.status, result.bridged = True, "answered", True
            leg.answer()
            with _star(leg, verb) as star:
                await confer(leg, verb.conference, loaded, star, verb.time_limit_s)
        elif verb.numbers:
            await _Dialling(leg, verb, loaded, result).run()
        else:
            result.status = "failed"
    finally:
        leg.in_dial = False
        log.add(
            "dial_ended",
            leg.sid,
            status=result.status,
            bridged=result.bridged,
            dial_call_sid=result.child.sid if result.child is not None else None,
            duration_s=result.duration_s,
        )


@contextlib.contextmanager
def _star(leg: Leg, verb: v.Dial) -> Iterator[asyncio.Event]:
    """Yield an event that is set when the person presses `*`, if the Dial asks for it."""
    pressed = asyncio.Event()

    def on_key(key: str) -> bool:
        if key == "*" and verb.hangup_on_star:
            pressed.set()
            return True
        return False

    leg.listen_for_keys("dial", on_key)
    try:
        yield pressed
    finally:
        leg.listen_for_keys("nobody", None)


class _Attempt:
    """One phone that is being dialled."""

    def __init__(self, parent: Leg, noun: v.Number, verb: v.Dial, loaded: Loaded) -> None:
        loop = asyncio.get_running_loop()
        self.noun = noun
        self.answered: asyncio.Future[bool] = loop.create_future()
        self.ready: asyncio.Future[bool] = loop.create_future()
        self.bridge: asyncio.Future[Bridge] = loop.create_future()
        self.rejected = False
        self.is_redirected = False
        self._whisper = noun.url and DocumentRequest(loaded.resolve(noun.url), noun.method, purpose="whisper")
        self._ring_s = verb.timeout_s + parent.exchange.switches.dial_ring_extra_s
        status = None
        if noun.status_callback:
            url = loaded.resolve(noun.status_callback)
            events = frozenset(noun.status_callback_events)
            status = StatusSubscription(url, noun.status_callback_method, events)
        self.leg = Leg(
            parent.exchange,
            direction="outbound-dial",
            from_number=verb.caller_id or parent.from_number,
            to_number=noun.number,
            handling=Handling(status=status),
            parent=parent,
        )
        parent.exchange.in_background(self._live())

    async def _live(self) -> None:
        try:
            await live(self.leg, self._work())
        finally:
            self._give_up()

    async def _work(self) -> None:
        try:
            await self._take_part()
        except asyncio.CancelledError:
            # Cancelled alive: a REST update took this leg out of the Dial, and it goes on by itself.
            self.is_redirected = not self.leg.ended
            self._give_up()
            raise

    def _give_up(self) -> None:
        for future in (self.answered, self.ready):
            if not future.done():
                future.set_result(False)

    async def _take_part(self) -> None:
        if not await ring(self.leg, self._ring_s):
            return
        self.answered.set_result(True)
        if self._whisper:
            ending = await Interpreter(self.leg, allowed=WHISPER_VERBS).run(self._whisper)
            if ending is Ending.HUNG_UP:
                self.rejected = True
                return
        self.ready.set_result(True)
        bridge = await self.bridge
        try:
            await bridge.over.wait()
        finally:
            bridge.close()


class _Dialling:
    """Several phones at once; the first to answer wins."""

    def __init__(self, parent: Leg, verb: v.Dial, loaded: Loaded, result: DialResult) -> None:
        self._parent = parent
        self._verb = verb
        self._result = result
        if not verb.answer_on_bridge:
            parent.answer()
        self._attempts = [_Attempt(parent, noun, verb, loaded) for noun in verb.numbers]

    async def run(self) -> None:
        try:
            with _star(self._parent, self._verb) as star:
                await first_of(self._talk(), star.wait())
        finally:
            for attempt in self._attempts:
                if not attempt.is_redirected:
                    attempt.leg.end("carrier", None if attempt.leg.is_answered else "canceled")
                    if attempt.leg is self._result.child and attempt.leg.is_answered:
                        self._result.duration_s = attempt.leg.duration_s

    async def _talk(self) -> None:
        winner = await self._winner()
        if winner is None:
            self._result.child = self._attempts[-1].leg
            self._result.status = _worst([attempt.leg.status for attempt in self._attempts])
            return
        self._result.child = winner.leg
        for attempt in self._attempts:
            if attempt is not winner:
                attempt.leg.end("carrier", None if attempt.leg.is_answered else "canceled")
        self._result.status = "no-answer"
        if not await winner.ready:
            switches = self._parent.exchange.switches
            self._result.status = switches.whisper_reject_status if winner.rejected else "completed"
            return
        self._parent.answer()
        self._result.status, self._result.bridged = "completed", True
        bridge = Bridge(self._parent, winner.leg)
        winner.bridge.set_result(bridge)
        try:
            await first_of(bridge.over.wait(), self._parent.exchange.clock.sleep(self._verb.time_limit_s))
        finally:
            bridge.close()

    async def _winner(self) -> _Attempt | None:
        waiting = {attempt.answered: attempt for attempt in self._attempts}
        while waiting:
            done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            for future in [answered for answered in waiting if answered in done]:
                attempt = waiting.pop(future)
                if future.result():
                    return attempt
        return None


def _worst(statuses: list[str]) -> str:
    """Name the outcome of several unanswered phones by the one that came closest to an answer."""
    for status in ("no-answer", "busy", "canceled"):
        if status in statuses:
            return status
    return "failed"
