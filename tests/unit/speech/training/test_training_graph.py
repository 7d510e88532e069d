"""The decoding graph as arcs, before OpenFst sees it."""

import pytest

from speech.training.lexicon import SILENCE, UNKNOWN_WORD, WORDS, build_units

pytest.importorskip("numpy", reason="numpy comes with the training extra")
pytest.importorskip("scipy", reason="scipy comes with the training extra")
pytest.importorskip("soundfile", reason="soundfile comes with the training extra")

from speech.training import graph, voices

IDS = {word: i for i, word in enumerate([*WORDS, UNKNOWN_WORD], 1)}


def outputs_of(arcs, word_id):
    """Follow each way to say a word; return the states passed, as outputs."""
    leaving = {}
    for source, target, ilabel, olabel, _ in arcs:
        leaving.setdefault(source, []).append((target, ilabel, olabel))
    ways = []
    for here, ilabel, olabel in leaving[1]:
        if olabel != word_id:
            continue
        assert ilabel == 0
        way, state = [], here
        while state != 0:
            onward = [(t, i) for t, i, _ in leaving[state] if t != state]
            way += [(i - 2) // 2 for t, i in onward if i]
            ((state, _),) = onward
        ways.append(way)
    return ways


def test_a_word_passes_its_states_in_order():
    units = build_units()
    arcs = graph.arcs(units, IDS, graph.Costs())
    assert outputs_of(arcs, IDS["seven"]) == [units.states("seven")]


def test_unknown_can_be_said_by_the_garbage_model_and_by_every_word():
    units = build_units()
    ways = outputs_of(graph.arcs(units, IDS, graph.Costs()), IDS[UNKNOWN_WORD])
    assert len(ways) == len(WORDS) + 1
    assert units.states("GBG") in ways
    assert units.states(SILENCE) not in ways


def test_a_listed_word_is_always_cheaper_than_the_same_word_as_unknown():
    costs = graph.Costs()
    assert costs.word < costs.unlisted


def test_a_missing_program_is_named_with_the_package_to_install():
    with pytest.raises(voices.MissingToolError, match=r"no-such-program .*apt-get install some-package"):
        voices.require({"no-such-program": "some-package"})
