"""Templates: what a caller hears for each filter, and what an author hears about a mistake."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from flows import speaking
from flows.expressions import ExpressionError
from flows.expressions.environment import Environment, EvaluationError, QueueState, Value
from flows.expressions.templates import FILTERS, MAX_CHARACTERS, Field, fill, parse_template, problems_of
from flows.hours import Holidays

TODAY = dt.date(2026, 11, 23)
LANGUAGES = ("en", "ar", "fa")
PLURAL = (
    '{n|plural: =0 "no orders" one "# order" two "two orders" '
    'few "# orders, few" many "# orders, many" other "# orders"}'
)


def environment(values: Mapping[str, Value]) -> Environment:
    return Environment(
        values=values,
        at=dt.datetime.combine(TODAY, dt.time(10), ZoneInfo("Europe/London")),
        language="en",
        caller_number=None,
        speech=False,
        hours={},
        holidays=Holidays(),
        queue=QueueState(waiting=2, free_agents=0, wait_minutes=7),
    )


def spoken(template: str, values: Mapping[str, Value] | None = None, language: str = "en") -> str:
    return fill(template, environment(values or {}), language)


def failure_of(template: str, values: Mapping[str, Value] | None = None) -> str:
    with pytest.raises(EvaluationError) as caught:
        spoken(template, values)
    return str(caught.value)


@pytest.mark.parametrize(
    "text", ["", "Good morning.", "5 % off: it's | here", "صباح الخير", "\u200fسلام\u200e 12 ۱۲", "a\nb", "# = \"'"]
)
def test_a_text_without_braces_is_spoken_as_it_is(text: str) -> None:
    assert spoken(text) == text
    assert problems_of(text) == []


def test_double_braces_are_single_braces_that_are_spoken() -> None:
    assert spoken("{{{n}}} }}{{", {"n": "x"}) == "{x} }{"


def test_a_text_is_spoken_as_it_is_and_never_read_as_a_template_again() -> None:
    assert spoken("{a}{a}", {"a": "{b}|"}) == "{b}|{b}|"


def test_an_expression_stands_where_a_name_can() -> None:
    assert spoken('{default(nick, "you")}: {queue.wait_minutes + 1}') == f"you: {speaking.number('en', 8)}"


def test_braces_bars_and_colons_in_quotes_belong_to_the_text() -> None:
    assert spoken("""{"}|{: '"}{'"'}""") == "}|{: '\""


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_filter_speaks_a_value_as_the_language_does(language: str) -> None:
    values: dict[str, Value] = {
        "order": "40718",
        "count": 40718,
        "day": "2026-12-01",
        "at": "14:30",
        "price": 12.5,
        "phone": "+442079460123",
    }
    assert spoken("{order|digits}", values, language) == speaking.digits(language, "40718")
    assert spoken("{count|digits}", values, language) == speaking.digits(language, "40718")
    assert spoken("{count|number}", values, language) == speaking.number(language, 40718)
    assert spoken("{count}", values, language) == speaking.number(language, 40718)
    assert spoken("{day|date}", values, language) == speaking.date(language, dt.date(2026, 12, 1), today=TODAY)
    assert spoken("{today|date}", values, language) == speaking.date(language, TODAY, today=TODAY)
    assert spoken("{at|time}", values, language) == speaking.time(language, dt.time(14, 30))
    assert spoken("{price|money: GBP}", values, language) == speaking.money(language, Decimal("12.5"), "GBP")
    assert spoken("{phone|ending}", values, language) == speaking.phone_ending(language, "+442079460123")


def test_an_amount_is_exact_to_the_penny() -> None:
    assert spoken("{0.1 + 0.2|money: GBP}") == spoken("{0.3|money:GBP}")
    assert spoken("{1.005|money: GBP}") == speaking.money("en", Decimal("1.01"), "GBP")


@pytest.mark.parametrize(
    ("count", "language", "expected"),
    [
        (0, "en", "no orders"),
        (1, "en", "{} order"),
        (2, "en", "{} orders"),
        (1.5, "en", "{} orders"),
        (0, "ar", "no orders"),
        (1, "ar", "{} order"),
        (2, "ar", "two orders"),
        (3, "ar", "{} orders, few"),
        (11, "ar", "{} orders, many"),
        (100, "ar", "{} orders"),
        (1, "fa", "{} order"),
        (5, "fa", "{} orders"),
    ],
)
def test_a_plural_takes_the_form_that_fits_the_number_in_the_language(
    count: float, language: str, expected: str
) -> None:
    assert spoken(PLURAL, {"n": count}, language) == expected.format(speaking.number(language, count))


def test_an_explicit_number_wins_over_its_category() -> None:
    assert spoken('{n|plural: one "one" =1 "a single one" other "#"}', {"n": 1}) == "a single one"


def test_a_category_without_a_form_takes_the_rest() -> None:
    assert spoken("{n|plural: other 'x #'}", {"n": 1}) == f"x {speaking.number('en', 1)}"


def test_a_plural_form_may_stand_in_any_script() -> None:
    assert spoken('{n|plural: two "طلبان" other "# طلبات"}', {"n": 2}, "ar") == "طلبان"


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("{missing}", '"missing"'),
        ("{speech}", "true or false cannot be spoken"),
        ("{none}", "none cannot be spoken"),
        ("{caller_number|ending}", "needs a text, not none"),
        ('{"12"|number}', "number(...)"),
        ('{"12"|plural: other "#"}', "number(...)"),
        ('{"12"|money: GBP}', "number(...)"),
        ("{speech|digits}", "needs a text"),
        ("{12|ending}", "text(...)"),
        ('{"none"|ending}', "without digits"),
        ('{"tomorrow"|date}', "2026-11-23"),
        ('{"2026-02-30"|date}', "2026-11-23"),
        ("{20261123|date}", "2026-11-23"),
        ('{"25:00"|time}', "14:30"),
        ('{"2 pm"|time}', "14:30"),
        ('{"١٤:٣٠"|time}', "14:30"),
        ("{1 / 0}", "divides by zero"),
        ("{", "cannot be read"),
    ],
)
def test_a_value_that_cannot_be_spoken_fails_and_names_its_field(template: str, words: str) -> None:
    failure = failure_of(template)
    assert words in failure
    assert failure.startswith(template) or "cannot be read" in failure


def test_an_unknown_language_fails_as_any_other_value_that_cannot_be_spoken() -> None:
    with pytest.raises(EvaluationError, match="language"):
        spoken("{1}", language="xx")


def test_a_filled_text_is_bounded() -> None:
    assert len(spoken("{a}{a}", {"a": "x" * 2_000})) == MAX_CHARACTERS
    assert "more than 4000 characters" in failure_of("{a}{a}!", {"a": "x" * 2_000})
    assert problems_of("x" * (MAX_CHARACTERS + 1)) == [(MAX_CHARACTERS, "a text has at most 4000 characters")]


def test_a_template_tells_what_it_reads() -> None:
    template = parse_template(
        "{a|digits} {default(b, c)} {queue.waiting} {today|date} {open(office) == known(d)} {{e}}"
    )
    assert template.names == {"a", "c"}
    assert template.optional_names == {"b", "d"}
    assert template.hours_names == {"office"}
    assert template.uses_queue


def test_a_field_tells_where_it_stands() -> None:
    template = parse_template("{{ and { a |digits}")
    (field,) = (part for part in template.parts if isinstance(part, Field))
    assert (field.source, field.offset, field.filter) == (" a |digits", 8, "digits")


@pytest.mark.parametrize(
    ("template", "offset", "words"),
    [
        ("Hello {", 6, "never closed"),
        ("Hello {name", 6, "never closed"),
        ("Hello {na{me}", 6, "never closed"),
        ("Hello }", 6, "closes nothing"),
        ("{a}}", 3, "closes nothing"),
        ("{{a}", 3, "closes nothing"),
        ("{it's}", 0, "quote in this field is never closed"),
        ("{}", 1, "no expression"),
        ("{ }", 1, "no expression"),
        ("{|digits}", 1, "no expression"),
        ("Hi {a ++ }", 7, "missing before +"),
        ("Hi {Name}", 4, "did you mean name?"),
        ("{a|}", 3, "known: digits"),
        ("{a|digit}", 3, "did you mean digits?"),
        ("{a | Digits}", 5, "did you mean digits?"),
        ("{a|digits|number}", 3, "no filter"),
        ("{a|digits: 3}", 3, "takes nothing"),
        ("{a|money}", 3, "money: GBP"),
        ("{a|money: pounds}", 3, "money: GBP"),
        ("{a|money: XXX}", 3, "known: GBP"),
        ("{a|plural}", 3, "other"),
        ('{a|plural: one "x"}', 3, 'other "# orders"'),
        ('{a|plural: other "x" other "y"}', 3, "other twice"),
        ('{a|plural: =1 "x" =01 "y" other ""}', 3, "=1 twice"),
        ('{a|plural: some "x" other "y"}', 3, "known: zero, one"),
        ("{a|plural: other x}", 3, "cannot read"),
        ("{a|plural: other \u201cx\u201d}", 3, "cannot read"),
        ('{a|plural: one "x", other "y"}', 3, 'cannot read ", other'),
        ("{" * 4_001, 4_000, "at most"),
    ],
)
def test_a_mistake_in_a_template_has_its_place_and_plain_words(template: str, offset: int, words: str) -> None:
    problems = problems_of(template)
    assert problems[0][0] == offset
    assert words in problems[0][1]
    with pytest.raises(ExpressionError) as caught:
        parse_template(template)
    assert caught.value.column == offset + 1


def test_every_mistake_of_a_template_is_told_at_once() -> None:
    assert [offset for offset, _ in problems_of("{a b} } {x|foo} fine {n} {")] == [3, 6, 11, 25]


def test_the_table_for_the_reference_shows_each_filter_as_it_is_written() -> None:
    for name, shown in FILTERS.items():
        assert shown.signature.startswith(name)
        assert shown.doc.endswith(".")
        assert problems_of(f"{{a|{shown.signature}}}") == []


def test_one_source_is_read_once() -> None:
    assert parse_template("{a} once") is parse_template("{a} once")


VALUES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.just("2026-11-23")
PIECES = st.sampled_from(
    ["{", "}", "{{", "}}", "{a}", "a", "|", ":", '"', "'", " ", "one", 'other "#"', "money", "GBP", "=0", "سلام"]
    + [f"{{a|{shown.signature}}}" for shown in FILTERS.values()]
)


@given(st.text(max_size=80) | st.lists(PIECES, max_size=30).map("".join))
@example("{'" * 2_000)
@example('{a|plural: other "')
def test_reading_raises_nothing_but_its_own_error_and_agrees_with_the_list_of_problems(source: str) -> None:
    problems = problems_of(source)
    assert all(0 <= offset <= len(source) and message for offset, message in problems)
    assert [error.column - 1 for error in _errors_of(source)] == [offset for offset, _ in problems[:1]]


@given(st.lists(PIECES, max_size=12).map("".join), VALUES, st.sampled_from(LANGUAGES))
def test_filling_raises_nothing_but_its_own_error_and_keeps_the_limit(source: str, value: Value, language: str) -> None:
    try:
        assert len(spoken(source, {"a": value}, language)) <= MAX_CHARACTERS
    except EvaluationError:
        return


@given(st.text(max_size=100))
def test_any_text_can_be_written_with_its_braces_doubled(text: str) -> None:
    assert spoken(text.replace("{", "{{").replace("}", "}}")) == text


def _errors_of(source: str) -> Iterator[ExpressionError]:
    try:
        parse_template(source)
    except ExpressionError as error:
        yield error
