"""Words in one normal form, and a model's own spelling of a flow's words."""

from __future__ import annotations

import unicodedata

import pytest

from flows.phrases import normalised as flow_form
from flows.phrases import spelling_key
from speech.lexicon.spelling import Spellings, foreign_letters, normalised
from speech.lexicon.units import WORD_TABLES


@pytest.mark.parametrize(
    ("language", "one", "other"),
    [
        ("en", "Sales", "sales"),
        ("en", "call  back", "call back"),
        ("en", "what's new?", "what's new"),
        ("ar", "أربعة", "اربعة"),
        ("ar", "إلغاء", "الغاء"),
        ("ar", "ثلاثة", "ثلاثه"),
        ("ar", "مُوَظَّف", "موظف"),
        ("ar", "موظـــف", "موظف"),
        ("ar", "أعلى", "اعلي"),
        ("ar", "یمین", "يمين"),
        ("fa", "يك", "یک"),
        ("fa", "بازگشت", "بازگشت\u200f"),
        ("fa", "می‌خواهم", "می خواهم"),
        ("fa-IR", "خير", "خیر"),
    ],
)
def test_spellings_of_one_word_have_one_form(language: str, one: str, other: str) -> None:
    assert normalised(one, language) == normalised(other, language)


def test_words_that_differ_in_more_than_their_spelling_keep_their_forms_apart() -> None:
    for language, table in WORD_TABLES.items():
        words = [*table.CORE, *table.MENU]
        assert len({normalised(word, language) for word in words}) == len(words)


def test_letters_are_composed() -> None:
    assert normalised(unicodedata.normalize("NFD", "café"), "en") == "café"
    assert normalised(unicodedata.normalize("NFD", "أمام"), "ar") == "امام"


def test_no_language_turns_a_kaf_into_that_of_another() -> None:
    assert normalised("رکن", "ar") == "ركن"
    assert normalised("ركن", "fa") == "رکن"
    assert normalised("ركن", "en") == "ركن"


@pytest.mark.parametrize("symbol", ["[unk]", "<eps>", "#0"])
def test_what_is_no_word_stays_as_it_is(symbol: str) -> None:
    assert normalised(symbol, "en") == symbol


@pytest.mark.parametrize("language", ["ar", "fa"])
def test_phrases_that_are_one_to_a_flow_are_one_here_and_no_others(language: str) -> None:
    said = ["أعلى", "اعلي", "اعلا", "ثلاثة", "ثلاثه", "يك", "یک", "مساءً", "مساء", "مسا", "مُوظف", "موظف", "می‌خواهم"]
    for one in said:
        for other in said:
            alike = normalised(one, language) == normalised(other, language)
            assert alike == (spelling_key(one) == spelling_key(other)), (one, other)


def test_a_flow_writes_phrases_in_a_form_that_changes_nothing_here() -> None:
    for phrase in ("Opening Hours!", "what's new", "می‌خواهم", "مُوَظَّف"):
        for language in ("en", "ar", "fa"):
            assert normalised(flow_form(phrase), language) == normalised(phrase, language)


def test_the_recogniser_gets_the_models_own_spelling() -> None:
    model = Spellings({"أربعة", "می‌خواهم", "موظف", "[unk]"}, "ar")
    assert model.phrase("اربعه موظف") == "أربعة موظف"
    assert model.phrase("می خواهم") == "می‌خواهم"
    assert model.phrase("موظف جديد") is None
    assert model.unknown("موظف جديد اخر") == ["جديد", "اخر"]


def test_the_exact_spelling_goes_before_a_like_one() -> None:
    model = Spellings({"اربعة", "أربعة"}, "ar")
    assert model.find("أربعة") == "أربعة"
    assert model.find("اربعة") == "اربعة"
    assert model.find("أربعه") == "أربعة"


def test_an_empty_phrase_is_no_phrase_of_any_model() -> None:
    assert Spellings({"yes"}, "en").phrase(" ") is None


def test_the_unknown_word_is_no_word_that_somebody_says() -> None:
    assert Spellings({"[unk]", "yes"}, "en").find("unk") is None


def test_letters_of_another_script_are_found_and_none_where_a_language_has_no_known_one() -> None:
    assert foreign_letters("ca\u0641\u0438", "en-GB") == ["\u0641", "\u0438"]
    assert foreign_letters("\u06af\u0627\u0631\u0627\u0646\u062a\u06cc-2", "fa") == []
    assert foreign_letters("o'clock 9", "en") == []
    assert foreign_letters("\u0438", "ru") == []
