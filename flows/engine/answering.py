"""What an answer leads to: confirm it, take it, or ask again."""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from flows import model, nodes
from flows.engine import answers, effort, line, offering, recalling, returning, way
from flows.engine.node_questions import MISSES_BEFORE_KEYPAD, Question
from flows.engine.prompting import local_text, today_of
from flows.engine.questions import answer_at, listen, listen_again, question_of
from flows.engine.steps import Step, say_message
from flows.engine.universal import BACK, HELP, HELP_AMONG_DIGITS, OTHER_LANGUAGE, PERSON, REPEAT
from flows.engine.universal_answers import in_new_language, over_help, universal
from flows.engine.vocabulary import universal_phrases
from flows.engine.walk import enter
from flows.events import Heard, Value
from flows.expressions import EvaluationError
from flows.model import home_of
from flows.parts import Answer, DateAnswer, NumberAnswer, YesNoAnswer
from flows.phrases import normalised
from flows.state import (
    AskingSlot,
    AtNode,
    CallState,
    ChoosingLanguage,
    Confirming,
    Helping,
    OfferingPerson,
    Said,
)

MISSES_BEFORE_PERSON: Final = 3
# Who says nothing to an offer of a person is helped by one; who names no language begins in the first.
MISSES_BEFORE_CHOOSING: Final = 2
YES: Final = "1"
# A lone 0 on the keypad is a person; who says "zero" where a number is asked for means the number.
ZERO: Final = "00"
HIDDEN: Final = "(not kept)"
# Who ends a number with the hash key, although its last digit was enough, means that number and not help.
# Source: ours: the next document begins within a second, and a finger follows within two.
LATE_HASH_S: Final = 4


def answer(flow: model.Flow, state: CallState, question: Question, keys: str, by_voice: Heard | None) -> Step:
    """Keys, or a phrase that stands for them."""
    if keys == PERSON and by_voice is not None and _is_number(flow, state, question, by_voice):
        keys = ZERO
    if keys == HELP_AMONG_DIGITS and question.takes_digits:
        keys = HELP
    if isinstance(state.stage, Helping) and keys in question.keys:
        keys = {"1": BACK, "2": OTHER_LANGUAGE}[keys]
    if keys == HELP and by_voice is None and _ends_the_last_answer(state):
        return listen_again(flow, msgspec.structs.replace(state, keyed_at=None))
    if keys in (PERSON, REPEAT, BACK, HELP, OTHER_LANGUAGE):
        return universal(flow, state, keys)
    if isinstance(state.stage, Helping):
        return listen_again(flow, over_help(state))
    if not _fits(flow, state, question, keys):
        return missed(flow, state, "no_match", question)
    stage = state.stage
    match stage:
        case ChoosingLanguage():
            return _in_language(flow, state, flow.languages[int(keys) - 1], stage)
        case OfferingPerson() if keys == YES:
            return line.asked_for(flow, state)
        case OfferingPerson(over=over):
            state = msgspec.structs.replace(state, stage=over, silences=0, mismatches=0, missed=None)
            return listen_again(flow, effort.renewed(state))
        case Confirming() if keys == YES:
            return _take(flow, msgspec.structs.replace(state, stage=stage.over), stage)
        case Confirming(over=over, remembered=True):
            return _asked_anew(flow, state, over)
        case Confirming(over=over):
            again = say_message(msgspec.structs.replace(state, stage=over), "again")
            return missed(flow, again, None, question_of(flow, again) or question)
        case AtNode() | AskingSlot():
            return _understood(flow, state, stage, keys, by_voice)
        case _:
            return way.answered(flow, state, keys)


def _asked_anew(flow: model.Flow, state: CallState, over: AtNode | AskingSlot) -> Step:
    """What was right in an earlier call is so no more: ask, as if nothing had been known."""
    node = flow.all_nodes[state.node]
    name = over.slot if isinstance(over, AskingSlot) else node.save_as if isinstance(node, nodes.Ask) else ""
    state = msgspec.structs.replace(recalling.forgotten(state, name), stage=over, silences=0, mismatches=0, missed=None)
    return listen_again(flow, state)


