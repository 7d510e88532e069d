"""People, and the line to them: who is sought for this caller, in whose place, and how they wait.

seek --PersonFound--> joined --TransferEnded(missed)--> seek
  +--NobodyFree--> an offer, or in line --(every ten seconds)--> seek
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

import msgspec

from flows import actions, model
from flows.engine import effort
from flows.engine.prompting import environment_of
from flows.engine.steps import Step, flush, say_message
from flows.events import OpenPromise
from flows.expressions import EvaluationError, evaluate, parse
from flows.state import (
    CallState,
    Cancelling,
    ConfirmingCancel,
    Moving,
    Plan,
    SeekingPerson,
    Stage,
    TellingPromise,
    WaitingInLine,
    WithPerson,
    beneath,
)

# In line, each silence is a look for a free person; the caller hears something at every third at most.
LINE_ROUNDS_PER_PROMPT: Final = 3
# The stages that are about a promise which the caller has.
ABOUT_THE_PROMISE: Final = (TellingPromise, ConfirmingCancel, Cancelling, Moving)


def asked_for(flow: model.Flow, state: CallState) -> Step:
    """The caller wants a person, now; one who is in line already is, and one who has a promise keeps its place."""
    stage = beneath(state.stage)
    if isinstance(stage, WaitingInLine):
        state = in_line_anew(state)
    elif state.in_its_place or is_about_the_promise(stage):
        state = in_place_of_promise(flow, state)
    else:
        state = for_anybody(flow, state)
    return seek(flow, say_message(state, "finding_person"))


def is_about_the_promise(stage: Stage) -> bool:
    """Whether the caller is being asked about a promise that they have, or about another time for it."""
    plan = getattr(stage, "plan", None)
    return isinstance(stage, ABOUT_THE_PROMISE) or (isinstance(plan, Plan) and plan.moves)


def left(flow: model.Flow, state: CallState) -> CallState:
    """The state of a caller who goes on in the flow: a person was offered, and nobody in particular is sought."""
    return effort.renewed(for_anybody(flow, state))


def for_anybody(flow: model.Flow, state: CallState) -> CallState:
    """The state of a caller for whom nobody in particular is sought, in no place but their own."""
    return msgspec.structs.replace(state, queue=flow.queue, person_id=None, whisper=None, in_its_place=False)


def in_place_of_promise(flow: model.Flow, state: CallState) -> CallState:
    """The state of a caller who wants to speak now, in the place that their promise has."""
    if state.promise is None:
        return for_anybody(flow, state)
    return msgspec.structs.replace(state, queue=state.promise.queue, person_id=None, whisper=None, in_its_place=True)


def kept(state: CallState) -> OpenPromise | None:
    """The promise that a caller can fall back on: of this queue, and about what the call is about, as far as is known.

    A reason in another language looks like another one; whether it is, the shell knows by the topic.
    """
    promise = state.promise
    if promise is None or promise.queue != state.queue:
        return None
    same = state.reason is None or promise.reason is None or state.reason == promise.reason
    return promise if state.in_its_place or same else None


def in_line_anew(state: CallState) -> CallState:
    """The state of a caller in line who is to hear again where they are; elsewhere the state itself."""
    if not isinstance(state.stage, WaitingInLine):
        return state
    return msgspec.structs.replace(state, stage=msgspec.structs.replace(state.stage, rounds=0, told=None))


def seek(flow: model.Flow, state: CallState) -> Step:
    """Look for a free person; the shell answers with `PersonFound` or `NobodyFree`."""
    stage = beneath(state.stage)
    waiting = isinstance(stage, WaitingInLine)
    stage = stage if waiting else SeekingPerson()
    state = msgspec.structs.replace(state, stage=stage, silences=0, mismatches=0, missed=None)
    arrived_at, promise_id = _place(state)
    head_start_s, rule = priority(flow, state)
    seek = actions.SeekPerson(
        queue=state.queue,
        language=state.language,
        waiting=waiting,
        arrived_at=arrived_at,
        tried=state.tried,
        person_id=state.person_id,
        head_start_s=head_start_s,
        priority=rule,
        promise_id=promise_id,
    )
    return state, [seek]


def _place(state: CallState) -> tuple[datetime, str | None]:
    """When the caller counts as having come: with the promise that they wait for anyway, or that they give up."""
    promise = kept(state)
    if promise is None or not (state.in_its_place or promise.starts is None):
        return state.started_at, None
    return promise.arrived_at, promise.request_id


def priority(flow: model.Flow, state: CallState) -> tuple[int, str | None]:
    """The head start in seconds that the queue's first rule that holds gives, and its name.

    A rule that cannot be worked out does not hold: nobody comes first by a mistake.
    """
    rules = flow.queue_of(state.queue).priorities
    environment = environment_of(flow, state) if rules else None
    for rule in rules:
        try:
            if environment is not None and evaluate(parse(rule.when), environment) is True:
                return rule.head_start_minutes * 60, rule.name
        except EvaluationError:
            continue
    return 0, None


def wait(flow: model.Flow, state: CallState, stage: WaitingInLine | None = None) -> Step:
    """Into the line, for whoever is free of those who did not miss this call a moment ago."""
    stage = stage or WaitingInLine(rounds=0, kept=kept(state) is not None)
    return seek(flow, msgspec.structs.replace(state, stage=stage, person_id=None))


def look_again(flow: model.Flow, state: CallState) -> Step:
    """Ten more seconds in line have passed."""
    stage = state.stage
    if isinstance(stage, WaitingInLine):
        told = stage.position if stage.rounds % LINE_ROUNDS_PER_PROMPT == 0 else stage.told
        stage = msgspec.structs.replace(stage, rounds=stage.rounds + 1, told=told)
    return seek(flow, with_everybody(msgspec.structs.replace(state, stage=stage)))


def with_everybody(state: CallState) -> CallState:
    """The state in which everybody is asked again: who could not take the call a while ago may be free by now."""
    return msgspec.structs.replace(state, tried=())


def join(state: CallState, person_id: str, person_number: str) -> Step:
    """Put the caller through to a person or a number."""
    state, spoken = flush(state)
    transfer = actions.Transfer(person_id=person_id, person_number=person_number, whisper=state.whisper)
    return msgspec.structs.replace(state, stage=WithPerson(person_id=person_id)), [*spoken, transfer]
