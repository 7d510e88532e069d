"""Prompt templates: text with `{expression}`, `{expression|filter}` or `{expression|filter: argument}`.

A filter says how a value is spoken. `{{` and `}}` are braces that are spoken as they are.
"""

from __future__ import annotations

import datetime as dt
import difflib
import re
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Final

import msgspec

from flows import speaking
from flows.expressions import Expression, ExpressionError, evaluate, parse
from flows.expressions.environment import Environment, EvaluationError, Value, as_number, as_text, is_number, kind_of
from flows.expressions.functions import parse_date, parse_time, plain_text
from flows.speaking.values import MINOR_DIGITS

# One spoken text has at most 4 KB, "4,000 ASCII characters". Source: https://www.twilio.com/docs/voice/twiml/say
MAX_CHARACTERS: Final = 4_000

_QUOTED: Final = r"\"[^\"]*\"|'[^']*'"
_FORM: Final = re.compile(rf"\s*(?P<key>zero|one|two|few|many|other|=[0-9]{{1,9}})\s*(?P<text>{_QUOTED})")
# The inside of a field up to its closing brace; braces and bars inside quotes are text.
_INSIDE: Final = re.compile(rf"(?:{_QUOTED}|[^\"'{{}}])*")
_BEFORE_BAR: Final = re.compile(rf"(?:{_QUOTED}|[^\"'|])*")


class Argument(msgspec.Struct, frozen=True):
    """What stands after a filter's colon, read: a currency, or the forms of a plural."""

    currency: str = ""
    forms: Mapping[str, str] = {}


class Filter(msgspec.Struct, frozen=True):
    """A way to speak a value, as an author sees it; `speak` gets language, value, argument and the local date."""

    signature: str
    doc: str
    speak: Callable[[str, Value, Argument, dt.date], str]
    read: Callable[[str], Argument] | None = None


class Field(msgspec.Struct, frozen=True):
    """One `{...}` of a template; `offset` counts characters from 0."""

    source: str
    offset: int
    expression: Expression
    filter: str | None
    argument: Argument


class Template(msgspec.Struct, frozen=True):
    """A parsed template, and what its fields read of the call and of its flow."""

    parts: tuple[str | Field, ...]
    names: frozenset[str]
    optional_names: frozenset[str]
    hours_names: frozenset[str]
    uses_queue: bool


@lru_cache(maxsize=4096)
def parse_template(source: str) -> Template:
    """Read a template; raises `ExpressionError` for its first problem, the column being one in the template."""
    parts: list[str | Field] = []
    for part in _parts(source):
        if isinstance(part, ExpressionError):
            raise part
        parts.append(part)
    read = [part.expression for part in parts if isinstance(part, Field)]
    return Template(
        parts=tuple(parts),
        names=frozenset().union(*(expression.names for expression in read)),
        optional_names=frozenset().union(*(expression.optional_names for expression in read)),
        hours_names=frozenset().union(*(expression.hours_names for expression in read)),
        uses_queue=any(expression.uses_queue for expression in read),
    )


def problems_of(source: str) -> list[tuple[int, str]]:
    """Every mistake in a template: its offset from 0, and a message for the author."""
    return [(part.column - 1, part.message) for part in _parts(source) if isinstance(part, ExpressionError)]


def fill(template_source: str, environment: Environment, language: str) -> str:
    """The text to speak in a language; raises `EvaluationError` where a value is missing or cannot be spoken."""
    try:
        template = parse_template(template_source)
    except ExpressionError as error:
        raise EvaluationError(f"the template cannot be read: {error.message}") from None
    pieces = [part if isinstance(part, str) else _speak(part, environment, language) for part in template.parts]
    if sum(map(len, pieces)) > MAX_CHARACTERS:
        raise EvaluationError(f"the text would have more than {MAX_CHARACTERS} characters")
    return "".join(pieces)


def _speak(field: Field, environment: Environment, language: str) -> str:
    try:
        value = evaluate(field.expression, environment)
        speak = FILTERS[field.filter].speak if field.filter else _plain
        return speak(language, value, field.argument, environment.at.date())
    except (EvaluationError, speaking.UnspeakableError) as error:
        raise EvaluationError(f"{{{field.source}}}: {error}") from None


def _parts(source: str) -> Iterator[str | Field | ExpressionError]:
    """The parts of a template in order; where one is wrong, its problem, going on after it."""
    if len(source) > MAX_CHARACTERS:
        yield ExpressionError(f"a text has at most {MAX_CHARACTERS} characters", MAX_CHARACTERS + 1)
        return
    position = 0
    for brace in re.finditer(r"[{}]", source):
        if brace.start() < position:
            continue  # the second one of a pair, or inside of a field
        if brace.start() > position:
            yield source[position : brace.start()]
        position = brace.end()
        if source[position : position + 1] == brace.group():
            yield brace.group()
            position += 1
        elif brace.group() == "}":
            yield ExpressionError("this } closes nothing; write }} for a brace that is spoken", brace.start() + 1)
        else:
            inside = _INSIDE.match(source, position)
            end = inside.end() if inside else position
            if source[end : end + 1] == "}":
                yield _read_field(source[position:end], position)
                position = end + 1
            else:
                yield ExpressionError(_unclosed(source, position, end), brace.start() + 1)
                position = source.find("}", position) + 1 or len(source)
    if position < len(source):
        yield source[position:]


