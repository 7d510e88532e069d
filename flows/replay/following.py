"""Follows one recorded call through a flow.

Where the flow asks what the trace has an answer to, that answer is given. What the flow no longer asks is left out;
what it asks anew ends the replay, as nobody knows what the caller would have said. Two things are taken for granted:
that an answer which the flow now reads back is confirmed, and that somebody is free where the trace does not say.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Final

import msgspec

from flows import actions, engine, events
from flows.expressions import EvaluationError
from flows.model import Flow
from flows.replay.fitting import fitted, place_of, place_of_turn
from flows.speech_time import seconds_of
from flows.state import CallState, Confirming, Ended, WithPerson
from flows.traces.model import Answered, Decision, Spoken, Trace, Turn
from flows.traces.running import Ran, StopRunError, run_start, run_turn
from flows.traces.telling import STAGES

PROMISED_WITHIN: Final = dt.timedelta(minutes=30)
STAND_IN_NUMBER: Final = "+440000000000"
# As many turns as the trace has, and some that the flow asks for in addition; more is going round.
MOST_EXTRA_TURNS: Final = 50


class End(msgspec.Struct, frozen=True, order=True):
    """Where a call ended: its outcome ("" for none) and the node at which it stood."""

    outcome: str
    node: str


class Followed(msgspec.Struct, frozen=True, kw_only=True):
    """What a call would have been. `stuck` says why it cannot be followed further than `end`.

    `steps` counts what the caller did, `seconds` is the speech that they were offered, `asked_person` tells whether
    the call was on the way to a person at any time.
    """

    end: End
    steps: int
    seconds: float
    asked_person: bool
    spoken: tuple[tuple[Spoken, ...], ...]
    stuck: str | None = None


def recorded(trace: Trace) -> Followed:
    """The same for what really happened."""
    turns = trace.replayable
    return Followed(
        end=End(turns[-1].outcome or "", turns[-1].to_node),
        steps=len(turns) - 1,
        seconds=_seconds(turn.spoken for turn in turns),
        asked_person=any(answered.effect == "SeekPerson" for turn in turns for answered in turn.answered),
        spoken=tuple(turn.spoken for turn in turns),
    )


def follow(flow: Flow, trace: Trace) -> Followed:
    """What the call of a trace would have been in `flow`."""
    return _Follower(flow, trace).run()


class _Follower:
    def __init__(self, flow: Flow, trace: Trace) -> None:
        self._flow = flow
        self._trace = trace
        turns = trace.replayable
        self._turns = list(turns[1:])
        self._has_end = turns[-1].outcome is not None
        self._answers = [answered for turn in turns for answered in turn.answered]
        self._decisions = [decision for turn in turns for decision in turn.decisions]
        self._spoken: list[tuple[Spoken, ...]] = []
        self._asked_person = False
        self._steps = 0
        self._state: CallState | None = None

    def run(self) -> Followed:
        started = self._trace.turns[0].event
        if not isinstance(started, events.CallStarted):
            raise ValueError(f"{self._trace.call_sid}: the first turn of the call is missing")
        try:
            self._note(run_start(self._flow, started, self._shell, self._choose))
            self._follow_turns()
        except StopRunError as stopped:
            return self._followed(str(stopped))
        return self._followed(None)

    def _follow_turns(self) -> None:
        for _ in range(len(self._turns) + MOST_EXTRA_TURNS):
            state = self._now
            if isinstance(state.stage, Ended) or not (self._turns or self._has_end):
                return
            event = self._next(state)
            self._steps += 1
            self._note(run_turn(self._flow, self._now, event, self._shell, self._choose))
        raise StopRunError("the flow asks the same again and again")

    @property
    def _now(self) -> CallState:
        if self._state is None:
            raise StopRunError("the call does not begin")
        return self._state

    def _next(self, state: CallState) -> events.Event:
        """What happens next; leaves out what was done at questions that the flow does not ask here."""
        place = place_of(state)
        at = next((index for index, turn in enumerate(self._turns) if place_of_turn(turn) == place), None)
        if at is None:
            supplied = self._supplied(state)
            if supplied is not None:
                return supplied
            at = 0
        if not self._turns:
            raise StopRunError("the caller would be asked once more")
        turn = self._turns[at]
        state = self._with_speech(state, turn)
        try:
            event = fitted(self._flow, state, turn)
        except EvaluationError:
            event = None
        if event is None:
            raise StopRunError("what the caller did then is no answer here")
        self._turns = self._turns[at + 1 :]
        return event

    def _supplied(self, state: CallState) -> events.Event | None:
        """What goes without saying."""
        if isinstance(state.stage, Confirming):
            return events.KeysPressed(at=state.at, keys="1")
        if isinstance(state.stage, WithPerson):
            return events.TransferEnded(at=state.at, talked=True)
        return None

    def _with_speech(self, state: CallState, turn: Turn) -> CallState:
        if turn.speech != state.speech:
            changed = events.SpeechChanged(at=turn.at, speech=turn.speech)
            state = self._state = engine.advance(self._flow, state, changed)[0]
        return state

    def _note(self, ran: Ran) -> None:
        self._state = ran.state
        self._spoken.append(ran.spoken)

    def _followed(self, stuck: str | None) -> Followed:
        state = self._state
        outcome = state.stage.outcome if state is not None and isinstance(state.stage, Ended) else ""
        asking = None if state is None else STAGES.get(type(state.stage).__name__)
        return Followed(
            end=End(outcome, self._flow.start if state is None else state.node),
            steps=self._steps,
            seconds=_seconds(self._spoken),
            asked_person=self._asked_person,
            spoken=tuple(self._spoken),
            stuck=stuck if stuck is None or asking is None else f"{asking}: {stuck}",
        )

    # ------------------------------------------------------------ decisions and answers

    def _choose(self, state: CallState, decision: Decision) -> int | None:
        """A branch that asks the same and sees the same decides the same; what it saw may not be in the trace."""
        del state
        if not decision.cases:
            return None
        for index, made in enumerate(self._decisions):
            if made.node == decision.node and made.cases == decision.cases and made.saw == decision.saw:
                return self._decisions.pop(index).way
        return None

    def _shell(self, state: CallState, effect: actions.Effect) -> events.Event | None:
        kind = type(effect).__name__
        if isinstance(effect, actions.LeaveLine):
            self._take(kind, None)
            return None
        if isinstance(effect, actions.SeekPerson):
            self._asked_person = True
        by_node = isinstance(effect, actions.Lookup | actions.SendText | actions.AskQueue)
        taken = self._take(kind, state.node if by_node else None)
        answer = self._assumed(state, effect) if taken is None else taken.answer
        if isinstance(effect, actions.Lookup) and isinstance(answer, events.LookupFound):
            missing = [name for name in effect.save if name not in answer.values]
            if missing:
                raise StopRunError(f"nobody knows what the lookup would find for {', '.join(missing)}")
            values = {name: answer.values[name] for name in effect.save}
            answer = msgspec.structs.replace(answer, values=values)
        return answer

    def _take(self, effect: str, node: str | None) -> Answered | None:
        for index, answered in enumerate(self._answers):
            if answered.effect == effect and node in (None, answered.node):
                return self._answers.pop(index)
        return None

    def _assumed(self, state: CallState, effect: actions.Effect) -> events.Event | None:
        match effect:
            case actions.SeekPerson(person_id=person_id):
                return events.PersonFound(at=state.at, person_id=person_id or "somebody", person_number=STAND_IN_NUMBER)
            case actions.RequestCallback(starts=starts, ends=ends):
                by = ends or state.at + PROMISED_WITHIN
                return events.CallbackPromised(
                    at=state.at, request_id="replay", by=by, already_booked=False, starts=starts
                )
            case actions.RecogniseCaller():
                return events.CallerRecognised(at=state.at)
            case actions.SendText():
                return events.TextSent(at=state.at)
            case actions.Lookup():
                raise StopRunError("nobody knows what the lookup would find")
            case actions.AskQueue(queue=queue):
                known = [a for turn in self._trace.turns for a in turn.answered if a.about == queue]
                stood = [a.answer for a in known if isinstance(a.answer, events.QueueKnown)]
                if not stood:
                    raise StopRunError(f"nobody knows how the queue {queue} stood")
                return msgspec.structs.replace(stood[-1], at=state.at)
            case _:
                return None


def _seconds(turns: Iterable[tuple[Spoken, ...]]) -> float:
    return sum(seconds_of(said.text, said.language) for turn in turns for said in turn)
