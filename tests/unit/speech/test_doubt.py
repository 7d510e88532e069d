"""How far what was heard is trusted: evidence from hypotheses, and the confidence that comes of it."""

from __future__ import annotations

import math

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from speech.doubt import (
    Doubt,
    Evidence,
    Regression,
    Sound,
    Usual,
    assess,
    band_of,
    differences,
    doubt_of,
    evidence,
    probability,
)
from speech.grammar import Digits, Grammar
from speech.interpretation import interpret
from speech.recognition import Hypothesis, Word

MENU = Grammar(language="en", phrases={"agent": "person", "operator": "person", "call me back": "callback"})
NUMBER = Grammar(language="en", phrases={"agent": "person"}, digits=Digits(min=1, max=8))
DOUBT = Doubt(
    margin_cap=6.0,
    listed=Regression(
        intercept=-1.0, weights={"over_unknown": 1.0, "longer": -0.5, "unexplained_s": -20.0, "extras": -1.0}
    ),
    chosen=Regression(intercept=-0.5, weights={"over_other": 0.5, "over_other_near": 2.0}),
    usual={"": Usual(mean=math.log(200), deviation=0.3), "two": Usual(mean=math.log(150), deviation=0.2)},
    accept_from=0.9,
    reject_below=0.4,
)


def words(text: str, start_ms: int = 1000, word_ms: int = 200) -> tuple[Word, ...]:
    return tuple(
        Word(each, 1.0, start_ms + index * word_ms, start_ms + (index + 1) * word_ms)
        for index, each in enumerate(text.split())
    )


def heard(*texts_and_scores: tuple[str, float]) -> list[Hypothesis]:
    return [Hypothesis(words(text), score) for text, score in texts_and_scores]


def test_a_phrase_without_rivals_is_beyond_the_beam() -> None:
    (found,) = evidence(DOUBT, MENU, heard(("agent", 100.0)))
    assert (found.over_unknown, found.over_other) == (6.0, 6.0)


def test_other_speech_and_other_phrases_are_told_apart() -> None:
    (found,) = evidence(DOUBT, MENU, heard(("agent", 100.0), ("call me back", 98.0), ("[unk]", 97.0)))
    assert (found.over_unknown, found.over_other) == (3.0, 2.0)


def test_another_phrase_of_the_same_intent_is_no_rival() -> None:
    (found,) = evidence(DOUBT, MENU, heard(("agent", 100.0), ("operator", 99.5), ("agent agent", 99.0)))
    assert (found.over_unknown, found.over_other) == (6.0, 6.0)


def test_what_is_not_in_a_full_list_is_only_known_to_be_no_likelier_than_its_last() -> None:
    many = [("agent", 100.0), *((f"agent{' agent' * n}", 100.0 - n / 10) for n in range(1, 6))]
    (found,) = evidence(DOUBT, MENU, heard(*many))
    assert found.over_unknown == pytest.approx(0.5)


def test_a_rival_speaks_against_the_digit_that_it_differs_in_and_no_other() -> None:
    found = evidence(DOUBT, NUMBER, heard(("one two three", 100.0), ("one five three", 99.0), ("one two [unk]", 96.0)))
    assert [each.over_other for each in found] == [6.0, 1.0, 6.0]
    assert [each.over_unknown for each in found] == [6.0, 6.0, 4.0]


def test_a_repeated_digit_that_may_be_one_too_many_speaks_against_one_of_them() -> None:
    best = Hypothesis(words("two two two"), 100.0)
    fewer = Hypothesis((Word("two", 1.0, 1000, 1200), Word("two", 1.0, 1400, 1600)), 98.5)
    found = evidence(DOUBT, NUMBER, [best, fewer])
    assert [each.over_unknown for each in found] == [6.0, 1.5, 6.0]


def test_a_repeated_digit_is_accepted_where_nothing_speaks_against_it() -> None:
    found = interpret(NUMBER, heard(("two two two", 100.0), ("two two [unk]", 95.0)), doubt=DOUBT)
    assert (found.value, found.band) == ("222", "accept")


