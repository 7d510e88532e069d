"""How alike two pronunciations are on a telephone line: what turning one into the other costs, phone by phone.

Costs follow what phones are like. Place of articulation is lost first on a narrow and noisy line, voice and nasality
survive, manner lies between.
Sources: Kondrak, "A new algorithm for the alignment of phonetic sequences", NAACL 2000 (weighted features, consonants
against vowels); Miller and Nicely, "An analysis of perceptual confusions among some English consonants", JASA 27, 1955
(which features survive); Heeringa, "Measuring dialect pronunciation differences", 2004 (distance over length).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cache
from itertools import combinations, islice, product
from typing import Final

import msgspec

from speech.lexicon.phones import PHONES, Phone

# What a difference costs. A phone against nothing costs its loss (below). Vowels are what a telephone keeps best: a
# lost one is the unit of all costs.
PLACE_COST: Final = 0.3
MANNER_COST: Final = 0.6
NASAL_COST: Final = 0.2
VOICE_COST: Final = 0.2
EMPHATIC_COST: Final = 0.1
HEIGHT_COST: Final = 0.5
BACK_COST: Final = 0.5
LENGTH_COST: Final = 0.1
VOWEL_AGAINST_GLIDE: Final = 0.6
VOWEL_AGAINST_CONSONANT: Final = 1.0
# How closed the way is, from a stop to a glide. Source: Kondrak 2000, values of manner.
_MANNER: Final = {"stop": 1.0, "affricate": 0.9, "fricative": 0.8, "nasal": 0.6, "liquid": 0.6, "glide": 0.5}
LOSS: Final = {"stop": 0.4, "affricate": 0.6, "fricative": 0.5, "nasal": 0.5, "liquid": 0.4, "glide": 0.4, "vowel": 1.0}
# Sounds that are hardly there on a telephone, and short vowels.
FAINT_LOSS: Final = 0.25
_FAINT: Final = frozenset({"HH", "GS", "TH", "F", "V", "DH"})
SHORT_VOWEL_LOSS: Final = 0.5
_SHORT: Final = frozenset({"A", "I", "U"})
# Up to this distance, words sound alike. Source: 21 pairs of words that the first English model confused, said by
# people or by held-out voices: 5 are this near (go/no, right/nine, mirror/zero, engine/agent, wonder/one), as are 3.5 %
# of all pairs of our words. Up to 0.6 are 13 of the 21, and 14 % of all pairs: too many warnings to read.
ALIKE: Final = 0.45
MOST_COMBINATIONS: Final = 16
_ROUNDING: Final = 1e-9


class Pair(msgspec.Struct, frozen=True, order=True):
    """Two words, how far apart their nearest pronunciations are (0 is the same, 1 has nothing in common), and these."""

    distance: float
    first: str
    second: str
    first_said: str
    second_said: str


def phone_distance(first: str, second: str) -> float:
    """How unlike two phones are, from 0 to 1; raises `KeyError` for one that does not exist."""
    if first == second:
        return 0.0
    one, other = PHONES[first], PHONES[second]
    if (one.kind == "vowel") != (other.kind == "vowel"):
        vowel, consonant = (one, other) if one.kind == "vowel" else (other, one)
        close = consonant.kind == "glide" and vowel.height > 0.7
        return VOWEL_AGAINST_GLIDE if close else VOWEL_AGAINST_CONSONANT
    return min(1.0, _vowels(one, other) if one.kind == "vowel" else _consonants(one, other))


def _consonants(one: Phone, other: Phone) -> float:
    cost = PLACE_COST * min(1.0, 2 * abs(one.place - other.place))
    cost += MANNER_COST * abs(_MANNER[one.kind] - _MANNER[other.kind])
    cost += NASAL_COST * ((one.kind == "nasal") != (other.kind == "nasal"))
    cost += VOICE_COST * (one.voiced != other.voiced)
    return cost + EMPHATIC_COST * (one.emphatic != other.emphatic)


def _vowels(one: Phone, other: Phone) -> float:
    begins = math.hypot(HEIGHT_COST * (one.height - other.height), BACK_COST * (one.back - other.back))
    ends = math.hypot(HEIGHT_COST * (_end(one)[0] - _end(other)[0]), BACK_COST * (_end(one)[1] - _end(other)[1]))
    return begins + ends + LENGTH_COST * (one.states != other.states)


def _end(vowel: Phone) -> tuple[float, float]:
    return (
        vowel.height if vowel.end_height is None else vowel.end_height,
        vowel.back if vowel.end_back is None else vowel.end_back,
    )


@cache
def _costs(phone: str) -> dict[str, float]:
    """What it costs to say any other phone in the place of this one."""
    return {other: phone_distance(phone, other) for other in PHONES}


@cache
def _loss(name: str) -> float:
    if name in _SHORT:
        return SHORT_VOWEL_LOSS
    return FAINT_LOSS if name in _FAINT else LOSS[PHONES[name].kind]


def distance(first: str, second: str) -> float:
    """How unlike two pronunciations ("N AY N") are, over the weight of the longer one; 0 is the same.

    Raises `KeyError` for a phone that does not exist.
    """
    one, other = first.split(), second.split()
    most = max(sum(map(_loss, one)), sum(map(_loss, other)))
    return _edit_cost(one, other) / most if most else 0.0


def _edit_cost(first: Sequence[str], second: Sequence[str]) -> float:
    row = [0.0]
    for phone in second:
        row.append(row[-1] + _loss(phone))
    losses = [_loss(phone) for phone in second]
    for phone in first:
        loss, costs = _loss(phone), _costs(phone)
        cost = row[0] + loss
        previous, row = row, [cost]
        for at, other in enumerate(second):
            cost = min(previous[at] + costs[other], previous[at + 1] + loss, cost + losses[at])
            row.append(cost)
    return row[-1]


def nearest(first: str, second: str, said: Mapping[str, Sequence[str]]) -> Pair:
    """Two words where their pronunciations are most alike; raises `KeyError` for a word that has none."""
    return min(
        (Pair(distance(one, other), first, second, one, other) for one in said[first] for other in said[second]),
        key=lambda pair: pair.distance,
    )


def pairs(said: Mapping[str, Sequence[str]], threshold: float = ALIKE) -> list[Pair]:
    """The pairs of words or phrases that sound alike, most alike first.

    Args:
        said: word or phrase -> its pronunciations; one without any is passed over.
        threshold: the most distance at which they count as alike.
    """
    ways = {word: tuple(map(_way, said[word])) for word in said if said[word]}
    found = (
        nearest(first, second, said)
        for first, second in combinations(ways, 2)
        if any(_may_be_alike(one, other, threshold) for one in ways[first] for other in ways[second])
    )
    return sorted(pair for pair in found if pair.distance <= threshold)


class _Way(msgspec.Struct, frozen=True):
    """A pronunciation: its phones, their weight, and the least that each phone there is costs against it."""

    phones: tuple[str, ...]
    weight: float
    least: Mapping[str, float]


def _way(said: str) -> _Way:
    phones = tuple(said.split())
    least = {name: min([_loss(name), *(_costs(name)[each] for each in phones)]) for name in PHONES}
    return _Way(phones, sum(map(_loss, phones)), least)


def _may_be_alike(one: _Way, other: _Way, threshold: float) -> bool:
    """False only where `distance` is above the threshold, and for most such pairs: a bound that is quickly summed up.

    Every phone of a pronunciation is lost or becomes some phone of the other one; that the order is kept costs more.
    """
    limit = threshold * max(one.weight, other.weight) + _ROUNDING
    return (
        sum(map(other.least.__getitem__, one.phones)) <= limit
        and sum(map(one.least.__getitem__, other.phones)) <= limit
    )


def of_phrase(phrase: str, said: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """The pronunciations of a phrase, from those of its words; none where a word has none.

    Of very many combinations only the first `MOST_COMBINATIONS` are made.
    """
    ways = product(*(said.get(word, ()) for word in phrase.split()))
    return tuple(" ".join(way) for way in islice(ways, MOST_COMBINATIONS) if way)
