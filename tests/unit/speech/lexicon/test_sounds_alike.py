"""Which pronunciations are alike on a telephone line."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from speech.lexicon.phones import PHONES
from speech.lexicon.sounds_alike import ALIKE, MOST_COMBINATIONS, distance, nearest, of_phrase, pairs, phone_distance

PRONUNCIATIONS = st.lists(st.sampled_from(sorted(PHONES)), min_size=1, max_size=8).map(" ".join)


@pytest.mark.parametrize(
    ("one", "near", "far"),
    [
        ("M", "N", "T"),  # place is lost before manner and voice
        ("F", "TH", "K"),
        ("S", "SE", "M"),
        ("B", "D", "S"),
        ("IY", "IH", "AA"),
        ("AY", "AA", "UW"),
        ("Y", "IY", "AA"),
        ("OW", "AO", "IY"),
    ],
)
def test_phones_that_differ_in_less_are_nearer(one: str, near: str, far: str) -> None:
    assert phone_distance(one, near) < phone_distance(one, far)


def test_a_phone_is_at_most_one_away_from_another_and_as_far_back() -> None:
    for one, other in combinations(PHONES, 2):
        assert 0 < phone_distance(one, other) <= 1
        assert phone_distance(one, other) == phone_distance(other, one)


@given(PRONUNCIATIONS, PRONUNCIATIONS)
def test_distance_is_none_to_oneself_and_the_same_both_ways(one: str, other: str) -> None:
    assert distance(one, one) == 0
    assert distance(one, other) == pytest.approx(distance(other, one))
    assert distance(one, other) >= 0


@given(PRONUNCIATIONS, st.sampled_from(sorted(PHONES)))
def test_a_phone_more_makes_a_difference_and_less_of_one_in_a_longer_word(said: str, more: str) -> None:
    assert 0 < distance(said, f"{said} {more}") <= 1
    assert distance(f"{said} {said}", f"{said} {said} {more}") <= distance(said, f"{said} {more}") + 1e-9


def test_the_nearest_pronunciations_of_two_words_count() -> None:
    said = {"data": ("D EY T AH", "D AE T AH"), "matter": ("M AE T ER",)}
    assert nearest("data", "matter", said).first_said == "D AE T AH"


@given(st.lists(PRONUNCIATIONS, min_size=2, max_size=12), st.sampled_from([0.0, 0.2, ALIKE, 0.7, 1.0]))
def test_no_pair_up_to_the_threshold_is_left_out(ways: list[str], threshold: float) -> None:
    said = {str(index): [way, *ways[:1]] for index, way in enumerate(ways)}
    every = (nearest(first, second, said) for first, second in combinations(said, 2))
    assert pairs(said, threshold) == sorted(pair for pair in every if pair.distance <= threshold)


def test_pairs_come_most_alike_first_and_only_up_to_the_threshold() -> None:
    said = {
        "billing": ("B IH L IH NG",),
        "building": ("B IH L D IH NG",),
        "sales": ("S EY L Z",),
        "filling": ("F IH L IH NG",),
    }
    found = pairs(said)
    assert {(pair.first, pair.second) for pair in found} == {
        ("billing", "building"),
        ("billing", "filling"),
        ("building", "filling"),
    }
    assert [pair.distance for pair in found] == sorted(pair.distance for pair in found)
    assert all(pair.distance <= ALIKE for pair in found)
    assert pairs(said, 0.0) == []


def test_a_word_without_a_pronunciation_is_like_nothing() -> None:
    assert pairs({"a": (), "b": ("B IY",)}, 1.0) == []


def test_a_phrase_is_said_as_its_words_are() -> None:
    said = {"call": ("K AO L",), "back": ("B AE K",), "data": ("D EY T AH", "D AE T AH")}
    assert of_phrase("call back", said) == ("K AO L B AE K",)
    assert of_phrase("call data", said) == ("K AO L D EY T AH", "K AO L D AE T AH")
    assert of_phrase("call nobody", said) == ()
    assert of_phrase("", said) == ()
    assert len(of_phrase("data data data data data data", said)) == MOST_COMBINATIONS
