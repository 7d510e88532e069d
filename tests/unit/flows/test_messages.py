"""The engine's own sentences: the same in every language, and fit for a voice."""

from __future__ import annotations

import re
from itertools import combinations
from string import Formatter

import pytest

from flows import messages
from flows.messages import ar, en, fa
from flows.parts import LANGUAGES
from flows.phrases import normalised, spelling_key

MODULES = {"en": en, "ar": ar, "fa": fa}
TRANSLATED = ("ar", "fa")


def placeholders(sentence: str) -> list[str]:
    return sorted(name for _, name, _, _ in Formatter().parse(sentence) if name is not None)


def universal_phrases(language: str) -> list[str]:
    return [phrase for phrases in messages.universal_words(language).values() for phrase in phrases]


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_language_has_the_sentences_of_english_with_the_same_placeholders(language: str) -> None:
    translated = MODULES[language].MESSAGES
    assert {name: placeholders(text) for name, text in translated.items()} == {
        name: placeholders(text) for name, text in en.MESSAGES.items()
    }


@pytest.mark.parametrize("language", TRANSLATED)
def test_arabic_and_persian_sentences_hold_no_latin_letter_and_no_digit(language: str) -> None:
    for name, text in MODULES[language].MESSAGES.items():
        assert not re.search(r"[A-Za-z0-9٠-٩۰-۹*#]", re.sub(r"\{\w+\}", "", text)), name


def test_arabic_and_persian_are_not_mixed_up() -> None:
    assert not re.search("[پچژگکی]", " ".join(ar.MESSAGES.values()))
    assert not re.search("[كيىة]", " ".join(fa.MESSAGES.values()))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_all_universal_words(language: str) -> None:
    assert list(messages.universal_words(language)) == ["person", "repeat", "back", "help", "language"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_two_of_the_engines_phrases_are_one_phrase_to_a_caller(language: str) -> None:
    for group in (
        [*universal_phrases(language), *messages.yes_no_phrases(language), messages.language_name(language)],
        [
            *universal_phrases(language),
            *(phrase for key in "123456789" for phrase in messages.key_phrases(language, key)),
        ],
    ):
        for one, other in combinations(group, 2):
            assert spelling_key(one) != spelling_key(other), (one, other)


def test_the_one_persian_phrase_with_two_meanings_is_never_heard_with_both() -> None:
    """ "No" and "nine" are one word; the engine listens for key names where no yes or no is asked for."""
    names = {spelling_key(phrase) for key in "123456789" for phrase in messages.key_phrases("fa", key)}
    assert names & {spelling_key(phrase) for phrase in messages.yes_no_phrases("fa")} == {spelling_key("نه")}


@pytest.mark.parametrize("language", LANGUAGES)
def test_phrases_are_listened_for_in_the_form_in_which_they_are_heard(language: str) -> None:
    for phrase in universal_phrases(language):
        assert normalised(phrase)


@pytest.mark.parametrize(
    ("language", "spoken"),
    [
        ("en", "For sales, press 2."),
        ("ar", "إذا أردت المبيعات، فاضغط اثنين."),
        ("fa", "برای فروش، عدد دو را فشار دهید."),
    ],
)
def test_keys_are_spoken_as_words_where_a_voice_would_misread_digits(language: str, spoken: str) -> None:
    label = {"en": "sales", "ar": "المبيعات", "fa": "فروش"}[language]
    assert messages.message(language, "choice_keys", label=label, key="2") == spoken


@pytest.mark.parametrize(
    ("language", "spoken"),
    [
        ("en", "That should be from 2 to 22."),
        ("ar", "المطلوب عدد من اثنين إلى اثنين وعشرين."),
        ("fa", "باید از دو تا بیست و دو باشد."),
    ],
)
def test_limits_are_spoken_as_words_in_the_case_that_the_sentence_asks_for(language: str, spoken: str) -> None:
    assert messages.message(language, "number_range", min="2", max="22") == spoken


@pytest.mark.parametrize(("language", "phrases"), [("en", ("two",)), ("ar", ("اثنين", "اثنان")), ("fa", ("دو",))])
def test_a_key_can_be_said_in_the_ways_that_people_say_it(language: str, phrases: tuple[str, ...]) -> None:
    assert messages.key_phrases(language, "2") == phrases
