"""Performs the engine's effects; each answers with the event that goes back into the engine."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec
import phonenumbers
import structlog

from callbacks.errors import ConflictError
from callbacks.service import Callbacks
from flows import actions, events, hours
from flows.model import Flow
from ivr.lookups import LookupFailedError, look_up
from ivr.texts import Texts

log = structlog.get_logger()

# With less time than that, nothing answers.
TOO_LITTLE_S: Final = 0.1
SLOTS_OFFERED: Final = 30
# The id of the person of last resort, who is no agent of ours: nobody to reserve, nobody to brief.
OFFICE: str = ""


class Effects:
    """The shell's side of `flows.actions.Effect`."""

    def __init__(
        self,
        *,
        callbacks: Callbacks,
        texts: Texts,
        lookup_folder: Path,
        person_number: str,
        ring_s: int,
        now: Callable[[], datetime],
    ) -> None:
        self._callbacks = callbacks
        self._texts = texts
        self._lookup_folder = lookup_folder
        self._person_number = person_number
        self._ring_s = ring_s
        self._now = now

    def perform(
        self, flow: Flow, call_sid: str, key: str, effect: actions.Effect, *, left_s: float
    ) -> events.Event | None:
        """Do it once: `key` names this effect of this turn of this call, so that a second time finds the first.

        `left_s` is what the turn has left for what takes time; where that is nothing, it fails at once.
        """
        match effect:
            case actions.Lookup():
                return self._look_up(effect, left_s)
            case actions.AskQueue(queue=queue):
                return self._ask_queue(queue)
            case actions.SendText():
                return self._send_text(flow, key, effect, left_s)
            case actions.SeekPerson():
                return self._seek_person(call_sid, effect)
            case actions.RequestCallback():
                return self._request_callback(flow, key, effect)
            case actions.RecogniseCaller():
                return events.CallerRecognised(at=self._now())
            case actions.AskSlots():
                return self._ask_slots(flow, effect)
            case actions.MovePromise() | actions.CancelPromise():
                return events.CallbackRefused(at=self._now(), reason="gone")
            case actions.LeaveLine(queue=queue):
                self._callbacks.store.leave_line(queue, call_sid)
                return None

    def _look_up(self, effect: actions.Lookup, left_s: float) -> events.Event:
        if left_s < TOO_LITTLE_S:
            log.error("lookup not tried: the turn's time is spent")
            return events.LookupFailed(at=self._now())
        effect = msgspec.structs.replace(effect, timeout_s=min(effect.timeout_s, left_s))
        try:
            result = look_up(effect, folder=self._lookup_folder)
        except LookupFailedError as error:
            log.error("lookup failed", code=error.code, error=str(error), took_ms=error.took_ms)
            return events.LookupFailed(at=self._now())
        if result.values is None:
            return events.LookupMissed(at=self._now())
        return events.LookupFound(at=self._now(), values=result.values)

    def _ask_queue(self, queue: str) -> events.Event:
        now = self._now()
        standing = self._callbacks.standing(queue, now)
        return events.QueueKnown(
            at=now,
            waiting=standing.waiting,
            free_agents=standing.free_agents,
            wait_minutes=standing.wait_minutes,
        )

    def _ask_slots(self, flow: Flow, effect: actions.AskSlots) -> events.Event:
        now = self._now()
        opening = flow.hours.get(flow.staffed) if flow.staffed is not None else next(iter(flow.hours.values()), None)
        if opening is None:
            return events.SlotsKnown(at=now)
        since = max(now, effect.since or now).astimezone(flow.zone)
        found = hours.windows(opening, flow.holidays, since, count=SLOTS_OFFERED)
        return events.SlotsKnown(at=now, slots=tuple(events.Slot(starts=starts, ends=ends) for starts, ends in found))

    def _send_text(self, flow: Flow, key: str, effect: actions.SendText, left_s: float) -> events.Event:
        number = dialable(effect.number, flow.country)
        sent = number is not None and self._texts.send(key, number, effect.text, wait_s=left_s)
        return events.TextSent(at=self._now()) if sent else events.TextFailed(at=self._now())

    def _seek_person(self, call_sid: str, effect: actions.SeekPerson) -> events.Event:
        now = self._now()
        known = self._callbacks.store.agents()
        wanted = effect.person_id
        if wanted is not None and all(agent.record.id != wanted for agent in known):
            log.error("a flow transfers to an agent who does not exist; the queue is asked", agent_id=wanted)
            wanted = None
        agent = self._callbacks.reserve_agent(
            queue=effect.queue,
            call_sid=call_sid,
            arrived_at=effect.arrived_at,
            waiting=effect.waiting,
            # Ringing, the whisper, and some time for the carrier to tell us.
            lease_s=self._ring_s + 45,
            now=now,
            agent_id=wanted,
        )
        if agent is not None:
            return events.PersonFound(at=now, person_id=agent.id, person_number=agent.number)
        staffed = wanted is not None or any(effect.queue in held.record.queues for held in known)
        if not staffed and OFFICE not in effect.tried:
            return events.PersonFound(at=now, person_id=OFFICE, person_number=self._person_number)
        return events.NobodyFree(at=now)

    def _request_callback(self, flow: Flow, key: str, effect: actions.RequestCallback) -> events.Event:
        now = self._now()
        number = dialable(effect.number, flow.country)
        if number is None:
            return events.CallbackRefused(at=now, reason="number")
        try:
            promise = self._callbacks.promise(
                key=key,
                number=number,
                queue=effect.queue,
                dossier=effect.dossier,
                arrived_at=effect.arrived_at,
                now=now,
                starts=effect.starts,
                ends=effect.ends,
            )
        except ConflictError:
            log.error("callback not booked", key=key)
            return events.CallbackRefused(at=now, reason="store")
        request = promise.request
        log.info("callback promised", request_id=request.id, by=request.promised_by.isoformat())
        return events.CallbackPromised(
            at=now,
            request_id=request.id,
            by=request.promised_by,
            already_booked=promise.already_booked,
            starts=request.starts_at,
        )


def dialable(number: str, country: str) -> str | None:
    """A number in E.164 form, as it was keyed in within `country`; None for one that cannot be dialled."""
    try:
        parsed = phonenumbers.parse(number, country)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(parsed):
        return None
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
