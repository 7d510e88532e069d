"""Phrases as they are heard and compared."""

from __future__ import annotations

import pytest

from flows.phrases import normalised, spelling_key


@pytest.mark.parametrize(
    ("phrase", "heard"),
    [
        ("  Opening   HOURS! ", "opening hours"),
        ("what's new?", "what's new"),
        ("e-mail", "e mail"),
        ("under_score", "under score"),
        ("ﬁnd", "find"),
        ("STRASSE", "strasse"),
        ("مُوَظَّف", "موظف"),
        ("مـــوظف", "موظف"),
        ("می‌خواهم", "می خواهم"),
        ("\u200fفارسی\u200e", "فارسی"),
        ("سؤال؟", "سؤال"),
        ("...", ""),
    ],
)
def test_a_phrase_is_normalised_to_what_is_heard(phrase: str, heard: str) -> None:
    assert normalised(phrase) == heard
    assert normalised(heard) == heard


@pytest.mark.parametrize(
    ("one", "other"),
    [("كتاب", "کتاب"), ("علي", "علی"), ("مدرسة", "مدرسه"), ("أحمد", "احمد"), ("آب", "اب"), ("Hours.", "hours")],
)
def test_phrases_that_are_typed_in_several_ways_are_one_to_a_caller(one: str, other: str) -> None:
    assert spelling_key(one) == spelling_key(other)


def test_different_phrases_stay_different() -> None:
    assert spelling_key("order") != spelling_key("orders")
