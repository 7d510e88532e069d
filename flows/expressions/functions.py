"""The closed table of functions that an expression can call; the reference is generated from it."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping
from decimal import ROUND_HALF_UP, Decimal
from enum import Enum
from typing import Final

import msgspec

from flows import hours as opening_hours
from flows.expressions.environment import (
    DECIMALS,
    WEEKDAYS,
    Environment,
    EvaluationError,
    Value,
    as_number,
    as_text,
    compare,
    kind_of,
)

_NUMBER: Final = re.compile(r"[+-]?\d{1,30}(\.\d{1,30})?")
_ISO_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIME: Final = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?")


class FirstArgument(Enum):
    """What the first argument of a function is: most take a value, a few take the name of something."""

    VALUE = "value"
    VALUE_NAME = "the name of a value"
    HOURS_NAME = "the name of an opening-hours table"


class Function(msgspec.Struct, frozen=True):
    """A function as an author sees it; `call` gets the values of its arguments."""

    signature: str
    doc: str
    minimum: int
    maximum: int | None
    call: Callable[[Environment, tuple[Value, ...]], Value]
    first: FirstArgument = FirstArgument.VALUE


def parse_date(text: Value, what: str) -> dt.date:
    """The date of an ISO text; `what` begins the message where it is none."""
    if isinstance(text, str) and _ISO_DATE.fullmatch(text):
        try:
            return dt.date.fromisoformat(text)
        except ValueError:
            pass  # such as 2026-02-30
    raise EvaluationError(f'{what} needs a date such as "2026-11-23"')


def parse_time(text: Value, what: str) -> dt.time:
    """The time of day of a text such as 14:30; `what` begins the message where it is none."""
    if isinstance(text, str) and _TIME.fullmatch(text):
        return dt.time.fromisoformat(text)
    raise EvaluationError(f'{what} needs a time such as "14:30"')


def _number(_: Environment, arguments: tuple[Value, ...]) -> Value:
    value = arguments[0]
    if not isinstance(value, str):
        return as_number(value, "number()")
    plain = value.strip().replace("\u066b", ".")  # the decimal point of Arabic and Persian
    if _NUMBER.fullmatch(plain) is None:
        # The text itself may be secret, so it is in no message.
        raise EvaluationError("number() needs a text of digits, such as 12 or 1.5")
    return float(plain) if "." in plain else int(plain)


def plain_text(value: Value) -> str:
    """A value as text: numbers in digits, true or false, nothing for none."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:.{DECIMALS}f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)


def _text(_: Environment, arguments: tuple[Value, ...]) -> Value:
    return plain_text(arguments[0])


def _length(_: Environment, arguments: tuple[Value, ...]) -> Value:
    return len(as_text(arguments[0], "length()"))


def _lower(_: Environment, arguments: tuple[Value, ...]) -> Value:
    return as_text(arguments[0], "lower()").lower()


def _round(_: Environment, arguments: tuple[Value, ...]) -> Value:
    return int(Decimal(str(as_number(arguments[0], "round()"))).quantize(Decimal(1), ROUND_HALF_UP))


def _known(_: Environment, arguments: tuple[Value, ...]) -> Value:
    return arguments[0] is not None


def _default(_: Environment, arguments: tuple[Value, ...]) -> Value:
    return arguments[1] if arguments[0] is None else arguments[0]


def _days_until(environment: Environment, arguments: tuple[Value, ...]) -> Value:
    return (parse_date(arguments[0], "days_until()") - environment.at.date()).days


def _add_days(_: Environment, arguments: tuple[Value, ...]) -> Value:
    day = parse_date(arguments[0], "add_days()")
    count = as_number(arguments[1], "add_days()")
    if count != int(count):
        raise EvaluationError("add_days() needs a whole number of days")
    try:
        return (day + dt.timedelta(days=int(count))).isoformat()
    except OverflowError:
        raise EvaluationError("add_days() leaves the calendar") from None


def _weekday(_: Environment, arguments: tuple[Value, ...]) -> Value:
    return WEEKDAYS[parse_date(arguments[0], "weekday()").weekday()]


def _is_open(environment: Environment, arguments: tuple[Value, ...]) -> Value:
    name = as_text(arguments[0], "open()")
    table = environment.hours.get(name)
    if table is None:
        raise EvaluationError(f'open() finds no opening hours "{name}"')
    if len(arguments) == 1:
        return opening_hours.is_open(table, environment.holidays, environment.at)
    day = parse_date(arguments[1], "open()")
    if len(arguments) == 2:
        return opening_hours.opens_on(table, environment.holidays, day)
    at_local = dt.datetime.combine(day, parse_time(arguments[2], "open()"), environment.at.tzinfo)
    return opening_hours.is_open(table, environment.holidays, at_local)


def _holiday(environment: Environment, arguments: tuple[Value, ...]) -> Value:
    day = parse_date(arguments[0], "holiday()") if arguments else environment.at.date()
    return opening_hours.is_holiday(environment.holidays, day)


def _min(_: Environment, arguments: tuple[Value, ...]) -> Value:
    return _extreme(arguments, "min()", -1)


def _max(_: Environment, arguments: tuple[Value, ...]) -> Value:
    return _extreme(arguments, "max()", 1)


def _extreme(arguments: tuple[Value, ...], what: str, wanted: int) -> Value:
    best = arguments[0]
    if best is None or isinstance(best, bool):
        raise EvaluationError(f"{what} needs numbers or texts, not {kind_of(best)}")
    for other in arguments[1:]:
        if compare(other, best, what) == wanted:
            best = other
    return best


_NAME, _HOURS = FirstArgument.VALUE_NAME, FirstArgument.HOURS_NAME

FUNCTIONS: Final[Mapping[str, Function]] = {
    "number": Function("number(text)", "The number that a text of digits stands for.", 1, 1, _number),
    "text": Function("text(value)", "A value as text; none becomes an empty text.", 1, 1, _text),
    "length": Function("length(text)", "How many characters a text has.", 1, 1, _length),
    "lower": Function("lower(text)", "A text in small letters.", 1, 1, _lower),
    "round": Function("round(number)", "The nearest whole number; a half goes away from zero.", 1, 1, _round),
    "known": Function("known(name)", "Whether a value is set in this call.", 1, 1, _known, _NAME),
    "default": Function(
        "default(name, fallback)", "A value if it is set in this call, else the fallback.", 2, 2, _default, _NAME
    ),
    "days_until": Function(
        "days_until(date)", "Days from today to a date; below zero for the past.", 1, 1, _days_until
    ),
    "add_days": Function("add_days(date, n)", "The date that is n days after a date.", 2, 2, _add_days),
    "weekday": Function("weekday(date)", "A date's weekday in English, monday to sunday.", 1, 1, _weekday),
    "open": Function(
        "open(hours_name, date, time)",
        "Whether a table of opening hours is open at a time; without the time, whether it opens at all on that day; "
        "without both, whether it is open at this moment.",
        1,
        3,
        _is_open,
        _HOURS,
    ),
    "holiday": Function(
        "holiday(date)", "Whether a date is a holiday of this flow; without a date, today.", 0, 1, _holiday
    ),
    "min": Function("min(a, b, ...)", "The smallest of several numbers or texts.", 2, None, _min),
    "max": Function("max(a, b, ...)", "The largest of several numbers or texts.", 2, None, _max),
}
