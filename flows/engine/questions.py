"""The question of each stage: what is asked, by which keys and phrases it can be answered, and how we listen."""

from __future__ import annotations

import msgspec

from flows import actions, model, nodes
from flows.engine import answers, effort, way_questions
from flows.engine.node_questions import SCALES, Question, by_voice, of_node, of_slot
from flows.engine.prompting import local_text, sound, today_of
from flows.engine.steps import Step, sentence
from flows.engine.vocabulary import language_phrases, universal_phrases
from flows.messages import yes_no_phrases
from flows.parts import Answer, PhoneAnswer, Prompt
from flows.state import (
    AskingSlot,
    AtNode,
    CallState,
    ChoosingDay,
    ChoosingLanguage,
    ChoosingPart,
    ChoosingSlot,
    Confirming,
    ConfirmingCancel,
    ConfirmingNumber,
    EnteringNumber,
    Helping,
    OfferingCallback,
    OfferingPerson,
    TellingPromise,
    WaitingInLine,
)


def question_of(flow: model.Flow, state: CallState) -> Question | None:
    """The question that the present stage asks; None where nothing is asked.

    Raises `flows.expressions.EvaluationError` where a prompt needs a value that the call does not have.
    """
    language, stage = state.language, state.stage
    node = flow.all_nodes[state.node]
    match stage:
        case AtNode():
            return of_node(flow, state, node)
        case AskingSlot() if isinstance(node, nodes.OpenQuestion):
            return of_slot(flow, state, node, stage)
        case Confirming():
            return _confirmation(flow, state, stage)
        case OfferingPerson():
            return _choice(flow, language, "offer_person", yes_no_phrases(language))
        case OfferingCallback():
            return way_questions.offer(flow, state, stage)
        case WaitingInLine():
            return way_questions.line(flow, state, stage)
        case ChoosingDay():
            return way_questions.which_day(flow, state, stage)
        case ChoosingPart():
            return way_questions.which_part(flow, state, stage)
        case ChoosingSlot():
            return way_questions.which_slot(flow, state, stage)
        case TellingPromise():
            return way_questions.which_promise(flow, state)
        case ConfirmingCancel():
            return way_questions.sure_to_cancel(flow, state)
        case EnteringNumber():
            return Question(
                sounds=(sentence(language, "enter_number"),),
                answer=PhoneAnswer(type="phone"),
                clocks=flow.clocks,
            )
        case ConfirmingNumber():
            return way_questions.which_number(flow, state, stage)
        case ChoosingLanguage():
            return _languages(flow, state)
        case Helping(over=over):
            in_flow = isinstance(over, effort.WORKING)
            return _help(flow, state, node.help if in_flow and isinstance(node, nodes.Asking) else None)
        case _:
            return None


def listen(flow: model.Flow, state: CallState) -> Step:
    """Ask the question of the present stage, after whatever is still to be said; or offer a person, if it is time."""
    return listen_again(flow, msgspec.structs.replace(state, last_heard=state.pending))


def listen_again(flow: model.Flow, state: CallState) -> Step:
    """The same where the question was asked before: "repeat" still repeats what was heard when it was first asked."""
    if effort.is_spent(flow, state) and isinstance(state.stage, effort.WORKING):
        offering = OfferingPerson(over=state.stage)
        state = msgspec.structs.replace(state, stage=offering, silences=0, mismatches=0, missed=None)
    question = question_of(flow, state)
    if question is None:
        raise ValueError(f"nothing to ask at {state.node} ({type(state.stage).__name__})")
    sounds = [*state.pending, *question.sounds]
    if question.offers_exit:
        sounds.append(sentence(state.language, "exit_digits" if question.takes_digits else "exit"))
    collect = actions.Collect(
        prompts=tuple(sounds),
        max_keys=question.max_keys,
        no_input_s=question.clocks.no_input_s,
        between_digits_s=question.clocks.between_digits_s,
        grammar=_grammar(flow, state, question),
        sensitive=question.sensitive,
    )
    return msgspec.structs.replace(state, pending=(), walked=0), [collect]


