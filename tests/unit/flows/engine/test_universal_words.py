"""The universal words and keys: always on, in the caller's language, at every question."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from flows import actions
from tests.unit.flows.engine.calls import FOUR_DIGITS, MENU, Call, asking, flow_of, menu_of, promise_of

SAY = {"type": "say", "prompt": "It was sent.", "next": "more"}
MORE = {**MENU, "prompt": "What else?", "choices": [{**MENU["choices"][0], "to": "end"}]}
OPEN: dict[str, Any] = {
    "type": "open_question",
    "prompt": "What is it about?",
    "intents": {
        "order": {
            "key": "1",
            "label": "an order",
            "examples": ["where is my order", "where is order {number}"],
            "slots": {"number": {"answer": FOUR_DIGITS, "prompt": "Which number?"}},
            "to": "end",
        }
    },
}


def answered() -> Call:
    """A caller who has just heard an answer and is asked what else there is."""
    return Call(
        flow_of({"main": {**MENU, "choices": [{**MENU["choices"][0], "to": "one"}]}, "one": SAY, "more": MORE})
    ).press("1")


def in_line() -> Call:
    return Call(menu_of(languages=["en", "ar", "fa"])).press("1", "0").nobody().press("2").nobody()


def choosing_a_time() -> Call:
    return Call(
        flow_of(
            {
                "main": {**MENU, "choices": [{**MENU["choices"][0], "to": "book"}]},
                "book": {"type": "callback", "when": "choose_time"},
            },
            hours={"shop": {"mon-sun": ["09:00-17:00"]}},
        )
    ).press("1")


STAGES: dict[str, Any] = {
    "AtNode": lambda: Call(menu_of()),
    "AskingSlot": lambda: Call(flow_of({"main": OPEN})).press("1"),
    "Confirming": lambda: Call(menu_of()).hear("1", "order", sure=False),
    "ChoosingLanguage": lambda: Call(menu_of(languages=["en", "fa"])),
    "Helping": lambda: Call(menu_of()).press("#"),
    "OfferingPerson": lambda: Call(menu_of(effort={"errors": 1})).silence(),
    "OfferingCallback": lambda: Call(menu_of()).press("0").nobody(),
    "WaitingInLine": in_line,
    "ChoosingDay": lambda: choosing_a_time(),
    "ChoosingPart": lambda: choosing_a_time().press("1"),
    "ChoosingSlot": lambda: choosing_a_time().press("1", "1"),
    "TellingPromise": lambda: Call(menu_of(), promise=promise_of()),
    "ConfirmingCancel": lambda: Call(menu_of(), promise=promise_of()).press("3"),
    "ConfirmingNumber": lambda: Call(menu_of()).press("0").nobody().press("1"),
    "EnteringNumber": lambda: Call(menu_of(), caller=None).press("0").nobody().press("1"),
}


@pytest.mark.parametrize("stage", STAGES)
def test_zero_or_the_word_leads_to_a_person_at_every_question(stage: str) -> None:
    call: Call = STAGES[stage]()
    assert call.stage == stage
    assert call.press("0").seeks()
    spoken: Call = STAGES[stage]()
    if spoken.collect.grammar is not None:
        assert spoken.collect.grammar.phrases["agent"] == "0"
    assert spoken.hear("0", "agent").seeks()


@pytest.mark.parametrize("stage", STAGES)
def test_star_repeats_what_is_asked_at_every_question(stage: str) -> None:
    call: Call = STAGES[stage]()
    before, state = call.spoken, call.state.stage
    call.press("*")
    if stage == "WaitingInLine":
        assert "You are in line." in call.spoken
    elif stage == "Helping":
        assert "How can we help?" in call.spoken
    elif stage == "OfferingPerson":
        assert "To speak with a person, press 1." in call.spoken
    else:
        assert before.endswith(call.spoken)
        assert call.spoken
        assert call.state.stage == state


@pytest.mark.parametrize("stage", STAGES)
def test_back_is_understood_at_every_question_and_always_asks_something(stage: str) -> None:
    call: Call = STAGES[stage]()
    call.hear("#1", "back")
    assert call.collect.prompts


@pytest.mark.parametrize("stage", STAGES)
def test_help_is_given_at_every_question_of_the_flow_and_of_the_way_to_a_person(stage: str) -> None:
    call: Call = STAGES[stage]()
    call.press("**" if call.collect.max_keys > 1 else "#")
    if stage in ("ChoosingLanguage", "WaitingInLine"):
        assert call.stage == stage
        assert call.collect.prompts
    else:
        assert call.stage == "Helping"
        assert "You can always do this. For a person, press 0." in call.spoken


@pytest.mark.parametrize("stage", sorted(set(STAGES) - {"ChoosingLanguage", "WaitingInLine", "Helping"}))
def test_after_help_and_a_while_the_same_question_is_asked_again(stage: str) -> None:
    call: Call = STAGES[stage]()
    before = call.state.stage
    call.press("**" if call.collect.max_keys > 1 else "#").silence()
    assert call.state.stage == before
    assert call.collect.prompts


# ---------------------------------------------------------------- repeat


def test_repeat_says_the_answer_again_and_not_the_question_alone() -> None:
    call = answered()
    assert call.spoken.startswith("It was sent. What else?")
    assert call.press("*").spoken.startswith("It was sent. What else?")
    assert call.press("*").spoken.startswith("It was sent. What else?")


def test_repeat_after_a_silence_says_the_answer_and_not_that_nothing_was_heard() -> None:
    call = answered().silence()
    assert "It was sent." not in call.spoken
    call.press("*")
    assert call.spoken.startswith("It was sent. What else?")
    assert "I did not hear anything" not in call.spoken


def test_repeat_after_help_says_the_answer_again() -> None:
    assert answered().press("#").silence().press("*").spoken.startswith("It was sent. What else?")
    assert answered().press("#", "*").spoken.startswith("It was sent. What else?")


def test_repeat_after_a_doubtful_word_was_taken_back_says_the_answer_again() -> None:
    call = answered().hear("1", "order", sure=False).press("*")
    assert call.spoken.startswith("I heard order.")
    assert call.press("2", "*").spoken.startswith("It was sent. What else?")


def test_repeat_after_a_person_was_declined_says_the_answer_again() -> None:
    call = answered()
    call.later(1000).silence()
    assert call.stage == "OfferingPerson"
    assert call.press("2").press("*").spoken.startswith("It was sent. What else?")


@pytest.mark.parametrize("word", ["*", "#", "0"])
def test_who_asks_for_anything_in_line_hears_that_they_are_in_line(word: str) -> None:
    call = in_line().silence().nobody()
    assert call.spoken == ""
    call.press(word)
    if word == "0":
        call.nobody()
    assert "You are in line." in call.spoken


def test_a_wrong_key_in_line_is_answered() -> None:
    call = in_line().silence().nobody().press("7")
    assert call.spoken == "I did not understand that. You are in line. To be called back instead, press 1 at any time."


# ---------------------------------------------------------------- back


def three_questions(**languages: Any) -> Call:
    return Call(
        flow_of(
            {
                "a": asking({"type": "yes_no"}, prompt="First?", save_as="a", next="b"),
                "b": asking({"type": "yes_no"}, prompt="Second?", save_as="b", next="c"),
                "c": asking({"type": "yes_no"}, prompt="Third?", save_as="c", next="end"),
            },
            **languages,
        )
    )


def test_back_goes_from_question_to_question_and_stays_at_the_first() -> None:
    call = three_questions().press("1", "2")
    assert "Third?" in call.spoken
    assert "Second?" in call.press("#1").spoken
    assert "First?" in call.press("#1").spoken
    assert "First?" in call.press("#1").spoken
    assert call.state.values == {}
    assert call.state.said == ()


def test_hash_and_one_go_back() -> None:
    call = three_questions().press("1", "#")
    assert "To go back, press 1." in call.spoken
    assert "First?" in call.press("1").spoken


def test_back_skips_a_question_that_was_skipped() -> None:
    call = Call(
        flow_of(
            {
                "a": asking(FOUR_DIGITS, prompt="First?", next="b"),
                "b": asking(FOUR_DIGITS, prompt="Second?", next="c"),
                "c": asking({"type": "yes_no"}, prompt="Third?", save_as="c", next="end"),
            }
        )
    ).press("4821")
    assert "Third?" in call.spoken
    assert "First?" in call.press("#1").spoken


def test_back_from_a_question_that_was_asked_twice_goes_to_the_one_before_it() -> None:
    call = Call(
        flow_of(
            {
                "a": asking({"type": "yes_no"}, prompt="First?", save_as="a", next="b"),
                "b": asking(FOUR_DIGITS, prompt="Second?", next="look"),
                "look": {
                    "type": "branch",
                    "cases": [{"when": 'value == "4821"', "to": "end"}],
                    "otherwise": "b",
                },
            }
        )
    ).press("1", "1111", "2222")
    assert "Second?" in call.spoken
    assert "First?" in call.press("#1").spoken


def test_back_while_an_answer_is_confirmed_asks_for_the_answer_again() -> None:
    call = three_questions().hear("1", "yes", sure=False).press("#1")
    assert "First?" in call.spoken


def test_back_from_the_way_to_a_person_goes_to_the_flows_last_question() -> None:
    for keys in ((), ("1",), ("1", "2")):
        call = three_questions().press("1", "0").nobody().press(*keys).press("#1")
        assert "Second?" in call.spoken


def test_back_from_the_line_gives_up_the_place_in_it() -> None:
    call = in_line().hear("#1", "back")
    assert call.did[0] == actions.LeaveLine(queue="shop")
    assert call.stage == "AtNode"


def test_back_from_the_offer_of_a_person_declines_it() -> None:
    call = Call(menu_of(effort={"errors": 1})).silence().press("#1")
    assert call.stage == "AtNode"


def test_back_into_the_flow_forgets_whom_a_transfer_was_to() -> None:
    flow = flow_of(
        {
            "main": {**MENU, "choices": [{**MENU["choices"][0], "to": "out"}, {**MENU["choices"][1], "to": "broken"}]},
            "out": {"type": "transfer", "to": {"queue": "repairs"}, "whisper": "A repair."},
            "broken": {"type": "say", "prompt": "{missing}", "next": "end"},
        }
    )
    call = Call(flow).press("1")
    assert call.last.queue == "repairs"
    call.nobody().press("#1").press("2")
    assert (call.last.queue, call.state.whisper) == ("shop", None)


# ---------------------------------------------------------------- help


def test_help_says_the_nodes_own_text_first() -> None:
    call = Call(flow_of({"main": asking(FOUR_DIGITS, help="It is on the e-mail.")})).press("**")
    assert call.spoken.startswith("It is on the e-mail. You can always do this.")


def test_help_on_the_way_to_a_person_does_not_say_the_nodes_own_text() -> None:
    call = Call(flow_of({"main": asking(FOUR_DIGITS, help="It is on the e-mail.")})).press("0").nobody().press("#")
    assert call.spoken.startswith("You can always do this.")


def test_two_stars_are_help_where_digits_are_keyed_in() -> None:
    call = Call(flow_of({"main": asking(FOUR_DIGITS)})).silence()
    assert "For help, press star twice." in call.spoken
    assert call.press("**").stage == "Helping"


# ---------------------------------------------------------------- the words


def test_a_flow_can_rename_the_words() -> None:
    phrases = Call(menu_of(phrases={"person": ["till"], "repeat": ["say again"]})).collect.grammar.phrases  # type: ignore[union-attr]
    assert phrases["till"] == "0"
    assert phrases["say again"] == "*"
    assert "agent" not in phrases


def test_a_word_that_is_renamed_in_one_language_is_kept_in_the_others() -> None:
    call = Call(menu_of(languages=["en", "fa"], phrases={"person": {"en": ["till"]}})).press("2")
    assert call.collect.grammar is not None
    assert call.collect.grammar.phrases["اپراتور"] == "0"


@pytest.mark.parametrize("person", [[], {"en": []}, [""]])
def test_a_flow_cannot_remove_the_word_for_a_person(person: object) -> None:
    with pytest.raises(ValidationError):
        menu_of(phrases={"person": person})


@pytest.mark.parametrize("key", ["0", "*", "#"])
def test_a_flow_cannot_use_the_universal_keys(key: str) -> None:
    with pytest.raises(ValidationError):
        flow_of({"main": {**MENU, "choices": [{**MENU["choices"][0], "key": key, "to": "end"}]}})


def test_a_flows_own_phrase_does_not_hide_the_word_for_a_person() -> None:
    flow = flow_of({"main": {**MENU, "choices": [{**MENU["choices"][0], "phrases": ["agent"], "to": "end"}]}})
    assert Call(flow).collect.grammar.phrases["agent"] == "0"  # type: ignore[union-attr]


def test_the_word_for_another_language_is_there_only_where_there_is_one() -> None:
    assert "#2" not in Call(menu_of()).collect.grammar.phrases.values()  # type: ignore[union-attr]
    assert "#2" in Call(menu_of(languages=["en", "fa"])).press("1").collect.grammar.phrases.values()  # type: ignore[union-attr]
