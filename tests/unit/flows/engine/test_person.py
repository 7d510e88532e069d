"""The way to a person: sought, rung, joined; where nobody is free, the plain choice."""

from __future__ import annotations

from typing import Any

import pytest

from flows import actions
from tests.unit.flows.engine.calls import AT, END, FOUR_DIGITS, MENU, Call, asking, flow_of, menu_of


def transferring(**transfer: Any) -> Call:
    return Call(flow_of({"out": {"type": "transfer", **transfer}}))


def in_line() -> Call:
    return Call(menu_of()).press("0").nobody().press("2").nobody()


def test_a_caller_who_wants_a_person_is_told_so_and_joined_with_whoever_is_free() -> None:
    call = Call(menu_of()).press("0")
    assert call.did == [actions.SeekPerson(queue="shop", language="en", waiting=False, arrived_at=AT, tried=())]
    call.person()
    assert call.spoken == "One moment, I will find you a person. I am putting you through now."
    assert call.last == actions.Transfer(person_id="desk", person_number="+442079460100")


def test_a_transfer_to_a_queue_seeks_its_people_and_hands_them_the_whisper_and_the_reason() -> None:
    call = Call(
        flow_of(
            {
                "ask": asking(FOUR_DIGITS, next="out"),
                "out": {
                    "type": "transfer",
                    "to": {"queue": "repairs"},
                    "reason": "order {value}",
                    "whisper": "A caller asks for order {value|digits}.",
                },
            }
        )
    ).press("4821")
    assert call.last.queue == "repairs"
    assert call.state.reason == "order 4821"
    assert call.person().last.whisper == "A caller asks for order 4 8 2 1."


def test_a_transfer_to_a_person_seeks_that_person_and_after_a_miss_anybody() -> None:
    call = transferring(to={"person": "desk"})
    assert call.last.person_id == "desk"
    call.person("desk").transfer_ended(talked=False)
    assert (call.last.person_id, call.last.tried) == (None, ("desk",))


def test_who_stays_in_line_for_a_person_who_is_not_there_gets_anybody() -> None:
    call = transferring(to={"person": "desk"}).nobody().press("2")
    assert (call.last.waiting, call.last.person_id) == (True, None)


def test_a_transfer_to_a_number_rings_it_and_after_a_miss_the_flows_own_queue() -> None:
    call = transferring(to={"number": "+442079460199"})
    assert call.last == actions.Transfer(person_id="+442079460199", person_number="+442079460199")
    call.transfer_ended(talked=False)
    assert call.last == actions.SeekPerson(
        queue="shop", language="en", waiting=False, arrived_at=AT, tried=("+442079460199",)
    )


def test_a_transfer_without_a_destination_seeks_the_flows_own_queue() -> None:
    assert transferring().last.queue == "shop"


def test_a_person_who_misses_the_call_is_followed_by_another_and_then_by_the_choice() -> None:
    call = Call(menu_of()).press("0").person("desk").transfer_ended(talked=False)
    assert call.last.tried == ("desk",)
    call.person("till").transfer_ended(talked=False)
    assert call.last.tried == ("desk", "till")
    call.nobody()
    assert call.spoken.startswith("They could not take the call.")
    assert "say call back, or press 1." in call.spoken


def test_who_stays_in_line_may_get_the_person_who_missed_the_call_before() -> None:
    call = Call(menu_of()).press("0").person("desk").transfer_ended(talked=False).nobody().press("2")
    assert call.last.tried == ()
    assert call.last.waiting


def test_a_talk_that_is_over_ends_the_call_as_transferred() -> None:
    call = Call(menu_of()).press("0").person().transfer_ended(talked=True)
    assert call.outcome == "transferred"
    assert isinstance(call.last, actions.Hangup)


def test_a_second_report_about_the_end_of_a_transfer_changes_nothing() -> None:
    call = Call(menu_of()).press("0").person().transfer_ended(talked=False)
    for talked in (True, False):
        before = call.state
        assert call.transfer_ended(talked=talked).did == []
        assert call.state == before
    call.nobody().transfer_ended(talked=True)
    assert call.stage == "OfferingCallback"


# ---------------------------------------------------------------- the choice


def test_nobody_free_leads_to_the_choice_between_a_callback_and_the_line() -> None:
    call = Call(menu_of()).press("0").nobody()
    assert "All our people are busy just now." in call.spoken
    assert call.collect.grammar is not None
    assert {call.collect.grammar.phrases[word] for word in ("yes", "no")} == {"1", "2"}


@pytest.mark.parametrize("miss", ["silence", "mumble"])
def test_who_does_not_choose_stays_in_line(miss: str) -> None:
    call = Call(menu_of()).press("0").nobody()
    getattr(call, miss)(times=2)
    assert call.stage == "OfferingCallback"
    getattr(call, miss)()
    assert call.stage == "WaitingInLine"
    assert call.last.waiting


def test_zero_at_the_choice_looks_once_more() -> None:
    assert Call(menu_of()).press("0").nobody().press("0").seeks()


def test_who_waits_is_looked_after_every_ten_seconds_and_spoken_to_at_every_third() -> None:
    call = in_line()
    assert call.spoken.startswith("You are in line.")
    assert call.collect.no_input_s == 10
    heard = [call.silence().nobody().spoken for _ in range(6)]
    assert [bool(text) for text in heard] == [False, False, True, False, False, True]
    assert heard[2].startswith("Thank you for waiting.")


def test_words_that_nobody_understands_in_line_count_as_a_round() -> None:
    assert in_line().mumble().last.waiting


def test_who_waits_is_joined_as_soon_as_somebody_is_free() -> None:
    call = in_line().silence().person()
    assert isinstance(call.last, actions.Transfer)