def without_sensitive(flow: model.Flow, state: CallState) -> CallState:
    """The state as it may be stored: without the values that must not outlive their turn."""
    if flow.sensitive_names.isdisjoint(state.values):
        return state
    kept = {name: value for name, value in state.values.items() if name not in flow.sensitive_names}
    return msgspec.structs.replace(state, values=kept)


def answer_at(flow: model.Flow, state: CallState) -> Answer | None:
    """The type of the answer that is read back or asked for at the present node."""
    over = state.stage.over if isinstance(state.stage, Confirming) else state.stage
    match flow.all_nodes[state.node]:
        case nodes.Ask(answer=answer):
            return answer
        case nodes.Survey(scale=scale):
            return SCALES[scale]
        case nodes.OpenQuestion(intents=intents) if isinstance(over, AskingSlot):
            return intents[over.intent].slots[over.slot].answer
        case _:
            return None


def _grammar(flow: model.Flow, state: CallState, question: Question) -> actions.Grammar | None:
    """What may be said; None where we cannot hear this language, and for what must not be said aloud."""
    if state.language not in state.speech or question.sensitive or isinstance(state.stage, EnteringNumber):
        return None
    digits = None
    if question.answer is not None and question.takes_digits:
        how = answers.keying(question.answer)
        if how.spoken_digits:
            digits = actions.DigitRange(min=how.min_keys, max=how.max_keys)
    return actions.Grammar(
        language=state.language,
        phrases={**question.phrases, **universal_phrases(flow, state.language)},
        digits=digits,
        examples=question.examples,
        end_of_speech_ms=question.clocks.end_of_speech_ms,
    )


def _confirmation(flow: model.Flow, state: CallState, stage: Confirming) -> Question:
    over = msgspec.structs.replace(state, stage=stage.over)
    answer = answer_at(flow, over)
    if answer is not None:
        today = today_of(flow, state)
        value = stage.day or answers.value_of(answer, stage.keys, state.language, today)
        said = answers.read_back(answer, value, state.language, today)
    else:
        said = stage.said.text
    # Who pressed keys was not "heard", and goes on by keys; a yes is understood all the same.
    name = "remembered" if stage.remembered else "read_back"
    if not by_voice(state) or (stage.said.by == "keys" and not stage.remembered):
        name = f"{name}_keys"
    return _choice(flow, state.language, name, yes_no_phrases(state.language), answer=said)


def _choice(flow: model.Flow, language: str, name: str, phrases: dict[str, str], **values: str) -> Question:
    return Question(
        sounds=(sentence(language, name, **values),), phrases=phrases, keys=frozenset("12"), clocks=flow.clocks
    )


def _languages(flow: model.Flow, state: CallState) -> Question:
    """Each language is offered in itself; at the beginning of a call, after the name of who is called."""
    sounds: list[actions.Sound] = []
    if isinstance(state.stage, ChoosingLanguage) and state.stage.over is None:
        sounds.append(actions.Say(text=local_text(flow, state, flow.organisation), language=state.language))
    sounds += [sentence(language, "language", key=str(index)) for index, language in enumerate(flow.languages, start=1)]
    phrases = language_phrases(flow, state.language)
    keys = frozenset(str(index) for index in range(1, len(flow.languages) + 1))
    return Question(sounds=tuple(sounds), phrases=phrases, keys=keys, clocks=flow.clocks)


def _help(flow: model.Flow, state: CallState, own: Prompt | None) -> Question:
    sounds = [] if own is None else [sound(flow, state, own)]
    sounds.append(sentence(state.language, "help"))
    keys = {"1"}
    if len(flow.languages) > 1:
        sounds.append(sentence(state.language, "help_language"))
        keys.add("2")
    sounds.append(sentence(state.language, "help_on"))
    return Question(sounds=tuple(sounds), keys=frozenset(keys), clocks=flow.clocks, offers_exit=False)
