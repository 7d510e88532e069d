"""Hypotheses are joined by their scores, and a word's confidence is the share of probability that has it."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from speech.hypotheses import KEPT_MS, MOST_HYPOTHESES, joined, with_confidence
from speech.recognition import Hypothesis, Word


def said(text: str, score: float, from_ms: int = 0) -> Hypothesis:
    """Words of 200 ms in a row, from `from_ms` on."""
    words = [
        Word(word, 0.0, from_ms + 200 * index, from_ms + 200 * index + 200) for index, word in enumerate(text.split())
    ]
    return Hypothesis(tuple(words), score)


def texts(hypotheses: tuple[Hypothesis, ...] | list[Hypothesis]) -> list[str]:
    return [" ".join(word.text for word in hypothesis.words) for hypothesis in hypotheses]


def test_a_word_is_as_sure_as_the_hypotheses_that_have_it_there() -> None:
    found = with_confidence([said("five nine", 10.0), said("five five", 10.0 - math.log(3))])
    assert texts(found) == ["five nine", "five five"]
    assert [round(word.confidence, 3) for word in found[0].words] == [1.0, 0.75]
    assert [round(word.confidence, 3) for word in found[1].words] == [1.0, 0.25]


def test_the_same_word_at_another_place_does_not_agree() -> None:
    found = with_confidence([said("two", 0.0), said("[unk] [unk] two", 0.0)])
    assert found[0].words[0].confidence == 0.5


def test_a_text_counts_once_with_its_best_score() -> None:
    found = with_confidence([said("two", 1.0), said("two", 3.0), said("ten", 2.0)])
    assert [(text, hypothesis.score) for text, hypothesis in zip(texts(found), found, strict=True)] == [
        ("two", 3.0),
        ("ten", 2.0),
    ]


def test_scores_of_any_size_give_shares() -> None:
    found = with_confidence([said("two", 1e5), said("ten", -1e5)])
    assert [hypothesis.words[0].confidence for hypothesis in found] == [1.0, 0.0]


def test_pieces_are_joined_to_the_best_combinations() -> None:
    both = joined((said("five", 3.0), said("nine", 1.0)), (said("one", 5.0, 900), said("eight", 4.5, 900)), 2000)
    assert texts(both) == ["five one", "five eight", "nine one", "nine eight"]
    assert [hypothesis.score for hypothesis in both] == [8.0, 7.5, 6.0, 5.5]


def test_no_more_than_six_combinations_are_kept() -> None:
    digits = ["one", "two", "three", "four", "five", "six"]
    pieces = tuple(said(digit, -float(index)) for index, digit in enumerate(digits))
    both = joined(pieces, pieces, 1000)
    assert len(both) == MOST_HYPOTHESES
    assert texts(both)[0] == "one one"
    assert [hypothesis.score for hypothesis in both] == [0.0, -1.0, -1.0, -2.0, -2.0, -2.0]


def test_a_piece_without_words_adds_nothing() -> None:
    assert joined((said("five", 3.0),), (said("", 99.0),), 0) == (said("five", 3.0),)
    assert joined((), (said("", 99.0),), 0) == ()
    assert joined((), (), 0) == ()


def test_nothing_may_be_the_likeliest_thing_that_was_said() -> None:
    assert texts(joined((), (said("", 2.0), said("five", 1.0)), 0)) == ["", "five"]


def test_words_of_long_ago_are_dropped_and_equal_texts_become_one() -> None:
    before = (said("five", 3.0), said("nine", 1.0))
    now_ms = KEPT_MS + 201
    both = joined(before, (said("one", 0.0, now_ms),), now_ms)
    assert texts(both) == ["one"]
    assert both[0].score == 3.0


@given(st.lists(st.tuples(st.sampled_from(["", "one", "two", "one two"]), st.floats(-1e3, 1e3)), max_size=8))
def test_confidence_is_a_share_and_the_likeliest_comes_first(found: list[tuple[str, float]]) -> None:
    made = with_confidence([said(text, score) for text, score in found])
    assert all(0.0 <= word.confidence <= 1.0 for hypothesis in made for word in hypothesis.words)
    assert [hypothesis.score for hypothesis in made] == sorted((hypothesis.score for hypothesis in made), reverse=True)
    assert len(set(texts(made))) == len(made)
