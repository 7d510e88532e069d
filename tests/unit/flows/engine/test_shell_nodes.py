"""Nodes that wait for the shell, and the two that keep what a caller leaves: lookups, texts, recordings, surveys."""

from __future__ import annotations

from typing import Any

import pytest

from flows import actions, events
from tests.unit.flows.engine.calls import AT, CALLER, END, FOUR_DIGITS, MENU, Call, asking, flow_of

ENDS: dict[str, dict[str, Any]] = {
    name: {**END, "prompt": f"It was {name}."} for name in ("found", "not_found", "failed", "sent", "nothing")
}
LOOK: dict[str, Any] = {
    "type": "lookup",
    "source": {"type": "csv", "file": "orders.csv"},
    "where": {"number": "value"},
    "save": {"state": "status"},
    "timeout_s": 0.7,
    "found": "found",
    "not_found": "not_found",
    "failed": "failed",
}


def looking_up(**look: Any) -> Call:
    nodes = {"ask": asking(FOUR_DIGITS, next="look"), "look": {**LOOK, **look}, **ENDS}
    return Call(flow_of(nodes)).press("4821")


# ---------------------------------------------------------------- lookup


def test_a_lookup_asks_the_shell_with_the_values_that_it_needs() -> None:
    call = looking_up()
    lookup = call.last
    assert isinstance(lookup, actions.Lookup)
    assert (lookup.where, lookup.save, lookup.timeout_s) == ({"number": "4821"}, {"state": "status"}, 0.7)


def test_a_lookup_has_an_exit_for_found_not_found_and_failed() -> None:
    call = looking_up().found(state="sent")
    assert call.spoken == "It was found."
    assert call.state.values == {"value": "4821", "state": "sent"}
    assert looking_up().on(events.LookupMissed(at=AT)).spoken == "It was not_found."
    assert looking_up().on(events.LookupFailed(at=AT)).spoken == "It was failed."


def test_a_lookup_that_fails_without_an_exit_for_it_is_an_apology_and_a_person() -> None:
    call = looking_up(failed=None).on(events.LookupFailed(at=AT))
    assert call.seeks()
    assert "I am sorry" in call.nobody().spoken


def test_what_was_said_before_a_lookup_is_heard_after_it() -> None:
    nodes: dict[str, Any] = {
        "told": {"type": "say", "prompt": "One moment.", "next": "look"},
        "look": {**LOOK, "where": {}},
        **ENDS,
    }
    assert Call(flow_of(nodes)).found().spoken == "One moment. It was found."


def test_the_caller_may_hang_up_while_something_is_looked_up() -> None:
    call = looking_up().hang_up()
    assert call.outcome == "abandoned"
    assert call.found(state="sent").outcome == "abandoned"


@pytest.mark.parametrize(
    "event",
    [events.TextSent(at=AT), events.NobodyFree(at=AT), events.NoInput(at=AT), events.KeysPressed(at=AT, keys="1")],
)
def test_what_does_not_answer_a_lookup_changes_nothing(event: events.Event) -> None:
    call = looking_up()
    before = call.state
    assert call.on(event).did == []
    assert call.state == before


# ---------------------------------------------------------------- text message


def texting(*, caller: str | None = CALLER, **text: Any) -> Call:
    node = {"type": "send_text", "text": "Order {number} is {state}.", "next": "sent", "failed": "failed", **text}
    values = {"number": "'4821'", "state": "'ready'", "empty": "none", "mobile": "'+442079460177'"}
    return Call(
        flow_of({"set": {"type": "set", "values": values, "next": "text"}, "text": node, **ENDS}), caller=caller
    )


def test_a_text_message_goes_to_the_callers_number_or_to_another() -> None:
    assert texting().last == actions.SendText(number=CALLER, text="Order 4821 is ready.")
    assert texting(to="mobile").last.number == "+442079460177"


def test_a_text_message_has_an_exit_for_sent_and_for_failed() -> None:
    assert texting().on(events.TextSent(at=AT)).spoken == "It was sent."
    assert texting().on(events.TextFailed(at=AT)).spoken == "It was failed."


def test_a_text_message_to_no_number_fails_at_once() -> None:
    assert texting(caller=None).spoken == "It was failed."
    assert texting(to="empty").spoken == "It was failed."
    assert texting(caller=None, to="caller_number").spoken == "It was failed."


# ---------------------------------------------------------------- record


