"""What an expression can see: the values of a call, the instant, and the tables of its flow."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

import msgspec

from flows.hours import Holidays, Hours

Value = str | int | float | bool | None

MAX_TEXT: Final = 2_000
# A double holds every whole number up to here, and a thousandth beside it.
MAX_NUMBER: Final = 10**12
# Digits after the point that survive arithmetic, so that 0.1 + 0.2 is 0.3.
DECIMALS: Final = 9

WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


class EvaluationError(Exception):
    """An expression or a template has no value in this call; the message says why, for the flow's author."""

    code = "evaluation"
    retryable = False


class QueueState(msgspec.Struct, frozen=True):
    """The line for a person at one instant."""

    waiting: int
    free_agents: int
    wait_minutes: int


class Environment(msgspec.Struct, frozen=True):
    """Everything that an expression may read; `at` is aware and in the flow's zone."""

    values: Mapping[str, Value]
    at: datetime
    language: str
    caller_number: str | None
    speech: bool
    hours: Mapping[str, Hours]
    holidays: Holidays
    queue: QueueState | None


class BuiltIn(msgspec.Struct, frozen=True):
    """A name that every call has, without being saved."""

    doc: str
    read: Callable[[Environment], Value]


BUILT_INS: Final[Mapping[str, BuiltIn]] = {
    "today": BuiltIn(
        "Today's date in the flow's time zone, such as 2026-11-23.", lambda env: env.at.date().isoformat()
    ),
    "now": BuiltIn("The time in the flow's time zone, such as 14:30.", lambda env: f"{env.at:%H:%M}"),
    "weekday_today": BuiltIn("Today's weekday in English, monday to sunday.", lambda env: WEEKDAYS[env.at.weekday()]),
    "language": BuiltIn("The language of the call, such as en.", lambda env: env.language),
    "caller_number": BuiltIn("The caller's number, or none where it is withheld.", lambda env: env.caller_number),
    "speech": BuiltIn("Whether the caller can be understood by voice in this call.", lambda env: env.speech),
}

QUEUE_FIELDS: Final[Mapping[str, str]] = {
    "waiting": "How many callers wait for a person.",
    "free_agents": "How many people are free to take a call.",
    "wait_minutes": "How many minutes a caller who joins the line now is likely to wait.",
}


def is_number(value: Value) -> bool:
    """Whether a value is a number (true and false are none)."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def kind_of(value: Value) -> str:
    """What an author calls the kind of a value."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "true or false"
    return "a text" if isinstance(value, str) else "a number"


def bounded(value: Value) -> Value:
    """The value itself, if it keeps the limits; a whole number loses its `.0`."""
    if isinstance(value, str):
        if len(value) > MAX_TEXT:
            raise EvaluationError(f"a text would have more than {MAX_TEXT} characters")
        return value
    if value is None or isinstance(value, bool):
        return value
    if not abs(value) <= MAX_NUMBER:  # so that it catches what is no number (NaN), too
        raise EvaluationError(f"a number is beyond {MAX_NUMBER}; keep long numbers as text")
    rounded = round(value, DECIMALS)
    return int(rounded) if rounded == int(rounded) else rounded


def as_number(value: Value, what: str) -> int | float:
    """The value where it is a number; `what` begins the message where it is not."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        hint = "; write number(...) around a text of digits" if isinstance(value, str) else ""
        raise EvaluationError(f"{what} needs a number, not {kind_of(value)}{hint}")
    return value


def as_text(value: Value, what: str) -> str:
    """The value where it is a text; `what` begins the message where it is not."""
    if not isinstance(value, str):
        hint = "; write text(...) around a number" if is_number(value) else ""
        raise EvaluationError(f"{what} needs a text, not {kind_of(value)}{hint}")
    return value


def compare(left: Value, right: Value, what: str) -> int:
    """-1, 0 or 1 for two numbers or two texts; raises `EvaluationError` for anything else."""
    if isinstance(left, str) and isinstance(right, str):
        return (left > right) - (left < right)
    if is_number(left) and is_number(right):
        first, second = as_number(left, what), as_number(right, what)
        return (first > second) - (first < second)
    raise EvaluationError(_mismatch(left, right, what))


def equal(left: Value, right: Value, what: str) -> bool:
    """Whether two values of one kind are equal; none equals only none."""
    if left is None or right is None:
        return left is right
    if isinstance(left, bool) and isinstance(right, bool):
        return left is right
    return compare(left, right, what) == 0


def _mismatch(left: Value, right: Value, what: str) -> str:
    if {kind_of(left), kind_of(right)} == {"a text", "a number"}:
        return f"{what} compares a number with a text; write number(...) around the text"
    return f"{what} cannot compare {kind_of(left)} with {kind_of(right)}"
