"""Conferences: who is in, who hears whom, when one starts and ends.

A conference starts when two are in and one of them has `startConferenceOnEnter`; it ends when the last one leaves or
one with `endConferenceOnExit` does. Before the start each one hears its own `waitUrl`.

Source: https://www.twilio.com/docs/voice/twiml/conference
"""

from __future__ import annotations

import asyncio
import math
from array import array
from collections import deque
from typing import TYPE_CHECKING, Final

import msgspec

from ivr.localcarrier import verbs as v
from ivr.localcarrier.interpreter import WAIT_VERBS, Interpreter
from ivr.localcarrier.leg import DocumentRequest
from ivr.localcarrier.waiting import first_of
from ivr.localcarrier.webhook import WebhookError
from ivr.sound import mulaw

if TYPE_CHECKING:
    from ivr.localcarrier.documents import Loaded
    from ivr.localcarrier.exchange import Exchange
    from ivr.localcarrier.leg import Leg

_BEEP_HZ: Final = 600
_BEEP_FRAMES: Final = 10
_BEEP_LEVEL: Final = 3000


def _beep() -> list[bytes]:
    count = _BEEP_FRAMES * mulaw.FRAME_BYTES
    angle = 2 * math.pi * _BEEP_HZ / mulaw.RATE_HZ
    codes = mulaw.encode(array("h", (int(_BEEP_LEVEL * math.sin(angle * n)) for n in range(count))).tobytes())
    return [codes[n : n + mulaw.FRAME_BYTES] for n in range(0, count, mulaw.FRAME_BYTES)]


_BEEP: Final = _beep()


class Participant:
    """A leg in a conference; `over` is set when the conference ends for it."""

    def __init__(self, leg: Leg, noun: v.Conference) -> None:
        self.leg = leg
        self.noun = noun
        self.over = asyncio.Event()
        self.frame = mulaw.SILENCE


class _Subscription(msgspec.Struct, frozen=True):
    url: str
    method: str
    events: frozenset[str]


