"""The world of a conversation: it performs the engine's effects as the conversation says, without any of the real."""

from __future__ import annotations

import datetime as dt
from typing import Final, NoReturn, TypeVar

import msgspec

from flows import actions, events, hours
from flows.conversations.model import Circumstances, LineAnswer, LookupAnswer, NotFound, QueueAnswer, Scalar
from flows.events import RefusalReason
from flows.model import Flow

PROMISED_WITHIN: Final = dt.timedelta(minutes=30)
PROMISE_ID: Final = "callback"
# A flow may offer windows of a quarter of an hour, two months ahead.
MOST_WINDOWS: Final = 6_000
REFUSED: Final[dict[str, RefusalReason]] = {
    "number_refused": "number",
    "number_not_allowed": "not_allowed",
    "own_number": "own",
    "too_many": "quota",
    "just_taken": "full",
    "closed": "closed",
    "gone": "gone",
    "store_down": "store",
}
AGENT_NUMBER: Final = "+442079460100"
T = TypeVar("T")


class StepError(Exception):
    """A step of a conversation could not be done, or what it expects is not so.

    `expected` is the text that was to be heard, where it is about one.
    """

    code = "conversation"
    retryable = False

    def __init__(self, message: str, *, expected: str | None = None) -> None:
        self.message = message
        self.expected = expected
        super().__init__(message)


class LookupUnansweredError(StepError):
    """A lookup that the conversation does not answer: at `node`, for the values `saves`."""

    def __init__(self, node: str, saves: tuple[str, ...], times: int) -> None:
        self.node, self.saves = node, saves
        when = f" (time {times})" if times > 1 else ""
        found = ", ".join(f"{name}: ..." for name in saves)
        super().__init__(
            f'the node "{node}" looks something up{when}, and the conversation does not say what it finds. Write\n'
            f"  lookups:\n    {node}: {{found: {{{found}}}}}\n"
            f"or `{node}: not_found`, or `{node}: failed`; a list of these answers one time after the other."
        )


class Booked(msgspec.Struct, frozen=True, kw_only=True):
    """A callback that was booked; `starts` is None for as soon as possible."""

    number: str
    queue: str
    starts: dt.datetime | None
    by: dt.datetime