def _unclosed(source: str, position: int, end: int) -> str:
    if source[end : end + 1] in {'"', "'"} and "}" in source[position:]:
        return "a quote in this field is never closed"
    return "this { is never closed; write {{ for a brace that is spoken"


def _read_field(inside: str, offset: int) -> Field | ExpressionError:
    before_bar = _BEFORE_BAR.match(inside)
    bar = before_bar.end() if before_bar else 0
    try:
        expression = parse(inside[:bar])
    except ExpressionError as error:
        return ExpressionError(error.message, error.column + offset)
    if bar == len(inside):
        return Field(inside, offset, expression, None, Argument())
    after_bar = inside[bar + 1 :]
    name, colon, argument = (part.strip() for part in after_bar.partition(":"))
    chosen = FILTERS.get(name)
    try:
        if chosen is None:
            near = difflib.get_close_matches(name, FILTERS, n=1, cutoff=0.5)
            meant = f"did you mean {near[0]}? " if near else ""
            raise ValueError(f'there is no filter "{name}" ({meant}known: {", ".join(FILTERS)})')
        if chosen.read is None and colon:
            raise ValueError(f"{name} takes nothing after it: {chosen.signature}")
        read = chosen.read(argument) if chosen.read else Argument()
    except ValueError as error:
        blanks = len(after_bar) - len(after_bar.lstrip())
        return ExpressionError(str(error), offset + bar + blanks + 2)
    return Field(inside, offset, expression, name, read)


def _read_currency(text: str) -> Argument:
    if text not in MINOR_DIGITS:
        raise ValueError(f"money needs a currency, as in money: GBP (known: {', '.join(MINOR_DIGITS)})")
    return Argument(currency=text)


def _read_forms(text: str) -> Argument:
    forms: dict[str, str] = {}
    position = 0
    while position < len(text):
        form = _FORM.match(text, position)
        if form is None:
            raise ValueError(
                f'plural cannot read "{text[position : position + 20].strip()}"; write plural: one "# order" other '
                '"# orders" (known: zero, one, two, few, many, other, =0, =1, ...)'
            )
        key = form["key"] if form["key"][0] != "=" else f"={int(form['key'][1:])}"
        if key in forms:
            raise ValueError(f"plural has {key} twice")
        forms[key] = form["text"][1:-1]
        position = form.end()
    if "other" not in forms:
        raise ValueError('plural needs a form for all the rest: other "# orders"')
    return Argument(forms=forms)


def _plain(language: str, value: Value, _: Argument, __: dt.date) -> str:
    if value is None or isinstance(value, bool):
        raise EvaluationError(f"{kind_of(value)} cannot be spoken")
    return value if isinstance(value, str) else speaking.number(language, value)


def _digits(language: str, value: Value, _: Argument, __: dt.date) -> str:
    return speaking.digits(language, plain_text(value) if is_number(value) else as_text(value, "digits"))


def _number(language: str, value: Value, _: Argument, __: dt.date) -> str:
    return speaking.number(language, as_number(value, "number"))


def _date(language: str, value: Value, _: Argument, today: dt.date) -> str:
    return speaking.date(language, parse_date(value, "date"), today=today)


def _time(language: str, value: Value, _: Argument, __: dt.date) -> str:
    return speaking.time(language, parse_time(value, "time"))


def _money(language: str, value: Value, argument: Argument, _: dt.date) -> str:
    return speaking.money(language, Decimal(str(as_number(value, "money"))), argument.currency)


def _ending(language: str, value: Value, _: Argument, __: dt.date) -> str:
    return speaking.phone_ending(language, as_text(value, "ending"))


def _plural(language: str, value: Value, argument: Argument, _: dt.date) -> str:
    count = as_number(value, "plural")
    form = argument.forms.get(f"={count}")
    if form is None:
        form = argument.forms.get(speaking.plural_category(language, Decimal(str(count))), argument.forms["other"])
    return form.replace("#", speaking.number(language, count))


FILTERS: Final[Mapping[str, Filter]] = {
    "digits": Filter("digits", "Each digit on its own, as for an order number.", _digits),
    "number": Filter("number", "A number in words; this is how a number is spoken without a filter.", _number),
    "date": Filter("date", "A date such as 2026-11-23, in the calendar of the language.", _date),
    "time": Filter("time", "A time such as 14:30.", _time),
    "money": Filter("money: GBP", "An amount of a currency.", _money, _read_currency),
    "ending": Filter("ending", "A phone number by its last four digits.", _ending),
    "plural": Filter(
        'plural: one "# order" other "# orders"',
        "The form that fits a number, in which # is the number; =0 gives a form for exactly none.",
        _plural,
        _read_forms,
    ),
}
