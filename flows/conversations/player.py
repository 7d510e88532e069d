"""Plays a conversation against a flow: the engine as it is, with the world of the conversation around it.

`Call` is one call, step by step; `play` does all the steps of a conversation and tells how it went. Between any two
events the state is written and read again, as it is between two webhooks, and must be the same.
"""

from __future__ import annotations

import datetime as dt
from typing import Final, Literal

import msgspec

from flows import actions, events, nodes
from flows.conversations.caller import described, event_of
from flows.conversations.expectations import check
from flows.conversations.model import Agents, Circumstances, Conversation, Step
from flows.conversations.taken import Taken, taken, taken_at_start
from flows.conversations.world import Booked, LookupUnansweredError, StepError, World
from flows.engine import advance, start
from flows.engine.steps import Step as EngineStep
from flows.model import Flow
from flows.problems import known_words
from flows.state import CallState, Ended

__all__ = ["Call", "Failure", "Line", "LookupUnansweredError", "Played", "StepError", "play"]

SECONDS_PER_STEP: Final = 5
OFFICE_NUMBER: Final = "+442079460000"
CALL_SID: Final = "conversation"


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
        _check_lookups(flow, conversation)
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


def _check_lookups(flow: Flow, conversation: Conversation) -> None:
    """Raise `StepError` for the answer of a lookup that the flow does not have: it would never be asked for."""
    lookups = [name for name, node in flow.all_nodes.items() if isinstance(node, nodes.Lookup)]
    for name in conversation.lookups:
        if name not in lookups:
            raise StepError(f'`lookups`: "{name}" is no lookup of the flow{known_words(name, lookups)}')


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
        self._world = World(flow, given)
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
        if step.line is not None:
            self._world.stands(step.line)
            return self._note("office", "another place in line from now on")
        if step.waits_s is not None:
            self.at += dt.timedelta(seconds=step.waits_s)
            return self._note("office", f"{step.waits_s} seconds pass")
        at = self.at + dt.timedelta(seconds=SECONDS_PER_STEP)
        event = event_of(step, self.state, self.verbs[-1], at, self._speech)
        self.at = at
        self._note(*described(step))
        return self.happen(event)

    def happen(self, event: events.Event) -> None:
        """Let an event happen, as it is; it must not be earlier than the one before."""
        self.at = event.at
        self.heard = ()
        self.state = self._follow(self._advance(self.state, event))

    def _note(self, who: Literal["line", "caller", "office"], text: str) -> None:
        self.transcript.append(Line(at=self.at, who=who, text=text))

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
