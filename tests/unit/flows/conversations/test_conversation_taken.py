"""Which nodes and exits a call takes, also where two exits lead to one place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.conversations.model import Circumstances, Step
from flows.conversations.player import Call, Played, StepError
from flows.model import Flow

Playing = Callable[..., Played]
ENGLISH = {"presses": "1"}
LOOKUPS = {"find_card": "not_found"}


def test_what_is_entered_before_the_caller_does_anything_counts(playing: Playing) -> None:
    played = playing({"hangs_up": True})
    assert played.nodes == ("welcome", "main")
    assert played.exits == (("welcome", "next"),)


def test_the_choice_of_a_language_is_no_exit_of_the_first_node(playing: Playing, everything: Flow) -> None:
    assert playing({"expect": {"node": "welcome"}}, flow=everything).nodes == ()
    played = playing(ENGLISH, flow=everything)
    assert played.nodes == ("welcome", "prepare", "main")
    assert played.exits == (("welcome", "next"), ("prepare", "next"))


@pytest.mark.parametrize(("sure", "way", "exit_"), [("1", "cases.0.to", "fine"), ("2", "otherwise", "bad")])
def test_the_exit_of_a_subflow_belongs_to_the_node_that_called_it(
    playing: Playing, everything: Flow, sure: str, way: str, exit_: str
) -> None:
    played = playing(ENGLISH, {"presses": "1"}, {"presses": "2"}, {"presses": sure}, flow=everything)
    assert played.passed
    assert played.exits[-5:] == (
        ("wish", "intents.other.to"),
        ("count.add", "next"),
        ("count.sure", "next"),
        ("count.which", way),
        ("check", f"exits.{exit_}"),
    )


def test_an_intent_is_told_by_its_key_its_sentence_or_its_slot(playing: Playing, everything: Flow) -> None:
    to_wish = (ENGLISH, {"presses": "1"})
    for answers in (
        [{"presses": "1"}, {"presses": "4821"}],
        [{"says": "where is my order"}, {"presses": "4821"}],
        [{"says": "where is order 4821"}, {"says": "yes"}],
        [{"says": {"text": "where is my order", "unsure": True}}, {"says": "yes"}, {"says": "4821"}, {"presses": "1"}],
    ):
        played = playing(*to_wish, *answers, {"expect": {"values": {"order": "4821"}}}, flow=everything)
        assert played.failure is None, (answers, played.failure)
        assert ("wish", "intents.state.to") in played.exits
        assert ("wish", "intents.other.to") not in played.exits


@pytest.mark.parametrize(
    ("steps", "given", "exit_"),
    [
        ([{"presses": "2"}, {"records": 5}], {}, ("message", "next")),
        ([{"presses": "2"}, {"records": 0}], {}, ("message", "nothing")),
        ([{"presses": "2"}, {"stays_silent": True}], {}, ("message", "nothing")),
        ([{"presses": "4"}], {}, ("text", "next")),
        ([{"presses": "4"}], {"texts": "failed"}, ("text", "failed")),
        ([{"presses": "4"}], {"caller": "withheld"}, ("text", "failed")),
        ([{"presses": "3"}], {"queues": {"office": {"waiting": 9}}}, ("sort", "cases.0.to")),
        ([{"presses": "3"}], {}, ("sort", "otherwise")),
        ([{"presses": "8"}, {"presses": "1234#"}], LOOKUPS, ("find_card", "not_found")),
        ([{"presses": "8"}, {"presses": "1234#"}], {"find_card": "failed"}, ("find_card", "failed")),
        ([{"presses": "5"}, {"presses": "1"}, {"presses": "1"}], {"slots": ["2026-01-06 09:00"]}, ("call_me", "next")),
    ],
)
def test_exits_to_the_same_node_are_told_apart(
    playing: Playing, everything: Flow, steps: list[dict[str, Any]], given: dict[str, Any], exit_: tuple[str, str]
) -> None:
    if "find_card" in given:
        given = {"lookups": given}
    played = playing(ENGLISH, *steps, {"expect": {"outcome": "solved"}}, flow=everything, **given)
    assert played.failure is None, played.failure
    assert played.exits[-1] == exit_
    assert [taken for taken in played.exits if taken[0] == exit_[0]] == [exit_]


def test_going_back_is_no_exit(playing: Playing, everything: Flow) -> None:
    played = playing(ENGLISH, {"presses": "1"}, {"says": "back"}, {"expect": {"node": "main"}}, flow=everything)
    assert played.failure is None, played.failure
    assert played.exits[-1] == ("main", "choices.0.to")
    assert played.nodes[-2:] == ("wish", "main")


def test_going_back_to_where_an_answer_would_lead_is_no_exit_either(playing: Playing) -> None:
    ask = {"type": "ask", "prompt": "How many?", "answer": {"type": "number", "max": 9}, "save_as": "n", "next": "main"}
    choices = [{"key": "1", "phrases": ["one more"], "label": "one more", "to": "count"}]
    nodes = {"main": {"type": "menu", "prompt": "What is it?", "choices": choices}, "count": ask}
    about = {"organisation": "x", "time_zone": "UTC", "country": "GB", "queue": "x"}
    flow = Flow.model_validate(
        {"zerohold": 1, "name": "x", "languages": ["en"], **about, "start": "main", "nodes": nodes}
    )
    back = playing({"presses": "1"}, {"says": "back"}, {"expect": {"node": "main"}}, flow=flow)
    assert (back.failure, back.exits) == (None, (("main", "choices.0.to"),))
    answered = playing({"presses": "1"}, {"presses": "7#"}, {"expect": {"node": "main"}}, flow=flow)
    assert (answered.failure, answered.exits[-1]) == (None, ("count", "next"))


def test_an_answer_that_was_confirmed_takes_its_own_exit_and_one_that_was_not_takes_none(
    playing: Playing, everything: Flow
) -> None:
    unsure = (ENGLISH, {"says": {"text": "sorting", "unsure": True}})
    assert ("main", "choices.2.to") in playing(*unsure, {"says": "yes"}, flow=everything).exits
    assert all(node != "main" for node, _ in playing(*unsure, {"says": "no"}, flow=everything).exits)


def test_a_fault_on_the_way_takes_no_exit_further(playing: Playing, everything: Flow) -> None:
    played = playing(ENGLISH, {"presses": "7"}, {"expect": {"prompt": "went wrong"}}, flow=everything)
    assert played.failure is None, played.failure
    assert all(node != "broken" for node, _ in played.exits)


ANYTHING = st.one_of(
    st.sampled_from("123456789").map(lambda key: {"presses": key}),
    st.sampled_from(["0", "*", "#", "1234#", "0304", "12"]).map(lambda keys: {"presses": keys}),
    st.sampled_from(["orders", "yes", "no", "back", "where is order 4821", "something else", "help", "zzz"]).map(
        lambda text: {"says": text}
    ),
    st.sampled_from(
        [
            {"stays_silent": True},
            {"records": 7},
            {"person": "misses"},
            {"breaks": "call"},
            {"waits_s": 100},
            {"speech": "down"},
            {"agents": {"office": ["desk"]}},
        ]
    ),
)


@given(st.lists(ANYTHING, max_size=25))
def test_in_any_call_the_nodes_are_the_path_and_each_exit_leads_from_one_to_another(
    everything: Flow, steps: list[dict[str, Any]]
) -> None:
    call = Call(everything, Circumstances.model_validate({"lookups": LOOKUPS}))
    for step in steps:
        try:
            call.do(Step.model_validate(step))
        except StepError:
            continue  # it cannot be done here, and the call stands where it stood
        if len(call.state.path) < 200:
            assert tuple(call.nodes) == call.state.path
    for node, exit_ in call.exits:
        assert node in call.nodes
        assert everything.exits_of(node)[exit_] in call.nodes
