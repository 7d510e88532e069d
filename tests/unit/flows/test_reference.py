"""The reference: fresh, whole, and true."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from pydantic import TypeAdapter

from flows.expressions import evaluate, parse
from flows.expressions.environment import Environment
from flows.hours import Holidays
from flows.nodes import Node
from flows.parts import LANGUAGES
from flows.reference import OPERATORS, node_examples, reference
from flows.schema import conversation_schema, flow_schema

COMMITTED = Path(__file__).resolve().parents[3] / "docs" / "flow-reference.md"


def test_the_committed_reference_is_the_one_that_the_models_make() -> None:
    stale = "docs/flow-reference.md is stale; run `ivr flow reference --out docs/flow-reference.md`"
    assert COMMITTED.read_text(encoding="utf-8") == reference(), stale


def test_every_word_of_the_language_and_of_conversations_is_in_the_reference() -> None:
    text = reference()
    for schema in (flow_schema(), conversation_schema()):
        for part in (schema, *schema["$defs"].values()):
            missing = [word for word in part["properties"] if word != "type" and f"`{word}`" not in text]
            assert missing == []


@pytest.mark.parametrize("kind", node_examples())
def test_the_example_of_each_node_is_valid(kind: str) -> None:
    adapter: TypeAdapter[Node] = TypeAdapter(Node)
    assert adapter.validate_python(node_examples()[kind]).type == kind


@pytest.mark.parametrize("example", [example for _, _, example in OPERATORS])
def test_the_example_of_each_operator_is_true(example: str) -> None:
    at = dt.datetime(2026, 3, 2, 10, tzinfo=ZoneInfo("Europe/London"))
    environment = Environment(
        values={},
        at=at,
        language=LANGUAGES[0],
        caller_number=None,
        speech=True,
        hours={},
        holidays=Holidays(),
        queue=None,
    )
    assert evaluate(parse(example), environment) is True


def test_every_link_leads_to_a_heading() -> None:
    text = reference()
    headings = [
        re.sub(r"[^\w -]", "", line.lstrip("# ").lower()).replace(" ", "-")
        for line in text.splitlines()
        if line[:1] == "#"
    ]
    assert set(re.findall(r"\]\(#([^)]+)\)", text)) <= set(headings)
    assert len(set(headings)) == len(headings)


def test_every_row_of_a_table_has_as_many_cells_as_its_head() -> None:
    bars = 0
    for line in reference().splitlines():
        if not line.startswith("|"):
            bars = 0
            continue
        here = len(re.findall(r"(?<!\\)\|", line))
        assert here == (bars or here), line
        bars = here
