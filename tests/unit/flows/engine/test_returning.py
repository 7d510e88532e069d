"""Who calls again: what is known of them, what is booked, and what becomes of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from flows import actions, engine, events
from tests.unit.flows.engine.calls import (
    AT,
    CALLER,
    FOUR_DIGITS,
    MENU,
    Call,
    asking,
    flow_of,
    menu_of,
    promise_of,
    slots_at,
)

SOON = {"starts": None, "by": AT + timedelta(minutes=20)}


def called(speech: tuple[str, ...] = ("en",), caller: str | None = CALLER) -> events.CallStarted:
    return events.CallStarted(at=AT, call_sid="CA1", caller_number=caller, office_number=CALLER, speech=speech)


# ---------------------------------------------------------------- recognised


def test_who_is_calling_is_asked_before_anything_is_said() -> None:
    state, did = engine.start(menu_of(), called())
    assert did == [actions.RecogniseCaller(number=CALLER)]
    assert state.path == ()


def test_a_withheld_number_is_nobody_that_we_could_know() -> None:
    call = Call(menu_of(), caller=None)
    assert call.asked == []
    assert "How can we help?" in call.spoken


@pytest.mark.parametrize("languages", [["en"], ["en", "fa"]])
def test_a_fault_while_we_look_who_calls_is_nothing_that_the_caller_hears_of(languages: list[str]) -> None:
    flow = menu_of(languages=languages)
    state, _ = engine.start(flow, called())
    state, did = engine.advance(flow, state, events.Failed(at=AT, code="store"))
    known = Call(flow)
    assert did == known.did
    assert type(state.stage).__name__ == known.stage


def test_who_hangs_up_before_they_are_known_has_ended_the_call() -> None:
    flow = menu_of()
    state, _ = engine.start(flow, called())
    state, did = engine.advance(flow, state, events.HungUp(at=AT))
    assert did == []
    assert getattr(state.stage, "outcome", None) == "abandoned"


def test_in_several_languages_the_language_comes_first_and_then_what_is_booked() -> None:
    call = Call(menu_of(languages=["en", "fa"]), promise=promise_of())
    assert call.stage == "ChoosingLanguage"
    assert "booked" not in call.spoken
    assert call.press("1").spoken.startswith("You have a callback booked: tomorrow, between 2 and 3 PM, about a repair")


def test_in_one_language_the_name_of_who_is_called_comes_first() -> None:
    assert Call(menu_of(), promise=promise_of()).spoken.startswith("the corner shop. You have a callback booked:")


def test_a_reason_in_letters_that_this_voice_cannot_read_is_left_out() -> None:
    spoken = Call(menu_of(), promise=promise_of(reason="تعمیر")).spoken
    assert "You have a callback booked: tomorrow, between 2 and 3 PM, on the number ending in 0 1 2 3." in spoken


@pytest.mark.parametrize(
    ("by", "told"),
    [
        (AT + timedelta(minutes=20), "as soon as possible, by 10 50 AM, about"),
        (AT + timedelta(days=1), "as soon as possible, by tomorrow, 10 30 AM, about"),
        (AT - timedelta(minutes=5), "as soon as possible, about"),
    ],
)
def test_a_callback_as_soon_as_possible_is_told_with_its_limit_unless_that_is_over(by: datetime, told: str) -> None:
    assert told in Call(menu_of(), promise=promise_of(starts=None, by=by)).spoken


# ---------------------------------------------------------------- keep, move, cancel


@pytest.mark.parametrize("how", ["key", "silence"])
def test_what_is_kept_stays_and_the_flow_begins(how: str) -> None:
    call = Call(menu_of(), promise=promise_of())
    call = call.press("1") if how == "key" else call.silence(3)
    assert "It stays as it is. Is there anything else? How can we help?" in call.spoken
    assert call.hang_up().outcome == "callback"


def test_another_time_is_asked_for_in_the_promises_queue_and_needs_no_number() -> None:
    slots = slots_at(datetime(2026, 3, 4, 9, tzinfo=UTC), datetime(2026, 3, 4, 10, tzinfo=UTC))
    call = Call(menu_of(), promise=promise_of(queue="repairs"), slots=slots).press("2")
    assert call.asked[-1] == actions.AskSlots(queue="repairs", language="en", number=promise_of().number)
    move = call.press("2").last
    assert move == actions.MovePromise(request_id="cb7", starts=slots[1].starts, ends=slots[1].ends)
    call.on(
        events.CallbackPromised(
            at=AT, request_id="cb7", by=slots[1].ends, already_booked=False, starts=slots[1].starts, moved=True
        )
    )
    assert call.spoken.startswith("It is changed: Wednesday the 4th, between 10 and 11 AM. Is there anything else?")
    promise = call.state.promise
    assert promise is not None
    assert (promise.queue, promise.number, promise.starts) == ("repairs", CALLER, slots[1].starts)
    assert call.state.queue == "shop", "the flow's own queue is meant by a person again"


def test_a_promise_can_be_moved_to_as_soon_as_possible() -> None:
    slots = slots_at(datetime(2026, 3, 4, 9, tzinfo=UTC))
    call = Call(menu_of(), promise=promise_of(), slots=slots).press("2", "9")
    assert call.last == actions.MovePromise(request_id="cb7")


def test_without_another_time_the_choice_is_given_again() -> None:
    call = Call(menu_of(), promise=promise_of(), slots=()).press("2")
    assert call.spoken.startswith("There is no free time just now. You have a callback booked:")


@pytest.mark.parametrize("reason", ["full", "closed"])
def test_a_time_that_cannot_be_had_is_followed_by_others(reason: str) -> None:
    slots = slots_at(datetime(2026, 3, 4, 9, tzinfo=UTC))
    call = Call(menu_of(), promise=promise_of(), slots=slots).press("2", "1").refused(reason)
    assert "When shall we call you?" in call.spoken
    assert call.press("1").last.starts == slots[0].starts


def test_two_words_that_the_caller_knows_already_are_not_said_again() -> None:
    slots = slots_at(datetime(2026, 3, 4, 9, tzinfo=UTC))

    def moved(words: tuple[str, ...]) -> str:
        call = Call(menu_of(), promise=promise_of(words=("river", "lantern")), slots=slots).press("2", "1")
        return call.on(
            events.CallbackPromised(
                at=AT, request_id="cb7", by=slots[0].ends, already_booked=False, starts=slots[0].starts, words=words
            )
        ).spoken

    assert "the first thing you hear" not in moved(("river", "lantern"))
    assert "the first thing you hear is: stone, bell." in moved(("stone", "bell"))


def test_a_callback_is_cancelled_only_after_a_second_question() -> None:
    call = Call(menu_of(), promise=promise_of()).press("3")
    assert call.spoken.startswith("Shall I cancel your callback?")
    assert call.press("1").last == actions.CancelPromise(request_id="cb7")
    call.on(events.PromiseCancelled(at=AT))
    assert call.spoken.startswith("Your callback is cancelled. Is there anything else? How can we help?")
    assert call.state.promise is None
    assert call.hang_up().outcome == "abandoned"


def test_silence_is_no_word_for_cancelling() -> None:
    call = Call(menu_of(), promise=promise_of()).press("3").silence(3)
    assert "It stays as it is." in call.spoken


def test_a_promise_that_is_gone_meanwhile_is_told_as_gone() -> None:
    call = Call(menu_of(), promise=promise_of()).press("3", "1").refused("gone")
    assert call.spoken.startswith("That callback is not open any more.")
    assert call.state.promise is None


# ---------------------------------------------------------------- speak now


@pytest.mark.parametrize("how", ["4", "0"])
def test_who_wants_to_speak_now_takes_the_promises_place(how: str) -> None:
    promise = promise_of(queue="repairs")
    seek = Call(menu_of(), promise=promise).press(how).last
    assert (seek.queue, seek.arrived_at, seek.promise_id) == ("repairs", promise.arrived_at, "cb7")


@pytest.mark.parametrize("keys", [("2",), ("3",), ("#",), ("4", "nobody"), ("4", "nobody", "2", "nobody")])
def test_zero_keeps_that_place_from_every_question_about_the_promise(keys: tuple[str, ...]) -> None:
    slots = slots_at(datetime(2026, 3, 4, 9, tzinfo=UTC))
    call = Call(menu_of(), promise=promise_of(queue="repairs"), slots=slots)
    for key in keys:
        call = call.nobody() if key == "nobody" else call.press(key)
    seek = call.press("0").last
    assert (seek.queue, seek.promise_id) == ("repairs", "cb7")


def test_who_waits_in_the_promises_place_may_fall_back_to_it_and_leaves_the_line() -> None:
    call = Call(menu_of(), promise=promise_of()).press("4").nobody().press("2").nobody().press("1")
    assert call.did[0] == actions.LeaveLine(queue="shop")
    assert "booked already. We will call you on the number ending in 0 1 2 3, tomorrow" in call.spoken
    assert call.outcome == "callback"


def test_where_nobody_answers_at_this_hour_they_hear_again_what_is_booked() -> None:
    night = datetime(2026, 3, 2, 22, 0, tzinfo=UTC)
    flow = menu_of(hours={"shop": {"mon-fri": ["09:00-17:00"]}}, staffed="shop")
    call = Call(flow, at=night, promise=promise_of()).press("4").nobody()
    assert "There is nobody here to answer just now. You have a callback booked:" in call.spoken


def test_who_kept_a_window_and_then_wants_a_person_comes_in_their_own_place() -> None:
    seek = Call(menu_of(), promise=promise_of()).press("1", "0").last
    assert (seek.arrived_at, seek.promise_id) == (AT, None)


def test_who_waits_for_a_callback_as_soon_as_possible_has_one_place_and_not_two() -> None:
    promise = promise_of(**SOON)
    seek = Call(menu_of(), promise=promise).press("1", "0").last
    assert (seek.arrived_at, seek.promise_id) == (promise.arrived_at, "cb7")


# ---------------------------------------------------------------- asked for again


def callback_flow(**callback: Any) -> Any:
    return flow_of(
        {
            "main": {**MENU, "choices": [{**MENU["choices"][0], "to": "book"}]},
            "book": {"type": "callback", **callback},
        }
    )


def test_who_asks_for_the_callback_that_they_have_is_told_so_and_nothing_is_booked() -> None:
    call = Call(callback_flow(), promise=promise_of(**SOON, reason="your order")).press("1", "1")
    assert "Your callback is booked already." in call.spoken
    assert call.outcome == "callback"


def test_who_asks_for_one_while_a_window_is_booked_may_change_it() -> None:
    call = Call(callback_flow(), promise=promise_of(reason=None)).press("1", "1")
    assert call.stage == "TellingPromise"
    assert call.press("1").outcome == "callback"


def test_a_callback_about_something_else_is_another_promise() -> None:
    call = Call(callback_flow(reason="a complaint"), promise=promise_of()).press("1", "1")
    request = call.press("1").last
    assert isinstance(request, actions.RequestCallback)
    assert request.topic == "book"


def test_a_callback_of_another_queue_is_another_promise() -> None:
    call = Call(callback_flow(queue="sales"), promise=promise_of(reason=None)).press("1", "1")
    assert isinstance(call.press("1").last, actions.RequestCallback)


def test_a_promise_of_this_call_is_known_like_one_of_an_earlier_call() -> None:
    flow = flow_of(
        {
            "book": {"type": "callback", "next": "main"},
            "main": {**MENU, "choices": [{**MENU["choices"][0], "to": "end"}]},
        }
    )
    call = Call(flow).press("1").promised()
    assert call.press("0").last.promise_id == "cb1"
    assert "You have a callback booked." in call.nobody().spoken


# ---------------------------------------------------------------- values of an earlier call


def asking_flow(**more: Any) -> Any:
    return flow_of({"first": asking(FOUR_DIGITS, next="end", save_as="order", **more)})


def test_a_value_that_is_kept_counts_as_told_in_this_call() -> None:
    call = Call(asking_flow(), values={"order": "4821"})
    assert call.spoken.startswith("Last time, you gave 4 8 2 1.")
    assert call.state.remembered == ("order",)
    call.press("1")
    assert (call.outcome, call.state.values, call.state.remembered) == ("solved", {"order": "4821"}, ())
    assert [said.text for said in call.state.said] == ["4821"]


def test_a_value_that_is_not_right_any_more_costs_the_caller_nothing() -> None:
    call = Call(asking_flow(), values={"order": "4821"}).press("2")
    assert call.spoken.startswith("What is it?")
    assert (call.state.values, call.state.remembered, call.state.spent.errors) == ({}, (), 0)


def test_a_node_that_always_asks_asks() -> None:
    assert Call(asking_flow(ask_again=True), values={"order": "4821"}).spoken.startswith("What is it?")


def test_a_sensitive_value_is_never_taken() -> None:
    flow = flow_of(
        {
            "card": asking(FOUR_DIGITS, next="end", save_as="card", sensitive=True),
        }
    )
    assert Call(flow, values={"card": "4929"}).state.values == {}


@pytest.mark.parametrize(
    ("answer", "value", "taken"),
    [
        ({"type": "digits", "min": 4, "max": 4}, "482", False),
        ({"type": "digits", "min": 4, "max": 4}, 4821, False),
        ({"type": "number", "min": 1, "max": 9}, 7, True),
        ({"type": "number", "min": 1, "max": 9}, True, False),
        ({"type": "money", "max": 100, "currency": "GBP"}, 12.5, True),
        ({"type": "money", "max": 100, "currency": "GBP"}, 101, False),
        ({"type": "date"}, "2026-03-05", True),
        ({"type": "date"}, "2026-03-01", False),
        ({"type": "date", "past": True, "year": True}, "1980-02-29", True),
        ({"type": "date", "past": True}, "1981-02-29", False),
        ({"type": "date"}, "tomorrow", False),
        ({"type": "time"}, "14:30", True),
        ({"type": "time"}, "25:30", False),
        ({"type": "phone"}, "02079460199", True),
        ({"type": "phone"}, "no", False),
        ({"type": "yes_no"}, True, False),
    ],
)
def test_only_what_the_question_could_have_given_is_taken(answer: dict[str, Any], value: Any, taken: bool) -> None:
    call = Call(flow_of({"first": MENU | {"choices": [{**MENU["choices"][0], "to": "ask"}]}, "ask": asking(answer)}))
    known = Call(call.flow, values={"value": value, "other": "x"})
    assert known.state.values == ({"value": value} if taken else {})


def test_a_value_that_several_nodes_save_is_not_asked_for() -> None:
    flow = flow_of({"one": asking(FOUR_DIGITS, next="two"), "two": asking(FOUR_DIGITS)})
    assert Call(flow, values={"value": "4821"}).outcome == "solved"


def test_a_slot_of_an_open_question_is_confirmed_and_one_about_another_matter_is_asked_for() -> None:
    question = {
        "type": "open_question",
        "prompt": "What is it about?",
        "intents": {
            "order": {
                "key": "1",
                "label": "an order",
                "examples": ["order"],
                "slots": {
                    "number": {"answer": FOUR_DIGITS, "prompt": "Which number?"},
                    "people": {"answer": {"type": "number", "min": 1, "max": 9}, "prompt": "How many?"},
                },
                "to": "end",
            }
        },
    }
    call = Call(flow_of({"main": question}), values={"number": "4821", "people": 3}).press("1")
    assert call.spoken.startswith("Last time, you gave 4 8 2 1.")
    assert call.press("1").spoken.startswith("How many?")
    refused = Call(flow_of({"main": question}), values={"number": "4821"}).press("1", "2")
    assert refused.spoken.startswith("Which number?")


def test_who_goes_back_to_a_remembered_value_is_asked_anew() -> None:
    flow = flow_of({"first": asking(FOUR_DIGITS, next="main", save_as="order"), "main": MENU, "one": MENU, "two": MENU})
    call = Call(flow, values={"order": "4821"}).press("1", "#1")
    assert call.spoken.startswith("What is it?")
