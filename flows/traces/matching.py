"""Why an answer meant what it meant at its question, or why it meant nothing."""

from __future__ import annotations

from flows import events, nodes
from flows.engine.node_questions import Question
from flows.engine.questions import answer_at
from flows.engine.universal import HELP_AMONG_DIGITS, KEYS_OF_WORDS
from flows.engine.vocabulary import universal_phrases
from flows.model import Flow, home_of
from flows.parts import in_language
from flows.phrases import spelling_key
from flows.state import AskingSlot, AtNode, CallState, ChoosingLanguage, Helping
from flows.traces.masking import fits_answer
from flows.traces.model import Match

WORDS_OF_KEYS = {**{keys: word for word, keys in KEYS_OF_WORDS.items()}, HELP_AMONG_DIGITS: "help"}
# What the keys of help stand for there.
HELP_KEYS = {"1": "back", "2": "language"}


def match_of(flow: Flow, state: CallState, question: Question | None, event: events.Event) -> Match:
    """What an event meant at `question`, which stands in `state`."""
    match event:
        case events.NoInput():
            return Match(kind="silence")
        case events.NoMatch():
            return Match(kind="not_in_grammar")
        case events.KeysPressed(keys=keys) | events.Heard(keys=keys) if question is not None:
            phrase = _phrase(flow, state, question, event.text) if isinstance(event, events.Heard) else None
            return _of_keys(flow, state, question, keys, phrase)
        case _:
            return Match(kind="other")


def _phrase(flow: Flow, state: CallState, question: Question, text: str) -> str | None:
    """The entry of the grammar that a text is; None for digits and for sentences that are like an example."""
    said = spelling_key(text)
    known = {**question.phrases, **universal_phrases(flow, state.language), **question.examples}
    return next((phrase for phrase in known if spelling_key(phrase) == said), None)


def _of_keys(flow: Flow, state: CallState, question: Question, keys: str, phrase: str | None) -> Match:
    word = WORDS_OF_KEYS.get(keys)
    if isinstance(state.stage, Helping):
        word = HELP_KEYS.get(keys, word)
        return Match(kind="universal" if word else "engine", phrase=phrase, keys=keys, meaning=word)
    if word is not None:
        return Match(kind="universal", phrase=phrase, keys=keys, meaning=word)
    if not isinstance(state.stage, AtNode | AskingSlot):
        return _of_the_engines(flow, state, question, keys, phrase)
    node = flow.all_nodes[state.node]
    answer = answer_at(flow, state)
    if answer is not None:
        fits = fits_answer(flow, state, answer, keys)
        name = _value_name(node, state)
        return Match(kind="value" if fits else "out_of_range", phrase=phrase, keys=keys, meaning=name)
    home = home_of(state.node)
    match node:
        case nodes.Menu():
            for choice in node.choices:
                if choice.key == keys:
                    return Match(
                        kind="choice",
                        phrase=phrase,
                        keys=keys,
                        meaning=in_language(choice.label, state.language),
                        phrases=tuple(in_language(choice.phrases, state.language)),
                        to=home + choice.to,
                    )
        case nodes.OpenQuestion():
            for name, intent in node.intents.items():
                if intent.key == keys:
                    examples = tuple(in_language(intent.examples, state.language))
                    return Match(
                        kind="intent", phrase=phrase, keys=keys, meaning=name, phrases=examples, to=home + intent.to
                    )
    return Match(kind="out_of_range", phrase=phrase, keys=keys)


def _of_the_engines(flow: Flow, state: CallState, question: Question, keys: str, phrase: str | None) -> Match:
    if question.answer is not None:
        fits = fits_answer(flow, state, question.answer, keys)
        return Match(kind="engine" if fits else "out_of_range", phrase=phrase, keys=keys)
    if keys not in question.keys:
        return Match(kind="out_of_range", phrase=phrase, keys=keys)
    meaning: str | None = None
    if isinstance(state.stage, ChoosingLanguage):
        meaning = flow.languages[int(keys) - 1]
    elif question.keys == frozenset("12"):
        meaning = {"1": "yes", "2": "no"}[keys]
    return Match(kind="engine", phrase=phrase, keys=keys, meaning=meaning)


def _value_name(node: nodes.Node, state: CallState) -> str | None:
    if isinstance(state.stage, AskingSlot):
        return state.stage.slot
    return node.save_as if isinstance(node, nodes.Ask | nodes.Survey) else None
