"""Vowel marks for voices that need them."""

from __future__ import annotations

import datetime
import re
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows import speaking
from flows.speaking.ar_counting import cardinal
from flows.speaking.ar_vowels import vowelled

MARKS = re.compile("[\u064c-\u0652]")


@pytest.mark.parametrize(
    ("plain", "marked"),
    [
        ("خمسة وعشرون", "خَمْسَة وَعِشْرون"),
        ("أحد عشر ألفًا", "أَحَد عَشَر أَلْفًا"),
        ("ألفا درهم", "أَلْفا دِرْهَم"),
        ("واحد", "وَاحِد"),
        ("الساعة التاسعة وخمس دقائق", "الساعَة التاسِعَة وَخَمْس دَقائِق"),
        ("مرحبا، ستة.", "مرحبا، سِتَّة."),
        ("nine, تسعة", "nine, تِسْعَة"),
    ],
)
def test_words_of_numbers_get_their_vowels(plain: str, marked: str) -> None:
    assert vowelled(plain) == marked


@given(st.integers(min_value=0, max_value=10**15 - 1), st.sampled_from(["masculine", "feminine"]))
def test_every_word_of_every_number_is_known(value: int, gender: str) -> None:
    for word in vowelled(cardinal(value, gender)).split():  # type: ignore[arg-type]
        assert MARKS.search(word) or word.removeprefix("وَ") == "آلاف", word


@given(st.text(alphabet="ابةحخدرسشعفلمنوأ \u064e\u0651.,1") | st.text())
def test_only_marks_are_added_and_adding_them_twice_changes_nothing(text: str) -> None:
    once = vowelled(text)
    assert MARKS.sub("", once) == MARKS.sub("", text)
    assert vowelled(once) == once


@given(st.times(), st.decimals(min_value=0, max_value=10**6, places=2))
def test_spoken_values_keep_their_letters(moment: datetime.time, amount: Decimal) -> None:
    for words in (speaking.time("ar", moment), speaking.money("ar", amount, "AED")):
        assert MARKS.sub("", vowelled(words)) == words
