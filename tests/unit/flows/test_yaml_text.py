"""Conversations as YAML text."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from flows.conversations.model import Conversation, ConversationFile
from flows.problems import FlowError
from flows.yaml_text import conversation_yaml, read_conversations

EXAMPLES = Path(__file__).resolve().parents[3] / "flows" / "examples"

# Control and invisible characters that a flow file refuses, and halves of characters, are no text.
TEXTS = st.one_of(
    st.sampled_from(["yes", "No", "on", "null", "0", "1", "007", "1e3", "12:30", "2026-01-01", "~", "a: b", "a #b"]),
    st.sampled_from(["- a", "{a}", "[a", "'a'", '"a"', "a,b", "!a", "&a", "*a", "|", ">", "%", "@", "`", "?", "? a"]),
    st.sampled_from(
        ["سفارش شما کجاست؟", "می‌خواهم", "\u200fx", "أهلًا", "a\nb", "a\tb", " a ", "a:", "\ufeffx", "=", "<<"]
    ),
    st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")), min_size=1, max_size=40),
)
NAMES = st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True)
SCALARS = st.one_of(
    TEXTS, st.none(), st.booleans(), st.integers(-(10**15), 10**15), st.floats(-1e9, 1e9).map(lambda x: round(x, 4))
)
KEYS = st.text("0123456789*#", min_size=1, max_size=8)
TIMES = st.datetimes(dt.datetime(2000, 1, 1), dt.datetime(2100, 1, 1)).map(  # noqa: DTZ001 - in the flow's zone
    lambda at: at.replace(microsecond=0, fold=0)
)
FOUND = st.fixed_dictionaries({"found": st.dictionaries(NAMES, SCALARS, max_size=4)})
ONE_LOOKUP = st.one_of(st.sampled_from(["not_found", "failed"]), FOUND)
AGENTS = st.dictionaries(NAMES, st.lists(TEXTS, max_size=3), max_size=2)
CALLBACK = st.one_of(st.booleans(), st.fixed_dictionaries({}, optional={"number": TEXTS, "starts": TIMES}))
EXPECT = st.fixed_dictionaries(
    {},
    optional={
        "prompt": st.one_of(TEXTS, st.lists(TEXTS, max_size=3)),
        "node": TEXTS,
        "values": st.dictionaries(NAMES, SCALARS, max_size=3),
        "callback": CALLBACK,
        "outcome": st.sampled_from(["solved", "callback"]),
    },
)
SAYS = st.fixed_dictionaries(
    {"text": TEXTS},
    optional={"unsure": st.booleans(), "means": KEYS, "slots": st.dictionaries(NAMES, KEYS, max_size=2)},
)
STEPS = st.one_of(
    st.fixed_dictionaries({"says": st.one_of(TEXTS, SAYS)}),
    st.fixed_dictionaries({"presses": KEYS}),
    st.fixed_dictionaries({"agents": AGENTS}),
    st.fixed_dictionaries({"expect": EXPECT}),
    st.fixed_dictionaries({"speech": st.sampled_from(["up", "down", ["fa", "en"], []])}),
    st.sampled_from([{"stays_silent": True}, {"hangs_up": True}, {"records": 0}, {"waits_s": 60}, {"breaks": "call"}]),
)
CONVERSATIONS = st.fixed_dictionaries(
    {"name": TEXTS, "steps": st.lists(STEPS, min_size=1, max_size=6)},
    optional={
        "at": TIMES,
        "caller": st.sampled_from(["withheld", "+442079460123"]),
        "speech": st.sampled_from([True, False, ["en"], []]),
        "agents": AGENTS,
        "queues": st.dictionaries(NAMES, st.fixed_dictionaries({"waiting": st.integers(0, 9)}), max_size=2),
        "lookups": st.dictionaries(TEXTS, st.one_of(ONE_LOOKUP, st.lists(ONE_LOOKUP, max_size=3)), max_size=2),
        "booking": st.sampled_from(["store_down", ["number_refused", "booked"]]),
    },
)


@given(CONVERSATIONS, TEXTS)
def test_what_is_written_reads_the_same(fields: dict[str, Any], flow_file: str) -> None:
    conversation = Conversation.model_validate(fields)
    text = conversation_yaml([conversation], flow_file)
    assert read_conversations(text.encode(), "x.test.yaml") == ConversationFile(
        flow=flow_file, conversations=(conversation,)
    )


@given(CONVERSATIONS)
def test_other_readers_of_yaml_find_the_same_texts(fields: dict[str, Any]) -> None:
    conversation = Conversation.model_validate(fields)
    tree = YAML(typ="safe", pure=True).load(conversation_yaml([conversation], "a.yaml"))
    assert Conversation.model_validate(tree["conversations"][0]) == conversation


def test_what_is_written_is_what_an_operator_would_write() -> None:
    conversation = Conversation.model_validate(
        {
            "name": "nobody is free",
            "at": "2026-03-02 22:00",
            "lookups": {"find_order": ["not_found", {"found": {"state": "is packed", "number": "0"}}]},
            "steps": [
                {"says": "yes"},
                {"presses": "1"},
                {"says": {"text": "about it", "means": "2"}},
                {"expect": {"prompt": ["How can we help?", "For a person, press 0."], "outcome": "solved"}},
            ],
        }
    )
    assert (
        conversation_yaml([conversation], "orders.yaml")
        == """\