class ConferenceRoom:
    """One conference, from the first to the last participant."""

    def __init__(self, exchange: Exchange, name: str) -> None:
        self.exchange = exchange
        self.name = name
        self.sid = exchange.sids.new("CF")
        self.started = asyncio.Event()
        self.participants: list[Participant] = []
        self._ended = False
        self._beeps: deque[bytes] = deque()
        self._subscription: _Subscription | None = None
        self._sequence = 0
        self._before: asyncio.Task[None] | None = None

    def subscribe(self, noun: v.Conference, loaded: Loaded) -> None:
        """Take the status webhooks of the first participant; those of later ones do not count."""
        if not self.participants and noun.status_callback:
            url = loaded.resolve(noun.status_callback)
            events = frozenset(noun.status_callback_events)
            self._subscription = _Subscription(url, noun.status_callback_method, events)

    def join(self, leg: Leg, noun: v.Conference) -> Participant:
        """Add a leg; the conference may start with it."""
        participant = Participant(leg, noun)
        self.participants.append(participant)
        leg.line.source = lambda: participant.frame
        if self.started.is_set() and noun.beep in ("true", "onEnter"):
            self._beeps.extend(_BEEP)
        self._tell("join", "participant-join", participant)
        starts = any(one.noun.start_on_enter for one in self.participants)
        if not self.started.is_set() and starts and len(self.participants) > 1:
            self.started.set()
            self._tell("start", "conference-start", participant)
        self._introduce()
        return participant

    def leave(self, participant: Participant) -> None:
        """Remove a leg; the conference may end with it."""
        if participant not in self.participants:
            return
        self.participants.remove(participant)
        leg = participant.leg
        leg.line.source = None
        leg.listeners.clear()
        if participant.noun.beep in ("true", "onExit"):
            self._beeps.extend(_BEEP)
        self._tell(
            "leave",
            "participant-leave",
            participant,
            ReasonParticipantLeft="participant_hung_up" if leg.ended else "participant_updated_via_api",
            ParticipantCallStatus=leg.status,
        )
        self._introduce()
        if self._ended:
            return
        if participant.noun.end_on_exit:
            self._end(participant, "participant-with-end-conference-on-exit-left")
        elif not self.participants:
            self._end(participant, "last-participant-left")

    def mix(self) -> None:
        """Work out what each participant hears in this tick."""
        if not self.started.is_set():
            return
        beep = self._beeps.popleft() if self._beeps else mulaw.SILENCE
        talkers = [one for one in self.participants if not one.noun.muted]
        for participant in self.participants:
            others = [one.leg.line.said for one in talkers if one is not participant]
            participant.frame = mulaw.mix([*others, beep])

    def _end(self, last: Participant, reason: str) -> None:
        self._ended = True
        self.exchange.conferences.pop(self.name, None)
        self._tell(
            "end",
            "conference-end",
            last,
            CallSidEndingConference=last.leg.sid,
            ParticipantLabelEndingConference=last.noun.label,
            ReasonConferenceEnded=reason,
        )
        for participant in self.participants:
            participant.over.set()

    def _introduce(self) -> None:
        """Let the scripts of those who can be heard be noticed by the others."""
        for participant in self.participants:
            others = [one.leg for one in self.participants if one is not participant]
            can_talk = self.started.is_set() and not participant.noun.muted
            participant.leg.listeners = others if can_talk else []

    def _tell(self, event: str, name: str, participant: Participant, **extra: str) -> None:
        leg, noun = participant.leg, participant.noun
        self.exchange.log.add("conference_event", leg.sid, event=name, conference_sid=self.sid, name=self.name, **extra)
        if self._subscription is None or event not in self._subscription.events:
            return
        params = {
            "ConferenceSid": self.sid,
            "FriendlyName": self.name,
            "AccountSid": self.exchange.settings.account_sid,
            "SequenceNumber": str(self._sequence),
            "Timestamp": self.exchange.timestamp(),
            "StatusCallbackEvent": name,
        }
        if event != "end":
            params |= {
                "CallSid": leg.sid,
                "Muted": _text(noun.muted),
                "Hold": "false",
                "Coaching": "false",
                "EndConferenceOnExit": _text(noun.end_on_exit),
                "StartConferenceOnEnter": _text(noun.start_on_enter),
            }
            if noun.label:
                params["ParticipantLabel"] = noun.label
        self._sequence += 1
        work = self._send(self._subscription, {**params, **extra}, leg.sid, self._before)
        self._before = self.exchange.in_background(work)

    async def _send(
        self,
        subscription: _Subscription,
        params: dict[str, str],
        call_sid: str,
        before: asyncio.Task[None] | None,
    ) -> None:
        if before is not None:
            await asyncio.wait([before])
        try:
            await self.exchange.webhooks.send(
                "conference_status", subscription.url, params, method=subscription.method, call_sid=call_sid
            )
        except WebhookError as error:
            self.exchange.notice("warning", call_sid, error.code, f"conference webhook: {error}", error.url)


async def confer(leg: Leg, noun: v.Conference, loaded: Loaded, star: asyncio.Event, time_limit_s: float) -> None:
    """Keep a leg in its conference until that ends, `star` is set or the time is over."""
    exchange = leg.exchange
    room = exchange.conferences.get(noun.name)
    if room is None:
        room = exchange.conferences[noun.name] = ConferenceRoom(exchange, noun.name)
    if len(room.participants) >= noun.max_participants:
        exchange.notice("warning", leg.sid, 13200, f"conference {noun.name} is full")
        return
    room.subscribe(noun, loaded)
    participant = room.join(leg, noun)
    try:
        await first_of(
            participant.over.wait(),
            star.wait(),
            exchange.clock.sleep(time_limit_s),
            _wait_for_start(leg, noun, loaded, room),
        )
    finally:
        room.leave(participant)


async def _wait_for_start(leg: Leg, noun: v.Conference, loaded: Loaded, room: ConferenceRoom) -> None:
    """Run the participant's `waitUrl` until the start, then wait for ever."""
    if noun.wait_url and not room.started.is_set():
        request = DocumentRequest(loaded.resolve(noun.wait_url), noun.wait_method, purpose="conference_wait")
        waiting = Interpreter(leg, allowed=WAIT_VERBS, is_side_document=True)
        music = asyncio.ensure_future(waiting.run(request))
        try:
            await room.started.wait()
        finally:
            music.cancel()
    await asyncio.Event().wait()


def _text(flag: bool) -> str:
    return "true" if flag else "false"