def missed(flow: model.Flow, state: CallState, why: Literal["no_input", "no_match"] | None, question: Question) -> Step:
    """Silence, or something not understood: explain, offer the keypad, and at last a person.

    `why` is None where an understood answer was not confirmed.
    """
    stage = state.stage
    if isinstance(stage, Helping):
        return listen_again(flow, over_help(state))
    state = _counted(state, why)
    if why is not None and not _has_own_words(flow, state, why):
        state = say_message(state, why)
    match stage:
        case AtNode() | AskingSlot() | Confirming():
            return _missed_in_flow(flow, state, why, question)
        case OfferingPerson() if state.misses >= MISSES_BEFORE_CHOOSING:
            return line.asked_for(flow, state)
        case ChoosingLanguage() if state.misses >= MISSES_BEFORE_CHOOSING:
            return _in_language(flow, state, state.language, stage)
        case OfferingPerson() | ChoosingLanguage():
            return listen_again(flow, state)
        case _:
            return way.missed(flow, state)


def _counted(state: CallState, why: Literal["no_input", "no_match"] | None) -> CallState:
    silent = why == "no_input"
    return effort.with_error(
        msgspec.structs.replace(
            state,
            silences=state.silences + silent,
            mismatches=state.mismatches + (not silent),
            missed=why,
        )
    )


def _has_own_words(flow: model.Flow, state: CallState, why: Literal["no_input", "no_match"]) -> bool:
    """Whether the node says for itself what is said after this kind of miss."""
    node = flow.all_nodes[state.node]
    return isinstance(state.stage, AtNode) and isinstance(node, nodes.Asking) and getattr(node, why) is not None


def _missed_in_flow(
    flow: model.Flow, state: CallState, why: Literal["no_input", "no_match"] | None, question: Question
) -> Step:
    if state.misses >= MISSES_BEFORE_PERSON:
        return line.asked_for(flow, state)
    if why == "no_match" and question.answer is not None:
        how = answers.keying(question.answer)
        if how.complaint != "no_match":
            state = say_message(state, how.complaint, **how.complaint_values)
    if state.misses == 1:
        state = say_message(state, "hint_help_digits" if question.takes_digits else "hint_help")
    if state.misses == MISSES_BEFORE_KEYPAD:
        state = say_message(state, "use_keys")
    return listen_again(flow, state)


def _is_number(flow: model.Flow, state: CallState, question: Question, said: Heard) -> bool:
    words = universal_phrases(flow, state.language)
    return isinstance(question.answer, NumberAnswer) and normalised(said.text) not in words


def _fits(flow: model.Flow, state: CallState, question: Question, keys: str) -> bool:
    if question.answer is None:
        return keys in question.keys
    return _is_value(flow, state, question.answer, keys)


def _in_language(flow: model.Flow, state: CallState, language: str, stage: ChoosingLanguage) -> Step:
    state = msgspec.structs.replace(state, silences=0, mismatches=0, missed=None, walked=0)
    if stage.over is None:
        return returning.first_question(flow, msgspec.structs.replace(state, language=language, pending=()))
    return in_new_language(flow, msgspec.structs.replace(state, stage=stage.over), language)


def _ends_the_last_answer(state: CallState) -> bool:
    return state.keyed_at is not None and (state.at - state.keyed_at).total_seconds() <= LATE_HASH_S


def _understood(
    flow: model.Flow, state: CallState, stage: AtNode | AskingSlot, keys: str, by_voice: Heard | None
) -> Step:
    node = flow.all_nodes[state.node]
    hidden = isinstance(node, nodes.Ask) and node.sensitive
    text = by_voice.text if by_voice else keys
    said = Said(
        node=state.node,
        text=HIDDEN if hidden else text,
        by="voice" if by_voice else "keys",
        confidence=by_voice.confidence if by_voice else None,
    )
    answer_type = answer_at(flow, state)
    understood = Confirming(
        keys=keys,
        said=said,
        day=_day(flow, state, answer_type, keys),
        over=stage,
        slots=by_voice.slots if by_voice else {},
    )
    if by_voice is None and len(keys) > 1:
        state = msgspec.structs.replace(state, keyed_at=state.at)
    if _needs_confirming(node, stage, answer_type, by_voice):
        return listen_again(flow, msgspec.structs.replace(state, stage=understood))
    return _take(flow, state, understood)


def _day(flow: model.Flow, state: CallState, answer_type: Answer | None, keys: str) -> str | None:
    if not isinstance(answer_type, DateAnswer):
        return None
    return str(answers.value_of(answer_type, keys, state.language, today_of(flow, state)))


