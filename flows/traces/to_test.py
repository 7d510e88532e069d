"""A trace as a conversation: a test that does what the caller did and expects what came of it.

A conversation has five seconds for each step, and gets `waits_s` steps where the caller took longer. One who was
quicker is slower in the test, which matters only to expressions with `now` and to the seconds of the effort budget.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any, Final

from flows import events
from flows.conversations.from_events import line_fields, local, lookups_of, promise_fields, step_of
from flows.conversations.model import Conversation, Step
from flows.conversations.player import SECONDS_PER_STEP, play
from flows.conversations.world import REFUSED
from flows.model import Flow
from flows.parts import LANGUAGES
from flows.state import WithPerson
from flows.traces.model import Trace, Turn

NOWHERE: Final = events.NobodyFree(at=dt.datetime.min)  # noqa: DTZ901 - what it says of the line is all that counts
BOOKINGS: Final = frozenset({"RequestCallback", "MovePromise", "CancelPromise"})
BOOKED: Final = {reason: word for word, reason in REFUSED.items()}


class NotATestError(Exception):
    """A trace cannot be written as a conversation; the message says why."""

    code = "not_a_test"
    retryable = False


def conversation_of(flow: Flow, trace: Trace, name: str | None = None) -> Conversation:
    """The conversation that passes against `flow`, the revision of the trace, up to where the trace leaves it.

    Prompts that tell a time which a test cannot have are not expected. Raises `NotATestError`.
    """
    with_prompts = set(range(len(trace.turns)))
    while True:
        conversation, turns = _written(flow, trace, name or f"call {trace.call_sid}", with_prompts)
        played = play(flow, conversation)
        if played.failure is None:
            return conversation
        at = turns[played.failure.step - 1] if played.failure.step else 0
        if played.failure.expected is None or at not in with_prompts:
            hidden = any(turn.hidden for turn in trace.turns[: at + 1])
            why = "; the call depends on a sensitive answer, which is not kept" if hidden else ""
            raise NotATestError(
                f"{trace.call_sid} cannot be written as a test of revision {flow.revision}: "
                f"turn {at}: {played.failure.message}{why}"
            )
        with_prompts.discard(at)


def _written(flow: Flow, trace: Trace, name: str, with_prompts: set[int]) -> tuple[Conversation, list[int]]:
    """The conversation, and for each of its steps the turn that it is about."""
    writer = _Writer(flow, trace, with_prompts)
    steps = list(writer.steps())
    fields: dict[str, Any] = {**writer.circumstances(), "name": name[:200], "steps": [step for _, step in steps]}
    return Conversation.model_validate(fields), [turn for turn, _ in steps]


class _Writer:
    def __init__(self, flow: Flow, trace: Trace, with_prompts: set[int]) -> None:
        self._flow = flow
        self._turns = trace.replayable
        self._with_prompts = with_prompts
        started = trace.turns[0].event
        if not isinstance(started, events.CallStarted):
            raise NotATestError(f"{trace.call_sid}: the first turn of the call is missing")
        self._started = started
        self._answers = [answered for turn in self._turns for answered in turn.answered]
        self._queues = sorted({_queue(a.about) for a in self._answers if a.effect == "SeekPerson"})

    def circumstances(self) -> dict[str, Any]:
        started = self._started
        return {
            "at": started.at.astimezone(self._flow.zone).replace(tzinfo=None, microsecond=0),
            "caller": started.caller_number or "withheld",
            "speech": _speech(started.speech),
            "agents": self._agents(self._turns[0]) or {},
            **({"line": self._line(self._turns[0])} if self._line(self._turns[0]) else {}),
            "queues": self._queues_known(),
            "lookups": lookups_of((a.node, a.answer) for a in self._answers),
            "texts": self._texts(),
            "booking": self._bookings(),
            "slots": self._slots(),
            **self._known(),
        }

    def steps(self) -> Iterator[tuple[int, Step]]:
        """Each step, and the turn that it is about."""
        clock = self._started.at.replace(microsecond=0)
        agents, speech = self._agents(self._turns[0]), self._started.speech
        # After each look, the last place that was given stays.
        stays = self._line(self._turns[0])[-1] if self._line(self._turns[0]) else line_fields(NOWHERE)
        yield from self._expectations(self._turns[0], 0)
        for index, turn in enumerate(self._turns[1:], start=1):
            step = step_of(_as_happened(turn))
            if step is None:
                continue
            wanted = self._agents(turn)
            if wanted is not None and wanted != agents:
                agents = wanted
                yield index, Step.model_validate({"agents": wanted})
            stood = self._line(turn)
            if any(stands != stays for stands in stood):
                yield index, Step.model_validate({"line": stood})
            stays = stood[-1] if stood else stays
            # Whoever was speaking when speech went down was understood; in a test it goes down behind them.
            spoke = isinstance(turn.event, events.Heard | events.NoMatch) and turn.language not in turn.speech
            if turn.speech != speech and not spoke:
                speech = turn.speech
                clock += dt.timedelta(seconds=SECONDS_PER_STEP)
                yield index, Step.model_validate({"speech": list(speech) if speech else "down"})
            behind = int((turn.at - clock).total_seconds()) - SECONDS_PER_STEP
            if behind > 0:
                clock += dt.timedelta(seconds=behind)
                yield index, Step.model_validate({"waits_s": behind})
            clock += dt.timedelta(seconds=SECONDS_PER_STEP)
            yield index, step
            yield from self._expectations(turn, index)

    def _expectations(self, turn: Turn, index: int) -> Iterator[tuple[int, Step]]:
        expected: dict[str, Any] = {"node": turn.to_node}
        if index in self._with_prompts and turn.spoken:
            expected["prompt"] = tuple(spoken.text for spoken in turn.spoken)
        # A conversation has no message that a key for a person cuts short: the key alone is pressed there.
        cut_short = isinstance(turn.event, events.Recorded) and turn.event.keys
        if (turn.values or turn.forgotten) and not cut_short:
            expected["values"] = {**turn.values, **dict.fromkeys(turn.forgotten)}
        if turn.to_language != turn.language:
            expected["language"] = turn.to_language
        found = next((a.answer for a in turn.answered if isinstance(a.answer, events.PersonFound)), None)
        if found is not None and found.person_id and turn.to_stage == WithPerson.__name__:
            expected["transfer"] = found.person_id
        if turn.outcome is not None:
            expected["outcome"] = turn.outcome
        if any(isinstance(answered.answer, events.CallbackPromised) for answered in turn.answered):
            expected["callback"] = True
        yield index, Step.model_validate({"expect": expected})

    def _agents(self, turn: Turn) -> dict[str, tuple[str, ...]] | None:
        """Who is free while a turn is made; None where it does not ask."""
        for answered in turn.answered:
            if answered.effect == "SeekPerson":
                nobody: dict[str, tuple[str, ...]] = dict.fromkeys(self._queues, ())
                if isinstance(answered.answer, events.PersonFound):
                    return {**nobody, _queue(answered.about): (answered.answer.person_id,)}
                return nobody
        return None

    def _queues_known(self) -> dict[str, Any]:
        known = {a.about: a.answer for a in self._answers if isinstance(a.answer, events.QueueKnown)}
        return {
            queue: {name: getattr(answer, name) for name in ("waiting", "free_agents", "wait_minutes")}
            for queue, answer in known.items()
        }

    def _texts(self) -> Any:
        sent = tuple(
            "sent" if isinstance(a.answer, events.TextSent) else "failed"
            for a in self._answers
            if a.effect == "SendText"
        )
        return _shortest(sent, "sent")

    def _bookings(self) -> Any:
        booked = tuple(_booking(a.answer) for a in self._answers if a.effect in BOOKINGS)
        return _shortest(booked, "booked")

    def _slots(self) -> Any:
        known = [a.answer.slots for a in self._answers if isinstance(a.answer, events.SlotsKnown)]
        return tuple(tuple(local(self._flow, slot.starts) for slot in slots) for slots in known) or None

    def _known(self) -> dict[str, Any]:
        """What was known of the caller, and the words that they are called back with."""
        words = next((a.answer.words for a in self._answers if isinstance(a.answer, events.CallbackPromised)), ())
        known = next((a.answer for a in self._answers if isinstance(a.answer, events.CallerRecognised)), None)
        if known is None:
            return {"words": words}
        promise = known.promise
        return {
            "words": words,
            "remembered": known.values,
            "promise": None if promise is None else promise_fields(self._flow, promise),
        }

    def _line(self, turn: Turn) -> tuple[dict[str, Any], ...]:
        """Where the caller stood, at each look for a person in a turn."""
        return tuple(line_fields(a.answer) for a in turn.answered if isinstance(a.answer, events.NobodyFree))


def _as_happened(turn: Turn) -> events.Event:
    """What happened; where our engine failed, that."""
    if "engine" in turn.faults:
        return events.Failed(at=turn.at, code="engine")
    return turn.event


def _speech(languages: tuple[str, ...]) -> Any:
    return True if languages == LANGUAGES else list(languages) if languages else False


def _queue(about: str) -> str:
    """The queue of a `SeekPerson`, without the person who is wanted."""
    return about.partition(":")[0]


def _booking(answer: object) -> str:
    match answer:
        case events.CallbackPromised(already_booked=True):
            return "already_booked"
        case events.CallbackRefused(reason=reason):
            return BOOKED[reason]
        case _:
            return "booked"


def _shortest(given: tuple[str, ...], usual: str) -> Any:
    """One word where it is the same every time."""
    return usual if set(given) <= {usual} else given
