"""The decoding graph as arcs, before OpenFst sees it."""

import pytest

from speech.lexicon import building
from speech.lexicon.decoder_phones import decoder_phones
from speech.lexicon.units import GARBAGE, UNKNOWN_WORD, build_units

UNITS = build_units("en")
LEXICON = {"billing": ("B IH L IH NG",), "order": ("AO D ER", "AO R D ER")}
IDS = {word: i for i, word in enumerate([*UNITS.words, *LEXICON, UNKNOWN_WORD], 1)}


def ways_to_say(word):
    """The rows of states with which a word can be said, without going in circles."""
    leaving = {}
    for source, target, ilabel, olabel, _ in building.arcs(UNITS, LEXICON, IDS, building.Costs()):
        if source != target:
            leaving.setdefault(source, []).append((target, ilabel, olabel))
    ways, begun = [], [([1], [], set())]
    while begun:
        passed, way, labels = begun.pop()
        if passed[-1] == 0:
            if labels - {0} == {IDS[word]}:
                ways.append(way)
            continue
        for target, ilabel, olabel in leaving[passed[-1]]:
            if target not in passed:
                said = [*way, (ilabel - 2) // 2] if ilabel else way
                begun.append(([*passed, target], said, labels | {olabel}))
    return ways


def test_a_core_word_passes_its_own_states_in_order():
    form = decoder_phones(UNITS).whole(UNITS.by_name["seven"])
    assert ways_to_say("seven") == [list(form.states)]


def test_a_spelled_word_passes_the_states_of_its_phones_once_for_each_pronunciation():
    phones = decoder_phones(UNITS)
    spelled = [s for form in phones.spelled(UNITS.phones("B IH L IH NG")) for s in form.states]
    assert ways_to_say("billing") == [spelled]
    assert len(ways_to_say("order")) == 2


def test_words_that_begin_alike_share_their_beginning_but_for_the_last_phone():
    def states_of(lexicon):
        ids = {word: i for i, word in enumerate([*UNITS.words, *lexicon, UNKNOWN_WORD], 1)}
        return {target for _, target, *_ in building.arcs(UNITS, lexicon, ids, building.Costs())}

    phones = decoder_phones(UNITS)
    last = len(phones.spelled(UNITS.phones("B IH L IH NG"))[-1].states)
    with_one = states_of({"billing": ("B IH L IH NG",)})
    assert len(states_of({"billing": ("B IH L IH NG",), "billet": ("B IH L IH T",)})) == len(with_one) + last


def test_unknown_can_be_said_by_garbage_and_by_any_two_phones_or_more():
    assert list(decoder_phones(UNITS).whole(UNITS.by_name[GARBAGE]).states) in ways_to_say(UNKNOWN_WORD)
    arcs = building.arcs(UNITS, LEXICON, IDS, building.Costs())
    ends = {(target, word) for _, target, _, word, _ in arcs if word == IDS[UNKNOWN_WORD]}
    phones = sum(unit.kind == "phone" for unit in UNITS.units)
    assert len(ends) == 1 + phones


def test_a_word_comes_with_its_last_state_so_that_none_shows_that_has_only_begun():
    arcs = building.arcs(UNITS, LEXICON, IDS, building.Costs())
    (at,) = [target for _, target, _, word, _ in arcs if word == IDS["billing"]]
    assert [target for source, target, _, _, _ in arcs if source == at and target != at] == [0]


def test_a_missing_program_is_named_with_the_package_to_install():
    with pytest.raises(building.MissingToolError, match=r"no-such-program .*apt-get install some-package"):
        building.require({"no-such-program": "some-package"})


def test_transition_ids_are_numbered_from_one_two_for_each_state():
    ids = [i for state in range(3) for i in (building.repeat_id(state), building.advance_id(state))]
    assert ids == [1, 2, 3, 4, 5, 6]
