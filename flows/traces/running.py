"""Runs one turn of the engine, with a given shell and given decisions, and notes what it did."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec

from flows import actions, engine, events, hours, nodes
from flows.engine.prompting import environment_of
from flows.engine.questions import without_sensitive
from flows.engine.steps import Step, sentence
from flows.engine.walk import decide
from flows.events import Value
from flows.expressions import EvaluationError, parse
from flows.expressions.environment import BUILT_INS
from flows.expressions.parser import Call, Literal, Name, QueueField, walk
from flows.model import Flow
from flows.state import CallState
from flows.traces.masking import NOT_KEPT
from flows.traces.model import Decision, Spoken

# A turn with more answers of the shell than this is going in circles; the edge stops there too.
MOST_ANSWERS: Final = 20
KNOWN: Final = 1

# What the shell answers to an effect of a node; raises where the run must stop.
Shell = Callable[[CallState, actions.Effect], events.Event | None]
# Which way out; None for the engine's own decision.
Choose = Callable[[CallState, Decision], int | None]


class Ran(msgspec.Struct):
    """What one turn did, up to where the engine waits for the caller. `faults` are codes of what broke."""

    state: CallState
    verbs: tuple[actions.Verb, ...] = ()
    nodes: tuple[str, ...] = ()
    decisions: tuple[Decision, ...] = ()
    faults: tuple[str, ...] = ()

    @property
    def spoken(self) -> tuple[Spoken, ...]:
        """What the caller hears."""
        return tuple(
            Spoken(text=sound.text, language=sound.language) for verb in self.verbs for sound in sounds_of(verb)
        )


def sounds_of(verb: actions.Verb) -> tuple[actions.Sound, ...]:
    """What a verb says."""
    match verb:
        case actions.Say() | actions.Play():
            return (verb,)
        case actions.Collect(prompts=prompts) | actions.Record(prompts=prompts):
            return prompts
        case _:
            return ()


def run_start(flow: Flow, event: events.CallStarted, shell: Shell, choose: Choose) -> Ran:
    """The first turn of a call."""
    runner = _Runner(flow, shell, choose)
    return runner.settle(runner.begin(event))


def run_turn(flow: Flow, before: CallState, event: events.Event, shell: Shell, choose: Choose) -> Ran:
    """Any other turn."""
    runner = _Runner(flow, shell, choose)
    return runner.settle(runner.step(before, event))


class _Runner:
    def __init__(self, flow: Flow, shell: Shell, choose: Choose) -> None:
        self._flow = flow
        self._shell = shell
        self._choose = choose
        self._nodes: list[str] = []
        self._decisions: list[Decision] = []
        self._faults: list[str] = []

    def step(self, before: CallState, event: events.Event) -> Step:
        """As the edge does it: where the engine fails, the caller gets an apology and a person."""
        if isinstance(event, events.Failed):
            self._faults.append(event.code)
        try:
            return self._decided(self._noted_step(before, event))
        except StopRunError:
            raise
        except Exception:  # whatever it was, the call went on
            return self.step(before, events.Failed(at=event.at, code="engine"))

    def begin(self, event: events.CallStarted) -> Step:
        """The first step of a call."""
        stepped = engine.begin(self._flow, event)
        if _apologised(None, stepped[0]):
            self._faults.append("fault")
        return self._decided(self._noted(None, stepped))

    def _noted_step(self, before: CallState, event: events.Event | events.Decided) -> Step:
        # A path is bounded; from an empty one, what is new is all there is.
        before = msgspec.structs.replace(before, path=())
        return self._noted(None if isinstance(event, events.Failed) else before, engine.step(self._flow, before, event))

    def _noted(self, before: CallState | None, stepped: Step) -> Step:
        after, did = stepped
        self._nodes += after.path
        if before is not None and _apologised(before, after):
            self._faults.append("fault")
        return msgspec.structs.replace(after, path=()), did

    def _decided(self, stepped: Step) -> Step:
        state, did = stepped
        while did and isinstance(did[-1], actions.Decide):
            try:
                way = self._way(state, did[-1])
            except EvaluationError:
                self._faults.append("fault")
                return self._noted_step(state, events.Failed(at=state.at, code="fault"))
            state, more = self._noted_step(state, events.Decided(at=state.at, way=way))
            did = [*did[:-1], *more]
        return state, did

    def _way(self, state: CallState, wanted: actions.Decide) -> int:
        node = self._flow.all_nodes[state.node]
        cases = tuple(case.when for case in node.cases) if isinstance(node, nodes.Branch) else ()
        decision = Decision(node=state.node, way=0, cases=cases, saw=_seen(self._flow, state, wanted, cases))
        chosen = self._choose(state, decision)
        way = decide(self._flow, state, wanted.queue) if chosen is None else chosen
        if cases or way == KNOWN:
            self._decisions.append(msgspec.structs.replace(decision, way=way))
        return way

    def settle(self, stepped: Step) -> Ran:
        state, did = stepped
        verbs: list[actions.Verb] = []
        for _ in range(MOST_ANSWERS):
            answer: events.Event | None = None
            for action in did:
                if isinstance(action, actions.Effect):
                    answer = self._shell(state, action) or answer
                elif isinstance(action, actions.Verb):
                    verbs.append(action)
            if answer is None:
                break
            state, did = self.step(state, answer)
        state = without_sensitive(self._flow, state)
        return Ran(state, tuple(verbs), tuple(self._nodes), tuple(self._decisions), tuple(self._faults))


class StopRunError(Exception):
    """A run cannot go on; raised by a shell."""

    code = "stop_run"
    retryable = False


def _seen(flow: Flow, state: CallState, wanted: actions.Decide, cases: tuple[str, ...]) -> dict[str, Value]:
    """What a branch's expressions read, by name; hours and holidays by what they say at this instant."""
    if not cases:
        return {}
    environment = environment_of(flow, state, wanted.queue)
    seen: dict[str, Value] = {}
    for case in cases:
        for read, _ in walk(parse(case).tree):
            match read:
                case Name(name=name) if name in BUILT_INS:
                    seen[name] = BUILT_INS[name].read(environment)
                case Name(name=name) if name in flow.sensitive_names and name in environment.values:
                    seen[name] = NOT_KEPT
                case Name(name=name) if name in environment.values:
                    seen[name] = environment.values[name]
                case QueueField(field=field) if wanted.queue is not None:
                    seen[f"queue.{field}"] = getattr(wanted.queue, field)
                case Call(function="open", arguments=(Literal(value=name),)) if str(name) in flow.hours:
                    seen[f'open("{name}")'] = hours.is_open(flow.hours[str(name)], flow.holidays, environment.at)
                case Call(function="holiday"):
                    seen["holiday()"] = hours.is_holiday(flow.holidays, environment.at.date())
                case _:
                    pass
    return seen


def _apologised(before: CallState | None, after: CallState) -> bool:
    """Whether something in the flow broke in this step: the engine says so to the caller."""
    apology = sentence(after.language, "apology")
    return apology in after.pending and (before is None or apology not in before.pending)
