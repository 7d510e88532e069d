"""How far conversations reach, and how a failure is told."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from flows.conversations.coverage import coverage_json, coverage_of, coverage_text, exit_name
from flows.conversations.model import Conversation
from flows.conversations.player import Played, play
from flows.conversations.report import explain, nearest_text
from flows.model import Flow

Playing = Callable[..., Played]


def test_coverage_counts_nodes_and_exits_over_all_conversations(orders: Flow, playing: Playing) -> None:
    first = playing({"presses": "2"})
    both = coverage_of(orders, [first, playing({"presses": "3"})], name="orders.yaml")
    assert (both.conversations, both.nodes, both.exits) == (2, 11, 13)
    assert "hours" not in both.missing_nodes
    assert "call_me" not in both.missing_nodes
    assert "call_me" in coverage_of(orders, [first], name="orders.yaml").missing_nodes
    assert both.percent == pytest.approx(100 * (5 + 4) / 24)


def test_no_conversations_cover_nothing(orders: Flow) -> None:
    assert coverage_of(orders, [], name="x").percent == 0


def test_the_report_names_what_is_missing_as_an_operator_would(orders: Flow, playing: Playing) -> None:
    lines = list(coverage_text(coverage_of(orders, [playing({"presses": "2"})], name="orders.yaml")))
    assert lines[0] == "orders.yaml: 29 % covered (4 of 11 nodes, 3 of 13 exits)"
    assert "  node never visited: call_me" in lines
    assert "  exit never taken:   main, key 3, to call_me" in lines
    assert "  exit never taken:   find_order, not_found, to order_unknown" in lines


def test_the_json_has_the_percentage_too(orders: Flow, playing: Playing) -> None:
    values = coverage_json(coverage_of(orders, [playing({"presses": "2"})], name="orders.yaml"))
    assert values["percent"] == 29.2
    assert {"node": "main", "exit": "choices.2.to", "to": "call_me", "name": "key 3"} in values["missing_exits"]  # type: ignore[operator]


@pytest.mark.parametrize(
    ("node", "exit_", "name"),
    [
        ("main", "choices.1.to", "key 2"),
        ("wish", "intents.other.to", "intent other"),
        ("sort", "cases.0.to", "case 1"),
        ("sort", "otherwise", "otherwise"),
        ("check", "exits.fine", "exit fine"),
        ("message", "nothing", "nothing"),
    ],
)
def test_each_kind_of_exit_has_a_name(everything: Flow, node: str, exit_: str, name: str) -> None:
    assert exit_name(everything, node, exit_) == name


def test_a_failure_shows_the_nearest_text_that_was_heard(orders: Flow) -> None:
    steps = [{"presses": "2"}, {"expect": {"prompt": "We are open from nine to five, Monday to Saturday."}}]
    conversation = Conversation.model_validate({"name": "hours", "steps": steps})
    assert list(explain(conversation, play(orders, conversation)))[:6] == [
        "step 2 of 2: expect",
        "  this was not heard:",
        "    - We are open from nine to five, Monday to Saturday.",
        "  the nearest that was heard:",
        "    + We are open from nine to six, Monday to Saturday.",
        "  heard just before:",
    ]


def test_nothing_is_called_near_that_is_not(orders: Flow) -> None:
    assert nearest_text("We sell bananas", ("How can we help?", "Goodbye.")) is None


def test_a_conversation_that_passes_needs_no_words(orders: Flow) -> None:
    conversation = Conversation.model_validate({"name": "x", "steps": [{"hangs_up": True}]})
    assert list(explain(conversation, play(orders, conversation))) == []


def test_a_failure_before_the_first_step_is_told_as_such() -> None:
    content = {
        "zerohold": 1, "name": "x", "languages": ["en"], "organisation": "x", "time_zone": "UTC", "country": "GB",
        "queue": "x", "start": "find",
        "nodes": {
            "find": {
                "type": "lookup", "source": {"type": "csv", "file": "x.csv"}, "where": {"a": "1"},
                "save": {"b": "b"}, "found": "end", "not_found": "end",
            },
            "end": {"type": "end", "prompt": "Goodbye.", "outcome": "solved"},
        },
    }  # fmt: skip
    flow = Flow.model_validate(content)
    conversation = Conversation.model_validate({"name": "x", "steps": [{"hangs_up": True}]})
    played = play(flow, conversation)
    assert played.state is None
    lines = list(explain(conversation, played))
    assert lines[0] == "before the first step"
    assert "    find: {found: {b: ...}}" in lines[2] + lines[3]
