"""The expression language: what it computes, what it refuses, and with which words.

One long file: it is mostly tables, and what a parser takes and refuses is read side by side.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from flows.expressions import (
    RESERVED_NAMES,
    Environment,
    EvaluationError,
    ExpressionError,
    QueueState,
    Value,
    evaluate,
    parse,
)
from flows.expressions.environment import BUILT_INS, MAX_NUMBER, QUEUE_FIELDS
from flows.expressions.functions import FUNCTIONS
from flows.hours import Holidays, Hours

MONDAY = dt.datetime(2026, 11, 23, 10, 5, tzinfo=ZoneInfo("Europe/London"))
OFFICE = Hours.model_validate({"mon-fri": ["09:00-17:00"]})


def environment(
    values: Mapping[str, Value] | None = None,
    *,
    at: dt.datetime = MONDAY,
    caller_number: str | None = "+442079460123",
    queue: QueueState | None = None,
    holidays: Holidays | None = None,
) -> Environment:
    return Environment(
        values=values or {},
        at=at,
        language="en",
        caller_number=caller_number,
        speech=True,
        hours={"office": OFFICE},
        holidays=holidays or Holidays(),
        queue=queue,
    )


def value_of(source: str, values: Mapping[str, Value] | None = None) -> Value:
    return evaluate(parse(source), environment(values))


def refusal_of(source: str) -> ExpressionError:
    with pytest.raises(ExpressionError) as caught:
        parse(source)
    return caught.value


def failure_of(source: str, values: Mapping[str, Value] | None = None) -> str:
    with pytest.raises(EvaluationError) as caught:
        value_of(source, values)
    return str(caught.value)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("12", 12),
        ("1.5", 1.5),
        ("2.0", 2),
        ('"it\'s"', "it's"),
        ("'say \"yes\"'", 'say "yes"'),
        ('""', ""),
        ("true", True),
        ("none", None),
        ("1 + 2 * 3", 7),
        ("(1 + 2) * 3", 9),
        ("10 - 4 - 3", 3),
        ("-2 * -3", 6),
        ("-2 + 3", 1),
        ("7 / 2", 3.5),
        ("6 / 2", 3),
        ("0.1 + 0.2", 0.3),
        ('"a" + "b"', "ab"),
        ("1 + 1 == 2 and not 1 > 2", True),
        ("true or false and false", True),
        ("not false and false", False),
        ('"2026-11-23" < "2026-12-01"', True),
        ("none == none", True),
        ('caller_number == "+442079460123"', True),
        ("true != false", True),
        ('"b" in ["a", "b"]', True),
        ('"c" not in ["a", "b"]', True),
        ('not "a" in ["a"]', False),
        ("2 in [1 + 1, 5]", True),
        ('"ar" in "market"', True),
        ('"\U0001f600" in "\U0001f600"', True),
        ("\n 1\t+\n1 ", 2),
    ],
)
def test_an_expression_has_the_value_that_its_author_expects(source: str, expected: Value) -> None:
    value = value_of(source)
    assert value == expected
    assert type(value) is type(expected)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ('number(" 12 ")', 12),
        ('number("1.50")', 1.5),
        ('number("٤٢")', 42),
        ('number("۴۲٫۵")', 42.5),
        ("number(3)", 3),
        ("text(3)", "3"),
        ("text(10 / 4)", "2.5"),
        ("text(100.0)", "100"),
        ("text(0.000000001)", "0.000000001"),
        ("text(true)", "true"),
        ("text(none)", ""),
        ('length("abc")', 3),
        ('lower("ABC")', "abc"),
        ("round(2.5)", 3),
        ("round(-2.5)", -3),
        ("round(2.4)", 2),
        ('days_until("2026-12-01")', 8),
        ("days_until(today)", 0),
        ('days_until("2026-11-20")', -3),
        ("add_days(today, 8)", "2026-12-01"),
        ('add_days("2024-02-29", -1)', "2024-02-28"),
        ('weekday("2026-11-22")', "sunday"),
        ("weekday_today", "monday"),
        ("today", "2026-11-23"),
        ("now", "10:05"),
        ("language", "en"),
        ("speech", True),
        ('open("office")', True),
        ("open(office)", True),
        ("holiday()", False),
        ("min(3, 1, 2)", 1),
        ('max("2026-01-01", today)', "2026-11-23"),
    ],
)
def test_a_function_or_built_in_name_has_the_value_that_its_documentation_says(source: str, expected: Value) -> None:
    assert value_of(source) == expected


def test_the_table_of_opening_hours_decides_open_at_the_instant_of_the_call() -> None:
    evening = environment(at=MONDAY.replace(hour=17))
    assert evaluate(parse("open(office)"), evening) is False


def test_a_day_of_the_flows_own_list_is_a_holiday_and_closes_the_office() -> None:
    closed = environment(holidays=Holidays.model_validate({"dates": {"2026-11-23": "Stocktaking"}}))
    assert evaluate(parse("holiday() and not open(office)"), closed) is True


def test_the_queue_can_be_asked_where_its_state_is_known() -> None:
    busy = environment(queue=QueueState(waiting=4, free_agents=0, wait_minutes=12))
    assert evaluate(parse("queue.waiting > 3 and queue.free_agents == 0 and queue.wait_minutes == 12"), busy) is True
    assert "queue.waiting" in failure_of("queue.waiting == 0")


def test_a_value_of_the_call_is_read_by_its_name() -> None:
    assert value_of("count * 2", {"count": 21}) == 42


def test_a_missing_value_fails_with_its_name() -> None:
    assert '"order"' in failure_of('order == "1"')


def test_known_and_default_take_a_value_that_may_be_missing_or_none() -> None:
    assert value_of("known(order)") is False
    assert value_of("known(order)", {"order": None}) is False
    assert value_of("known(order)", {"order": ""}) is True
    assert value_of('default(order, "nothing")') == "nothing"
    assert value_of('default(order, "nothing")', {"order": "7"}) == "7"


def test_a_withheld_number_is_not_known() -> None:
    withheld = environment(caller_number=None)
    assert evaluate(parse("known(caller_number)"), withheld) is False
    assert evaluate(parse("caller_number == none"), withheld) is True


def test_and_and_or_stop_as_soon_as_they_know() -> None:
    assert value_of("known(order) and order > 3") is False
    assert value_of("not known(order) or order > 3") is True


def test_the_names_of_an_expression_tell_required_and_optional_values_apart() -> None:
    read = parse('known(a) and b > 1 and default(c, d) == today and "x" in [e, f]')
    assert read.names == {"b", "d", "e", "f"}
    assert read.optional_names == {"a", "c"}


def test_a_name_that_is_asked_for_and_also_read_is_in_both_sets() -> None:
    read = parse("known(a) and a == 1")
    assert read.names == read.optional_names == {"a"}


def test_an_expression_tells_which_opening_hours_and_whether_the_queue_it_reads() -> None:
    read = parse('open(office) or open("shop") or queue.waiting == 0')
    assert read.hours_names == {"office", "shop"}
    assert read.names == frozenset()
    assert read.uses_queue
    assert not parse("open(office)").uses_queue


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ('1 == "1"', "number(...)"),
        ('"3" < 4', "number(...)"),
        ('1 in ["1"]', "number(...)"),
        ('1 + "1"', "text(...)"),
        ('"2" * 3', "number(...)"),
        ("length(12)", "text(...)"),
        ("1 / 0", "divides by zero"),
        ("1 / (2 - 2)", "divides by zero"),
        ("true < false", "cannot compare true or false"),
        ("true == 1", "cannot compare true or false with a number"),
        ("true + 1", "needs a number"),
        ("none < 1", "cannot compare none"),
        ("not 1", "needs true or false"),
        ("1 and true", "needs true or false"),
        ("true and 1", "needs true or false"),
        ("1 in 12", "looks for a text in a text"),
        ("-speech", "needs a number"),
        ("number(true)", "needs a number"),
        ('number("1,000")', "text of digits"),
        ('number("nan")', "text of digits"),
        ('number("1e9")', "text of digits"),
        ('number("1_0")', "text of digits"),
        ('days_until("23.11.2026")', "2026-11-23"),
        ('days_until("2026-02-30")', "2026-11-23"),
        ('days_until("20261123")', "2026-11-23"),
        ("weekday(12)", "2026-11-23"),
        ("add_days(today, 1.5)", "whole number"),
        ("add_days(today, 100000000)", "calendar"),
        ("open(ofice)", '"ofice"'),
        ('min(1, "a")', "number(...)"),
        ("max(true, false)", "not true or false"),
        ("1000000 * 1000000 * 1000000", "beyond"),
    ],
)
def test_a_value_of_the_wrong_kind_fails_with_words_that_help(source: str, words: str) -> None:
    assert words in failure_of(source)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 10**400, -(10**13), "x" * 2_001])
def test_a_value_of_the_call_beyond_the_limits_fails(value: Value) -> None:
    assert failure_of("known(big)", {"big": value})


def test_a_text_never_grows_beyond_its_limit() -> None:
    assert len(str(value_of("a + a", {"a": "x" * 1_000}))) == 2_000
    assert "2000 characters" in failure_of("a + a", {"a": "x" * 1_001})
    assert "2000 characters" in failure_of("lower(a)", {"a": "\u0130" * 1_500})  # two characters each in small letters


def test_no_message_repeats_a_value_that_could_be_secret() -> None:
    secret = "4929 1234 5678 9012"
    for source in ("number(card)", "card + 1", "card < 1", "card and true", "days_until(card)", "weekday(card)"):
        assert "4929" not in failure_of(source, {"card": secret})


@pytest.mark.parametrize(
    ("source", "column", "words"),
    [
        ("", 1, "no expression"),
        ("   ", 1, "no expression"),
        ("1 +", 4, "too early"),
        ("a = 1", 3, "write =="),
        ("a && b", 3, '"and"'),
        ("a || b", 3, '"or"'),
        ("!a", 1, '"not"'),
        ("a == \u201cyes\u201d", 6, "straight quotes"),
        ("a == \u2018yes\u2019", 6, "straight quotes"),
        ('a == "yes', 6, "no closing quote"),
        ("(1 + 2", 1, "never closed"),
        ("1 + 2)", 6, "closes nothing"),
        ("((1)", 1, "never closed"),
        ("min(1, 2", 4, "never closed"),
        ("a in [1, 2", 6, "never closed"),
        ("a in []", 6, "empty"),
        ("[1, 2]", 1, "after in"),
        ("a == [1]", 6, "after in"),
        ("1 2", 3, "operator"),
        ("a b", 3, "operator"),
        ("1 < 2 < 3", 7, "on its own"),
        ("a == b in c", 8, "on its own"),
        ("* 2", 1, "missing before *"),
        ("min(1,)", 7, "missing before )"),
        ("lenght(a)", 1, "did you mean length?"),
        ("xyzzy(1)", 1, "known: number"),
        ("length()", 1, "length(text)"),
        ("length(a, b)", 1, "length(text)"),
        ("holiday(1, 2)", 1, "holiday(date)"),
        ("min(1)", 1, "min(a, b, ...)"),
        ('known("a")', 7, "without quotes"),
        ("default(1 + 1, 2)", 9, "without quotes"),
        ("open(1)", 6, 'open("office")'),
        ("open(today)", 6, 'open("office")'),
        ("queue.lenght", 1, "queue.waiting"),
        ("queue", 1, "queue.waiting"),
        ("caller.name", 1, "queue.waiting"),
        ("Order", 1, "did you mean order?"),
        ("_order", 1, "is no name"),
        ("order-número", 7, '"número" is no name'),
        ("12abc", 1, "begins with a letter"),
        ("1.", 2, "no meaning"),
        ("1.2.3", 4, "no meaning"),
        ("٣ + 1", 1, "write the digit 3"),
        ("1٣", 1, "begins with a letter"),
        ("سفارش", 1, "is no name"),
        ("a == \u200f1", 6, "direction mark"),
        ("a\x00", 2, "invisible"),
        ("{a}", 1, "braces"),
        ("5 % 2", 3, "no %"),
        ("a; b", 2, "no meaning"),
        ("a.__class__", 2, "no meaning"),
        ("99999999999999", 1, "in quotes"),
        ("__import__('os')", 1, "is no name"),
        ("lambda x: x", 9, "no meaning"),
    ],
)
def test_a_mistake_is_refused_at_its_column_in_plain_words(source: str, column: int, words: str) -> None:
    error = refusal_of(source)
    assert words in error.message
    assert error.column == column


def test_the_length_of_an_expression_is_bounded() -> None:
    assert value_of('"' + "x" * 498 + '"') == "x" * 498
    assert "500 characters" in refusal_of('"' + "x" * 499 + '"').message
    assert "500 characters" in refusal_of("(" * 1_000_000).message


@pytest.mark.parametrize(
    ("opening", "closing"), [("(", ")"), ("not ", ""), ("-", ""), ("round(", ")"), ("1 in [", "]"), ("1 + ", "")]
)
def test_the_depth_of_an_expression_is_bounded(opening: str, closing: str) -> None:
    assert parse(opening * 15 + "1" + closing * 15)
    assert "nested too deeply" in refusal_of(opening * 60 + "1" + closing * 60).message


def test_right_to_left_text_in_quotes_is_a_text_like_any_other() -> None:
    assert value_of('city == "تهران"', {"city": "تهران"}) is True


def test_every_reserved_name_means_something_else_than_a_value_of_the_call() -> None:
    for name in RESERVED_NAMES:
        try:
            read = parse(name)
        except ExpressionError:
            continue
        assert read.names == frozenset()


def test_the_tables_for_the_reference_have_one_sentence_for_each_entry() -> None:
    docs = [*(f.doc for f in FUNCTIONS.values()), *(b.doc for b in BUILT_INS.values()), *QUEUE_FIELDS.values()]
    assert all(doc.endswith(".") and doc[0].isupper() and ". " not in doc for doc in docs)
    for name, function in FUNCTIONS.items():
        assert function.signature.startswith(f"{name}(")
        shown = function.signature.count(",") + (function.signature != f"{name}()")
        assert function.maximum in {None, shown}


def test_one_source_is_parsed_once() -> None:
    assert parse("1 + 1 == 2") is parse("1 + 1 == 2")


VALUES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.just("2026-11-23")
PIECES = st.sampled_from(
    [
        *("a", "b", "1", "2.5", '"x"', "'2026-11-23'", "true", "false", "none", "today", "queue.waiting", "queue"),
        *("+", "-", "*", "/", "==", "!=", "<", "<=", ">", ">=", "in", "and", "or", "not", "(", ")", "[", "]", ","),
        *(f"{name}(" for name in FUNCTIONS),
    ]
)


def expressions() -> st.SearchStrategy[str]:
    """Sources that nearly all can be read."""
    leaves = st.sampled_from(
        ["a", "b", "1", "0", "2.5", '"x"', '"2026-11-23"', "true", "none", "today", "queue.waiting"]
    )

    def larger(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        binary = st.sampled_from(["+", "-", "*", "/", "==", "!=", "<", ">=", "in", "and", "or"])
        one = st.sampled_from(["number", "text", "length", "lower", "round", "days_until", "weekday"])
        two = st.sampled_from(["min", "max", "add_days"])
        return st.one_of(
            st.tuples(inner, binary, inner).map(lambda parts: f"({parts[0]} {parts[1]} {parts[2]})"),
            st.tuples(st.sampled_from(["not", "-"]), inner).map(lambda parts: f"({parts[0]} {parts[1]})"),
            st.tuples(inner, inner).map(lambda parts: f"({parts[0]} in [{parts[1]}, 1])"),
            st.tuples(one, inner).map(lambda parts: f"{parts[0]}({parts[1]})"),
            st.tuples(two, inner, inner).map(lambda parts: f"{parts[0]}({parts[1]}, {parts[2]})"),
            inner.map(lambda fallback: f"default(a, {fallback})"),
        )

    return st.recursive(leaves, larger, max_leaves=12)


def _errors_of(source: str) -> Iterator[ExpressionError]:
    try:
        parse(source)
    except ExpressionError as error:
        yield error


@given(st.text(max_size=600) | st.lists(PIECES, max_size=60).map(" ".join) | st.lists(PIECES).map("".join))
@example("\ud800")
@example("²")
@example("1" * 400)
@example("a.b.c.d")
def test_parse_raises_nothing_but_its_own_error_with_a_column_inside(source: str) -> None:
    error = next(_errors_of(source), None)
    assert error is None or (error.message and 1 <= error.column <= len(source) + 1)


@settings(max_examples=400)
@given(expressions(), st.dictionaries(st.sampled_from("ab"), VALUES), st.booleans())
def test_evaluate_raises_nothing_but_its_own_error_and_keeps_the_limits(
    source: str, values: dict[str, Value], queue: bool
) -> None:
    try:
        read = parse(source)
    except ExpressionError:
        return
    assert read.names | read.optional_names <= {"a", "b"}
    try:
        value = evaluate(read, environment(values, queue=QueueState(1, 2, 3) if queue else None))
    except EvaluationError:
        return
    if isinstance(value, str):
        assert len(value) <= 2_000
    elif value is not None:
        assert abs(value) <= MAX_NUMBER
