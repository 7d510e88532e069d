"""Open questions: an intent in the caller's own words, the values that it needs, and the same by keys."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.flows.engine.calls import FOUR_DIGITS, Call, asking, flow_of

OPEN: dict[str, Any] = {
    "type": "open_question",
    "prompt": "What is it about?",
    "help": "Say it in your own words.",
    "intents": {
        "repair": {
            "key": "1",
            "label": "a repair",
            "examples": ["it is broken", "repair order {number} on {day}"],
            "slots": {
                "number": {"answer": FOUR_DIGITS, "prompt": "Which number?"},
                "day": {"answer": {"type": "date"}, "prompt": "Which day?"},
                "home": {"answer": {"type": "yes_no"}, "prompt": "At home?"},
            },
            "to": "told",
        },
        "hours": {"key": "2", "label": "our hours", "examples": ["when are you open"], "to": "told"},
    },
}
TOLD = {"type": "say", "prompt": "Noted.", "next": "open"}


def asked(**more: Any) -> Call:
    return Call(flow_of({"open": {**OPEN, **more}, "told": TOLD}))


def test_an_open_question_is_asked_openly_and_takes_sentences_and_keys() -> None:
    call = asked()
    assert call.spoken == "What is it about? For a person, press 0."
    grammar = call.collect.grammar
    assert grammar is not None
    assert grammar.phrases["it is broken"] == "1"
    assert grammar.phrases["two"] == "2"
    assert grammar.examples["repair order {number} on {day}"] == "1"


@pytest.mark.parametrize("speech", [(), ("fa",)])
def test_without_speech_an_open_question_is_a_menu_of_the_intents(speech: tuple[str, ...]) -> None:
    call = Call(flow_of({"open": OPEN, "told": TOLD}), speech=speech)
    assert "For a repair, press 1. For our hours, press 2." in call.spoken
    assert call.collect.grammar is None


def test_after_a_miss_an_open_question_is_a_menu_of_the_intents() -> None:
    assert "For a repair, press 1." in asked().mumble().spoken


def test_values_that_the_sentence_held_are_read_back_one_by_one_and_not_asked_for() -> None:
    call = asked().hear("1", "repair order 4821 on the third of april at home", number="4821", day="0304", home="1")
    assert "I heard 4 8 2 1." in call.spoken
    assert "the 3rd of April" in call.press("1").spoken
    assert "I heard yes." in call.press("1").spoken
    call.press("1")
    assert call.spoken.startswith("Noted.")
    assert call.state.values == {"number": "4821", "day": "2026-04-03", "home": True}
    assert call.state.reason == "a repair"


def test_what_was_said_in_one_sentence_is_told_to_the_agent_once() -> None:
    call = asked().hear("1", "repair order 4821", number="4821").press("1", "0304", "1")
    assert [said.text for said in call.state.said] == ["repair order 4821", "0304", "1"]


def test_values_that_the_sentence_did_not_hold_are_asked_for() -> None:
    call = asked().hear("1", "repair on the third of april", day="0304")
    assert "Which number?" in call.spoken
    assert "the 3rd of April" in call.press("4821").spoken
    assert "At home?" in call.press("1").spoken
    assert call.press("2").state.values == {"number": "4821", "day": "2026-04-03", "home": False}


def test_a_value_that_cannot_be_used_is_asked_for() -> None:
    assert "Which number?" in asked().hear("1", "repair order 48", number="48").spoken


def test_a_value_that_was_misheard_is_asked_for_alone() -> None:
    call = asked().hear("1", "repair order 4821 on the third", number="4821", day="0304").press("2")
    assert call.spoken.startswith("Let us try again.")
    assert "Which number?" in call.spoken
    assert "the 3rd of April" in call.press("4822").spoken


def test_the_whole_question_can_be_answered_by_keypad_alone() -> None:
    call = Call(flow_of({"open": OPEN, "told": TOLD}), speech=()).press("1", "4821", "0304", "2")
    assert call.state.values == {"number": "4821", "day": "2026-04-03", "home": False}


def test_a_spoken_value_is_read_back_and_a_spoken_yes_is_not() -> None:
    call = asked().press("1").hear("4821", "four eight two one")
    assert "I heard 4 8 2 1." in call.spoken
    call.press("1", "0304").hear("1", "yes")
    assert call.state.values["home"] is True


def test_a_doubtful_intent_is_confirmed_in_the_callers_own_words_and_keeps_its_values() -> None:
    call = asked().hear("1", "repair order 4821", sure=False, number="4821")
    assert "I heard repair order 4821." in call.spoken
    assert "I heard 4 8 2 1." in call.press("1").spoken


def test_who_goes_back_from_a_value_is_asked_the_open_question_again_and_then_for_the_value() -> None:
    call = asked().press("1", "4821").press("#1")
    assert "What is it about?" in call.spoken
    assert call.state.values == {}
    assert "Which number?" in call.press("1").spoken


def test_a_value_that_is_known_from_elsewhere_is_not_asked_for() -> None:
    flow = flow_of({"first": asking(FOUR_DIGITS, save_as="number", next="open"), "open": OPEN, "told": TOLD})
    assert "Which day?" in Call(flow).press("4821", "1").spoken


def test_a_value_that_is_said_anew_takes_the_place_of_the_known_one() -> None:
    flow = flow_of({"first": asking(FOUR_DIGITS, save_as="number", next="open"), "open": OPEN, "told": TOLD})
    call = Call(flow).press("4821").hear("1", "repair order 4822", number="4822")
    assert "I heard 4 8 2 2." in call.spoken
    assert call.press("1").state.values["number"] == "4822"


def test_the_same_intent_again_means_other_values() -> None:
    call = asked().press("1", "4821", "0304", "1")
    assert call.state.node == "open"
    assert "Which number?" in call.press("1").spoken
    assert call.press("4822", "0404", "2").state.values == {"number": "4822", "day": "2026-04-04", "home": False}


def test_zero_and_help_work_while_a_value_is_asked_for() -> None:
    assert asked().press("1").press("0").seeks()
    call = asked().press("1", "**")
    assert call.spoken.startswith("Say it in your own words.")
    assert "Which number?" in call.silence().spoken


def test_three_misses_at_a_value_lead_to_a_person_who_knows_the_intent() -> None:
    call = asked().press("1").silence()
    assert call.spoken.startswith("I did not hear anything. For help, press star twice.")
    assert "That should be 4 digits." in call.press("48").spoken
    assert call.silence().seeks()
    assert call.state.reason == "a repair"


def test_who_declines_a_person_at_a_value_is_asked_for_it_again() -> None:
    call = Call(flow_of({"open": OPEN, "told": TOLD}, effort={"errors": 1})).press("1").silence()
    assert call.stage == "OfferingPerson"
    assert "Which number?" in call.press("2").spoken


def test_a_prompt_for_a_value_that_cannot_be_worked_out_is_an_apology_and_a_person_who_knows_the_intent() -> None:
    slots = {"number": {"answer": FOUR_DIGITS, "prompt": "{missing}"}}
    intents = {"repair": {**OPEN["intents"]["repair"], "slots": slots, "examples": ["repair"]}}
    call = asked(intents=intents).hear("1", "repair")
    assert call.seeks()
    assert [said.text for said in call.state.said] == ["repair"]
