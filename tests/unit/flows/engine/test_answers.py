"""Typed answers: what may be keyed in or said, what value it becomes, and when it is read back."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from tests.unit.flows.engine.calls import FOUR_DIGITS, MENU, Call, asking, flow_of

DAY_MONTH = {"type": "date"}
ANY_DAY = {"type": "date", "past": True}
BIRTH = {"type": "date", "past": True, "year": True}
PEOPLE = {"type": "number", "min": 1, "max": 12}
FROM_ZERO = {"type": "number", "max": 999}
POUNDS = {"type": "money", "currency": "GBP", "max": 500}
CLOCK = {"type": "time"}
YES_NO = {"type": "yes_no"}
PHONE = {"type": "phone"}
NEW_YEARS_EVE = dt.datetime(2026, 12, 31, 12, tzinfo=dt.UTC)
NEW_YEAR = dt.datetime(2027, 1, 1, 12, tzinfo=dt.UTC)
LEAP_YEAR = dt.datetime(2028, 1, 10, 12, tzinfo=dt.UTC)
# The last day of the Jalali year 1404 is 20 March 2026; 1403 was a leap year, 1404 is none.
NOWRUZ_EVE = dt.datetime(2026, 3, 20, 12, tzinfo=dt.UTC)
MARCH = dt.datetime(2026, 3, 2, 12, tzinfo=dt.UTC)


def asked(answer: dict[str, Any], *, language: str = "en", at: dt.datetime = MARCH, **more: Any) -> Call:
    return Call(flow_of({"ask": asking(answer, **more)}, languages=[language]), at=at)


@pytest.mark.parametrize(
    ("answer", "keys", "value"),
    [
        (FOUR_DIGITS, "4821", "4821"),
        (FOUR_DIGITS, "0123", "0123"),
        (FOUR_DIGITS, "0000", "0000"),
        ({"type": "digits", "min": 4, "max": 6}, "482155", "482155"),
        (PEOPLE, "1", 1),
        (PEOPLE, "12", 12),
        (PEOPLE, "05", 5),
        (FROM_ZERO, "00", 0),
        (FROM_ZERO, "000", 0),
        (FROM_ZERO, "007", 7),
        (FROM_ZERO, "999", 999),
        (POUNDS, "500", 500),
        (POUNDS, "12*5", 12.5),
        (POUNDS, "12*05", 12.05),
        (POUNDS, "*50", 0.5),
        (POUNDS, "5*", 5),
        (POUNDS, "00", 0),
        ({"type": "money", "currency": "KWD"}, "1*250", 1.25),
        (CLOCK, "0000", "00:00"),
        (CLOCK, "1430", "14:30"),
        (CLOCK, "2359", "23:59"),
        (YES_NO, "1", True),
        (YES_NO, "2", False),
        (PHONE, "02079460123", "02079460123"),
        (PHONE, "123456", "123456"),
        (DAY_MONTH, "0203", "2026-03-02"),
        (DAY_MONTH, "0103", "2027-03-01"),
        (DAY_MONTH, "01032027", "2027-03-01"),
        (ANY_DAY, "0103", "2026-03-01"),
        (BIRTH, "29022024", "2024-02-29"),
        (BIRTH, "12041980", "1980-04-12"),
    ],
)
def test_what_is_keyed_in_becomes_a_value_of_the_answers_type(answer: dict[str, Any], keys: str, value: object) -> None:
    call = asked(answer).press(keys)
    assert call.state.values == {"value": value}
    assert call.outcome == "solved"


@pytest.mark.parametrize(
    ("answer", "keys", "complaint"),
    [
        (FOUR_DIGITS, "482", "That should be 4 digits."),
        (FOUR_DIGITS, "48*1", "That should be 4 digits."),
        ({"type": "digits", "min": 4, "max": 6}, "1", "That should be 4 to 6 digits."),
        (PEOPLE, "13", "That should be from 1 to 12."),
        (PEOPLE, "00", "That should be from 1 to 12."),
        (POUNDS, "501", "That should be from 0 to 500."),
        (POUNDS, "500*01", "That should be from 0 to 500."),
        (POUNDS, "1*5*5", "That should be from 0 to 500."),
        (POUNDS, "1*234", "That should be from 0 to 500."),
        ({"type": "money", "currency": "IRR"}, "1*2", "That should be from 0 to 99999."),
        (CLOCK, "2400", "That is not a time of day."),
        (CLOCK, "1260", "That is not a time of day."),
        (CLOCK, "930", "That is not a time of day."),
        (PHONE, "12345", "That is not a telephone number."),
        (DAY_MONTH, "3113", "That is not a day that I can take."),
        (DAY_MONTH, "3104", "That is not a day that I can take."),
        (DAY_MONTH, "0000", "That is not a day that I can take."),
        (DAY_MONTH, "010320", "That is not a day that I can take."),
        (DAY_MONTH, "01032026", "That is not a day that I can take."),
        (DAY_MONTH, "01010000", "That is not a day that I can take."),
        (DAY_MONTH, "2902", "That is not a day that I can take."),
        (BIRTH, "29022023", "That is not a day that I can take."),
        (BIRTH, "1204", "That is not a day that I can take."),
    ],
)
def test_what_is_no_such_value_is_explained_and_asked_for_again(
    answer: dict[str, Any], keys: str, complaint: str
) -> None:
    call = asked(answer).press(keys)
    assert complaint in call.spoken
    assert "What is it?" in call.spoken
    assert call.state.values == {}


def test_yes_or_no_is_explained_again_after_another_key() -> None:
    call = asked(YES_NO).press("5")
    assert "I did not understand that." in call.spoken
    assert "Say yes, or press 1." in call.spoken


@pytest.mark.parametrize(
    ("answer", "keys", "at", "day"),
    [
        (DAY_MONTH, "0101", NEW_YEARS_EVE, "2027-01-01"),
        (DAY_MONTH, "3112", NEW_YEARS_EVE, "2026-12-31"),
        (DAY_MONTH, "3012", NEW_YEARS_EVE, "2027-12-30"),
        (ANY_DAY, "3112", NEW_YEAR, "2026-12-31"),
        (ANY_DAY, "0101", NEW_YEARS_EVE, "2027-01-01"),
        (DAY_MONTH, "2902", LEAP_YEAR, "2028-02-29"),
    ],
)
def test_a_date_without_a_year_is_the_next_one_or_where_the_past_counts_the_nearest(
    answer: dict[str, Any], keys: str, at: dt.datetime, day: str
) -> None:
    assert asked(answer, at=at).press(keys).state.values == {"value": day}


@pytest.mark.parametrize(
    ("answer", "keys", "at", "day"),
    [
        (BIRTH, "23011359", MARCH, "1980-04-12"),
        (DAY_MONTH, "0101", NOWRUZ_EVE, "2026-03-21"),
        (DAY_MONTH, "2912", NOWRUZ_EVE, "2026-03-20"),
        (BIRTH, "30121403", NOWRUZ_EVE, "2025-03-20"),
    ],
)
def test_a_persian_caller_keys_in_jalali_dates(answer: dict[str, Any], keys: str, at: dt.datetime, day: str) -> None:
    assert asked(answer, language="fa", at=at).press(keys).state.values == {"value": day}


@pytest.mark.parametrize("keys", ["30121404", "31071403", "01010000", "00011403"])
def test_a_day_that_the_jalali_calendar_does_not_have_is_asked_for_again(keys: str) -> None:
    assert asked(BIRTH, language="fa", at=NOWRUZ_EVE).press(keys).state.values == {}


@pytest.mark.parametrize("answer", [FOUR_DIGITS, PEOPLE, FROM_ZERO, POUNDS, CLOCK, YES_NO, PHONE, DAY_MONTH, BIRTH])
def test_a_lone_zero_is_a_person_whatever_is_asked_for(answer: dict[str, Any]) -> None:
    assert asked(answer).press("0").seeks()


def test_who_says_zero_where_a_number_is_asked_for_means_the_number() -> None:
    call = asked(FROM_ZERO).hear("0", "zero")
    assert "I heard zero." in call.spoken
    assert call.press("1").state.values == {"value": 0}
    assert asked(FROM_ZERO).hear("0", "agent").seeks()


@pytest.mark.parametrize("answer", [PHONE, DAY_MONTH, BIRTH, POUNDS, YES_NO])
def test_answers_that_are_easily_misheard_digit_by_digit_are_keyed_in(answer: dict[str, Any]) -> None:
    grammar = asked(answer).collect.grammar
    assert grammar is not None
    assert grammar.digits is None


# ---------------------------------------------------------------- read-back


def test_a_spoken_value_is_read_back_and_taken_once_confirmed() -> None:
    call = asked(FOUR_DIGITS).hear("4821", "four eight two one")
    assert "I heard 4 8 2 1. If that is right, say yes, or press 1." in call.spoken
    assert call.state.values == {}
    assert call.hear("1", "yes").state.values == {"value": "4821"}


def test_a_keyed_value_is_not_read_back() -> None:
    assert asked(FOUR_DIGITS).press("4821").outcome == "solved"


def test_a_keyed_value_is_read_back_where_the_flow_says_always_and_goes_on_by_keys() -> None:
    call = asked(FOUR_DIGITS, read_back="always").press("4821")
    assert "I have 4 8 2 1. If that is right, press 1." in call.spoken
    assert call.press("1").state.values == {"value": "4821"}


def test_a_spoken_value_is_taken_at_once_where_the_flow_says_never() -> None:
    call = asked(FOUR_DIGITS, read_back="never").hear("4821", "four eight two one", sure=False)
    assert call.state.values == {"value": "4821"}


def test_a_spoken_yes_is_not_read_back_unless_it_was_doubtful_or_the_flow_says_always() -> None:
    assert asked(YES_NO).hear("1", "yes").state.values == {"value": True}
    assert "I heard yes." in asked(YES_NO).hear("1", "yes", sure=False).spoken
    assert "I have no." in asked(YES_NO, read_back="always").press("2").spoken


def test_an_answer_that_is_not_confirmed_is_asked_for_again_with_the_help_that_fits_its_keys() -> None:
    call = asked(FOUR_DIGITS).hear("4821", "four eight two one").press("2")
    assert call.spoken.startswith("Let us try again. For help, press star twice. What is it?")
    assert call.press("4822").state.values == {"value": "4822"}


def test_an_answer_that_is_never_confirmed_leads_to_a_person() -> None:
    call = asked(FOUR_DIGITS)
    for _ in range(2):
        call.hear("4821", "four eight two one").press("2")
    assert "Please use the keys" in call.spoken
    assert call.hear("4821", "four eight two one").press("2").seeks()


def test_a_doubtful_answer_is_confirmed_through_silence_and_mumbling() -> None:
    call = asked(FOUR_DIGITS).hear("4821", "four eight two one").silence()
    assert call.spoken.startswith("I did not hear anything.")
    assert "4 8 2 1" in call.mumble().spoken
    assert call.silence().seeks()


@pytest.mark.parametrize(
    ("answer", "keys", "said"),
    [
        (PEOPLE, "12", "twelve"),
        (POUNDS, "12*50", "twelve pounds and fifty pence"),
        (CLOCK, "1430", "2 30 PM"),
        (DAY_MONTH, "0304", "the 3rd of April"),
        (PHONE, "02079460123", "0 2 0 7 9 4 6 0 1 2 3"),
    ],
)
def test_a_value_is_read_back_as_it_is_spoken(answer: dict[str, Any], keys: str, said: str) -> None:
    assert said in asked(answer, read_back="always").press(keys).spoken


def test_a_day_that_was_read_back_before_midnight_is_the_day_that_is_saved_after_it() -> None:
    late = dt.datetime(2026, 3, 2, 23, 59, tzinfo=dt.UTC)
    call = asked(DAY_MONTH, at=late, read_back="always").press("0203").later(120)
    assert "the 2nd of March" in call.silence().spoken
    assert call.press("1").state.values == {"value": "2026-03-02"}


def test_a_jalali_date_that_is_being_confirmed_is_the_same_day_in_another_language() -> None:
    flow = flow_of({"ask": asking(BIRTH, read_back="always")}, languages=["fa", "en"])
    call = Call(flow).press("1", "23011359")
    call.later(5).press("#", "2")
    assert call.state.language == "en"
    assert "1980" in call.spoken
    assert call.press("1").state.values == {"value": "1980-04-12"}


def test_a_date_that_was_kept_waiting_over_help_is_still_confirmed() -> None:
    call = asked(DAY_MONTH, read_back="always", help="Say when.").press("0304").later(5).press("#")
    assert call.spoken.startswith("Say when.")
    assert "If that is right" in call.silence().spoken
    assert call.press("1").state.values == {"value": "2026-04-03"}


# ---------------------------------------------------------------- known already


def two_asks(**second: Any) -> Call:
    return Call(
        flow_of(
            {
                "first": asking(FOUR_DIGITS, next="second"),
                "second": asking(FOUR_DIGITS, prompt="And again?", next="third", **second),
                "third": asking(YES_NO, prompt="More?", save_as="more", next="second"),
            }
        )
    )


def test_what_is_known_already_is_not_asked_again() -> None:
    assert "More?" in two_asks().press("4821").spoken


def test_what_is_known_already_is_asked_where_the_flow_says_ask_again() -> None:
    assert "And again?" in two_asks(ask_again=True).press("4821").spoken


def test_the_same_question_reached_again_is_asked_again() -> None:
    call = Call(
        flow_of({"first": asking(FOUR_DIGITS, next="second"), "second": asking(YES_NO, save_as="x", next="first")})
    )
    assert "What is it?" in call.press("4821", "1").spoken


def test_a_caller_who_goes_back_is_asked_for_what_they_have_answered() -> None:
    call = two_asks().press("4821", "#1")
    assert "What is it?" in call.spoken
    assert call.state.values == {}
    assert "More?" in call.press("4822").spoken


def test_a_hash_key_right_after_the_last_digit_ends_the_number_and_is_no_cry_for_help() -> None:
    choices = {**MENU, "choices": [{**MENU["choices"][0], "to": "end"}]}
    flow = flow_of({"first": asking(FOUR_DIGITS, next="main"), "main": choices})
    call = Call(flow).press("4821", "#")
    assert call.stage == "AtNode"
    assert call.spoken.startswith("How can we help?")
    assert call.press("#").stage == "Helping", "a second one is meant"
    assert Call(flow).press("4821").later(5).press("#").stage == "Helping"