def test_one_weak_digit_makes_the_whole_number_a_question() -> None:
    sure = interpret(NUMBER, heard(("four two two", 100.0)), doubt=DOUBT)
    weak = interpret(NUMBER, heard(("four two two", 100.0), ("four two five", 99.5)), doubt=DOUBT)
    assert (sure.band, weak.band) == ("accept", "confirm")
    assert weak.confidence < sure.confidence


def test_words_that_differ_are_laid_side_by_side_by_their_times() -> None:
    three, two = words("one two one"), (Word("one", 1.0, 1000, 1200), Word("one", 1.0, 1400, 1600))
    assert differences(three, two) == {1: []}
    assert differences(three, words("one two one")) == {}
    assert differences(words("one"), words("one nine")) == {0: [words("one nine")[1]]}
    assert differences((), words("one")) == {}
    assert set(differences(three, ())) == {0, 1, 2}


def test_a_word_far_longer_than_usual_is_trusted_less() -> None:
    usual = [Hypothesis((Word("two", 1.0, 0, 150),), 100.0)]
    longer = [Hypothesis((Word("two", 1.0, 0, 500),), 100.0)]
    assert assess(DOUBT, NUMBER, longer).confidence < assess(DOUBT, NUMBER, usual).confidence


def test_loud_sound_that_no_word_explains_is_seen_and_the_lines_noise_is_not() -> None:
    line = [-60.0] * 20
    # The word lies from 1000 to 1200 ms; the sound begins at 0.
    only_word = Sound(start_ms=0, levels_dbfs=(*line * 2, *[-60.0] * 10, *[-20.0] * 10, *line))
    more = Sound(start_ms=0, levels_dbfs=(*[-20.0] * 20, *line, *[-60.0] * 10, *[-20.0] * 10, *line))
    hypotheses = heard(("agent", 100.0))
    (quiet,), (loud,) = evidence(DOUBT, MENU, hypotheses, 0, only_word), evidence(DOUBT, MENU, hypotheses, 0, more)
    assert quiet.unexplained_s == 0.0
    assert loud.unexplained_s == pytest.approx(0.4)
    assert assess(DOUBT, MENU, hypotheses, 0, more).band == "reject"


def test_a_phrase_behind_other_speech_is_asked_about_and_never_accepted() -> None:
    sure = Regression(intercept=9.0, weights={"over_unknown": 1.0})
    generous = Doubt(margin_cap=6.0, listed=sure, chosen=sure, usual={}, accept_from=0.9, reject_below=0.4)
    found = interpret(MENU, heard(("[unk]", 100.0), ("agent", 99.9)), doubt=generous)
    assert (found.intent, found.text, found.band) == ("person", "agent", "confirm")
    far = interpret(MENU, heard(("[unk]", 100.0), ("agent", 95.0)), doubt=DOUBT)
    assert (far.intent, far.band) == (None, "reject")


def test_without_fitted_doubt_only_the_likeliest_hypothesis_counts() -> None:
    assert interpret(MENU, heard(("[unk]", 100.0), ("agent", 99.9))).band == "reject"


def test_nothing_meant_is_no_evidence_and_is_rejected() -> None:
    for hypotheses in ([], heard(("", 1.0)), heard(("me back", 1.0)), heard(("[unk]", 1.0))):
        assert evidence(DOUBT, MENU, hypotheses) == []
        assert assess(DOUBT, MENU, hypotheses).band == "reject"
    assert evidence(DOUBT, MENU, heard(("agent", 1.0)), 7) == []


def test_bands_begin_where_they_were_fitted() -> None:
    assert [band_of(DOUBT, at, at) for at in (0.0, 0.39, 0.4, 0.89, 0.9, 1.0)] == [
        *("reject", "reject", "confirm", "confirm", "accept", "accept")
    ]


def test_between_two_phrases_of_the_list_a_question_is_worth_while() -> None:
    assert band_of(DOUBT, 0.3, 0.9) == "confirm"
    tied = assess(DOUBT, MENU, heard(("agent", 100.0), ("call me back", 100.0)))
    assert (tied.band, tied.confidence < 0.5) == ("confirm", True)


