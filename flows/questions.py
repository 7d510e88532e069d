"""The question of each stage: what is asked, by which keys and phrases it can be answered, and how we listen."""

from __future__ import annotations

from typing import Final

import msgspec

from flows import actions, model
from flows.messages import (
    KEY_NAMES,
    UNIVERSAL_PHRASES,
    YES_NO_PHRASES,
    message,
    spoken_digits,
    spoken_number,
)
from flows.state import (
    AtNode,
    CallState,
    Confirming,
    ConfirmingNumber,
    EnteringNumber,
    OfferingCallback,
    WaitingInLine,
)
from flows.templates import fill

ANSWER_TIMEOUT_S: Final = 6
# In line, each silence is a look for a free person; the caller hears a sentence at every third.
LINE_TIMEOUT_S: Final = 10
LINE_ROUNDS_PER_PROMPT: Final = 3
MISSES_BEFORE_KEYPAD: Final = 2
# Source: E.164, at most 15 digits; the shortest that a caller may key in without a country code.
NUMBER_DIGITS_MIN: Final = 6
NUMBER_DIGITS_MAX: Final = 15


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """One question to the caller; every phrase stands for a key, so that whatever can be said can be pressed."""

    texts: tuple[str, ...]
    phrases: dict[str, str] = {}
    keys: frozenset[str] = frozenset()
    digits: model.DigitCount | None = None
    timeout_s: int = ANSWER_TIMEOUT_S
    offers_exit: bool = True

    def fits(self, keys: str) -> bool:
        """Whether these keys answer the question."""
        if self.digits is not None:
            return keys.isdecimal() and self.digits.min <= len(keys) <= self.digits.max
        return keys in self.keys


def by_voice(state: CallState) -> bool:
    """Whether prompts speak of saying things: after two misses the keypad is what helps."""
    return state.speech and state.misses < MISSES_BEFORE_KEYPAD


def question_of(flow: model.Flow, state: CallState) -> Question | None:
    """The question of the present stage, or None where nothing is asked of the caller."""
    suffix = "" if by_voice(state) else "_keys"
    language = state.language
    match state.stage:
        case Confirming(keys=keys, said=said):
            answer = spoken_digits(keys) if len(keys) > 1 else said.text
            return _yes_no(language, message(language, f"read_back{suffix}", answer=answer))
        case OfferingCallback():
            question = _yes_no(language, message(language, f"offer{suffix}"))
            return msgspec.structs.replace(question, offers_exit=False)
        case WaitingInLine(rounds=rounds):
            return _line(language, rounds)
        case ConfirmingNumber(number=number):
            text = message(language, f"which_number{suffix}", number=spoken_number(number))
            return _yes_no(language, text)
        case EnteringNumber():
            digits = model.DigitCount(min=NUMBER_DIGITS_MIN, max=NUMBER_DIGITS_MAX)
            return Question(texts=(message(language, "enter_number"),), digits=digits)
        case AtNode():
            return _of_node(flow.nodes[state.node], state)
        case _:
            return None


def listen(flow: model.Flow, state: CallState) -> tuple[CallState, list[actions.Action]]:
    """Ask the question of the present stage, after whatever is still to be said."""
    question = question_of(flow, state)
    if question is None:
        raise ValueError(f"nothing to ask at {state.node} ({type(state.stage).__name__})")
    texts = [*state.pending, *question.texts]
    if question.offers_exit:
        texts.append(message(state.language, "exit_digits" if question.digits else "exit"))
    collect = actions.Collect(
        prompts=tuple(actions.Say(text=text, language=state.language) for text in texts),
        max_keys=question.digits.max if question.digits else 1,
        timeout_s=question.timeout_s,
        grammar=_grammar(state, question) if state.speech else None,
    )
    return msgspec.structs.replace(state, pending=(), last_heard=state.pending), [collect]


def _grammar(state: CallState, question: Question) -> actions.Grammar | None:
    digits = None
    if question.digits is not None:
        if isinstance(state.stage, EnteringNumber):
            return None  # long numbers are keyed in: one misheard digit would ring a stranger
        digits = actions.DigitRange(min=question.digits.min, max=question.digits.max)
    phrases = {**question.phrases, **UNIVERSAL_PHRASES[state.language]}
    return actions.Grammar(language=state.language, phrases=phrases, digits=digits)


def _of_node(node: model.Node, state: CallState) -> Question | None:
    match node:
        case model.Menu():
            return _menu(node, state)
        case model.Ask():
            return Question(texts=(fill(node.prompt, state.values),), digits=node.digits)
        case _:
            return None


def _menu(node: model.Menu, state: CallState) -> Question:
    texts = [fill(node.prompt, state.values)]
    phrases = {}
    for choice in node.choices:
        name = "choice" if by_voice(state) else "choice_keys"
        texts.append(message(state.language, name, label=choice.label, phrase=choice.phrases[0], key=choice.key))
        phrases.update({phrase.casefold(): choice.key for phrase in choice.phrases})
        phrases[KEY_NAMES[state.language][choice.key]] = choice.key
    return Question(texts=tuple(texts), phrases=phrases, keys=frozenset(choice.key for choice in node.choices))


def _yes_no(language: str, text: str) -> Question:
    return Question(texts=(text,), phrases=YES_NO_PHRASES[language], keys=frozenset("12"))


def _line(language: str, rounds: int) -> Question:
    texts: tuple[str, ...] = ()
    if rounds == 0:
        texts = (message(language, "waiting"),)
    elif rounds % LINE_ROUNDS_PER_PROMPT == 0:
        texts = (message(language, "still_waiting"),)
    return Question(
        texts=texts,
        phrases={"yes": "1"},
        keys=frozenset("1"),
        timeout_s=LINE_TIMEOUT_S,
        offers_exit=False,
    )
