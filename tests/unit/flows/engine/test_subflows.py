"""Subflows: parameters, exits, nesting, and the universal words across their borders."""

from __future__ import annotations

from typing import Any

from tests.unit.flows.engine.calls import FOUR_DIGITS, MENU, Call, asking, flow_of

YES_NO = {"type": "yes_no"}
IDENTIFY: dict[str, Any] = {
    "parameters": ["greeting", "tries"],
    "exits": ["known", "unknown"],
    "start": "hello",
    "nodes": {
        "hello": {"type": "say", "prompt": "{greeting}", "next": "ask"},
        "ask": asking(FOUR_DIGITS, prompt="Which number?", save_as="number", next="check"),
        "check": {
            "type": "branch",
            "cases": [{"when": 'number == "4821"', "to": "yes"}, {"when": "tries > 1", "to": "no"}],
            "otherwise": "count",
        },
        "count": {"type": "set", "values": {"tries": "tries + 1", "counted": "tries"}, "next": "ask"},
        "yes": {"type": "return", "exit": "known"},
        "no": {"type": "return", "exit": "unknown"},
    },
}
NODES: dict[str, dict[str, Any]] = {
    "first": asking(YES_NO, prompt="First?", save_as="first", next="identify"),
    "identify": {
        "type": "subflow",
        "subflow": "identify",
        "parameters": {"greeting": "'Good day.'", "tries": 1},
        "exits": {"known": "welcome", "unknown": "stranger"},
    },
    "welcome": {"type": "say", "prompt": "Welcome.", "next": "last"},
    "stranger": {"type": "say", "prompt": "Welcome, stranger.", "next": "last"},
    "last": asking(YES_NO, prompt="Last?", save_as="last", next="end"),
}


def called(**values: Any) -> Call:
    nodes = {"set": {"type": "set", "values": values, "next": "first"}, **NODES} if values else NODES
    return Call(flow_of(nodes, subflows={"identify": IDENTIFY}))


def test_a_subflow_gets_its_parameters_and_goes_on_by_the_exit_that_it_returned_by() -> None:
    call = called().press("1")
    assert call.spoken.startswith("Good day. Which number?")
    assert call.press("4821").spoken.startswith("Welcome. Last?")
    assert call.state.frames == ()
    assert "Welcome, stranger." in called().press("1", "1111", "2222").spoken


def test_what_is_saved_in_a_subflow_is_there_after_it() -> None:
    assert called().press("1", "4821").state.values["number"] == "4821"


def test_parameters_hide_values_of_the_same_name_and_do_not_leak() -> None:
    call = called(tries=7).press("1", "1111")
    assert call.state.frames[0].parameters["tries"] == 2
    assert call.state.values["tries"] == 7
    assert call.state.values["counted"] == 1
    assert call.press("2222").state.values["tries"] == 7
    assert "greeting" not in call.state.values


def test_a_subflow_that_is_called_again_begins_with_its_parameters_anew() -> None:
    nodes = {**NODES, "last": {**MENU, "choices": [{**MENU["choices"][0], "to": "identify"}]}}
    call = Call(flow_of(nodes, subflows={"identify": IDENTIFY})).press("1", "1111", "2222")
    assert call.press("1").spoken.startswith("Good day. Which number?")
    assert call.state.frames[0].parameters["tries"] == 1


def nested() -> Call:
    outer = {
        "parameters": ["x"],
        "exits": ["out"],
        "start": "inner",
        "nodes": {
            "inner": {"type": "subflow", "subflow": "inner", "parameters": {"x": "x + 1"}, "exits": {"out": "told"}},
            "told": {"type": "say", "prompt": "Outer {x}.", "next": "back"},
            "back": {"type": "return", "exit": "out"},
        },
    }
    inner = {
        "parameters": ["x"],
        "exits": ["out"],
        "start": "ask",
        "nodes": {
            "ask": asking(YES_NO, prompt="Inner {x}?", save_as="inner", next="back"),
            "back": {"type": "return", "exit": "out"},
        },
    }
    nodes = {
        "first": asking(YES_NO, prompt="First?", save_as="first", next="outer"),
        "outer": {"type": "subflow", "subflow": "outer", "parameters": {"x": 1}, "exits": {"out": "last"}},
        "last": asking(YES_NO, prompt="Last?", save_as="last", next="end"),
    }
    return Call(flow_of(nodes, subflows={"outer": outer, "inner": inner})).press("1")


def test_subflows_call_each_other_and_each_sees_its_own_parameters() -> None:
    call = nested()
    assert "Inner two?" in call.spoken
    assert call.press("1").spoken.startswith("Outer one. Last?")
    assert call.state.frames == ()


def test_back_leaves_a_subflow_by_its_first_question() -> None:
    call = nested().press("#1")
    assert "First?" in call.spoken
    assert call.state.frames == ()


def test_back_returns_into_a_subflow_with_its_parameters() -> None:
    call = nested().press("1").press("#1")
    assert "Inner two?" in call.spoken
    assert [frame.node for frame in call.state.frames] == ["outer", "outer.inner"]
    assert call.press("1").spoken.startswith("Outer one. Last?")


def test_back_after_a_question_about_a_callback_returns_into_the_subflow() -> None:
    call = nested().press("0").nobody().press("1")
    assert call.stage == "ConfirmingNumber"
    assert "Inner two?" in call.press("#1").spoken
    assert "Last?" in call.press("1").spoken


def test_help_repeat_and_zero_work_inside_of_a_subflow() -> None:
    assert "You can always do this." in nested().press("#").spoken
    assert "Inner two?" in nested().press("*").spoken
    assert nested().press("0").seeks()


def test_a_parameter_that_cannot_be_worked_out_is_an_apology_and_a_person() -> None:
    call = called(x=1)
    nodes = {**NODES, "identify": {**NODES["identify"], "parameters": {"greeting": "missing", "tries": 1}}}
    call = Call(flow_of(nodes, subflows={"identify": IDENTIFY})).press("1")
    assert call.seeks()
    assert call.state.frames == ()


def test_the_agent_is_told_the_way_through_subflows() -> None:
    assert called().press("1", "4821").state.path == (
        "first",
        "identify",
        "identify.hello",
        "identify.ask",
        "identify.check",
        "identify.yes",
        "welcome",
        "last",
    )
