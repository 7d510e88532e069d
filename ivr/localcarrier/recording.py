"""Runs a `<Record>` on a leg: what the person says, from the beep to a key, a silence, the longest time, or the end.

    BEEP        a short tone, which nothing cuts
    RECORDING   finish key    -> DONE
                `timeout` s of silence, before speech or after it -> DONE
                `maxLength` s -> DONE
                hang-up       -> DONE, and the action is requested all the same, with Digits=hangup
    DONE        something was said: request the action; else the next verb follows

Source: https://www.twilio.com/docs/voice/twiml/record. That nothing said falls through is the vendor's example.
"""

from __future__ import annotations

import asyncio
import math
from array import array
from typing import TYPE_CHECKING, Final

import msgspec

from ivr.localcarrier import verbs as v
from ivr.sound import mulaw

if TYPE_CHECKING:
    from ivr.localcarrier.leg import Leg

BEEP_MS: Final = 200
_BEEP_HZ: Final = 1000


class Recorded(msgspec.Struct, frozen=True):
    """A message: its mu-law codes, without the silence around it, and the key that ended it, if one did."""

    sid: str
    codes: bytes
    key: str

    @property
    def duration_s(self) -> int:
        """Whole seconds, as the vendor counts: the last one begun is one."""
        return math.ceil(len(self.codes) / mulaw.RATE_HZ)


async def record(leg: Leg, verb: v.Record) -> Recorded:
    """Record until it is over; empty `codes` where nothing was said. A cancelled one keeps what was said so far."""
    if verb.play_beep:
        await leg.play(_beep(), text="beep", verb="Record")
    taking = _Taking(leg, verb)
    try:
        await taking.done
    finally:
        taking.close()
        recorded = Recorded(leg.exchange.sids.new("RE"), taking.said(), taking.key)
        leg.exchange.recordings[recorded.sid] = recorded.codes
        leg.exchange.log.add(
            "recording_ended", leg.sid, recording_sid=recorded.sid, duration_s=recorded.duration_s, key=recorded.key
        )
        leg.recorded = recorded
    return recorded


class _Taking:
    """Listens on a leg's line, frame by frame."""

    def __init__(self, leg: Leg, verb: v.Record) -> None:
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.key = ""
        self._leg = leg
        self._verb = verb
        self._frames: list[bytes] = []
        self._first_sound: int | None = None
        self._last_sound = -1
        leg.on_said = self._take
        leg.listen_for_keys("record", self._on_key)

    def close(self) -> None:
        self._leg.on_said = None
        self._leg.listen_for_keys("nobody", None)

    def said(self) -> bytes:
        """What lies between the first sound and the last."""
        if self._first_sound is None:
            return b""
        return b"".join(self._frames[self._first_sound : self._last_sound + 1])

    def _take(self, frame: bytes) -> None:
        if mulaw.loudest_end(frame):
            self._last_sound = len(self._frames)
            if self._first_sound is None:
                self._first_sound = self._last_sound
        self._frames.append(frame)
        silent_s = (len(self._frames) - 1 - self._last_sound) * mulaw.FRAME_MS / 1000
        too_quiet = self._verb.timeout_s > 0 and silent_s >= self._verb.timeout_s
        if too_quiet or len(self._frames) * mulaw.FRAME_MS / 1000 >= self._verb.max_length_s:
            self._finish()

    def _on_key(self, key: str) -> bool:
        if key not in self._verb.finish_on_key:
            return False
        self.key = key
        self._finish()
        return True

    def _finish(self) -> None:
        if not self.done.done():
            self.done.set_result(None)


def _beep() -> bytes:
    count = mulaw.RATE_HZ * BEEP_MS // 1000
    samples = (round(8000 * math.sin(2 * math.pi * _BEEP_HZ * at / mulaw.RATE_HZ)) for at in range(count))
    return mulaw.pad(mulaw.encode(array("h", samples).tobytes()))
