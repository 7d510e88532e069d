"""Plays a conversation against a flow: the engine as it is, with the world of the conversation around it.

`Call` is one call, step by step; `play` does all the steps of a conversation and tells how it went. Between any two
events the state is written and read again, as it is between two webhooks, and must be the same.
"""

from __future__ import annotations

import datetime as dt
from typing import Final, Literal

import msgspec

from flows import actions, events
from flows.conversations.expectations import check
from flows.conversations.hearing import Meaning, meaning_of
from flows.conversations.model import Agents, Circumstances, Conversation, Says, Step
from flows.conversations.taken import Taken, taken, taken_at_start
from flows.conversations.world import Booked, LookupUnansweredError, StepError, World
from flows.engine import advance, start
from flows.model import Flow
from flows.state import CallState, Ended
from flows.steps import Step as EngineStep

__all__ = ["Call", "Failure", "Line", "LookupUnansweredError", "Played", "StepError", "play"]

SECONDS_PER_STEP: Final = 5
END_OF_KEYS: Final = "#"
OFFICE_NUMBER: Final = "+442079460000"
CALL_SID: Final = "conversation"
SURE: Final = 0.95
UNSURE: Final = 0.5


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a transcript: what was heard, what the caller did, what happened behind it."""

    at: dt.datetime
    who: Literal["line", "caller", "office"]
    text: str


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """Why a conversation failed: at which step (from 1; 0 before the first), and what the caller had heard by then.

    `expected` is the text that was to be heard, where it is about one.
    """

    step: int
    message: str
    expected: str | None = None
    heard: tuple[str, ...] = ()


class Played(msgspec.Struct, frozen=True, kw_only=True):
    """How a conversation went; `state` is None where it failed before the caller heard anything."""

    name: str
    failure: Failure | None
    transcript: tuple[Line, ...]
    nodes: tuple[str, ...]
    exits: tuple[tuple[str, str], ...]
    state: CallState | None

    @property
    def passed(self) -> bool:
        """Whether every step could be done and everything was as expected."""
        return self.failure is None


def play(flow: Flow, conversation: Conversation) -> Played:
    """Play a conversation up to its end or to the first step that fails."""
    number, call, failure = 0, None, None
    try:
        call = Call(flow, conversation)
        for number, step in enumerate(conversation.steps, start=1):  # noqa: B007 - it says where a failure is
            call.do(step)
    except StepError as error:
        heard = call.heard if call is not None else ()
        failure = Failure(step=number, message=error.message, expected=error.expected, heard=heard)
    return Played(
        name=conversation.name,
        failure=failure,
        transcript=() if call is None else tuple(call.transcript),
        nodes=() if call is None else tuple(call.nodes),
        exits=() if call is None else tuple(call.exits),
        state=None if call is None else call.state,
    )


class Call:
    """One call. Raises `StepError` where something cannot be done or is not so.

    `state` is where it stands; `heard` is what was said to the caller since they last did something; `verbs` is what
    the engine had the line do, the last of them is what it does now; `nodes` and `exits` are what was visited, in order
    and each as often as it was.
    """

    def __init__(self, flow: Flow, given: Circumstances) -> None:
        self.flow = flow
        self.at = given.at.replace(tzinfo=flow.zone).astimezone(dt.UTC)
        self.heard: tuple[str, ...] = ()
        self.verbs: tuple[actions.Verb, ...] = ()
        self.transcript: list[Line] = []
        self.nodes: list[str] = []
        self.exits: list[tuple[str, str]] = []
        self._world = World(given)
        self._speech: tuple[str, ...] = given.speech if isinstance(given.speech, tuple) else flow.languages
        event = events.CallStarted(
            at=self.at,
            call_sid=CALL_SID,
            caller_number=None if given.caller == "withheld" else given.caller,
            office_number=OFFICE_NUMBER,
            speech=self._speech if given.speech else (),
        )
        self._visit(taken_at_start(flow, event))
        self.state = self._follow(start(flow, event))

    @property
    def sent(self) -> tuple[str, ...]:
        """The text messages that were sent."""
        return self._world.sent

    @property
    def booked(self) -> Booked | None:
        """The callback that is booked."""
        return self._world.booked

    @property
    def agents(self) -> Agents:
        """Who is free, by queue."""
        return self._world.agents

    def do(self, step: Step) -> None:
        """Let one step happen, or hold what it expects against the call."""
        if step.expect is not None:
            return check(step.expect, self)
        if isinstance(self.state.stage, Ended):
            raise StepError(f"the call is over ({self.state.stage.outcome}); nothing can happen any more")
        if step.agents is not None:
            self._world.agents = {**self._world.agents, **step.agents}
            return self._note("office", f"free from now on: {_names(step.agents)}")
        if step.waits_s is not None:
            self.at += dt.timedelta(seconds=step.waits_s)
            return self._note("office", f"{step.waits_s} seconds pass")
        return self._do_at(step, self.at + dt.timedelta(seconds=SECONDS_PER_STEP))

    def happen(self, event: events.Event) -> None:
        """Let an event happen, as it is; it must not be earlier than the one before."""
        self.at = event.at
        self.heard = ()
        self.state = self._follow(self._advance(self.state, event))

    def _do_at(self, step: Step, at: dt.datetime) -> None:
        if step.says is not None:
            said = step.says if isinstance(step.says, Says) else Says(text=step.says)
            return self._tell(f"says: {said.text}", self._said(said, at))
        if step.says_something_else:
            self._grammar()
            return self._tell("says something else", events.NoMatch(at=at, text="[unk]"))
        if step.presses is not None:
            return self._tell(f"presses {step.presses}", self._pressed(step.presses, at))
        if step.stays_silent:
            self._listening("stays silent")
            return self._tell("stays silent", events.NoInput(at=at))
        if step.records is not None:
            return self._tell(f"records {step.records} seconds", self._recorded(step.records, at))
        if step.person is not None:
            self._ringing()
            ended = events.TransferEnded(at=at, talked=step.person == "talks")
            return self._tell(f"the person {step.person}", ended, who="office")
        if step.speech is not None:
            languages = {"up": self._speech, "down": ()}.get(step.speech) if isinstance(step.speech, str) else None
            speech = languages if languages is not None else tuple(step.speech)
            return self._tell(f"speech: {', '.join(speech) or 'none'}", events.SpeechChanged(at=at, speech=speech))
        if step.breaks is not None:
            lost = step.breaks == "answer"
            broken = events.AnswerLost(at=at) if lost else events.Failed(at=at, code="conversation")
            return self._tell(f"the {step.breaks} breaks", broken, who="office")
        return self._tell("hangs up", events.HungUp(at=at))

    def _tell(self, text: str, event: events.Event, *, who: Literal["caller", "office"] = "caller") -> None:
        self._note(who, text, event.at)
        self.happen(event)

    def _note(self, who: Literal["line", "caller", "office"], text: str, at: dt.datetime | None = None) -> None:
        self.transcript.append(Line(at=at or self.at, who=who, text=text))

    # ------------------------------------------------------------ what the caller does

    def _listening(self, doing: str) -> actions.Collect | actions.Record:
        verb = self.verbs[-1]
        if isinstance(verb, actions.Collect | actions.Record):
            return verb
        raise StepError(
            f"the caller {doing}, and nobody listens: {verb.__class__.__name__}. While a person is rung, say what "
            "comes of it: `person: talks` or `person: misses`"
        )

    def _grammar(self) -> actions.Grammar:
        verb = self._listening("speaks")
        if isinstance(verb, actions.Record):
            raise StepError("the caller is leaving a message here; write `records: 12` for one of 12 seconds")
        if verb.grammar is None or self.state.language not in self.state.speech:
            raise StepError("this caller cannot be heard here; press keys")
        return verb.grammar

    def _said(self, said: Says, at: dt.datetime) -> events.Event:
        grammar = self._grammar()
        meaning = meaning_of(grammar, said.text) if said.means is None else Meaning(keys=said.means)
        if meaning is None:
            return events.NoMatch(at=at, text=said.text)
        return events.Heard(
            at=at,
            keys=meaning.keys,
            text=said.text,
            confidence=UNSURE if said.unsure else SURE,
            sure=not said.unsure,
            slots={**meaning.slots, **said.slots},
        )

    def _pressed(self, keys: str, at: dt.datetime) -> events.Event:
        """Keys as a telephone collects them.

        Source: https://www.twilio.com/docs/voice/twiml/gather (numDigits, finishOnKey): the input ends with the last
        key that fits, or, where several fit, with the hash key, which is no part of it.
        """
        verb = self._listening(f"presses {keys}")
        most = 1 if isinstance(verb, actions.Record) else verb.max_keys
        entered = keys.removesuffix(END_OF_KEYS) if most > 1 else keys
        if not entered or (most > 1 and END_OF_KEYS in entered):
            raise StepError(f'"{keys}": several keys fit here, and the hash key ends them; press it last or not at all')
        if len(entered) > most:
            fit = "one key fits" if most == 1 else f"{most} keys fit"
            raise StepError(
                f'"{keys}": only {fit} here, then the call goes on; press the others in a step of their own'
            )
        if isinstance(verb, actions.Record):
            return events.Recorded(at=at, url="", duration_s=0, keys=entered)
        return events.KeysPressed(at=at, keys=entered)

    def _recorded(self, seconds: int, at: dt.datetime) -> events.Event:
        verb = self._listening("records a message")
        if not isinstance(verb, actions.Record):
            raise StepError("no message is recorded here")
        if seconds > verb.max_s:
            raise StepError(f"a message has at most {verb.max_s} seconds here")
        return events.Recorded(at=at, url="https://recordings.example/1", duration_s=seconds)

    def _ringing(self) -> None:
        if not isinstance(self.verbs[-1], actions.Transfer):
            raise StepError("nobody is being rung; `person` says what comes of a transfer")

    # ------------------------------------------------------------ what the engine does

    def _advance(self, state: CallState, event: events.Event) -> EngineStep:
        self._visit(taken(self.flow, state, event))
        return advance(self.flow, state, event)

    def _visit(self, visited: Taken) -> None:
        self.nodes += visited.nodes
        self.exits += visited.exits

    def _follow(self, step: EngineStep) -> CallState:
        """Do what the engine wants until it waits for the caller; the state that is left."""
        while True:
            state, did = step[0], step[1]
            state = _reread(state)
            verbs = tuple(action for action in did if isinstance(action, actions.Verb))
            self.verbs = verbs or self.verbs
            for text in (text for verb in verbs for text in _texts(verb)):
                self.heard = (*self.heard, text)
                self._note("line", text)
            answers = [self._perform(state, action) for action in did if isinstance(action, actions.Effect)]
            event = next((answer for answer in answers if answer is not None), None)
            if event is None:
                return state
            step = self._advance(state, event)

    def _perform(self, state: CallState, effect: actions.Effect) -> events.Event | None:
        event, note = self._world.perform(state.node, effect, self.at)
        self._note("office", note)
        return event


def _names(agents: Agents) -> str:
    return "; ".join(f"{queue}: {', '.join(ids) or 'nobody'}" for queue, ids in agents.items())


def _reread(state: CallState) -> CallState:
    """The state as the next webhook finds it; raises `StepError` where that is not the same."""
    read = msgspec.json.decode(msgspec.json.encode(state), type=CallState)
    if read != state:
        raise StepError("the state of the call is not the same once it is stored and read again: this is our fault")
    return read


def _texts(verb: actions.Verb) -> tuple[str, ...]:
    match verb:
        case actions.Say(text=text) | actions.Play(text=text):
            return (text,)
        case actions.Collect(prompts=prompts) | actions.Record(prompts=prompts):
            return tuple(sound.text for sound in prompts)
        case _:
            return ()
