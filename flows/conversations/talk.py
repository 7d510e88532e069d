"""A talk with a flow that becomes a conversation: steps are tried one by one, and kept where they could be done."""

from __future__ import annotations

from collections.abc import Iterable

from flows import actions, nodes
from flows.conversations.model import Circumstances, Conversation, Expect, LookupAnswer, NotFound, Step
from flows.conversations.player import Call
from flows.conversations.world import StepError
from flows.engine.node_questions import Question
from flows.engine.questions import question_of
from flows.engine.steps import sentence
from flows.expressions import EvaluationError
from flows.model import Flow
from flows.state import CallState, Ended

CALLER_STEPS = frozenset(
    {"says", "says_something_else", "presses", "stays_silent", "records", "hangs_up", "person", "breaks"}
)


class Talk:
    """One talk. `call` is the call as it stands.

    Making one, and `do`, raise `StepError` (`LookupUnansweredError` where it is not known what a lookup finds): the
    talk is then as it was before, and goes on.
    """

    def __init__(self, flow: Flow, given: Circumstances) -> None:
        self.flow = flow
        self.given = given
        self.steps: list[Step] = []
        self.call = Call(flow, given)

    def do(self, step: Step) -> None:
        """Do a step and keep it."""
        try:
            self.call.do(step)
        except StepError:
            self._again()
            raise
        self.steps.append(step)

    def answer_lookup(self, node: str, answer: NotFound | LookupAnswer) -> None:
        """What the next unanswered lookup of a node finds."""
        self.given = with_lookup(self.given, node, answer)
        self._again()

    def conversation(self, name: str) -> Conversation:
        """The talk as a test that passes: each thing that the caller did, and what they heard then."""
        call = Call(self.flow, self.given)
        steps = [Step(expect=_expectation(call, None))]
        for step in self.steps:
            before = call.state
            call.do(step)
            steps.append(step)
            if not CALLER_STEPS.isdisjoint(step.model_fields_set):
                steps.append(Step(expect=_expectation(call, before)))
        return Conversation(name=name, steps=tuple(steps), **self.given.model_dump())

    def _again(self) -> None:
        """The call from its beginning up to the last step that was kept."""
        self.call = Call(self.flow, self.given)
        for step in self.steps:
            self.call.do(step)


def with_lookup(given: Circumstances, node: str, answer: NotFound | LookupAnswer) -> Circumstances:
    """The circumstances with one more answer to a node's lookups."""
    known = given.lookups.get(node, ())
    answers = (*known, answer) if isinstance(known, tuple) else (known, answer)
    return given.model_copy(update={"lookups": {**given.lookups, node: answers}})


def queues_of(flow: Flow) -> list[str]:
    """Every queue that a flow names."""
    named = [flow.queue]
    for node in flow.all_nodes.values():
        match node:
            case nodes.Transfer(to=nodes.ToQueue(queue=queue)):
                named.append(queue)
            case nodes.Callback(queue=str(queue)) | nodes.Branch(queue=str(queue)):
                named.append(queue)
            case _:
                pass
    return list(dict.fromkeys(named))


def question_at(flow: Flow, state: CallState) -> Question | None:
    """The question that the caller is being asked; None where there is none, or it needs a value that is gone."""
    try:
        return question_of(flow, state)
    except EvaluationError:
        return None


def _expectation(call: Call, before: CallState | None) -> Expect:
    """What is so now and worth keeping: the prompts of the flow, without the choices that the engine words."""
    state, last = call.state, call.verbs[-1]
    question = question_at(call.flow, state)
    worded = () if question is None else tuple(sound.text for sound in question.sounds[1:])
    exits = {sentence(state.language, name).text for name in ("exit", "exit_digits")}
    prompts = tuple(text for text in _once(call.heard) if text not in worded and text not in exits)
    return Expect(
        prompt=prompts if len(prompts) > 1 else prompts[0] if prompts else None,
        node=state.node,
        language=state.language if before is not None and before.language != state.language else None,
        transfer=(last.person_id or None) if isinstance(last, actions.Transfer) else None,
        callback=True if call.booked is not None and before is not None and before.promise_id is None else None,
        outcome=state.stage.outcome if isinstance(state.stage, Ended) else None,
    )


def _once(texts: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(texts))
