"""Choosing the time of a callback: days, parts of a day, windows; by keys and by what callers say."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from flows import actions, events
from flows.parts import LANGUAGES
from flows.phrases import spelling_key
from tests.unit.flows.engine.calls import AT, CALLER, FOUR_DIGITS, Call, asking, flow_of, menu_of, slots_at

TOMORROW = datetime(2026, 3, 3, tzinfo=UTC)


def booking(*slots: datetime, language: str = "en", **more: Any) -> Call:
    callback = {"type": "callback", "when": "choose_time", **more.pop("callback", {})}
    flow = flow_of({"book": callback}, languages=[language], **more)
    return Call(flow, slots=slots_at(*slots))


def hours_of(day: datetime, *hours: int) -> list[datetime]:
    return [day + timedelta(hours=hour) for hour in hours]


def many_days(count: int, *hours: int) -> list[datetime]:
    return [at for day in range(count) for at in hours_of(TOMORROW + timedelta(days=day), *hours)]


def offered(call: Call) -> int:
    """How many times or days are offered now."""
    return sum("press" in prompt.text for prompt in call.collect.prompts) - 1


# ---------------------------------------------------------------- all of them can be reached


@pytest.mark.parametrize("speech", [("en",), ()])
def test_every_window_of_two_months_can_be_reached_by_keys(speech: tuple[str, ...]) -> None:
    starts = many_days(20, *range(7, 22))
    flow = flow_of({"book": {"type": "callback", "when": "choose_time"}})
    reached: set[datetime] = set()
    days = Call(flow, slots=slots_at(*starts), speech=speech)
    for page in range(4):
        for day in range(1, 7 if page < 3 else 3):
            first = Call(flow, slots=slots_at(*starts), speech=speech).press(*"8" * page, str(day))
            for part in range(1, 4):
                slots = Call(flow, slots=slots_at(*starts), speech=speech).press(*"8" * page, str(day), str(part))
                seen: set[datetime] = set()
                while True:
                    before = len(seen)
                    for key in "12345":
                        if key in _keys(slots):
                            seen.add(_starts(slots, key))
                    if "8" not in _keys(slots) or len(seen) == before:
                        break
                    slots.press("8")
                reached |= seen
            assert first.stage == "ChoosingPart"
    assert days.stage == "ChoosingDay"
    assert reached == set(starts)


def _keys(call: Call) -> str:
    stage = call.state.stage
    count = min(5, len(stage.slots) - stage.page * 5)  # type: ignore[union-attr]
    return "12345"[:count] + ("8" if len(stage.slots) > 5 else "")  # type: ignore[union-attr]


def _starts(call: Call, key: str) -> datetime:
    stage = call.state.stage
    return stage.slots[stage.page * 5 + int(key) - 1].starts  # type: ignore[no-any-return, union-attr]


def test_six_days_at_a_time_and_one_key_for_the_others() -> None:
    call = booking(*many_days(8, 9))
    assert [f"press {key}." in call.spoken for key in "1234567"] == [True] * 6 + [False]
    assert "For other days, press 8." in call.spoken
    assert "For Monday the 9th, press 1." in call.press("8").spoken
    assert "For tomorrow, press 1." in call.press("8").spoken


def test_a_day_that_was_chosen_is_asked_about_once_more_from_its_own_midnight() -> None:
    flow = flow_of({"book": {"type": "callback", "when": "choose_time"}}, time_zone="Asia/Tehran")
    call = Call(flow, slots=slots_at(*many_days(8, 9))).press("2")
    assert call.asked[-1] == actions.AskSlots(
        queue="shop", language="en", since=datetime(2026, 3, 3, 20, 30, tzinfo=UTC), number=CALLER
    )


def test_a_day_that_is_full_by_then_leads_back_to_the_days() -> None:
    call = booking(*many_days(8, 9))
    call.slots = tuple(slot for slot in call.slots or () if slot.starts.date() != date(2026, 3, 4))
    call.press("2")
    assert call.spoken.startswith("That time has just been taken. On which day shall we call you?")
    assert "Wednesday" not in call.spoken


def test_few_windows_of_a_day_are_offered_without_asking_for_a_part_of_it() -> None:
    assert booking(*many_days(8, 9, 11, 14)).press("1").stage == "ChoosingSlot"
    assert booking(*many_days(8, 9, 10, 11, 14, 15)).press("1").stage == "ChoosingPart"
    assert booking(*many_days(8, 6, 7, 8, 9, 10, 11)).press("1").stage == "ChoosingSlot"


def test_where_there_is_one_day_it_is_told_and_not_asked_for() -> None:
    call = booking(*hours_of(TOMORROW, 9, 10, 11, 14, 15))
    assert call.spoken.startswith("We can call you tomorrow. At what time of day?")


def test_windows_are_offered_inside_the_hours_that_the_node_names() -> None:
    call = booking(
        *hours_of(TOMORROW, 8, 9, 11, 12), callback={"hours": "morning"}, hours={"morning": {"tue": ["09:00-12:00"]}}
    )
    assert "between 9 and 10 AM, press 1." in call.spoken
    assert "between 11 AM and 12 PM, press 2." in call.spoken
    assert "press 3." not in call.spoken


def test_as_soon_as_possible_is_one_key_everywhere_unless_the_queue_takes_no_more() -> None:
    for keys in ((), ("1",), ("1", "1")):
        call = booking(*many_days(8, 9, 10, 11, 14, 15)).press(*keys)
        assert "For as soon as possible, press 9." in call.spoken
        assert call.press("9").stage == "ConfirmingNumber"
    night = datetime(2026, 3, 2, 22, 0, tzinfo=UTC)
    flow = menu_of(hours={"shop": {"mon-fri": ["09:00-17:00"]}}, staffed="shop")
    call = Call(flow, at=night).press("0").on(events.NobodyFree(at=night, offers_callback=False))
    assert call.stage == "ChoosingDay"
    assert "as soon as possible" not in call.spoken
    assert call.press("9").stage == "ChoosingDay"
    assert call.silence(3).last.waiting


def test_a_window_that_crosses_the_change_of_the_clocks_is_told_in_the_offices_time() -> None:
    summer = datetime(2026, 3, 29, 8, tzinfo=UTC)
    assert "For Sunday the 29th, between 9 and 10 AM, press 1." in booking(summer).spoken


def test_a_day_more_than_four_weeks_ahead_is_told_with_its_month() -> None:
    assert "For Thursday the 2nd of April, between 9" in booking(datetime(2026, 4, 2, 8, tzinfo=UTC)).spoken


# ---------------------------------------------------------------- what can be said


def phrases(call: Call) -> dict[str, str]:
    assert call.collect.grammar is not None
    return call.collect.grammar.phrases


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", {"tomorrow": "1", "on wednesday": "2", "wednesday the fourth": "2", "other days": "8", "soon": "9"}),
        ("ar", {"غدا": "1", "الأربعاء": "2", "يوم الأربعاء": "2", "أيام أخرى": "8", "أقرب وقت": "9"}),
        ("fa", {"فردا": "1", "چهارشنبه": "2", "چهارشنبه سیزدهم": "2", "روزهای دیگر": "8", "اولین فرصت": "9"}),
    ],
)
def test_a_day_can_be_said(language: str, said: dict[str, str]) -> None:
    heard = {
        spelling_key(phrase): keys for phrase, keys in phrases(booking(*many_days(8, 9), language=language)).items()
    }
    assert {phrase: heard.get(spelling_key(phrase)) for phrase in said} == said


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", {"at two": "1", "two o'clock": "1", "between two and three": "1", "from three to four": "2"}),
        ("ar", {"الساعة الثانية": "1", "بين الثانية والثالثة": "1", "الساعة الثالثة بعد الظهر": "2"}),
        ("fa", {"ساعت دو": "1", "بین دو و سه": "1", "ساعت سه بعد از ظهر": "2", "از سه تا چهار": "2"}),
    ],
)
def test_a_time_can_be_said(language: str, said: dict[str, str]) -> None:
    call = booking(*many_days(8, 14, 15), language=language).press("1")
    heard = {spelling_key(phrase): keys for phrase, keys in phrases(call).items()}
    assert {phrase: heard.get(spelling_key(phrase)) for phrase in said} == said


def test_what_could_mean_two_windows_means_none() -> None:
    heard = phrases(booking(*many_days(8, 2, 14)).press("1"))
    assert "at two" not in heard
    assert (heard["at two at night"], heard["at two in the afternoon"]) == ("1", "2")


def test_a_day_with_several_windows_is_no_answer_where_windows_are_asked_for() -> None:
    heard = phrases(booking(*hours_of(TOMORROW, 9, 10), *hours_of(TOMORROW + timedelta(days=1), 9)))
    assert "tomorrow" not in heard
    assert heard["wednesday"] == "3"
    assert heard["tomorrow at ten"] == "2"


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_phrase_about_times_is_a_universal_word_or_the_name_of_another_key(language: str) -> None:
    for keys in ((), ("1",), ("1", "1")):
        call = booking(*many_days(8, *range(6, 22)), language=language).press(*keys)
        heard = phrases(call)
        assert len({spelling_key(phrase) for phrase in heard}) == len(heard)


def test_a_caller_who_cannot_be_heard_is_not_told_to_speak() -> None:
    flow = flow_of({"book": {"type": "callback", "when": "choose_time"}})
    call = Call(flow, slots=slots_at(*many_days(8, 9)), speech=())
    assert "say" not in call.spoken
    assert call.collect.grammar is None


# ---------------------------------------------------------------- back, and hanging up


def test_back_leads_from_a_time_to_the_days_and_from_the_number_to_the_times() -> None:
    call = booking(*many_days(8, 9, 10, 11, 14, 15)).press("1", "1", "#1")
    assert call.stage == "ChoosingDay"
    assert call.press("1", "1", "1", "#1").stage == "ChoosingDay"


def request_of(call: Call) -> actions.RequestCallback:
    (request,) = [action for action in call.hang_up().did if isinstance(action, actions.RequestCallback)]
    return request


def test_who_has_chosen_nothing_at_a_flows_callback_has_agreed_to_nothing() -> None:
    assert booking(*many_days(8, 9)).hang_up().did == []
    assert booking(*many_days(8, 9)).press("8").hang_up().did == []


def test_who_had_chosen_a_day_is_called_as_soon_as_possible_and_who_had_chosen_a_window_in_it() -> None:
    assert request_of(booking(*many_days(8, 9, 10)).press("1")).starts is None
    chosen = request_of(booking(*many_days(8, 9, 10)).press("1", "2"))
    assert (chosen.starts, chosen.ends) == (TOMORROW + timedelta(hours=10), TOMORROW + timedelta(hours=11))


def test_what_was_agreed_is_registered_once() -> None:
    call = Call(menu_of()).press("0").nobody().press("1").hang_up()
    assert isinstance(call.last, actions.RequestCallback)
    call.promised()
    assert (call.outcome, call.state.promise_id) == ("callback", "cb1")
    assert call.hang_up().did == [actions.Hangup()]
    booked = Call(menu_of()).press("0").nobody().press("1", "1").hang_up()
    assert not any(isinstance(action, actions.RequestCallback) for action in booked.did), "it is under way already"


def test_a_refused_registration_leaves_the_call_abandoned() -> None:
    call = Call(menu_of()).press("0").nobody().press("1").hang_up().refused("not_allowed")
    assert call.outcome == "abandoned"


def test_without_a_number_nothing_can_be_registered() -> None:
    assert Call(menu_of(), caller=None).press("0").nobody().press("1").hang_up().did == []
    refused = Call(menu_of()).press("0").nobody().press("1", "1").refused("own")
    assert refused.hang_up().did == [], "the number that calls is not to be called"


def test_the_number_that_was_being_read_back_counts_and_one_that_was_not_keyed_in_yet_is_the_callers_own() -> None:
    call = Call(menu_of()).press("0").nobody().press("1", "2", "02079460199")
    request = request_of(call)
    assert (request.number, request.own_number) == ("02079460199", False)
    own = request_of(Call(menu_of()).press("0").nobody().press("1", "2"))
    assert own.own_number


def test_a_request_says_who_asks_what_it_is_about_and_who_comes_first() -> None:
    queues = {
        "shop": {
            "priorities": [
                {"name": "broken", "when": "missing > 3", "head_start_minutes": 5},
                {"name": "urgent", "when": 'order == "4821"', "head_start_minutes": 30},
                {"name": "later", "when": "true", "head_start_minutes": 1},
            ]
        }
    }
    flow = flow_of(
        {"ask": asking(FOUR_DIGITS, next="book", save_as="order"), "book": {"type": "callback", "reason": "it"}},
        queues=queues,
    )
    request = Call(flow).press("4821", "1").last
    assert (request.language, request.topic, request.own_number) == ("en", "book", True)
    assert (request.priority, request.head_start_s) == ("urgent", 1800)
    assert (Call(flow).press("7305", "1").last.priority, AT) == ("later", AT)
    seek = Call(flow).press("4821", "0").last
    assert (seek.priority, seek.head_start_s) == ("urgent", 1800)
