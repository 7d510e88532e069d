"""What a sentence means at a question."""

from __future__ import annotations

import pytest

from flows.actions import DigitRange, Grammar
from flows.conversations.hearing import Meaning, digits_in, meaning_of

MENU = Grammar(language="en", phrases={"opening hours": "2", "two": "2", "agent": "0", "one": "1"})
NUMBER = Grammar(language="en", phrases={"agent": "0"}, digits=DigitRange(min=4, max=6))
OPEN = Grammar(
    language="en",
    phrases={"where is my order": "1", "yes": "1"},
    examples={"where is order {order}": "1", "i want {count} of {count}": "2", "is it {sure}?": "3"},
)


@pytest.mark.parametrize(
    ("text", "keys"), [("Opening hours!", "2"), ("opening  HOURS", "2"), ("agent", "0"), ("2", "2"), ("two", "2")]
)
def test_a_phrase_is_understood_however_it_is_written(text: str, keys: str) -> None:
    assert meaning_of(MENU, text) == Meaning(keys=keys)


@pytest.mark.parametrize("text", ["hours", "opening", "9", "opening hours please", "", "12"])
def test_what_is_no_phrase_means_nothing(text: str) -> None:
    assert meaning_of(MENU, text) is None


@pytest.mark.parametrize("text", ["4821", "4 8 2 1", "four eight two one", "4-8-2-1", "four 8 two 1", "۴۸۲۱", "٤٨٢١"])
def test_digits_are_words_or_figures(text: str) -> None:
    assert meaning_of(NUMBER, text) == Meaning(keys="4821")


@pytest.mark.parametrize("text", ["482", "four eight two", "1234567", "four eight two apple"])
def test_too_few_or_too_many_digits_mean_nothing(text: str) -> None:
    assert meaning_of(NUMBER, text) is None


@pytest.mark.parametrize(
    ("language", "text", "digits"),
    [
        ("fa", "چهار هشت دو یک", "4821"),
        ("fa", "چهار هشت دو يك", "4821"),
        ("fa", "شیش", "6"),
        ("ar", "أربعة ثمانية اثنان واحد", "4821"),
        ("ar", "اربع", "4"),
        ("en", "oh five", "05"),
        ("en", "", None),
    ],
)
def test_digits_are_words_of_the_language_in_any_usual_spelling(language: str, text: str, digits: str | None) -> None:
    assert digits_in(language, text) == digits


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("Where is order 4 8 2 1?", Meaning(keys="1", slots={"order": "4821"})),
        ("where is order four eight two one", Meaning(keys="1", slots={"order": "4821"})),
        ("where is order of mine", Meaning(keys="1")),
        ("I want 3 of 3", Meaning(keys="2", slots={"count": "3"})),
        ("I want 3 of 4", None),
        ("is it yes", Meaning(keys="3", slots={"sure": "1"})),
        ("where is order", None),
    ],
)
def test_an_example_of_an_open_question_is_a_pattern_with_slots(text: str, meaning: Meaning | None) -> None:
    assert meaning_of(OPEN, text) == meaning


def test_a_persian_example_takes_its_slot_too() -> None:
    grammar = Grammar(language="fa", phrases={}, examples={"سفارش {order} کجاست": "1"})
    assert meaning_of(grammar, "سفارش چهار هشت دو یک کجاست؟") == Meaning(keys="1", slots={"order": "4821"})
