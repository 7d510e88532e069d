"""What is wrong with a word file, and what a flow's callers may say that sounds alike or that no model knows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from typing import Any

import msgspec

from flows.model import Flow
from ivr.commands.speech.pronouncing import suggestion
from ivr.flow_turns import Turn, own_phrases
from speech.digits import digit_words
from speech.lexicon.sounds_alike import ALIKE, Pair, nearest, of_phrase, pairs
from speech.lexicon.spelling import Spellings, foreign_letters, normalised


class Alike(msgspec.Struct, frozen=True, kw_only=True):
    """Two phrases that sound alike and mean two things; `nodes` are where both may be said, none for a file alone."""

    first: str
    second: str
    distance: float
    first_said: str
    second_said: str
    nodes: tuple[str, ...] = ()


class Unknown(msgspec.Struct, frozen=True, kw_only=True):
    """A word of a flow that the model does not know; `suggestion` is how eSpeak NG would say it, where it can."""

    word: str
    phrases: tuple[str, ...]
    nodes: tuple[str, ...]
    suggestion: str | None = None


Said = Mapping[str, Sequence[str]]


def alike_in_file(words: Said, core: Said) -> list[Alike]:
    """Words of a file that sound like each other, or like one that is listened for in most turns."""
    said = {word: (*core.get(word, ()), *words.get(word, ())) for word in {**core, **words}}
    return [_alike(pair, ()) for pair in pairs(said) if pair.first in words or pair.second in words]


def alike_in_flow(flow: Flow, turns: Sequence[Turn], said: Said, language: str) -> list[Alike]:
    """Phrases of one turn that sound alike and mean two things, one of them at least chosen by the flow's author.

    Phrases with a word that has no pronunciation are passed over.
    """
    own, spellings = own_phrases(flow, language), Spellings(said, language)
    found: dict[tuple[str, str], tuple[Pair, dict[str, None]]] = {}
    for turn in turns:
        means = {**({word: word for word in digit_words(language)} if turn.digits else {}), **turn.phrases}
        ways = {phrase: of_phrase(spellings.phrase(phrase) or "", said) for phrase in means}
        spoken = [phrase for phrase, way in ways.items() if way]
        for first, second in combinations(spoken, 2):
            if means[first] != means[second] and (first in own or second in own):
                pair = nearest(first, second, ways)
                if pair.distance <= ALIKE:
                    found.setdefault((first, second), (pair, {}))[1].update(dict.fromkeys(turn.nodes))
    return [_alike(pair, tuple(nodes)) for pair, nodes in sorted(found.values(), key=lambda each: each[0])]


def unknown_in_flow(
    turns: Sequence[Turn], vocabulary: Iterable[str], language: str, phones: Sequence[str]
) -> list[Unknown]:
    """The words of a flow's phrases that a model does not know; names of other languages in their own script aside."""
    spellings = Spellings(set(vocabulary), language)
    phrases: dict[str, dict[str, None]] = {}
    nodes: dict[str, dict[str, None]] = {}
    for turn in turns:
        for phrase in turn.phrases:
            for word in spellings.unknown(phrase):
                if not foreign_letters(normalised(word, language), language):
                    phrases.setdefault(word, {})[phrase] = None
                    nodes.setdefault(word, {}).update(dict.fromkeys(turn.nodes))
    return [
        Unknown(
            word=word,
            phrases=tuple(phrases[word]),
            nodes=tuple(nodes[word]),
            suggestion=suggestion(word, language, phones) if phones else None,
        )
        for word in sorted(phrases)
    ]


def as_plain(values: Sequence[msgspec.Struct]) -> list[dict[str, Any]]:
    """Values as a JSON object holds them."""
    return [msgspec.to_builtins(value) for value in values]


def _alike(pair: Pair, nodes: tuple[str, ...]) -> Alike:
    return Alike(
        first=pair.first,
        second=pair.second,
        distance=round(pair.distance, 3),
        first_said=pair.first_said,
        second_said=pair.second_said,
        nodes=nodes,
    )
