"""What `expect` asks, one thing at a time: each test passes one expectation and fails another."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from flows.conversations.player import Played
from flows.model import Flow

Playing = Callable[..., Played]
KEYED = ({"presses": "1"}, {"presses": "4821"})
FOUND = {"find_order": {"found": {"order_state": "is packed", "order_day": "today"}}}


def told(playing: Playing, *steps: dict[str, Any], expect: dict[str, Any], **given: Any) -> str | None:
    """Why the last step failed; None where it did not."""
    failure = playing(*steps, {"expect": expect}, **given).failure
    assert failure is None or failure.step == len(steps) + 1, failure
    return None if failure is None else failure.message


@pytest.mark.parametrize(
    ("prompt", "message"),
    [
        ("How can we help?", None),
        ("can we", None),
        (["Welcome", "How can we help?", "press 0"], None),
        ("corner shop. How can", None),
        ("Welcome  to\nthe corner", None),
        (["How can we help?", "Welcome"], "was heard, but earlier"),
        ("how can we help", "was not heard"),
    ],
)
def test_prompts_are_parts_of_what_was_heard_in_their_order(playing: Playing, prompt: Any, message: str | None) -> None:
    assert told(playing, expect={"prompt": prompt}) == message


def test_only_what_was_heard_since_the_caller_did_something_counts(playing: Playing) -> None:
    assert told(playing, {"presses": "2"}, expect={"prompt": "Welcome"}) == "was not heard"
    assert told(playing, {"presses": "2"}, {"expect": {"prompt": "nine to six"}}, expect={"prompt": "nine"}) is None


def test_a_text_that_must_not_be_heard(playing: Playing) -> None:
    assert told(playing, expect={"no_prompt": "Goodbye"}) is None
    assert told(playing, expect={"no_prompt": ["Goodbye", "Welcome"]}) == "was heard, and should not be: Welcome"


def test_the_node_and_the_language(playing: Playing, everything: Flow) -> None:
    assert told(playing, expect={"node": "main", "language": "en"}) is None
    assert told(playing, expect={"node": "hours"}) == 'the call stands at "main", not at "hours"'
    assert "which the flow does not have" in str(told(playing, expect={"node": "hour"}))
    assert told(playing, {"presses": "2"}, expect={"language": "fa"}, flow=everything) is None
    assert told(playing, expect={"language": "fa"}) == "the call is in en, not in fa"


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"order_number": "4821", "order_state": "is packed"}, None),
        ({"order_day": "today", "never_set": None}, None),
        ({"order_number": 4821}, 'order_number is "4821", not 4821'),
        ({"never_set": "x"}, 'never_set is not set, not "x"'),
        ({"order_day": True}, 'order_day is "today", not true'),
    ],
)
def test_values_are_equal_in_kind_too(playing: Playing, values: dict[str, Any], message: str | None) -> None:
    assert told(playing, *KEYED, expect={"values": values}, lookups=FOUND) == message


def test_true_is_not_one(playing: Playing, everything: Flow) -> None:
    to_sure = ({"presses": "1"}, {"presses": "1"}, {"presses": "2"}, {"presses": "1"})
    assert told(playing, *to_sure, expect={"values": {"sure": True, "tries": 0}}, flow=everything) is None
    assert told(playing, *to_sure, expect={"values": {"sure": 1}}, flow=everything) == "sure is true, not 1"
    wrong = told(playing, *to_sure, expect={"values": {"tries": False}}, flow=everything)
    assert wrong == "tries is 0, not false"


def test_the_parameters_of_a_running_subflow_are_values(playing: Playing, everything: Flow) -> None:
    steps = ({"presses": "1"}, {"presses": "1"}, {"presses": "2"})
    assert told(playing, *steps, expect={"values": {"again": 1}, "node": "count.sure"}, flow=everything) is None


def test_who_is_rung_and_what_they_hear(playing: Playing, everything: Flow) -> None:
    agents = {"office": ["desk"]}
    steps = ({"presses": "1"}, {"presses": "6"})
    assert told(playing, *steps, expect={"transfer": "desk"}, flow=everything, agents=agents) is None
    assert (
        told(playing, *steps, expect={"transfer": "till"}, flow=everything, agents=agents)
        == "desk is being rung, not till"
    )
    assert "the whisper is: About zero tries." in str(
        told(playing, *steps, expect={"whisper": "two"}, flow=everything, agents=agents)
    )
    assert told(playing, expect={"transfer": "desk"}) == "nobody is being rung"


def test_a_booked_callback(playing: Playing) -> None:
    booked = ({"presses": "3"}, {"presses": "1"})
    assert told(playing, *booked, expect={"callback": True}) is None
    assert told(playing, expect={"callback": False}) is None
    assert told(playing, expect={"callback": True}) == "no callback is booked"
    assert "expected was none" in str(told(playing, *booked, expect={"callback": False}))
    wrong = told(playing, *booked, expect={"callback": {"queue": "till"}})
    assert wrong == 'the callback: queue is "shop", not "till"'


def test_the_end_of_a_call(playing: Playing) -> None:
    assert told(playing, {"hangs_up": True}, expect={"outcome": "abandoned"}) is None
    assert (
        told(playing, {"hangs_up": True}, expect={"outcome": "solved"}) == "the call ended as abandoned, not as solved"
    )
    assert "still goes on" in str(told(playing, expect={"outcome": "solved"}))
