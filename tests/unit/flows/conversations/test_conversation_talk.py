"""A talk that becomes a test, and what is typed in it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.conversations.model import Circumstances, LookupAnswer, Step
from flows.conversations.player import LookupUnansweredError, StepError, play
from flows.conversations.talk import Talk, queues_of
from flows.conversations.typed import TypedError, lookup_answer_of, step_of
from flows.model import Flow

FREE: dict[str, tuple[str, ...]] = {"office": ("till",), "shop": ()}


@pytest.mark.parametrize(
    ("line", "step"),
    [
        ("1", {"presses": "1"}),
        ("**", {"presses": "**"}),
        ("order", {"says": "order"}),
        ("4821 please", {"says": "4821 please"}),
        ("سفارش", {"says": "سفارش"}),
        (".silence", {"stays_silent": True}),
        (".else", {"says_something_else": True}),
        (".hangup", {"hangs_up": True}),
        (".talks", {"person": "talks"}),
        (".misses", {"person": "misses"}),
        (".break", {"breaks": "call"}),
        (".record 12", {"records": 12}),
        (".speech down", {"speech": "down"}),
        (".time +10m", {"waits_s": 600}),
        (".time 90s", {"waits_s": 90}),
        (".agent desk till", {"agents": {"office": ["till", "desk"], "shop": ["desk", "till"]}}),
        (".nobody", {"agents": {"office": [], "shop": []}}),
    ],
)
def test_a_line_is_a_step(line: str, step: dict[str, Any]) -> None:
    assert step_of(line, FREE) == Step.model_validate(step)


@pytest.mark.parametrize("line", [".bogus", ".agent", ".silence now", ".speech off", ".record", ".record 601", ".time"])
def test_a_command_that_means_nothing_is_refused(line: str) -> None:
    with pytest.raises(TypedError, match=r"\.help lists them"):
        step_of(line, FREE)


@pytest.mark.parametrize("line", [".time 0s", ".time 25h"])
def test_time_passes_within_bounds(line: str) -> None:
    with pytest.raises(TypedError, match="at most a day"):
        step_of(line, FREE)


def test_what_a_lookup_finds_is_typed_in_one_line() -> None:
    assert lookup_answer_of("not_found") == "not_found"
    assert lookup_answer_of("failed") == "failed"
    assert lookup_answer_of("found") == LookupAnswer(found={})
    typed = """found a=x b="was sent" c='0' d=12 e=1.5 f=true g=null h=007"""
    values = {"a": "x", "b": "was sent", "c": "0", "d": 12, "e": 1.5, "f": True, "g": None, "h": "007"}
    assert lookup_answer_of(typed) == LookupAnswer(found=values)


@pytest.mark.parametrize("text", ["", "find a=b", "found a", "found a=b c", 'found a="x', "found A=b", "not_found a=b"])
def test_what_a_lookup_cannot_find_is_refused(text: str) -> None:
    with pytest.raises(TypedError, match="type `not_found`"):
        lookup_answer_of(text)


def test_a_step_that_cannot_be_done_leaves_the_talk_as_it_was(orders: Flow) -> None:
    talk = Talk(orders, Circumstances())
    talk.do(Step(presses="1"))
    before, at, heard = talk.call.state, talk.call.at, talk.call.heard
    with pytest.raises(StepError):
        talk.do(Step(presses="12345"))
    with pytest.raises(LookupUnansweredError):
        talk.do(Step(presses="4821"))
    assert (talk.call.state, talk.call.at, talk.call.heard) == (before, at, heard)
    assert talk.steps == [Step(presses="1")]


def test_lookups_are_answered_one_time_after_the_other(orders: Flow) -> None:
    talk = Talk(orders, Circumstances())
    talk.answer_lookup("find_order", "not_found")
    talk.answer_lookup("find_order", "failed")
    for keys in ("1", "4821", "4821"):
        talk.do(Step(presses=keys))
    assert talk.call.state.node == "order_person"
    assert talk.conversation("x").lookups == {"find_order": ("not_found", "failed")}


def test_a_talk_keeps_the_prompts_of_the_flow_and_not_the_choices_that_the_engine_words(orders: Flow) -> None:
    talk = Talk(orders, Circumstances())
    talk.do(Step(says="hours"))
    expected = [step.expect for step in talk.conversation("x").steps if step.expect is not None]
    assert expected[0].prompt == ("Welcome to the corner shop.", "How can we help?")
    assert expected[1].prompt == ("We are open from nine to six, Monday to Saturday.", "Is there anything else?")
    assert expected[1].node == "anything_else"


def test_a_talk_keeps_the_transfer_the_callback_the_language_and_the_end(orders: Flow, everything: Flow) -> None:
    talk = Talk(orders, Circumstances())
    for step in ({"presses": "0"}, {"presses": "1"}, {"presses": "1"}):
        talk.do(Step.model_validate(step))
    last = talk.conversation("x").steps[-1].expect
    assert last is not None
    assert (last.callback, last.outcome) == (True, "callback")
    talk = Talk(everything, Circumstances(agents={"office": ("desk",)}))
    talk.do(Step(presses="2"))
    talk.do(Step(presses="0"))
    expected = [step.expect for step in talk.conversation("x").steps if step.expect is not None]
    assert [one.language for one in expected] == [None, "fa", None]
    assert expected[-1].transfer == "desk"


def test_every_queue_that_a_flow_names_is_known(orders: Flow, everything: Flow) -> None:
    assert queues_of(orders) == ["shop"]
    assert queues_of(everything) == ["office"]


KEYS = ["1", "2", "3", "4", "5", "6", "8", "0", "*", "#", "1234#"]
SPOKEN = ["orders", "back", "where is order 4821", "yes", "no"]
COMMANDS = [
    ".silence",
    ".else",
    ".agent desk",
    ".nobody",
    ".misses",
    ".time +2m",
    ".record 3",
    ".break",
    ".speech down",
]
LINES = st.sampled_from([*KEYS, *SPOKEN, *COMMANDS])


@given(st.lists(LINES, max_size=20))
def test_any_talk_is_a_conversation_that_passes(everything: Flow, lines: list[str]) -> None:
    talk = Talk(everything, Circumstances())
    for line in lines:
        step = step_of(line, {queue: talk.call.agents.get(queue, ()) for queue in queues_of(everything)})
        try:
            talk.do(step)
        except LookupUnansweredError as error:
            talk.answer_lookup(error.node, "not_found")
        except StepError:
            continue
    played = play(everything, talk.conversation("a talk"))
    assert played.failure is None, played.failure
    assert played.state == talk.call.state