def recording(**record: Any) -> Call:
    nodes = {
        "menu": {**MENU, "choices": [{**MENU["choices"][0], "to": "record"}]},
        "record": {
            "type": "record",
            "prompt": "Please speak.",
            "save_as": "message",
            "max_s": 60,
            "next": "sent",
            "nothing": "nothing",
            **record,
        },
        **ENDS,
    }
    return Call(flow_of(nodes)).press("1")


def recorded(url: str, seconds: int, keys: str = "") -> events.Recorded:
    return events.Recorded(at=AT, url=url, duration_s=seconds, keys=keys)


def test_a_message_is_recorded_and_kept() -> None:
    call = recording()
    assert call.last == actions.Record(
        prompts=(actions.Say(text="Please speak.", language="en"),), max_s=60, no_input_s=6
    )
    call.on(recorded("https://example.org/r", 12, "#"))
    assert call.spoken == "It was sent."
    assert call.state.values == {"message": "https://example.org/r"}


@pytest.mark.parametrize("event", [recorded("", 0), events.NoInput(at=AT)])
def test_a_caller_who_says_nothing_goes_on_without_a_message(event: events.Event) -> None:
    call = recording().on(event)
    assert call.spoken == "It was nothing."
    assert call.state.values == {}


def test_a_recording_of_silence_again_and_again_leads_to_a_person() -> None:
    call = recording(nothing="record")
    for _ in range(call.flow.effort.errors - 1):
        assert call.on(recorded("", 0)).spoken == "Please speak."
    assert call.on(recorded("", 0)).seeks()


@pytest.mark.parametrize("event", [recorded("", 0, "0"), events.KeysPressed(at=AT, keys="0")])
def test_zero_while_recording_leads_to_a_person(event: events.Event) -> None:
    assert recording().on(event).seeks()


def test_who_presses_zero_after_a_message_gets_a_person_and_the_message_is_kept() -> None:
    call = recording().on(recorded("https://example.org/r", 12, "0"))
    assert call.seeks()
    assert call.state.values == {"message": "https://example.org/r"}


def test_star_before_a_message_repeats_the_prompt() -> None:
    for event in (recorded("", 0, "*"), events.KeysPressed(at=AT, keys="*")):
        call = recording().on(event)
        assert call.spoken == "Please speak."
        assert call.state.spent.repeats == 1


def test_a_recording_of_another_turn_changes_nothing() -> None:
    call = Call(flow_of({"ask": asking(FOUR_DIGITS)}))
    before = call.state
    assert call.on(recorded("https://example.org/r", 12)).did == []
    assert call.state == before


# ---------------------------------------------------------------- survey


def surveying(scale: str) -> Call:
    survey = {"type": "survey", "prompt": "How was it?", "scale": scale, "save_as": "grade", "next": "end"}
    return Call(flow_of({"survey": survey}))


@pytest.mark.parametrize(
    ("scale", "good", "bad"),
    [
        ("csat", {"1": 1, "10": 10, "05": 5}, ["11", "00", "*5"]),
        ("ces", {"1": 1, "7": 7}, ["8", "00"]),
        ("nps", {"00": 0, "1": 1, "10": 10}, ["11", "99"]),
    ],
)
def test_a_survey_takes_the_numbers_of_its_scale(scale: str, good: dict[str, int], bad: list[str]) -> None:
    for keys, value in good.items():
        call = surveying(scale).press(keys)
        assert call.state.values == {"grade": value}
        assert call.outcome == "solved"
    for keys in bad:
        call = surveying(scale).press(keys)
        assert "That should be from" in call.spoken
        assert call.state.values == {}


def test_a_survey_explains_its_scale_and_how_zero_is_keyed_in() -> None:
    assert "from 0 to 10, and then press the hash key. For zero, press 0 twice." in surveying("nps").spoken


def test_a_lone_zero_at_a_survey_is_a_person_and_a_spoken_zero_the_grade() -> None:
    assert surveying("nps").press("0").seeks()
    assert surveying("nps").hear("0", "zero").state.values == {"grade": 0}


def test_a_grade_is_read_back_only_where_it_was_doubtful() -> None:
    assert surveying("nps").hear("9", "nine").state.values == {"grade": 9}
    assert "I heard nine." in surveying("nps").hear("9", "nine", sure=False).spoken


# ---------------------------------------------------------------- say


def test_sentences_one_after_another_are_spoken_in_one_turn() -> None:
    nodes: dict[str, dict[str, Any]] = {
        "one": {"type": "say", "prompt": "One.", "next": "two"},
        "two": {"type": "say", "prompt": {"audio": "two.wav", "text": "Two."}, "next": "end"},
    }
    call = Call(flow_of(nodes))
    assert [type(action).__name__ for action in call.did] == ["Say", "Play", "Say", "Hangup"]
