"""What kinds of value meet in an expression."""

from __future__ import annotations

from datetime import datetime
from itertools import product
from zoneinfo import ZoneInfo

import pytest

from flows.expressions import evaluate, parse
from flows.expressions.environment import Environment, EvaluationError, QueueState, Value, kind_of
from flows.expressions.functions import FUNCTIONS
from flows.expressions.templates import FILTERS as SPOKEN
from flows.hours import Holidays
from flows.lint.kinds import FILTERS, TAKEN, Misfit, kinds_at, kinds_of
from tests.unit.flows.lint.reading import document_of, messages

SAMPLES: dict[str, tuple[Value, ...]] = {
    "a text": ("2026-11-23", "12", "x"),
    "a number": (3, 1.5),
    "true or false": (True, False),
    "none": (None,),
}
FORMS = [
    "a == b", "a != b", "a < b", "a >= b", "a + b", "a - b", "a * b", "a / b", "-a", "not a", "a and b", "a or b",
    "a in b", "a in [b, 1]", "a in [b]", "number(a)", "text(a)", "length(a)", "lower(a)", "round(a)", "known(a)",
    "default(a, b)", "days_until(a)", "add_days(a, b)", "weekday(a)", "min(a, b)", "max(a, b, 2)", "a + b + 1",
    "default(a, 0) + b", "text(a) + b", "(a == b) == true",
]  # fmt: skip


def worked_out(source: str, values: dict[str, Value]) -> Value:
    environment = Environment(
        values=values,
        at=datetime(2026, 11, 22, 12, tzinfo=ZoneInfo("UTC")),
        language="en",
        caller_number=None,
        speech=True,
        hours={},
        holidays=Holidays(),
        queue=QueueState(waiting=0, free_agents=0, wait_minutes=0),
    )
    return evaluate(parse(source), environment)


@pytest.mark.parametrize("source", FORMS)
def test_what_is_called_a_misfit_fails_for_all_values_of_the_kinds_and_what_is_not_works_for_one(source: str) -> None:
    for first, second in product(SAMPLES, repeat=2):
        misfits: list[Misfit] = []
        kinds = kinds_of(parse(source).tree, {"a": frozenset({first}), "b": frozenset({second})}, misfits)
        results: list[str] = []
        for a, b in product(SAMPLES[first], SAMPLES[second]):
            try:
                results.append(kind_of(worked_out(source, {"a": a, "b": b})))
            except EvaluationError:
                continue
        if misfits:
            # `and` and `or` do not look at their right side when the left one decides.
            assert not results or " and " in source or " or " in source, (first, second, misfits)
        else:
            assert set(results) <= kinds, (first, second)
            # What goes wrong by the value, or by the order in a list, is not claimed.
            assert results or " in [" in source or "default" in source, (first, second)


def test_every_function_and_filter_has_its_kinds() -> None:
    assert set(TAKEN) | {"default", "min", "max"} == set(FUNCTIONS)
    for name, (taken, _) in TAKEN.items():
        assert len(taken) == FUNCTIONS[name].maximum, name
    assert set(FILTERS) == {None, *SPOKEN}


def test_a_counter_that_counts_itself_is_a_number() -> None:
    document = document_of(
        "nodes:\n  main: {type: set, values: {tries: 'default(tries, 0) + 1'}, next: again}\n"
        "  again: {type: branch, cases: [{when: tries < 3, to: goodbye}], otherwise: goodbye}\n"
    )
    assert kinds_at(document, "main")["tries"] == {"a number"}


def test_parameters_have_the_kinds_that_their_callers_give() -> None:
    fragment = """
subflows:
  pay:
    parameters: [amount]
    exits: [done]
    start: begin
    nodes:
      begin: {type: say, prompt: "{amount|money: GBP}", next: back}
      back: {type: return, exit: done}
nodes:
  main: {type: subflow, subflow: pay, parameters: {amount: "'20'"}, exits: {done: goodbye}}
"""
    assert messages(fragment, "wrong-kind") == ["error: the filter money speaks a number, not a text"]
    assert messages(fragment.replace("\"'20'\"", "20"), "wrong-kind") == []


def test_a_name_that_is_saved_as_two_kinds_is_held_to_neither() -> None:
    fragment = """
nodes:
  main: {type: set, values: {x: 1}, next: other}
  other: {type: set, values: {x: "'one'"}, next: told}
  told: {type: say, prompt: "{x|number} {x|date}", next: goodbye}
"""
    assert messages(fragment, "wrong-kind") == []
