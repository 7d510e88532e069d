"""Languages in a call: chosen at the beginning, changed at any time, heard where they can be."""

from __future__ import annotations

from typing import Any

import pytest

from flows import actions
from tests.unit.flows.engine.calls import FOUR_DIGITS, Call, asking, flow_of

TWO = ["en", "fa"]
THREE = ["en", "ar", "fa"]
PROMPT = {"en": "Your number?", "ar": "ما رقمك؟", "fa": "شماره شما؟"}
TOLD = {"en": "Thanks.", "ar": "شكرا.", "fa": "ممنون."}


def begun(languages: list[str], **more: Any) -> Call:
    return Call(
        flow_of(
            {
                "told": {"type": "say", "prompt": TOLD, "next": "ask"},
                "ask": asking(FOUR_DIGITS, prompt=PROMPT),
            },
            languages=languages,
        ),
        **more,
    )


def languages_heard(call: Call) -> set[str]:
    return {prompt.language for prompt in call.collect.prompts}


def test_a_flow_in_one_language_begins_at_once() -> None:
    assert begun(["en"]).spoken.startswith("Thanks. Your number?")


@pytest.mark.parametrize("languages", [TWO, THREE])
def test_a_flow_in_several_languages_offers_each_in_itself_first(languages: list[str]) -> None:
    call = begun(languages)
    assert call.spoken.startswith("the corner shop For English, press 1.")
    assert languages_heard(call) == set(languages)


def test_a_language_is_chosen_by_key_or_by_its_name() -> None:
    for call in (begun(THREE).press("3"), begun(THREE).hear("3", "فارسی")):
        assert call.state.language == "fa"
        assert call.spoken.startswith("ممنون. شماره شما؟")
        assert languages_heard(call) == {"fa"}


@pytest.mark.parametrize("miss", ["silence", "mumble"])
def test_who_chooses_no_language_begins_in_the_first(miss: str) -> None:
    call = begun(THREE)
    getattr(call, miss)()
    assert call.stage == "ChoosingLanguage"
    getattr(call, miss)()
    assert call.spoken.startswith("Thanks. Your number?")


def test_zero_instead_of_a_language_is_a_person() -> None:
    call = begun(THREE).press("0")
    assert call.seeks()
    assert "All our people are busy" in call.nobody().spoken
    assert call.press("2").last.waiting


def test_help_and_star_instead_of_a_language_offer_the_languages_again() -> None:
    for key in ("#", "*"):
        assert "For English, press 1." in begun(THREE).press(key).spoken


def test_with_two_languages_the_word_changes_to_the_other_one() -> None:
    call = begun(TWO).press("1").hear("#2", "language")
    assert call.spoken.startswith("شماره شما؟")
    assert "Your number?" in call.hear("#2", "زبان").spoken


def test_with_three_languages_the_word_offers_them_and_the_question_goes_on() -> None:
    call = begun(THREE).press("1").hear("#2", "language")
    assert "For English, press 1." in call.spoken
    assert not call.spoken.startswith("the corner shop")
    call.press("2")
    assert call.spoken.startswith("ما رقمك؟")
    assert call.press("4821").outcome == "solved"


def test_hash_and_two_change_the_language() -> None:
    call = begun(TWO).press("1", "**")
    assert "For another language, press 2." in call.spoken
    assert call.press("2").state.language == "fa"


def test_back_from_the_choice_of_a_language_is_the_question_in_the_same_language() -> None:
    call = begun(THREE).press("1").hear("#2", "language").hear("#1", "back")
    assert call.spoken.startswith("Your number?")


def test_a_language_that_is_chosen_anew_does_not_repeat_what_was_said_in_the_old_one() -> None:
    call = begun(TWO).press("1").hear("#2", "language").press("*")
    assert languages_heard(call) == {"fa"}


def test_who_keeps_their_language_after_all_can_still_repeat_the_answer() -> None:
    call = begun(THREE).press("1").hear("#2", "language").press("1").press("*")
    assert call.spoken.startswith("Thanks. Your number?")


def test_an_answer_that_is_being_confirmed_is_confirmed_in_the_new_language() -> None:
    call = begun(TWO).press("1").hear("4821", "four eight two one").hear("#2", "language")
    assert call.stage == "Confirming"
    assert languages_heard(call) == {"fa"}
    assert call.press("1").state.values == {"value": "4821"}


def test_the_way_to_a_person_speaks_the_new_language_too() -> None:
    call = begun(TWO).press("1", "0").nobody().hear("#2", "language")
    assert call.stage == "OfferingCallback"
    assert languages_heard(call) == {"fa"}


def test_who_changes_the_language_in_line_hears_that_they_are_in_line() -> None:
    call = begun(TWO).press("1", "0").nobody().press("2").nobody().silence().nobody().hear("#2", "language")
    assert languages_heard(call) == {"fa"}


def test_a_language_that_cannot_be_heard_goes_by_keys_and_the_other_by_voice() -> None:
    call = begun(TWO, speech=("en",)).press("1")
    assert call.collect.grammar is not None
    assert call.hear("#2", "language").collect.grammar is None


def test_where_a_flow_has_one_language_the_word_for_another_changes_nothing() -> None:
    call = begun(["en"]).press("#2")
    assert call.state.language == "en"
    assert "Your number?" in call.spoken


def test_a_prompt_is_text_or_an_audio_file_in_each_language() -> None:
    prompt = {"en": {"audio": "hello.wav", "text": "Hello."}, "fa": "سلام."}
    flow = flow_of({"end": {"type": "end", "prompt": prompt, "outcome": "solved"}}, languages=TWO)
    assert Call(flow).press("1").did[0] == actions.Play(audio="hello.wav", text="Hello.", language="en")
    assert Call(flow).press("2").did[0] == actions.Say(text="سلام.", language="fa")
