"""Performs the engine's effects; each answers with the event that goes back into the engine."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import msgspec
import structlog

from callbacks import numbers
from callbacks.model import line_of
from callbacks.service import Callbacks
from flows import actions, events
from flows.model import Flow
from ivr.lookups import LookupFailedError, look_up
from ivr.promise_effects import PromiseEffects
from ivr.redis_calls import CallStore
from ivr.texts import Texts

log = structlog.get_logger()

# With less time than that, nothing answers.
TOO_LITTLE_S: Final = 0.1
# The id of the person of last resort, who is no agent of ours: nobody to reserve, nobody to brief.
OFFICE: str = ""


class Effects:
    """The shell's side of `flows.actions.Effect`."""

    def __init__(
        self,
        *,
        callbacks: Callbacks,
        promises: PromiseEffects,
        calls: CallStore,
        texts: Texts,
        lookup_folder: Path,
        person_number: str,
        ring_s: int,
        now: Callable[[], datetime],
    ) -> None:
        self._callbacks = callbacks
        self._promises = promises
        self._calls = calls
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
                return self._promises.book(flow, key, effect)
            case actions.RecogniseCaller():
                return self._promises.recognise(flow, call_sid, effect)
            case actions.AskSlots():
                return self._promises.ask_slots(flow, effect)
            case actions.MovePromise():
                return self._promises.move(call_sid, key, effect)
            case actions.CancelPromise():
                return self._promises.cancel(effect)
            case actions.LeaveLine(queue=queue):
                for language in flow.languages:
                    self._callbacks.store.leave_line(line_of(queue, language), call_sid)
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
        standing = self._callbacks.standing.of_queue(queue, now)
        return events.QueueKnown(
            at=now,
            waiting=standing.waiting,
            free_agents=standing.free_agents,
            wait_minutes=standing.wait_minutes,
        )

    def _send_text(self, flow: Flow, key: str, effect: actions.SendText, left_s: float) -> events.Event:
        number = self._may_text(flow, effect.number)
        sent = number is not None and self._texts.send(key, number, effect.text, wait_s=left_s)
        return events.TextSent(at=self._now()) if sent else events.TextFailed(at=self._now())

    def _may_text(self, flow: Flow, number: str) -> str | None:
        """The number in E.164 form, if it is one that is called back as well: who can make us text can make us pay."""
        rules = self._callbacks.rules_of(flow.queue).numbers
        judged = numbers.judge(number, flow.country, rules, do_not_call=False)
        if isinstance(judged, numbers.Judged) and self._callbacks.store.on_do_not_call(judged.number):
            judged = numbers.judge(judged.number, flow.country, rules, do_not_call=True)
        if isinstance(judged, numbers.Refused):
            log.warning("text not sent: the number is not one of those that we text", why=judged.detail)
            return None
        return judged.number

    def _seek_person(self, call_sid: str, effect: actions.SeekPerson) -> events.Event:
        now = self._now()
        known = self._callbacks.store.agents()
        wanted = effect.person_id
        if wanted is not None and all(agent.record.id != wanted for agent in known):
            log.error("a flow transfers to an agent who does not exist; the queue is asked", agent_id=wanted)
            wanted = None
        rank_at = self._rank_of(call_sid, effect, now)
        agent = self._callbacks.agents.reserve(
            queue=effect.queue,
            language=effect.language,
            call_sid=call_sid,
            rank_at=rank_at,
            waiting=effect.waiting,
            # Ringing, the whisper, and some time for the carrier to tell us.
            lease_s=self._ring_s + 45,
            now=now,
            agent_id=wanted,
        )
        if agent is not None:
            # Before the caller is joined: so that whatever tells us that they talked, we know which promise that kept.
            self._calls.take_place(call_sid, effect.promise_id)
            return events.PersonFound(at=now, person_id=agent.id, person_number=agent.number)
        staffed = wanted is not None or any(held.record.serves(effect.queue, effect.language) for held in known)
        if not staffed and OFFICE not in effect.tried:
            self._calls.take_place(call_sid, effect.promise_id)
            return events.PersonFound(at=now, person_id=OFFICE, person_number=self._person_number)
        place = self._callbacks.standing.place(effect.queue, effect.language, rank_at, now)
        soonest, latest = place.wait_minutes or (None, None)
        return events.NobodyFree(
            at=now,
            position=place.position,
            wait_from_minutes=soonest,
            wait_to_minutes=latest,
            # Where nobody serves the line, nobody would ever call back; the person of last resort is rung again.
            offers_callback=place.offers_callback and staffed,
        )

    def _rank_of(self, call_sid: str, effect: actions.SeekPerson, now: datetime) -> datetime:
        """The caller's place in line, by which everybody is ordered.

        In the place of a promise as soon as possible, it is the promise's. Who was promised a window stands where that
        window stands once it has begun; before that they are callers like any other, since a booking of days ago must
        not put them before everybody who came since: they came when this call put their promise off.
        """
        own = effect.arrived_at - timedelta(seconds=effect.head_start_s)
        known = None if effect.promise_id is None else self._callbacks.store.request(effect.promise_id)
        if known is None or not known.record.is_open:
            return own
        promise = known.record
        if promise.starts_at is None:
            return min(own, promise.rank_at)
        came_at = promise.looked_at if promise.held_by_call == call_sid else now
        return min(promise.rank_at, came_at - timedelta(seconds=effect.head_start_s))