flow: orders.yaml
conversations:
  - name: nobody is free
    at: "2026-03-02 22:00"
    lookups: {find_order: [not_found, {found: {state: is packed, number: "0"}}]}
    steps:
      - says: "yes"
      - presses: "1"
      - says: {text: about it, means: "2"}
      - expect: {prompt: ["How can we help?", "For a person, press 0."], outcome: solved}
"""
    )


@pytest.mark.parametrize("path", sorted(EXAMPLES.rglob("*.test.yaml")), ids=lambda path: str(path.name))
def test_the_example_conversations_can_be_written_again(path: Path) -> None:
    read = read_conversations(path.read_bytes(), str(path))
    text = conversation_yaml(read.conversations, read.flow)
    assert read_conversations(text.encode(), "again") == read
    assert max(map(len, text.splitlines())) < 200


BEGINNING = "flow: orders.yaml\nconversations:\n  - name: one\n"


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("", ["1:1: is empty; begin with `flow: NAME.yaml`"]),
        (BEGINNING + "    steps: []\n", ["4:5: conversations.0.steps: is an empty list"]),
        (BEGINNING + "    steps:\n      - press: '1'\n", ["5:9: conversations.0.steps.0.press: is not a word"]),
        (BEGINNING + "    steps:\n      - presses: 1\n", ["5:18: conversations.0.steps.0.presses: must be text"]),
        (
            BEGINNING + "    steps:\n      - presses: '1'\n        says: one\n",
            ["5:9: conversations.0.steps.0: a step is exactly one of: says, "],
        ),
        (
            BEGINNING + "    at: 12\n    steps:\n      - hangs_up: false\n",
            [
                "4:5: conversations.0.at: must be a day and a time, such as",
                "6:9: conversations.0.steps.0.hangs_up: must",
            ],
        ),
        (
            BEGINNING + "    lookups: {a: lost}\n    steps: [{hangs_up: true}]\n",
            ['4:15: conversations.0.lookups.a: is "lost" (known: failed, not_found)'],
        ),
        (
            BEGINNING + "    steps: [{expect: {outcome: sloved}}]\n",
            ['conversations.0.steps.0.expect.outcome: is "sloved" (did you mean solved?'],
        ),
        (
            BEGINNING + "    steps: [{hangs_up: true}]\n  - name: one\n    steps: [{hangs_up: true}]\n",
            ['two conversations are named "one"'],
        ),
    ],
)
def test_each_mistake_is_told_where_it_stands_and_nothing_else_is(text: str, problems: list[str]) -> None:
    with pytest.raises(FlowError) as caught:
        read_conversations(text.encode(), "x.test.yaml")
    told = [str(problem) for problem in caught.value.problems]
    assert len(told) == len(problems), told
    for line, problem in zip(told, problems, strict=True):
        assert problem in line
