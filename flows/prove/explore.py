"""Visits every state that a call can reach, nearest first."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from datetime import timedelta
from typing import Final

import msgspec

from flows import actions, engine, events, nodes, parts
from flows.engine import effort
from flows.engine.questions import listen
from flows.engine.recalling import to_confirm
from flows.engine.steps import Step, sentence
from flows.model import Flow
from flows.prove.abstraction import (
    AT,
    CALLER,
    Key,
    canonical,
    innermost,
    key_of,
    open_and_closed,
    promise_of,
    queues_of,
    without_values,
)
from flows.prove.happenings import after, remembered_value
from flows.prove.proof import EffortSpent, Happened, Happening, Remembered
from flows.speech_time import seconds_of
from flows.state import ON_THE_WAY, AskingSlot, AtNode, CallState, Confirming, Ended, Spent, WaitingInLine

# Source: ours. A flow of 1,000 nodes has about 100,000 states; one with more than this many is not proved.
MOST_STATES: Final = 2_000_000
BEGINNING: Final = -1

FROM_SHELL: Final = (
    events.Decided,
    events.LookupFound,
    events.LookupMissed,
    events.LookupFailed,
    events.CallerRecognised,
    events.SlotsKnown,
    events.QueueKnown,
    events.TextSent,
    events.TextFailed,
    events.PersonFound,
    events.NobodyFree,
    events.TransferEnded,
    events.CallbackPromised,
    events.PromiseCancelled,
    events.CallbackRefused,
)


class Edge(msgspec.Struct, frozen=True):
    """One event, and the state that it leads to; `seconds` is what is spoken on the way, up to the exit's offer.

    `by_caller` says whether the caller did this, or could have done something else meanwhile.
    """

    event: Happened
    to: int
    seconds: float
    by_caller: bool


class Place(msgspec.Struct):
    """A reachable state: what the engine did last, what can follow, and how a call first came here."""

    state: CallState
    did: list[actions.Action]
    came_from: int
    by: Happened | None
    seconds: float
    edges: list[Edge] = []


class Fault(msgspec.Struct, frozen=True):
    """The engine raised an exception."""

    at: int
    event: Happened
    error: str


class Explored(msgspec.Struct, frozen=True):
    """Every reachable state. The first place is a call with speech, the second one without."""

    places: list[Place]
    faults: list[Fault]

    def call_to(self, index: int) -> tuple[Happening, ...]:
        """The shortest call that leads to a place."""
        happenings: list[Happening] = []
        while index != BEGINNING:
            place = self.places[index]
            if place.by is not None and place.came_from != BEGINNING:
                happenings.append(Happening(self.places[place.came_from].state.node, place.by))
            index = place.came_from
        return tuple(reversed(happenings))


class _Exploration:
    def __init__(self, flow: Flow) -> None:
        self.flow = flow
        self.places: list[Place] = []
        self.faults: list[Fault] = []
        self._known: dict[Key, int] = {}
        self._todo: deque[int] = deque()
        self._queues = queues_of(flow)
        self._hours = open_and_closed(flow)
        self._promises = [promise_of(flow, window=window) for window in (False, True)]

    def visit(self, step: Step, came_from: int, by: Happened | None) -> tuple[int, float]:
        """The place of a state, and the seconds spoken on the way; a new place is to be explored."""
        state, did = step
        seconds = _seconds_to_exit(state, did)
        state = canonical(self.flow, state)
        last = type(did[-1]).__name__ if did else ""
        key = (*key_of(state), last)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = len(self.places)
            self.places.append(Place(state, did, came_from, by, seconds))
            self._todo.append(known)
        return known, seconds

    def run(self) -> None:
        while self._todo and len(self.places) < MOST_STATES:
            self._explore(self._todo.popleft())

    def _explore(self, index: int) -> None:
        place = self.places[index]
        if isinstance(place.state.stage, Ended):
            return
        happenings: list[Happened] = [*after(self.flow, place.state, place.did, self._hours)]
        if isinstance(place.state.stage, effort.WORKING) and any(isinstance(a, actions.Collect) for a in place.did):
            happenings.append(EffortSpent())
            if still_asked(self.flow, place.state) is not None:
                happenings.append(Remembered())
        for event in happenings:
            by_caller = not isinstance(event, FROM_SHELL)
            try:
                for step in self._steps(place.state, event):
                    to, seconds = self.visit(step, index, event)
                    place.edges.append(Edge(event, to, seconds, by_caller))
            except Exception as error:
                self.faults.append(Fault(index, event, f"{type(error).__name__}: {error}"))

    def _steps(self, state: CallState, event: Happened) -> Iterator[Step]:
        """What can follow: more than one thing, where a promise that the caller may have makes a difference."""
        queues = self._queues if isinstance(event, events.NobodyFree) else [state.queue]
        for queue in queues:
            before = msgspec.structs.replace(state, queue=queue)
            if before.promise is not None:
                before = msgspec.structs.replace(before, promise=msgspec.structs.replace(before.promise, queue=queue))
            after = self._step(before, event)
            yield after
            if before.promise is None and _may_differ(before, event, after[0]):
                for promise in self._promises:
                    own = msgspec.structs.replace(promise, queue=after[0].queue)
                    yield self._step(msgspec.structs.replace(before, promise=own), event)

    def _step(self, state: CallState, event: Happened) -> Step:
        if isinstance(event, EffortSpent):
            long_ago = AT - timedelta(seconds=self.flow.effort.seconds)
            return listen(self.flow, msgspec.structs.replace(state, spent=Spent(since=long_ago)))
        if isinstance(event, Remembered):
            stage = still_asked(self.flow, state)
            return listen(self.flow, state if stage is None else msgspec.structs.replace(state, stage=stage))
        after_event, did = engine.step(self.flow, state, event)
        if isinstance(event, events.SpeechChanged):
            return listen(self.flow, after_event)  # the next turn asks with what can be heard now
        return after_event, did


def explore(flow: Flow) -> Explored:
    """Every state that a call of this flow can reach."""
    plain = without_values(flow)
    exploration = _Exploration(plain)
    for speech in (tuple(parts.LANGUAGES), ()):
        started = events.CallStarted(at=AT, call_sid="CA", caller_number=CALLER, office_number=CALLER, speech=speech)
        exploration.visit(engine.begin(plain, started), BEGINNING, started)
    exploration.run()
    # A caller whose number is withheld is asked for one: the same states but few. Last, so that none of theirs stands
    # for one of a caller whose number is known.
    withheld = events.CallStarted(at=AT, call_sid="CA", caller_number=None, office_number=CALLER, speech=())
    exploration.visit(engine.begin(plain, withheld), BEGINNING, withheld)
    exploration.run()
    return Explored(exploration.places, exploration.faults)


def _may_differ(before: CallState, event: Happened, after: CallState) -> bool:
    """Whether a promise that the caller may have can make a difference: where they come to the way, or to the line."""
    if not isinstance(innermost(after.stage), ON_THE_WAY):
        return False
    came = not isinstance(innermost(before.stage), ON_THE_WAY)
    return came or isinstance(event, events.NobodyFree) or isinstance(after.stage, WaitingInLine)


def still_asked(flow: Flow, state: CallState) -> Confirming | None:
    """The question that takes the place of the present one, where its answer is known from an earlier call."""
    node, stage = flow.all_nodes[state.node], state.stage
    match node:
        case nodes.Ask(save_as=name, answer=answer) if isinstance(stage, AtNode):
            if node.ask_again or node.sensitive:
                return None
        case nodes.OpenQuestion(intents=intents) if isinstance(stage, AskingSlot):
            name, answer = stage.slot, intents[stage.intent].slots[stage.slot].answer
        case _:
            return None
    value = remembered_value(answer)
    if value is None or state.misses:
        return None
    known = msgspec.structs.replace(state, values={**state.values, name: value}, remembered=(name,))
    return to_confirm(flow, known, name, answer, stage)


def _seconds_to_exit(state: CallState, did: list[actions.Action]) -> float:
    """How long the caller is spoken to in this step, before the exit is offered or the step is over."""
    sounds: list[actions.Sound] = list(state.pending)
    for action in did:
        match action:
            case actions.Say() | actions.Play():
                sounds.append(action)
            case actions.Record(prompts=prompts):
                sounds += prompts
            case actions.Collect(prompts=prompts):
                sounds += prompts[:-1] if prompts and prompts[-1].text in _exit_offers(state.language) else prompts
    return sum(seconds_of(sound.text, sound.language) for sound in sounds)


def _exit_offers(language: str) -> tuple[str, str]:
    return sentence(language, "exit").text, sentence(language, "exit_digits").text