def _needs_confirming(
    node: nodes.Node, stage: AtNode | AskingSlot, answer_type: Answer | None, by_voice: Heard | None
) -> bool:
    """What was said is read back where a mistake would cost most: values, and whatever was not heard for sure."""
    doubted = by_voice is not None and not by_voice.sure
    if isinstance(node, nodes.Ask) and node.sensitive:
        return False
    if isinstance(node, nodes.Ask) and node.read_back == "always":
        return True
    if isinstance(answer_type, YesNoAnswer):
        return doubted
    if isinstance(node, nodes.Ask):
        return node.read_back == "spoken" and by_voice is not None
    return doubted or (isinstance(stage, AskingSlot) and by_voice is not None)


def _take(flow: model.Flow, state: CallState, settled: Confirming) -> Step:
    """An answer is settled: remember it, and go where it leads."""
    said = state.said if settled.said in state.said[-1:] else (*state.said, settled.said)
    state = msgspec.structs.replace(state, said=said, silences=0, mismatches=0, missed=None, walked=0)
    try:
        return _follow(flow, state, settled)
    except EvaluationError:
        return offering.fault(flow, state)


def _follow(flow: model.Flow, state: CallState, settled: Confirming) -> Step:
    node, home, keys = flow.all_nodes[state.node], home_of(state.node), settled.keys
    answer_type = answer_at(flow, state)
    value: Value = settled.day
    if answer_type is not None and value is None:
        value = answers.value_of(answer_type, keys, state.language, today_of(flow, state))
    match node:
        case nodes.Menu():
            chosen = next(choice for choice in node.choices if choice.key == keys)
            reason = local_text(flow, state, chosen.label)
            return enter(flow, msgspec.structs.replace(state, reason=reason, topic=home + chosen.to), home + chosen.to)
        case nodes.Ask() | nodes.Survey():
            return enter(flow, _with_value(state, node.save_as, value), home + node.next)
        case nodes.OpenQuestion() if isinstance(state.stage, AskingSlot):
            stage = state.stage
            state = _with_value(state, stage.slot, value)
            return _next_slot(flow, state, node, stage.intent, stage.given, settled.said)
        case nodes.OpenQuestion():
            name, intent = next((name, intent) for name, intent in node.intents.items() if intent.key == keys)
            state = _without_stale(state, intent, settled.slots)
            state = msgspec.structs.replace(state, reason=local_text(flow, state, intent.label), topic=name)
            return _next_slot(flow, state, node, name, settled.slots, settled.said)
        case _:
            return listen(flow, state)


def _with_value(state: CallState, name: str, value: Value) -> CallState:
    return recalling.told_anew(msgspec.structs.replace(state, values={**state.values, name: value}), name)


def _without_stale(state: CallState, intent: nodes.Intent, given: dict[str, str]) -> CallState:
    """Whoever answers the same question again, or says a value anew, means another one than before."""
    again = any(said.node == state.node for said in state.said[:-1])
    for name, slot in intent.slots.items():
        elsewhere = name in state.remembered and not recalling.is_worth_asking(slot.answer)
        if again or name in given or elsewhere:
            state = recalling.forgotten(state, name)
    return state


def _next_slot(
    flow: model.Flow, state: CallState, node: nodes.OpenQuestion, name: str, given: dict[str, str], said: Said
) -> Step:
    """Confirm or ask for the next value that the intent needs; without one, go on."""
    intent = node.intents[name]
    for slot, wanted in intent.slots.items():
        if state.values.get(slot) is not None and slot not in state.remembered:
            continue
        rest = {other: keys for other, keys in given.items() if other != slot}
        stage = AskingSlot(intent=name, slot=slot, given=rest)
        still = recalling.to_confirm(flow, state, slot, wanted.answer, stage)
        if still is not None:
            return listen(flow, msgspec.structs.replace(state, stage=still))
        if slot in given and _is_value(flow, state, wanted.answer, given[slot]):
            day = _day(flow, state, wanted.answer, given[slot])
            confirming = Confirming(keys=given[slot], said=said, day=day, over=stage)
            return listen(flow, msgspec.structs.replace(state, stage=confirming))
        return listen(flow, msgspec.structs.replace(state, stage=stage))
    return enter(flow, state, home_of(state.node) + intent.to)


def _is_value(flow: model.Flow, state: CallState, answer_type: Answer, keys: str) -> bool:
    try:
        answers.value_of(answer_type, keys, state.language, today_of(flow, state))
    except ValueError:
        return False
    return True