class World:
    """What is outside of the engine, for one call; `agents` may change while it goes on."""

    def __init__(self, flow: Flow, given: Circumstances) -> None:
        self._flow = flow
        self._given = given
        self._counts: dict[str, int] = {}
        self.agents = given.agents
        self.line: tuple[LineAnswer, ...] = ()
        self.stands(given.line)
        self.sent: tuple[str, ...] = ()
        self.booked: Booked | None = None

    def stands(self, line: LineAnswer | tuple[LineAnswer, ...]) -> None:
        """Where the caller stands from now on: one look after the other, the last of them for all that follow."""
        self.line = line if isinstance(line, tuple) else (line,)

    def perform(self, node: str, effect: actions.Effect, at: dt.datetime) -> tuple[events.Event | None, str]:
        """The event that answers an effect of a node, if any does, and what happened in a few words."""
        match effect:
            case actions.Lookup():
                return self._look_up(node, effect, at)
            case actions.AskQueue(queue=queue):
                stands = self._given.queues.get(queue, QueueAnswer(free_agents=len(self.agents.get(queue, ()))))
                known = events.QueueKnown(at=at, **stands.model_dump())
                return known, f"queue {queue}: {stands.waiting} waiting, {stands.free_agents} free"
            case actions.SendText(number=number, text=text):
                if self._one_of("a text message is sent", "texts", self._given.texts) == "failed":
                    return events.TextFailed(at=at), f"text to {number}: failed"
                self.sent = (*self.sent, text)
                return events.TextSent(at=at), f"text to {number}: {text}"
            case actions.SeekPerson():
                return self._seek(effect, at)
            case actions.RequestCallback():
                return self._book(effect, at)
            case actions.RecogniseCaller(number=number):
                return self._recognise(number, at)
            case actions.AskSlots():
                return self._ask_slots(effect, at)
            case actions.MovePromise(starts=starts, ends=ends):
                return self._move(starts, ends, at)
            case actions.CancelPromise():
                return self._cancel(at)
            case actions.LeaveLine(queue=queue):
                return None, f"left the line of {queue}"

    def _look_up(self, node: str, effect: actions.Lookup, at: dt.datetime) -> tuple[events.Event, str]:
        saves = tuple(effect.save)
        given = self._given.lookups.get(node)
        times = self._counts[node] = self._counts.get(node, 0) + 1
        if given is None or (isinstance(given, tuple) and times > len(given)):
            raise LookupUnansweredError(node, saves, times)
        answer: NotFound | LookupAnswer = given[times - 1] if isinstance(given, tuple) else given
        if answer == "not_found":
            return events.LookupMissed(at=at), f"lookup {node}: nothing found"
        if answer == "failed":
            return events.LookupFailed(at=at), f"lookup {node}: failed"
        if set(answer.found) != set(saves):
            self._wrong_values(node, answer.found, saves)
        return events.LookupFound(at=at, values=dict(answer.found)), f"lookup {node}: found"

    def _wrong_values(self, node: str, found: dict[str, Scalar], saves: tuple[str, ...]) -> NoReturn:
        given = ", ".join(found) or "nothing"
        saved = ", ".join(saves) or "no values"
        raise StepError(f'the lookup "{node}" saves {saved}; the conversation finds {given}. Name each of them once')

    def _seek(self, effect: actions.SeekPerson, at: dt.datetime) -> tuple[events.Event, str]:
        if effect.person_id is not None:
            free = [effect.person_id] if any(effect.person_id in ids for ids in self.agents.values()) else []
        else:
            free = list(self.agents.get(effect.queue, ()))
        person_id = next((found for found in free if found not in effect.tried), None)
        if person_id is None:
            return self._nobody_free(at), f"nobody of {effect.queue} is free"
        return events.PersonFound(at=at, person_id=person_id, person_number=AGENT_NUMBER), f"{person_id} is free"

    def _nobody_free(self, at: dt.datetime) -> events.NobodyFree:
        stands, self.line = self.line[0], self.line[1:] or self.line
        low, high = stands.wait_minutes or (None, None)
        return events.NobodyFree(
            at=at,
            position=stands.position,
            wait_from_minutes=low,
            wait_to_minutes=high,
            offers_callback=stands.callback,
        )

    def _recognise(self, number: str, at: dt.datetime) -> tuple[events.Event, str]:
        given = self._given.promise
        values = dict(self._given.remembered)
        known = ", ".join((*values, *(["a callback is booked"] if given is not None else []))) or "new here"
        if given is None:
            return events.CallerRecognised(at=at, values=values), f"the caller: {known}"
        starts, by = self._instant(given.starts), self._instant(given.by)
        promise = events.OpenPromise(
            request_id=PROMISE_ID,
            queue=given.queue,
            number=given.number or number,
            arrived_at=self._instant(given.arrived_at) or at - dt.timedelta(hours=1),
            by=by or at,
            starts=starts,
            reason=given.reason,
            words=given.words,
        )
        self.booked = Booked(number=promise.number, queue=promise.queue, starts=starts, by=promise.by)
        return events.CallerRecognised(at=at, values=values, promise=promise), f"the caller: {known}"

    def _instant(self, local: dt.datetime | None) -> dt.datetime | None:
        return None if local is None else local.replace(tzinfo=self._flow.zone).astimezone(dt.UTC)

    def _ask_slots(self, effect: actions.AskSlots, at: dt.datetime) -> tuple[events.Event, str]:
        since = max(at, effect.since or at)
        windows = self._flow.queue_of(effect.queue).windows
        length = dt.timedelta(minutes=windows.minutes)
        given = self._given.slots
        if given is None:
            slots = self._windows(effect.queue, since)
        else:
            lists = tuple(times for times in given if isinstance(times, tuple))
            listed = bool(lists)
            times = lists[self._time_of("times are asked for", "slots", len(lists))] if lists else given
            starts = [self._instant(time) for time in times if isinstance(time, dt.datetime)]
            slots = tuple(
                events.Slot(starts=start, ends=start + length)
                for start in starts
                if start is not None and (listed or start >= since)
            )
        return events.SlotsKnown(at=at, slots=slots), f"{len(slots)} free times of {effect.queue}"

    def _windows(self, queue: str, since: dt.datetime) -> tuple[events.Slot, ...]:
        """Each window that the queue's opening hours have, as if its people had nothing else to do."""
        opening, rules = self._flow.hours_of_queue(queue), self._flow.queue_of(queue).windows
        if opening is None:
            opening = next(iter(self._flow.hours.values()), None)
        if opening is None:
            return ()
        found = hours.windows(
            opening,
            self._flow.holidays,
            since.astimezone(self._flow.zone),
            count=MOST_WINDOWS,
            length_minutes=rules.minutes,
            notice_minutes=rules.notice_minutes,
        )
        last = since + dt.timedelta(days=rules.days_ahead)
        return tuple(
            events.Slot(starts=starts.astimezone(dt.UTC), ends=ends.astimezone(dt.UTC))
            for starts, ends in found
            if starts <= last
        )

    def _book(self, effect: actions.RequestCallback, at: dt.datetime) -> tuple[events.Event, str]:
        outcome = self._one_of("a callback is booked", "booking", self._given.booking)
        if outcome in REFUSED:
            return events.CallbackRefused(at=at, reason=REFUSED[outcome]), f"callback refused: {outcome}"
        by = effect.ends or at + PROMISED_WITHIN
        self.booked = Booked(number=effect.number, queue=effect.queue, starts=effect.starts, by=by)
        promised = events.CallbackPromised(
            at=at,
            request_id=PROMISE_ID,
            by=by,
            already_booked=outcome == "already_booked",
            starts=effect.starts,
            words=self._given.words,
        )
        return promised, f"callback booked: {effect.number}, {effect.queue}"

    def _move(self, starts: dt.datetime | None, ends: dt.datetime | None, at: dt.datetime) -> tuple[events.Event, str]:
        outcome = self._one_of("a callback is moved", "booking", self._given.booking)
        if outcome in REFUSED or self.booked is None:
            return events.CallbackRefused(at=at, reason=REFUSED.get(outcome, "gone")), f"callback not moved: {outcome}"
        by = ends or at + PROMISED_WITHIN
        self.booked = msgspec.structs.replace(self.booked, starts=starts, by=by)
        promised = events.CallbackPromised(
            at=at,
            request_id=PROMISE_ID,
            by=by,
            already_booked=False,
            starts=starts,
            words=self._given.words,
            moved=True,
        )
        return promised, "callback moved"

    def _cancel(self, at: dt.datetime) -> tuple[events.Event, str]:
        outcome = self._one_of("a callback is cancelled", "booking", self._given.booking)
        if outcome in REFUSED:
            return events.CallbackRefused(at=at, reason=REFUSED[outcome]), f"callback not cancelled: {outcome}"
        self.booked = None
        return events.PromiseCancelled(at=at), "callback cancelled"

    def _one_of(self, what: str, field: str, given: T | tuple[T, ...]) -> T:
        if not isinstance(given, tuple):
            return given
        answer: T = given[self._time_of(what, field, len(given))]
        return answer

    def _time_of(self, what: str, field: str, listed: int) -> int:
        """Which of the listed answers it is now, from 0."""
        times = self._counts[field] = self._counts.get(field, 0) + 1
        if times > listed:
            raise StepError(f"{what} (time {times}), and `{field}` lists {listed} answers. Add one")
        return times - 1
