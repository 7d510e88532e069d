"""What may be said in a turn, and when nothing more can be meant."""

from __future__ import annotations

import msgspec
import pytest

from speech.digits import DIGIT_WORDS
from speech.grammar import Digits, Grammar, heard_digits, is_complete, is_last_phrase, unknown_words, vosk_phrases

MENU = Grammar(language="en", phrases={"sales": "to:sales", "call me back": "callback", "agent": "person"})
PIN = Grammar(language="en", phrases={"agent": "person"}, digits=Digits(min=4, max=4))


def test_the_phrase_list_has_phrases_then_digits_then_the_unknown_word() -> None:
    phrases = vosk_phrases(PIN)
    assert phrases[0] == "agent"
    assert phrases[-1] == "[unk]"
    assert {"zero", "oh", "nine", "double"} < set(phrases)
    assert vosk_phrases(MENU) == ["sales", "call me back", "agent", "[unk]"]


def test_a_phrase_with_a_word_that_the_model_does_not_know_is_left_out_and_reported() -> None:
    vocabulary = {"sales", "call", "back", "agent", "[unk]"}
    assert vosk_phrases(MENU, vocabulary) == ["sales", "agent", "[unk]"]
    assert unknown_words(MENU, vocabulary) == ["me"]


def test_double_and_oh_are_left_out_silently_where_the_model_does_not_know_them() -> None:
    vocabulary = {"agent", *DIGIT_WORDS["en"]} - {"oh"}
    assert "double" not in vosk_phrases(PIN, vocabulary)
    assert unknown_words(PIN, vocabulary) == []


@pytest.mark.parametrize(
    ("said", "complete"),
    [
        ("one two three", False),
        ("one two three four", True),
        ("one two double four", True),
        ("one two three double", False),
        ("one two three four five", False),
        ("one two [unk] four", False),
        ("agent", False),
        ("", False),
    ],
)
def test_only_the_most_digits_that_are_allowed_leave_nothing_more_to_mean(said: str, complete: bool) -> None:
    assert is_complete(PIN, said.split()) is complete


def test_a_phrase_is_never_complete_since_a_longer_one_may_follow() -> None:
    assert not is_complete(MENU, ["sales"])


def test_a_last_phrase_is_one_that_nothing_longer_begins_with() -> None:
    grammar = Grammar(
        language="en", phrases={"sales": "a", "sales team": "a", "agent": "b", "one": "c", "two fast": "d"}
    )
    numbers = msgspec.structs.replace(grammar, digits=Digits(min=1, max=4))
    assert [is_last_phrase(grammar, [word]) for word in ("sales", "agent", "one", "two", "")] == [
        False,
        True,
        True,
        False,
        False,
    ]
    assert [is_last_phrase(numbers, [word]) for word in ("sales", "agent", "one")] == [False, True, False]


@pytest.mark.parametrize(("least", "most"), [(0, 4), (5, 4), (-1, -1)])
def test_impossible_digit_counts_are_refused(least: int, most: int) -> None:
    with pytest.raises(ValueError, match="min must be"):
        Digits(min=least, max=most)


def test_a_grammar_survives_json() -> None:
    assert msgspec.json.decode(msgspec.json.encode(PIN), type=Grammar) == PIN


def test_the_recogniser_is_given_the_models_spelling_and_what_it_hears_means_the_flows_phrase() -> None:
    flow = Grammar(language="ar", phrases={"الغاء": "cancel", "موظف": "person"}, digits=Digits(min=1, max=2))
    model = {"إلغاء", "موظّف", "أربعه", "[unk]"}
    assert vosk_phrases(flow, model) == ["إلغاء", "موظّف", "أربعه", "[unk]"]
    assert flow.intent_of(["إلغاء"]) == "cancel"
    assert flow.intent_of(["موظّف"]) == "person"
    assert is_last_phrase(flow, ["إلغاء"])
    assert heard_digits(flow, ["أربعه", "أربعة"]) == "44"
    assert unknown_words(Grammar(language="ar", phrases={"إلغآء": "cancel"}), model) == []


def test_a_persian_word_with_an_invisible_gap_is_found_for_two_words_of_a_flow() -> None:
    flow = Grammar(language="fa", phrases={"تماس بگیرید": "call", "می خواهم": "want"})
    assert vosk_phrases(flow, {"می‌خواهم", "تماس", "بگيريد"}) == ["تماس بگيريد", "می‌خواهم", "[unk]"]
    assert flow.intent_of(["می‌خواهم"]) == "want"
    assert flow.intent_of(["تماس", "بگيريد"]) == "call"


def test_no_words_and_the_unknown_word_are_no_phrase() -> None:
    odd = Grammar(language="en", phrases={"unk": "a", "!": "b"})
    assert odd.intent_of([]) is None
    assert odd.intent_of(["[unk]"]) is None
