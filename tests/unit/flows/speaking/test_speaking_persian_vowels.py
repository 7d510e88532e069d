"""The vowels of Persian that are not written, and the letters that stay."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows import speaking
from flows.speaking.fa import cardinal
from flows.speaking.fa_vowels import NINE, pronounced, with_nine

MARKS = re.compile("[\u064b-\u0655]")


@pytest.mark.parametrize(
    ("plain", "marked"),
    [
        ("بیست و یک", "بیستُ یک"),
        ("سی و دو", "سی یُ دو"),
        ("هزار و چهارصد و پنج", "هزارُ چهارصدُ پنج"),
        ("ساعت دو صبح", "ساعتِ دویِ صبح"),
        ("ساعت سه و نیم عصر", "ساعتِ سه وُ نیمِ عصر"),
        ("دوم آذر", "دومِ آذر"),
        ("نفر بیست و یکم", "نفرِ بیستُ یکم"),
        ("شماره صفر", "شمارهٔ صفر"),
        ("پنج سنت", "پنج سِنت"),
        ("سنتی", "سنتی"),
        ("سلام و درود", "سلام و درود"),
    ],
)
def test_what_joins_words_is_put_in_and_other_words_stay(plain: str, marked: str) -> None:
    assert pronounced(plain) == marked


@given(st.integers(min_value=0, max_value=10**12))
def test_a_number_keeps_its_letters_but_for_the_joining_and(value: int) -> None:
    letters = MARKS.sub("", pronounced(cardinal(value))).replace(" و ", " ").replace(" ی ", " ")
    assert letters.split() == cardinal(value).replace(" و ", " ").split()


def test_nine_is_marked_in_what_is_spoken_and_only_there() -> None:
    assert speaking.number("fa", 9) == NINE
    assert speaking.digits("fa", "99") == f"{NINE} {NINE}"
    assert with_nine("نهم بانه نه") == f"نهم بانه {NINE}"
