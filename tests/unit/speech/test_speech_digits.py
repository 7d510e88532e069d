"""Spoken digits become figures, or nothing."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from speech.digits import DIGIT_WORDS, digit_words, digits_without_words, to_digits


@pytest.mark.parametrize(
    ("language", "said", "digits"),
    [
        ("en", "one two three", "123"),
        ("en-US", "oh nine zero", "090"),
        ("en", "double five triple zero one", "550001"),
        ("fa", "صفر نه یک دو", "0912"),
        ("fa", "شیش شش", "66"),
        ("ar", "صفر خمسة تسعة", "059"),
        ("ar_EG", "اثنين اربعة", "24"),
    ],
)
def test_spoken_digits_are_read_in_every_language(language: str, said: str, digits: str) -> None:
    assert to_digits(language, said.split()) == digits


@pytest.mark.parametrize(
    "said", ["", "double", "one double", "double triple one", "one [unk]", "ten", "one two hundred"]
)
def test_what_is_no_row_of_digits_has_no_value(said: str) -> None:
    assert to_digits("en", said.split()) is None


def test_a_language_without_a_table_has_no_digits() -> None:
    assert digit_words("xx") == []
    assert to_digits("xx", ["one"]) is None


@pytest.mark.parametrize("language", ["en", "ar", "fa"])
def test_every_language_can_say_all_ten_digits(language: str) -> None:
    assert set(DIGIT_WORDS[language].values()) == set("0123456789")


@settings(deadline=None)
@given(st.lists(st.sampled_from(sorted(DIGIT_WORDS["en"])), min_size=1))
def test_every_digit_word_adds_one_digit(words: list[str]) -> None:
    digits = to_digits("en", words)
    assert digits is not None
    assert len(digits) == len(words)


def test_a_second_word_for_a_digit_is_not_missed_while_the_first_is_known() -> None:
    vocabulary = [word for word in DIGIT_WORDS["en"] if word not in ("oh", "seven")]
    assert digits_without_words("en", vocabulary) == ["seven"]