def test_a_phrase_said_again_and_a_short_sound_beside_it_count() -> None:
    (once,), (thrice,) = evidence(DOUBT, MENU, heard(("agent", 1.0))), evidence(DOUBT, MENU, heard(("agent " * 3, 1.0)))
    assert (once.extras, thrice.extras) == (0.0, 2.0)
    (beside,) = evidence(DOUBT, MENU, heard(("agent [unk]", 1.0)))
    assert beside.extras == 1.0
    assert {each.extras for each in evidence(DOUBT, NUMBER, heard(("two two two", 1.0)))} == {0.0}


FITTED = msgspec.to_builtins(DOUBT)


@pytest.mark.parametrize(
    "fitted",
    [
        {},
        {"margin_cap": "wide"},
        FITTED | {"listed": {"intercept": 0, "weights": {"charm": 1}}},
        FITTED | {"chosen": {"intercept": "low", "weights": {}}},
        FITTED | {"margin_cap": 0.0},
    ],
)
def test_a_card_without_usable_doubt_has_none(fitted: dict[str, object]) -> None:
    assert doubt_of(fitted) is None


def test_doubt_survives_its_way_through_a_card() -> None:
    assert doubt_of(msgspec.json.decode(msgspec.json.encode(DOUBT))) == DOUBT


SCORES = st.floats(-1e6, 1e6)
TEXTS = st.lists(st.sampled_from(["agent", "two", "five", "double", "[unk]", "call", "me", "back"]), max_size=6)


@st.composite
def hypotheses_of_a_decode(draw: st.DrawFn) -> list[Hypothesis]:
    scores = sorted(draw(st.lists(SCORES, max_size=8)), reverse=True)
    found = []
    for score in scores:
        start_ms = draw(st.integers(0, 3000))
        made = []
        for text in draw(TEXTS):
            end_ms = start_ms + draw(st.integers(-5, 900))
            made.append(Word(text, draw(st.floats(0, 1)), start_ms, end_ms))
            start_ms = end_ms
        found.append(Hypothesis(tuple(made), score))
    return found


@settings(deadline=None, max_examples=200)
@given(
    hypotheses_of_a_decode(),
    st.sampled_from([MENU, NUMBER]),
    st.none() | st.builds(Sound, start_ms=st.integers(-500, 4000), levels_dbfs=st.tuples(st.floats(-96, 0))),
    st.dictionaries(st.sampled_from(Evidence.__struct_fields__), st.floats(-1e6, 1e6)),
)
def test_confidence_is_a_probability_whatever_was_heard(
    hypotheses: list[Hypothesis], grammar: Grammar, sound: Sound | None, weights: dict[str, float]
) -> None:
    any_weights = Regression(intercept=0.0, weights=weights)
    doubt = msgspec.structs.replace(DOUBT, listed=any_weights, chosen=any_weights)
    found = interpret(grammar, hypotheses, doubt=doubt, sound=sound)
    assert 0.0 <= found.confidence <= 1.0
    assert (found.intent is None) == (found.band == "reject")


@settings(deadline=None, max_examples=200)
@given(hypotheses_of_a_decode(), st.floats(0, 10))
def test_a_larger_margin_never_lowers_confidence(hypotheses: list[Hypothesis], more: float) -> None:
    if not hypotheses:
        return
    best, *rivals = hypotheses
    further = [best, *(Hypothesis(rival.words, rival.score - more) for rival in rivals)]
    for grammar in (MENU, NUMBER):
        before, after = assess(DOUBT, grammar, hypotheses), assess(DOUBT, grammar, further)
        assert after.confidence >= before.confidence


@given(st.floats(-10, 10), st.floats(0, 5))
def test_probability_rises_with_each_margin(margin: float, more: float) -> None:
    rest = dict.fromkeys(Evidence.__struct_fields__, 1.0)
    low, high = rest | {"over_unknown": margin}, rest | {"over_unknown": margin + more}
    assert probability(DOUBT.listed, Evidence(**high)) >= probability(DOUBT.listed, Evidence(**low))
