"""The world of a conversation: it performs the engine's effects as the conversation says, without any of the real."""

from __future__ import annotations

import datetime as dt
from typing import Final, NoReturn, TypeVar

import msgspec

from flows import actions, events
from flows.conversations.model import Circumstances, LookupAnswer, NotFound, QueueAnswer, Scalar

PROMISED_WITHIN: Final = dt.timedelta(minutes=30)
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

    def __init__(self, given: Circumstances) -> None:
        self._given = given
        self._counts: dict[str, int] = {}
        self.agents = given.agents
        self.sent: tuple[str, ...] = ()
        self.booked: Booked | None = None

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
            case actions.RecogniseCaller():
                return events.CallerRecognised(at=at), "the caller is new here"
            case actions.AskSlots(queue=queue):
                return events.SlotsKnown(at=at), f"no time of {queue} is free"
            case actions.MovePromise() | actions.CancelPromise():
                return events.CallbackRefused(at=at, reason="gone"), "no such promise is open"
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
            return events.NobodyFree(at=at), f"nobody of {effect.queue} is free"
        return events.PersonFound(at=at, person_id=person_id, person_number=AGENT_NUMBER), f"{person_id} is free"

    def _book(self, effect: actions.RequestCallback, at: dt.datetime) -> tuple[events.Event, str]:
        outcome = self._one_of("a callback is booked", "booking", self._given.booking)
        if outcome == "number_refused":
            return events.CallbackRefused(at=at, reason="number"), "callback refused: the number cannot be called"
        if outcome == "store_down":
            return events.CallbackRefused(at=at, reason="store"), "callback refused: it could not be stored"
        by = effect.ends or at + PROMISED_WITHIN
        self.booked = Booked(number=effect.number, queue=effect.queue, starts=effect.starts, by=by)
        promised = events.CallbackPromised(
            at=at, request_id="callback", by=by, already_booked=outcome == "already_booked", starts=effect.starts
        )
        return promised, f"callback booked: {effect.number}, {effect.queue}"

    def _one_of(self, what: str, field: str, given: T | tuple[T, ...]) -> T:
        if not isinstance(given, tuple):
            return given
        times = self._counts[field] = self._counts.get(field, 0) + 1
        if times > len(given):
            raise StepError(f"{what} (time {times}), and `{field}` lists {len(given)} answers. Add one")
        answer: T = given[times - 1]
        return answer
