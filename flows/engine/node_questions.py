"""The questions that nodes ask: menus, typed values, open questions, surveys."""

from __future__ import annotations

from typing import Final

import msgspec

from flows import actions, model, nodes, parts
from flows.engine import answers
from flows.engine.prompting import local_text, sound
from flows.engine.steps import sentence
from flows.engine.vocabulary import choice_phrases, example_phrases
from flows.messages import yes_no_phrases
from flows.parts import in_language
from flows.state import AskingSlot, CallState

MISSES_BEFORE_KEYPAD: Final = 2
SCALES: Final = {
    "csat": parts.NumberAnswer(type="number", min=1, max=10),
    "ces": parts.NumberAnswer(type="number", min=1, max=7),
    "nps": parts.NumberAnswer(type="number", min=0, max=10),
}


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """One question to the caller; every phrase stands for keys, so that whatever can be said can be pressed.

    Either one of `keys` answers it, or a typed `answer` does.
    """

    sounds: tuple[actions.Sound, ...]
    phrases: dict[str, str] = {}
    examples: dict[str, str] = {}
    keys: frozenset[str] = frozenset()
    answer: parts.Answer | None = None
    clocks: nodes.Clocks
    offers_exit: bool = True
    sensitive: bool = False

    @property
    def max_keys(self) -> int:
        """How many keys an answer has at most."""
        return 1 if self.answer is None else answers.keying(self.answer).max_keys

    @property
    def takes_digits(self) -> bool:
        """Whether an answer has several keys, so that 0 counts for a person only when it stands alone."""
        return self.max_keys > 1


def by_voice(state: CallState) -> bool:
    """Whether prompts speak of saying things: after two misses the keypad is what helps."""
    return state.language in state.speech and state.misses < MISSES_BEFORE_KEYPAD


def of_node(flow: model.Flow, state: CallState, node: nodes.Node) -> Question | None:
    """The question that a node asks; None for a node that asks nothing."""
    match node:
        case nodes.Menu():
            return _menu(flow, state, node)
        case nodes.Ask():
            return _typed(flow, state, node, node.answer, sensitive=node.sensitive)
        case nodes.Survey():
            question = _typed(flow, state, node, SCALES[node.scale])
            return msgspec.structs.replace(
                question, sounds=(*question.sounds, sentence(state.language, f"hint_{node.scale}"))
            )
        case nodes.OpenQuestion():
            return _open(flow, state, node)
        case _:
            return None


def of_slot(flow: model.Flow, state: CallState, node: nodes.OpenQuestion, stage: AskingSlot) -> Question:
    """The question for a value that an open question's intent needs."""
    slot = node.intents[stage.intent].slots[stage.slot]
    clocks = node.clocks or flow.clocks
    return _of_answer(state, slot.answer, (sound(flow, state, slot.prompt),), clocks)


def _prompt(flow: model.Flow, state: CallState, node: nodes.Asking) -> actions.Sound:
    """The node's prompt; after a miss the re-prompt for that kind of miss, if the flow has any."""
    reprompts = getattr(node, state.missed) if state.missed is not None else None
    if not reprompts:
        return sound(flow, state, node.prompt)
    count = state.silences if state.missed == "no_input" else state.mismatches
    return sound(flow, state, reprompts[min(count, len(reprompts)) - 1])


def _menu(flow: model.Flow, state: CallState, node: nodes.Menu) -> Question:
    sounds = [_prompt(flow, state, node)]
    for choice in node.choices:
        said = in_language(choice.phrases, state.language)
        name = "choice" if by_voice(state) else "choice_keys"
        label = local_text(flow, state, choice.label)
        sounds.append(sentence(state.language, name, label=label, phrase=said[0], key=choice.key))
    phrases = choice_phrases(flow, state.node, node, state.language)
    keys = frozenset(choice.key for choice in node.choices)
    return Question(sounds=tuple(sounds), phrases=phrases, keys=keys, clocks=node.clocks or flow.clocks)


def _open(flow: model.Flow, state: CallState, node: nodes.OpenQuestion) -> Question:
    sounds = [_prompt(flow, state, node)]
    for intent in node.intents.values():
        if state.language not in state.speech or state.misses:
            label = local_text(flow, state, intent.label)
            sounds.append(sentence(state.language, "choice_keys", label=label, key=intent.key))
    return Question(
        sounds=tuple(sounds),
        phrases=choice_phrases(flow, state.node, node, state.language),
        examples=example_phrases(flow, state.node, node, state.language),
        keys=frozenset(intent.key for intent in node.intents.values()),
        clocks=node.clocks or flow.clocks,
    )


def _typed(
    flow: model.Flow, state: CallState, node: nodes.Asking, answer: parts.Answer, *, sensitive: bool = False
) -> Question:
    question = _of_answer(state, answer, (_prompt(flow, state, node),), node.clocks or flow.clocks)
    return msgspec.structs.replace(question, sensitive=sensitive)


def _of_answer(
    state: CallState, answer: parts.Answer, sounds: tuple[actions.Sound, ...], clocks: nodes.Clocks
) -> Question:
    hint = answers.keying(answer).hint
    if isinstance(answer, parts.YesNoAnswer):
        hint = hint if by_voice(state) else f"{hint}_keys"
        return Question(
            sounds=(*sounds, sentence(state.language, str(hint))),
            phrases=yes_no_phrases(state.language),
            keys=frozenset("12"),
            answer=answer,
            clocks=clocks,
        )
    if hint is not None:
        sounds = (*sounds, sentence(state.language, hint))
    return Question(sounds=sounds, answer=answer, clocks=clocks)
