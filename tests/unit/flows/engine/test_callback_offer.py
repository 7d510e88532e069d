"""Callbacks as a flow offers them: as soon as possible or at a chosen time, on the caller's number or another."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from flows import actions, events
from tests.unit.flows.engine.calls import AT, CALLER, FOUR_DIGITS, MENU, Call, asking, flow_of, menu_of, slots_at

HOURS = {"shop": {"mon-fri": ["09:00-17:00"]}}
WINDOW = (datetime(2026, 3, 3, 9, tzinfo=UTC), datetime(2026, 3, 3, 11, tzinfo=UTC))


def booking(
    *,
    caller: str | None = CALLER,
    hours: dict[str, Any] | None = None,
    slots: tuple[events.Slot, ...] | None = None,
    **callback: Any,
) -> Call:
    """A call that comes to a callback node after an order number was given."""
    flow = flow_of(
        {
            "ask": asking(FOUR_DIGITS, next="book", save_as="order"),
            "book": {"type": "callback", **callback},
            "more": {**MENU, "prompt": "Anything else?", "choices": [{**MENU["choices"][0], "to": "end"}]},
        },
        hours=HOURS if hours is None else hours,
    )
    return Call(flow, caller=caller, slots=slots).press("4821")


def test_a_callback_as_soon_as_possible_needs_one_key_and_tells_when() -> None:
    call = booking(queue="repairs", reason="order {order}")
    assert "We will call you on the number ending in 0 1 2 3." in call.spoken
    request = call.press("1").last
    assert isinstance(request, actions.RequestCallback)
    assert (request.queue, request.number, request.starts, request.arrived_at) == ("repairs", CALLER, None, AT)
    assert request.dossier["reason"] == "order 4821"
    assert request.dossier["values"] == {"order": "4821"}
    assert [said["text"] for said in request.dossier["said"]] == ["4821"]
    assert request.dossier["path"] == ["ask", "book"]
    call.promised()
    assert "It is booked. We will call you on the number ending in 0 1 2 3 by 11 AM." in call.spoken
    assert (call.outcome, call.state.promise_id) == ("callback", "cb1")
    assert isinstance(call.last, actions.Hangup)


def test_a_callback_that_is_booked_already_is_told_with_its_own_time() -> None:
    call = booking().press("1").promised(already_booked=True, window=WINDOW)
    assert "booked already" in call.spoken
    assert "between 9 and 11 AM" in call.spoken
    assert "booked already" in booking().press("1").promised(already_booked=True).spoken


def test_where_no_time_can_be_offered_it_is_as_soon_as_possible_or_the_line() -> None:
    for call in (booking(when="choose_time", hours={}), booking(when="choose_time", slots=())):
        assert call.spoken.startswith("There is no free time just now. To be called back without losing your place")
        assert call.collect.max_keys == 1
        assert "another time" not in call.spoken
    assert booking(when="choose_time", slots=()).press("1").stage == "ConfirmingNumber"
    assert booking(when="choose_time", slots=()).press("2").last.waiting


def test_who_chooses_no_time_is_called_as_soon_as_possible() -> None:
    call = booking(when="choose_time").silence(3)
    assert call.stage == "ConfirmingNumber"
    assert call.press("1").last.starts is None


def test_the_flow_goes_on_after_the_booking_where_its_node_says_so() -> None:
    call = booking(next="more").press("1").promised()
    assert call.spoken.startswith("It is booked.")
    assert "Anything else?" in call.spoken
    assert call.hang_up().outcome == "callback"


def test_after_the_booking_the_flows_own_queue_is_meant_by_a_person_again() -> None:
    call = booking(next="more", queue="repairs").press("1").promised().fail()
    assert call.last.queue == "shop"


def test_a_booking_on_the_way_to_a_person_ends_the_call() -> None:
    assert Call(menu_of()).press("0").nobody().press("1", "1").promised().outcome == "callback"


# ---------------------------------------------------------------- which number


def test_another_number_is_keyed_in_and_read_out() -> None:
    call = booking().press("2")
    assert call.spoken.startswith("Please key in the number")
    assert call.collect.grammar is None, "one misheard digit would ring a stranger"
    assert "We will call you on the number 0 2 0, 7 9 4 6, 0 1 9 9." in call.press("02079460199").spoken
    assert call.press("1").last.number == "02079460199"


def test_a_withheld_number_is_asked_for() -> None:
    call = booking(caller=None)
    assert call.spoken.startswith("Please key in the number")
    assert call.press("02079460199", "1").last.number == "02079460199"


def test_a_number_that_is_none_is_asked_for_again() -> None:
    assert booking(caller=None).press("123").stage == "EnteringNumber"


def test_silence_at_the_callers_own_number_books_it() -> None:
    request = booking().silence(3).last
    assert isinstance(request, actions.RequestCallback)
    assert request.number == CALLER


def test_who_keys_in_no_number_stays_in_line() -> None:
    assert booking(caller=None).silence(3).last.waiting
    assert booking().press("2").silence(3).last.waiting


def test_a_refused_number_is_told_and_another_asked_for() -> None:
    call = booking(when="choose_time", slots=slots_at(WINDOW[0])).press("1", "1")
    slot = call.state.stage.plan.slot  # type: ignore[union-attr]
    assert slot == events.Slot(starts=WINDOW[0], ends=WINDOW[0] + timedelta(hours=1))
    call.refused("number")
    assert call.spoken.startswith("We cannot call that number. Please key in the number")
    assert call.press("02079460199").state.stage.plan.slot == slot  # type: ignore[union-attr]


def test_windows_are_asked_for_by_the_clock_of_the_number_that_will_be_called() -> None:
    call = booking(when="choose_time", slots=slots_at(WINDOW[0]))
    assert [asked.number for asked in call.asked if isinstance(asked, actions.AskSlots)] == [CALLER]
    withheld = booking(when="choose_time", slots=slots_at(WINDOW[0]), caller=None)
    assert [asked.number for asked in withheld.asked if isinstance(asked, actions.AskSlots)] == [None]


def test_a_keyed_number_that_is_not_called_at_that_hour_is_kept_while_another_time_is_chosen() -> None:
    call = booking(when="choose_time", slots=slots_at(WINDOW[0])).press("1", "2", "02079460199", "1").refused("closed")
    assert call.spoken.startswith("We cannot call you at that time. ")
    asked = [each for each in call.asked if isinstance(each, actions.AskSlots)][-1]
    assert asked.number == "02079460199"
    again = call.press("1")
    assert "0 1 9 9" in again.spoken, "it is read back, and not asked for again"
    request = again.press("1").last
    assert isinstance(request, actions.RequestCallback)
    assert (request.number, request.own_number, request.starts) == ("02079460199", False, WINDOW[0])


def test_who_does_not_want_that_number_after_all_keys_in_another() -> None:
    call = booking(when="choose_time", slots=slots_at(WINDOW[0])).press("1", "2", "02079460199", "1").refused("closed")
    request = call.press("1", "2", "02079460177", "1").last
    assert isinstance(request, actions.RequestCallback)
    assert request.number == "02079460177"


def test_where_too_many_wait_as_soon_as_possible_is_not_offered_again() -> None:
    call = booking(slots=slots_at(WINDOW[0])).press("1").refused("full")
    assert call.spoken.startswith("We cannot call you at that time. ")
    assert "as soon as possible" not in call.spoken
    assert isinstance(call.press("1", "1").last, actions.RequestCallback)


def test_a_window_that_somebody_else_has_taken_is_told_as_that() -> None:
    call = booking(when="choose_time", slots=slots_at(WINDOW[0])).press("1", "1").refused("full")
    assert call.spoken.startswith("That time has just been taken. ")
    assert "as soon as possible" in call.spoken


def test_a_refused_number_is_not_asked_for_again_and_again() -> None:
    assert booking().press("1").refused("number").silence(3).last.waiting


def test_where_the_promise_cannot_be_kept_on_record_the_caller_hears_so_and_stays_in_line() -> None:
    call = booking().press("1").refused("store")
    assert call.last.waiting
    assert call.nobody().spoken.startswith("I could not book the callback. You are in line.")


def test_zero_leads_to_a_person_from_each_question_about_a_callback() -> None:
    assert booking().press("0").seeks()
    assert booking(when="choose_time").press("0").seeks()
    assert booking(caller=None).press("0").seeks()


# ---------------------------------------------------------------- hanging up


def test_a_promise_stands_though_the_caller_hung_up_while_it_was_made() -> None:
    call = booking().press("1").hang_up()
    assert call.outcome == "abandoned"
    call.promised()
    assert (call.outcome, call.state.promise_id) == ("callback", "cb1")


def test_a_second_promise_changes_nothing() -> None:
    call = booking().press("1").promised()
    before = call.state
    assert call.later(5).promised().state == before
    call = booking(next="more").press("1").promised()
    assert call.promised().did == []


def test_who_hangs_up_before_saying_which_number_has_no_promise() -> None:
    assert booking().hang_up().outcome == "abandoned"


def test_promised_times_are_spoken_in_the_offices_zone() -> None:
    flow = flow_of({"book": {"type": "callback"}})
    summer = datetime(2026, 7, 1, 10, 30, tzinfo=UTC)
    assert "by 12 PM" in Call(flow, at=summer).press("1").promised().spoken
    assert summer + timedelta(minutes=30) == datetime(2026, 7, 1, 11, tzinfo=UTC)


def test_where_nobody_answers_at_this_hour_a_time_is_offered_instead_of_the_line() -> None:
    night = datetime(2026, 3, 2, 22, 0, tzinfo=UTC)
    call = Call(menu_of(hours=HOURS, staffed="shop"), at=night).press("0").nobody()
    assert "There is nobody here to answer just now. On which day shall we call you?" in call.spoken
    assert "stay on the line" not in call.spoken
    request = call.press("1", "1", "1", "1").last
    assert request.starts == datetime(2026, 3, 3, 9, tzinfo=UTC)
    assert request.ends == datetime(2026, 3, 3, 10, tzinfo=UTC)


def test_while_people_answer_the_line_is_offered_as_ever() -> None:
    call = Call(menu_of(hours=HOURS, staffed="shop")).press("0").nobody()
    assert "To stay on the line" in call.spoken


def test_a_promise_for_another_day_names_the_day() -> None:
    call = (
        booking()
        .press("1")
        .on(events.CallbackPromised(at=AT, request_id="cb1", by=AT + timedelta(days=1), already_booked=False))
    )
    assert "by tomorrow, 10 30 AM." in call.spoken
