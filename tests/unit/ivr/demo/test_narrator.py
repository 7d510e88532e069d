"""The transcript of a demo, in an order in which it can be read."""

from __future__ import annotations

from typing import Any

import pytest

from ivr.demo.narrator import Narrator
from ivr.localcarrier.wire import Event


def told(*happened: tuple[str, dict[str, Any]]) -> list[tuple[str, str]]:
    """The kind and the text of each line that these events of one caller make, one a second."""
    narrator = Narrator(lambda _sid, _turn: {"text": "order", "confidence": 0.98})
    narrator.name("CA1", "A caller", "caller")
    events = [
        Event(seq=at, at=float(at), kind=kind, call_sid="CA1", data=data) for at, (kind, data) in enumerate(happened)
    ]
    return [(line.kind, line.text or line.heard) for event in events for line in narrator.lines(event, {})]


WHAT = {"text": "What can we do?"}
BEGINS, ENDS, CUT = (
    ("prompt_started", WHAT),
    ("prompt_ended", {**WHAT, "completed": True}),
    ("prompt_ended", {**WHAT, "completed": False}),
)
SAYS = ("speech_ended", {"text": "order"})
GOES = ("call_ended", {"status": "completed"})


@pytest.mark.parametrize("ends", [ENDS, CUT])
def test_what_is_said_into_a_prompt_follows_it(ends: tuple[str, dict[str, Any]]) -> None:
    assert told(BEGINS, SAYS, ends, GOES) == [("prompt", WHAT["text"]), ("said", "order"), ("ended", "completed")]


def test_what_is_said_after_a_prompt_is_told_at_once() -> None:
    assert told(BEGINS, ENDS, SAYS) == [("prompt", WHAT["text"]), ("said", "order")]


def test_what_is_said_is_told_even_where_the_call_ends_before_the_prompt() -> None:
    assert told(BEGINS, SAYS, GOES) == [("said", "order"), ("ended", "completed")]


def test_what_was_heard_is_told_when_the_answer_begins_with_the_time_it_took() -> None:
    asked = ("webhook_request", {"url": "http://127.0.0.1/turn?by=speech&turn=1"})
    assert told(BEGINS, SAYS, CUT, asked, BEGINS)[-1] == ("heard", "order")


def test_keys_are_told_together_when_they_are_sent() -> None:
    asked = ("webhook_request", {"url": "http://127.0.0.1/turn?by=keys&turn=1"})
    keys = [("key_pressed", {"key": key}) for key in "48"]
    assert told(*keys, asked) == [("pressed", "48")]
