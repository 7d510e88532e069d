"""The effort budget: errors, repeats and seconds; when it is spent, a person is offered at once."""

from __future__ import annotations

import pytest

from tests.unit.flows.engine.calls import FOUR_DIGITS, Call, asking, flow_of, menu_of

OFFER = "This is taking longer than it should. To speak with a person, press 1. To go on, press 2."


def offered(call: Call) -> bool:
    return call.stage == "OfferingPerson" and OFFER in call.spoken


def test_errors_over_the_call_spend_the_budget() -> None:
    call = Call(menu_of(effort={"errors": 3})).silence().press("1").mumble().press("1")
    assert not offered(call)
    assert offered(call.press("7"))


def test_repeats_over_the_call_spend_the_budget() -> None:
    call = Call(menu_of(effort={"repeats": 3})).press("*", "1", "*", "1")
    assert not offered(call)
    assert offered(call.press("*"))


def test_seconds_of_the_call_spend_the_budget() -> None:
    call = Call(menu_of(effort={"seconds": 60})).later(59).press("1")
    assert not offered(call)
    assert offered(call.later(1).press("1"))


def test_an_answer_that_was_not_confirmed_is_an_error_too() -> None:
    assert offered(Call(menu_of(effort={"errors": 1})).hear("1", "order", sure=False).press("2"))


def test_who_accepts_the_offer_gets_a_person_of_the_flows_own_queue() -> None:
    call = Call(menu_of(effort={"errors": 1})).silence()
    assert call.press("1").last.queue == "shop"


def test_zero_at_the_offer_is_a_person_too() -> None:
    assert Call(menu_of(effort={"errors": 1})).silence().press("0").seeks()


def test_silence_at_the_offer_is_taken_for_a_yes() -> None:
    call = Call(menu_of(effort={"errors": 1})).silence(2)
    assert offered(call)
    assert call.silence().seeks()


def test_who_declines_the_offer_is_asked_again_with_a_new_budget() -> None:
    call = Call(menu_of(effort={"errors": 2})).silence(2)
    assert offered(call)
    call.later(10).press("2")
    assert "How can we help?" in call.spoken
    assert (call.state.spent.errors, call.state.spent.since) == (0, call.at)
    assert not offered(call.silence())
    assert offered(call.silence())


def test_who_declines_the_offer_goes_on_where_they_were_and_not_at_the_beginning() -> None:
    flow = flow_of({"ask": asking(FOUR_DIGITS)}, effort={"errors": 1})
    call = Call(flow).hear("4821", "four eight two one").silence()
    assert offered(call)
    assert "I heard 4 8 2 1." in call.press("2").spoken
    assert call.press("1").state.values == {"value": "4821"}


def test_who_went_back_from_the_way_to_a_person_has_a_new_budget() -> None:
    call = (
        Call(menu_of(effort={"seconds": 60})).press("1", "0").nobody().press("2").nobody().later(500).hear("#1", "back")
    )
    assert not offered(call)
    assert "How can we help?" in call.spoken


@pytest.mark.parametrize("keys", [("0",), ("0", "1")])
def test_nobody_is_offered_a_person_on_the_way_to_one(keys: tuple[str, ...]) -> None:
    call = (
        Call(menu_of(effort={"errors": 1, "seconds": 30}))
        .later(1000)
        .press(keys[0])
        .nobody()
        .press(*keys[1:])
        .silence()
    )
    assert call.stage in ("OfferingCallback", "ConfirmingNumber")


def test_the_offer_comes_after_what_was_still_to_be_said() -> None:
    call = Call(menu_of(effort={"seconds": 30})).later(60).press("1")
    assert call.spoken.startswith("It was sent. This is taking longer")


def test_help_is_given_even_where_the_budget_is_spent_and_the_offer_comes_after_it() -> None:
    call = Call(menu_of(effort={"seconds": 30})).later(60).press("#")
    assert call.stage == "Helping"
    assert offered(call.silence())


def test_three_misses_at_one_question_lead_to_a_person_before_the_budget_does() -> None:
    assert Call(menu_of(effort={"errors": 20})).silence(3).seeks()
