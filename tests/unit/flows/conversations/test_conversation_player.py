"""The player: what a conversation can do, what it must say beforehand, and how it fails."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from flows import actions, events
from flows.conversations import player
from flows.conversations.caller import RECORDING
from flows.conversations.model import Circumstances, Step
from flows.conversations.player import Call, Played, StepError
from flows.conversations.world import World
from flows.model import Flow
from flows.state import CallState, Ended, OfferingPerson

Playing = Callable[..., Played]
FOUND = {"find_order": {"found": {"order_state": "is packed", "order_day": "today"}}}


def failure_of(played: Played) -> str:
    assert played.failure is not None, "the conversation passed"
    return played.failure.message


def passes(played: Played) -> bool:
    assert played.failure is None, played.failure
    return True


def test_a_whole_call_by_voice_passes_and_tells_what_happened(playing: Playing) -> None:
    played = playing(
        {"says": "order"}, {"says": "4821"}, {"says": "Yes!"}, {"says": "no"}, {"expect": {"outcome": "solved"}},
        lookups=FOUND,
    )  # fmt: skip
    assert passes(played)
    assert played.nodes[-1] == "goodbye"
    assert ("find_order", "found") in played.exits
    assert [line.text for line in played.transcript if line.who == "caller"][:2] == ["says: order", "says: 4821"]
    assert any(line.text == "Order 4 8 2 1 is packed, today." for line in played.transcript)


def test_a_failure_names_the_step_what_was_expected_and_what_was_heard(playing: Playing) -> None:
    played = playing({"says": "hours"}, {"expect": {"prompt": "We are open all night."}})
    assert not played.passed
    assert played.failure is not None
    assert played.failure.step == 2
    assert played.failure.expected == "We are open all night."
    assert "We are open from nine to six, Monday to Saturday." in played.failure.heard


def test_the_answer_of_a_lookup_that_the_flow_does_not_have_fails_before_the_call(playing: Playing) -> None:
    misspelt = playing({"presses": "1"}, lookups={"find_ordr": "not_found"})
    assert misspelt.failure is not None
    assert misspelt.failure.step == 0
    assert failure_of(misspelt).startswith('`lookups`: "find_ordr" is no lookup of the flow (did you mean find_order?')
    assert '`lookups`: "main" is no lookup' in failure_of(playing({"presses": "1"}, lookups={"main": "failed"}))


def test_who_cannot_be_heard_must_press_keys(playing: Playing) -> None:
    played = playing({"says": "order"}, speech=False)
    assert failure_of(played) == "this caller cannot be heard here; press keys"
    assert failure_of(playing({"says_something_else": True}, speech=False)).startswith("this caller cannot be heard")


def test_speech_that_goes_down_in_a_call_ends_hearing_at_once_and_comes_back_at_the_next_question(
    playing: Playing,
) -> None:
    assert "cannot be heard" in failure_of(playing({"speech": "down"}, {"says": "order"}))
    assert passes(playing({"speech": "down"}, {"presses": "1"}, {"expect": {"no_prompt": "say yes"}}))
    back = playing({"speech": "down"}, {"presses": "2"}, {"speech": "up"}, {"presses": "1"}, {"says": "hours"})
    assert passes(back)


def test_what_is_not_in_the_grammar_is_a_no_match(playing: Playing) -> None:
    played = playing({"says": "bananas"}, {"expect": {"prompt": "I did not understand that.", "node": "main"}})
    assert passes(played)


@pytest.mark.parametrize(("keys", "why"), [("11", "only one key fits"), ("1#", "only one key fits")])
def test_more_keys_than_the_question_takes_are_refused(playing: Playing, keys: str, why: str) -> None:
    assert why in failure_of(playing({"presses": keys}))


@pytest.mark.parametrize(("keys", "why"), [("48211", "only 4 keys fit"), ("4#21", "hash key ends"), ("#", "hash key")])
def test_a_number_ends_with_its_last_key_or_with_the_hash_key(playing: Playing, keys: str, why: str) -> None:
    assert why in failure_of(playing({"presses": "1"}, {"presses": keys}))
    assert passes(playing({"presses": "1"}, {"presses": "4821#"}, lookups=FOUND))


def test_the_hash_key_alone_is_help_where_one_key_fits(playing: Playing) -> None:
    assert passes(playing({"presses": "#"}, {"expect": {"prompt": "You can always do this."}}))


def test_a_lookup_without_an_answer_fails_and_says_how_to_write_one(playing: Playing) -> None:
    message = failure_of(playing({"presses": "1"}, {"presses": "4821"}))
    assert '"find_order"' in message
    assert "find_order: {found: {order_state: ..., order_day: ...}}" in message


def test_a_list_answers_one_lookup_after_the_other_and_says_when_it_is_too_short(playing: Playing) -> None:
    again = ({"presses": "1"}, {"presses": "4821"}, {"presses": "4822"})
    assert "(time 2)" in failure_of(playing(*again, lookups={"find_order": ["not_found"]}))
    wrong = {"expect": {"node": "order_persons"}}
    played = playing(again[0], again[1], again[2], wrong, lookups={"find_order": ["not_found", "failed"]})
    assert (
        failure_of(played) == 'the call stands at "order_person", not at "order_persons", which the flow does not have'
    )


@pytest.mark.parametrize("found", [{"order_state": "x"}, {"order_state": "x", "order_day": "y", "colour": "z"}])
def test_a_lookup_gives_each_value_that_the_node_saves_and_no_other(playing: Playing, found: dict[str, str]) -> None:
    played = playing({"presses": "1"}, {"presses": "4821"}, lookups={"find_order": {"found": found}})
    assert "saves order_state, order_day" in failure_of(played)


def test_people_are_rung_in_their_order_and_nobody_twice(playing: Playing) -> None:
    played = playing(
        {"presses": "0"}, {"expect": {"transfer": "desk"}}, {"person": "misses"}, {"expect": {"transfer": "till"}},
        {"person": "misses"}, {"expect": {"prompt": "All our people are busy just now."}},
        agents={"shop": ["desk", "till"]},
    )  # fmt: skip
    assert passes(played)


def test_nothing_is_heard_from_the_caller_while_a_person_is_rung_but_a_hang_up(playing: Playing) -> None:
    agents = {"shop": ["desk"]}
    assert "`person: talks`" in failure_of(playing({"presses": "0"}, {"presses": "1"}, agents=agents))
    assert "`person: talks`" in failure_of(playing({"presses": "0"}, {"stays_silent": True}, agents=agents))
    assert passes(playing({"presses": "0"}, {"hangs_up": True}, {"expect": {"outcome": "abandoned"}}, agents=agents))
    assert "nobody is being rung" in failure_of(playing({"person": "talks"}))


def test_nothing_happens_after_the_end_of_a_call(playing: Playing) -> None:
    assert "the call is over (abandoned)" in failure_of(playing({"hangs_up": True}, {"presses": "1"}))


def test_a_callback_is_booked_as_the_conversation_says(playing: Playing) -> None:
    booking = ({"presses": "3"}, {"presses": "1"})
    assert passes(playing(*booking, {"expect": {"callback": {"number": "+442079460123", "soon": True}}}))
    down = playing(*booking, {"expect": {"callback": False, "prompt": "I could not book"}}, booking="store_down")
    assert passes(down)
    assert passes(playing(*booking, {"expect": {"prompt": "booked already"}}, booking="already_booked"))
    assert "`booking` lists 0" in failure_of(playing(*booking, booking=[]))


def test_a_promise_within_a_window_is_expected_in_the_flows_zone(playing: Playing, everything: Flow) -> None:
    steps = ({"presses": "1"}, {"presses": "5"}, {"presses": "1"}, {"presses": "1"})
    starts = {"callback": {"starts": "2026-07-01 13:00", "soon": False}}
    slots = ["2026-07-01 13:00"]
    assert passes(playing(*steps, {"expect": starts}, flow=everything, at="2026-07-01 11:30", slots=slots))
    call = Call(everything, Circumstances(at="2026-07-01 11:30", slots=slots))
    for step in steps:
        call.do(Step.model_validate(step))
    assert call.booked is not None
    assert call.booked.starts is not None
    assert call.booked.by - call.booked.starts == dt.timedelta(hours=1)
    wrong = playing(
        *steps, {"expect": {"callback": {"soon": True}}}, flow=everything, at="2026-07-01 11:30", slots=slots
    )
    assert failure_of(wrong) == "the callback: soon is false, not true"


def test_one_named_person_is_rung_with_the_whisper_or_found_not_free(playing: Playing, everything: Flow) -> None:
    steps = ({"presses": "1"}, {"presses": "6"})
    expected = {"expect": {"transfer": "desk", "whisper": "About zero tries."}}
    assert passes(playing(*steps, expected, flow=everything, agents={"other": ["till", "desk"]}))
    assert failure_of(playing(*steps, expected, flow=everything, agents={"office": ["till"]})) == "nobody is being rung"


def test_a_message_is_recorded_for_so_many_seconds(playing: Playing, everything: Flow) -> None:
    to_record = ({"presses": "1"}, {"presses": "2"})
    kept = playing(*to_record, {"records": 12}, {"expect": {"values": {"recording": RECORDING}}}, flow=everything)
    assert passes(kept)
    assert "at most 120 seconds" in failure_of(playing(*to_record, {"records": 121}, flow=everything))
    assert "write `records: 12`" in failure_of(playing(*to_record, {"says": "hello"}, flow=everything))
    assert "no message is recorded here" in failure_of(playing({"records": 12}))
    assert passes(playing(*to_record, {"presses": "0"}, {"expect": {"prompt": "I will find you"}}, flow=everything))


def test_text_messages_are_seen_and_may_fail(playing: Playing, everything: Flow) -> None:
    steps = ({"presses": "1"}, {"presses": "4"})
    assert passes(playing(*steps, {"expect": {"sent": "Thank you for calling."}}, flow=everything))
    failed = playing(*steps, flow=everything, texts="failed")
    assert ("text", "failed") in failed.exits
    assert "no such text message" in failure_of(
        playing(*steps, {"expect": {"sent": "Thank"}}, flow=everything, texts="failed")
    )


def test_what_breaks_at_our_end_is_an_apology_and_a_person(playing: Playing) -> None:
    assert passes(playing({"breaks": "call"}, {"expect": {"prompt": "something went wrong at our end"}}))
    assert passes(playing({"presses": "1"}, {"breaks": "answer"}, {"expect": {"prompt": "I lost that"}}))


def test_each_thing_that_happens_takes_five_seconds_and_waiting_takes_its_time(orders: Flow) -> None:
    call = Call(orders, Circumstances(at=dt.datetime(2026, 7, 1, 10, 0)))  # noqa: DTZ001 - in the flow's zone
    started = call.at
    assert started == dt.datetime(2026, 7, 1, 9, 0, tzinfo=dt.UTC)
    call.do(Step(presses="2"))
    assert (call.at - started).seconds == 5
    call.do(Step.model_validate({"expect": {"node": "anything_else"}}))
    call.do(Step(agents={"shop": ("desk",)}))
    assert (call.at - started).seconds == 5
    call.do(Step(waits_s=300))
    call.do(Step(presses="*"))
    assert (call.at - started).seconds == 310
    assert isinstance(call.state.stage, OfferingPerson), "the effort budget is spent"


def test_who_is_free_can_change_in_a_call(playing: Playing) -> None:
    played = playing(
        {"presses": "0"}, {"presses": "2"}, {"agents": {"shop": ["till"]}}, {"stays_silent": True},
        {"expect": {"transfer": "till"}},
    )  # fmt: skip
    assert passes(played)


def test_how_a_queue_stands_is_told_or_follows_from_who_is_free(playing: Playing, everything: Flow) -> None:
    steps = ({"presses": "1"}, {"presses": "3"})
    crowded = playing(*steps, flow=everything, queues={"office": {"waiting": 6}})
    assert ("sort", "cases.0.to") in crowded.exits
    assert ("sort", "otherwise") in playing(*steps, flow=everything).exits


def test_a_queue_that_nothing_is_said_of_has_its_free_agents_and_nobody_waiting(orders: Flow) -> None:
    at = dt.datetime(2026, 1, 5, tzinfo=dt.UTC)
    world = World(orders, Circumstances(agents={"office": ("desk", "till")}))
    answer, _ = world.perform("sort", actions.AskQueue(queue="office"), at)
    assert answer == events.QueueKnown(at=at, waiting=0, free_agents=2, wait_minutes=0)


def test_a_sensitive_answer_is_gone_from_the_state_after_its_turn(playing: Playing, everything: Flow) -> None:
    played = playing(
        {"presses": "1"}, {"presses": "8"}, {"presses": "4929123412341234"},
        {"expect": {"values": {"points": 7}, "outcome": "solved"}},
        flow=everything, lookups={"find_card": {"found": {"points": 7}}},
    )  # fmt: skip
    assert passes(played)


def test_events_can_be_given_as_they_are(orders: Flow) -> None:
    call = Call(orders, Circumstances())
    call.happen(events.Heard(at=call.at, keys="2", text="hours", confidence=0.4, sure=False))
    assert call.heard[0].startswith("I heard hours")
    call.happen(events.HungUp(at=call.at))
    assert call.state.stage == Ended(outcome="abandoned")


def test_every_turn_goes_through_the_stored_form_of_the_state(orders: Flow, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[CallState] = []
    real = msgspec.json.encode

    def encode(state: Any) -> bytes:
        written.append(state)
        return real(state)

    monkeypatch.setattr(player.msgspec.json, "encode", encode)
    call = Call(orders, Circumstances(lookups={"find_order": "not_found"}))
    call.do(Step(presses="1"))
    call.do(Step(presses="4821"))
    assert len(written) == 5, "at the start, once it is known who calls, at each key, and after the lookup"


def test_a_state_that_is_not_the_same_once_stored_is_a_failure(orders: Flow, monkeypatch: pytest.MonkeyPatch) -> None:
    real = msgspec.json.encode

    def forgetful(state: CallState) -> bytes:
        return real(msgspec.structs.replace(state, path=()))

    monkeypatch.setattr(player.msgspec.json, "encode", forgetful)
    with pytest.raises(StepError, match="not the same once it is stored and read again"):
        Call(orders, Circumstances())
