"""The decoding graph as arcs, before OpenFst sees it."""

import pytest

from speech.training import graph, tools
from speech.training.lexicon import SILENCE, UNKNOWN_WORD, WORDS, build_units

IDS = {word: i for i, word in enumerate([*WORDS, UNKNOWN_WORD], 1)}


def ways_to_say(arcs, word_id):
    """Follow every way through a word; return the outputs passed on those that carry `word_id`."""
    leaving = {}
    for source, target, ilabel, olabel, _ in arcs:
        if source != target:
            leaving.setdefault(source, []).append((target, ilabel, olabel))
    ways = []
    for state, ilabel, olabel in leaving[1]:
        way, labels = [(ilabel - 2) // 2], [olabel]
        while state != 0:
            ((state, ilabel, olabel),) = leaving[state]
            way += [(ilabel - 2) // 2] if ilabel else []
            labels.append(olabel)
        if word_id in labels:
            ways.append(way)
    return ways


def test_a_word_passes_its_states_in_order():
    units = build_units()
    arcs = graph.arcs(units, IDS, graph.Costs())
    assert ways_to_say(arcs, IDS["seven"]) == [units.states("seven")]


def test_unknown_can_be_said_by_the_garbage_model_and_by_every_word():
    units = build_units()
    ways = ways_to_say(graph.arcs(units, IDS, graph.Costs()), IDS[UNKNOWN_WORD])
    assert len(ways) == len(WORDS) + 1
    assert units.states("GBG") in ways
    assert units.states(SILENCE) not in ways


def test_a_listed_word_is_always_cheaper_than_the_same_word_as_unknown():
    costs = graph.Costs()
    assert costs.word < costs.unlisted


def test_a_missing_program_is_named_with_the_package_to_install():
    with pytest.raises(tools.MissingToolError, match=r"no-such-program .*apt-get install some-package"):
        tools.require({"no-such-program": "some-package"})