def test_who_waits_may_choose_a_callback_and_leaves_the_line() -> None:
    call = in_line().press("1")
    assert call.did[0] == actions.LeaveLine(queue="shop")
    assert "We will call you on the number ending in 0 1 2 3." in call.spoken


@pytest.mark.parametrize("before", [(), ("#2",)])
def test_who_hangs_up_in_line_leaves_it(before: tuple[str, ...]) -> None:
    call = Call(menu_of(languages=["en", "ar", "fa"])).press("1", "0").nobody().press("2").nobody().press(*before)
    assert call.hang_up().did == [actions.LeaveLine(queue="shop")]
    assert call.outcome == "abandoned"


def test_who_chooses_a_language_in_line_keeps_their_place() -> None:
    call = (
        Call(menu_of(languages=["en", "ar", "fa"])).press("1", "0").nobody().press("2").nobody().hear("#2", "language")
    )
    assert call.stage == "ChoosingLanguage"
    assert call.press("0").last.waiting
    call.nobody()
    assert call.stage == "WaitingInLine"


# ---------------------------------------------------------------- faults


def test_every_fault_at_run_time_ends_in_an_apology_and_a_person() -> None:
    call = Call(menu_of()).fail()
    assert call.seeks()
    assert call.nobody().spoken.startswith("I am sorry, something went wrong at our end.")


BROKEN: dict[str, dict[str, Any]] = {
    "say": {"type": "say", "prompt": "{missing}", "next": "end"},
    "menu": {**MENU, "prompt": "{missing}", "choices": [{**MENU["choices"][0], "to": "end"}]},
    "ask": asking(FOUR_DIGITS, prompt="{missing}"),
    "survey": {"type": "survey", "prompt": "{missing}", "scale": "nps", "save_as": "x", "next": "end"},
    "open": {
        "type": "open_question",
        "prompt": "{missing}",
        "intents": {"a": {"key": "1", "label": "a", "examples": ["a"], "to": "end"}},
    },
    "set": {"type": "set", "values": {"x": "missing + 1"}, "next": "end"},
    "branch": {"type": "branch", "cases": [{"when": "missing > 1", "to": "end"}], "otherwise": "end"},
    "number_branch": {"type": "branch", "cases": [{"when": "1 + 1", "to": "end"}], "otherwise": "end"},
    "lookup": {
        "type": "lookup",
        "source": {"type": "csv", "file": "orders.csv"},
        "where": {"number": "missing"},
        "found": "end",
        "not_found": "end",
    },
    "text": {"type": "send_text", "text": "{missing}", "next": "end", "failed": "end"},
    "text_to": {"type": "send_text", "text": "Hi.", "to": "missing", "next": "end", "failed": "end"},
    "record": {"type": "record", "prompt": "{missing}", "save_as": "x", "next": "end", "nothing": "end"},
    "transfer": {"type": "transfer", "reason": "{missing}"},
    "callback": {"type": "callback", "reason": "{missing}"},
    "subflow": {"type": "subflow", "subflow": "sub", "parameters": {"x": "missing"}, "exits": {"done": "end"}},
    "end": {**END, "prompt": "{missing}"},
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_value_that_is_missing_is_an_apology_and_a_person_and_what_was_said_is_kept(kind: str) -> None:
    sub = {"exits": ["done"], "start": "back", "nodes": {"back": {"type": "return", "exit": "done"}}}
    nodes = {"first": asking(FOUR_DIGITS, next="told", save_as="order")}
    told = {"told": {"type": "say", "prompt": "Thank you.", "next": "broken"}}
    call = Call(flow_of({**nodes, **told, "broken": BROKEN[kind]}, subflows={"sub": sub})).press("4821")
    assert call.seeks()
    assert call.state.node == "broken"
    assert call.state.values == {"order": "4821"}
    assert [said.text for said in call.state.said] == ["4821"]
    assert call.nobody().spoken.startswith("Thank you. I am sorry, something went wrong at our end.")


def test_a_value_that_is_missing_at_the_first_node_is_an_apology_and_a_person() -> None:
    assert Call(flow_of({"broken": BROKEN["say"]})).seeks()


def test_a_fault_while_a_person_is_sought_leads_to_the_choice() -> None:
    call = Call(menu_of()).press("0").fail()
    assert call.stage == "OfferingCallback"
    assert "I am sorry" in call.spoken


def test_a_fault_in_line_keeps_the_place() -> None:
    assert in_line().fail().last.waiting


def test_nodes_that_lead_round_and_round_end_in_an_apology_and_a_person() -> None:
    flow = flow_of(
        {"a": {"type": "set", "values": {"x": 1}, "next": "b"}, "b": {"type": "say", "prompt": "Round.", "next": "a"}}
    )
    call = Call(flow)
    assert call.seeks()
    assert call.nobody().spoken.count("Round.") < 30
    assert "I am sorry" in call.spoken


def test_lookups_that_lead_round_and_round_end_in_an_apology_and_a_person() -> None:
    look = {
        "type": "lookup",
        "source": {"type": "csv", "file": "a.csv"},
        "where": {},
        "found": "look",
        "not_found": "end",
    }
    call = Call(flow_of({"look": look}))
    for _ in range(20):
        if call.seeks():
            break
        call.found()
    assert call.seeks()
    assert "I am sorry" in call.nobody().spoken


def test_who_goes_back_after_the_loop_guard_is_asked_again() -> None:
    flow = flow_of(
        {
            "main": {**MENU, "choices": [{**MENU["choices"][0], "to": "a"}]},
            "a": {"type": "set", "values": {"x": 1}, "next": "a"},
        }
    )
    assert "How can we help?" in Call(flow).press("1").nobody().press("#1").spoken
