"""What the universal words do: a person, the same again, back, help, another language."""

from __future__ import annotations

import msgspec

from flows import actions, model
from flows.engine import effort, line, recalling, way
from flows.engine.questions import listen, listen_again
from flows.engine.steps import Step
from flows.engine.universal import BACK, HELP, OTHER_LANGUAGE, PERSON, REPEAT
from flows.engine.walk import enter
from flows.node_facts import saved_by
from flows.state import AtNode, CallState, ChoosingLanguage, Confirming, Helping, Question, WaitingInLine


def universal(flow: model.Flow, state: CallState, word: str) -> Step:
    """Do what a universal word asks for; the words are those of `flows.engine.universal`."""
    match word:
        case _ if word == PERSON:
            return line.asked_for(flow, over_help(state))
        case _ if word == REPEAT:
            return repeat(flow, over_help(state))
        case _ if word == BACK:
            return back(flow, over_help(state))
        case _ if word == HELP:
            return _help(flow, state)
        case _ if word == OTHER_LANGUAGE:
            return other_language(flow, over_help(state))
        case _:
            raise ValueError(word)


def over_help(state: CallState) -> CallState:
    """The state without the help that stands over its question."""
    if not isinstance(state.stage, Helping):
        return state
    return msgspec.structs.replace(state, stage=state.stage.over)


def repeat(flow: model.Flow, state: CallState) -> Step:
    """The present question again, and what was heard before it; what is read back stands for itself."""
    state = effort.with_repeat(line.in_line_anew(state))
    if not isinstance(state.stage, Confirming | ChoosingLanguage):
        state = msgspec.structs.replace(state, pending=state.last_heard)
    return listen_again(flow, state)


def back(flow: model.Flow, state: CallState) -> Step:
    """To the question before; from a question about a person or a callback, to the flow's last one."""
    trail = state.trail
    if isinstance(state.stage, ChoosingLanguage) and state.stage.over is not None:
        return listen_again(flow, msgspec.structs.replace(state, stage=state.stage.over))
    before = way.back(flow, state)
    if before is not None:
        return before
    if not trail or isinstance(state.stage, ChoosingLanguage):
        return listen_again(flow, line.in_line_anew(state))
    left: list[actions.Action] = []
    if isinstance(state.stage, WaitingInLine):
        left.append(actions.LeaveLine(queue=state.queue))
    if not isinstance(state.stage, effort.WORKING):
        state = line.left(flow, state)
    if isinstance(state.stage, AtNode) and trail[-1].node == state.node and len(trail) > 1:
        trail = trail[:-1]
    visit = trail[-1]
    state = msgspec.structs.replace(state, frames=visit.frames, trail=trail[:-1], pending=(), last_heard=())
    state, did = enter(flow, _forgetting(flow, state, visit.node), visit.node)
    return state, [*left, *did]


def _forgetting(flow: model.Flow, state: CallState, name: str) -> CallState:
    """Whoever goes back wants to answer anew."""
    names = saved_by(flow.all_nodes[name])
    values = {known: value for known, value in state.values.items() if known not in names}
    said = tuple(said for said in state.said if said.node != name)
    for known in names:
        state = recalling.told_anew(state, known)
    return msgspec.structs.replace(state, values=values, said=said)


def other_language(flow: model.Flow, state: CallState) -> Step:
    """The other one of two languages; among three, ask."""
    if len(flow.languages) == 1 or isinstance(state.stage, ChoosingLanguage):
        return listen_again(flow, state)
    if len(flow.languages) == 2:
        other = next(language for language in flow.languages if language != state.language)
        return in_new_language(flow, state, other)
    if isinstance(state.stage, Helping):
        raise TypeError("help stands over a question; take it off first")
    stage = ChoosingLanguage(over=_question(state))
    return listen_again(flow, msgspec.structs.replace(state, stage=stage, silences=0, mismatches=0, missed=None))


def in_new_language(flow: model.Flow, state: CallState, language: str) -> Step:
    """The present question again, in another language; what was said in the old one is dropped."""
    state = msgspec.structs.replace(line.in_line_anew(state), pending=())
    if language == state.language:
        return listen_again(flow, state)
    return listen(flow, msgspec.structs.replace(state, language=language))


def _help(flow: model.Flow, state: CallState) -> Step:
    if isinstance(state.stage, Helping | ChoosingLanguage | WaitingInLine):
        return listen_again(flow, line.in_line_anew(state))
    helping = Helping(over=_question(state))
    return listen_again(flow, msgspec.structs.replace(state, stage=helping, silences=0, mismatches=0, missed=None))


def _question(state: CallState) -> Question:
    if not isinstance(state.stage, Question):
        raise TypeError(f"{type(state.stage).__name__} asks nothing")
    return state.stage
