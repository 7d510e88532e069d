"""What somebody did at one question, done at the question of another flow.

An answer is known by its meaning: a choice by its label, its phrases or where it leads; an intent by its name; a value
by the name under which it is saved; a universal word by itself. The key may be another one then.
"""

from __future__ import annotations

import msgspec

from flows import events, nodes
from flows.engine.node_questions import Question
from flows.engine.questions import answer_at, question_of
from flows.engine.universal import HELP_AMONG_DIGITS, KEYS_OF_WORDS, PERSON, REPEAT
from flows.model import Flow, home_of
from flows.parts import LANGUAGES, in_language
from flows.phrases import spelling_key
from flows.prove.happenings import keys_for
from flows.state import AskingSlot, AtNode, CallState, Confirming, Helping, WithPerson
from flows.traces.masking import fits_answer
from flows.traces.model import Match, Turn

Place = tuple[str, str, str]
_IN_FLOW = (AtNode, AskingSlot, Confirming)
_IN_FLOW_NAMES = frozenset(stage.__name__ for stage in _IN_FLOW)


def place_of(state: CallState) -> Place:
    """Which question a call is at; those of the engine's own are the same at every node."""
    stage = state.stage
    over = stage.over if isinstance(stage, Confirming) else stage
    slot = over.slot if isinstance(over, AskingSlot) else ""
    return (state.node if isinstance(stage, _IN_FLOW) else "", type(stage).__name__, slot)


def place_of_turn(turn: Turn) -> Place:
    """At which question a turn was made."""
    return (turn.node if turn.stage in _IN_FLOW_NAMES else "", turn.stage, turn.slot)


def fitted(flow: Flow, state: CallState, turn: Turn) -> events.Event | None:
    """What happened in a turn, as it is where `state` stands now; None where it does not fit there."""
    event, node = turn.event, flow.all_nodes[state.node]
    recording = isinstance(state.stage, AtNode) and isinstance(node, nodes.Record)
    ringing = isinstance(state.stage, WithPerson)
    question = question_of(flow, state)
    same_place = place_of(state) == place_of_turn(turn)
    if same_place and question is None:
        return event
    match event:
        case events.HungUp() | events.Failed():
            return event
        case events.TransferEnded():
            return event if ringing else None
        case events.Recorded():
            return event if recording else None
        case events.NoInput() | events.NoMatch():
            return event if question is not None or recording else None
        case events.AnswerLost():
            return event if question is not None and question.sensitive else None
        case events.KeysPressed() | events.Heard() if recording:
            return event if event.keys in (PERSON, REPEAT) else None
        case events.KeysPressed() | events.Heard() if question is not None:
            keys = _keys(flow, state, question, turn)
            return None if keys is None else msgspec.structs.replace(event, keys=keys)
        case _:
            return None


def _keys(flow: Flow, state: CallState, question: Question, turn: Turn) -> str | None:
    match, same_place = turn.match, place_of(state) == place_of_turn(turn)
    keys = match.keys or ""
    if match.kind == "universal":
        return _universal(question, state, match, same_place)
    if match.kind == "out_of_range":
        return keys if same_place or not _is_answer(flow, state, question, keys) else None
    if match.kind == "engine":
        helping = isinstance(state.stage, Helping)
        return (keys if helping else _engines_own(flow, question, match)) if same_place else None
    if not isinstance(state.stage, AtNode | AskingSlot):
        return None
    node = flow.all_nodes[state.node]
    match node:
        case nodes.Menu() | nodes.OpenQuestion() if isinstance(state.stage, AtNode):
            return _choice(state, node, match, same_place) if match.kind in ("choice", "intent") else None
        case _ if match.kind == "value":
            return _value(flow, state, node, turn, same_place)
        case _:
            return None


def _is_answer(flow: Flow, state: CallState, question: Question, keys: str) -> bool:
    if question.answer is None:
        return keys in question.keys
    return fits_answer(flow, state, question.answer, keys)


def _universal(question: Question, state: CallState, match: Match, same_place: bool) -> str:
    if same_place and match.keys is not None:
        return match.keys
    keys = KEYS_OF_WORDS[match.meaning or "help"]
    if keys == KEYS_OF_WORDS["help"] and question.takes_digits and not isinstance(state.stage, Helping):
        return HELP_AMONG_DIGITS
    return keys


def _engines_own(flow: Flow, question: Question, match: Match) -> str | None:
    """An answer to the engine: yes, no, a time, a number; a language by its name."""
    if match.meaning in LANGUAGES:
        known = [str(index) for index, language in enumerate(flow.languages, start=1) if language == match.meaning]
        return known[0] if known else None
    keys = match.keys or ""
    return keys if question.answer is not None or keys in question.keys else None


def _choice(state: CallState, node: nodes.Menu | nodes.OpenQuestion, match: Match, same_place: bool) -> str | None:
    """The key of the choice that means the same: by its label or name, then by a phrase, then by where it leads."""
    home = home_of(state.node)
    if isinstance(node, nodes.Menu):
        ways = [
            (
                choice.key,
                in_language(choice.label, state.language),
                tuple(in_language(choice.phrases, state.language)),
                home + choice.to,
            )
            for choice in node.choices
        ]
    else:
        ways = [
            (intent.key, name, tuple(in_language(intent.examples, state.language)), home + intent.to)
            for name, intent in node.intents.items()
        ]
    meaning = spelling_key(match.meaning or "")
    for key, name, _, _ in ways:
        if spelling_key(name) == meaning:
            return key
    said = {spelling_key(phrase) for phrase in (*match.phrases, match.phrase or "") if phrase}
    for key, _, phrases, _ in ways:
        if said & {spelling_key(phrase) for phrase in phrases}:
            return key
    for key, _, _, to in ways:
        if same_place and key == match.keys and to == match.to:
            return key
    return None


def _value(flow: Flow, state: CallState, node: nodes.Node, turn: Turn, same_place: bool) -> str | None:
    answer = answer_at(flow, state)
    if answer is None:
        return None
    name = state.stage.slot if isinstance(state.stage, AskingSlot) else getattr(node, "save_as", None)
    if not same_place and name != turn.match.meaning:
        return None
    keys = turn.match.keys or ""
    if fits_answer(flow, state, answer, keys):
        return keys
    return keys_for(answer, state.language) if turn.hidden else None
