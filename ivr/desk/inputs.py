"""What may be asked of the desk, as types; and how it is read, with the same words for commands and API."""

from __future__ import annotations

import re
import typing
from datetime import date
from typing import Annotated, Any, Final, Literal, TypeVar

import msgspec

from callbacks.model import State
from ivr.desk.errors import DeskError

ANY_STATE: Final = typing.get_args(State)
MOST_LISTED: Final = 500
AgentState = Literal["available", "break", "away"]

Words = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
AgentId = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]
Number = Annotated[
    str, msgspec.Meta(min_length=1, max_length=40, description="As it is dialled in the office's country")
]
When = Annotated[
    str,
    msgspec.Meta(
        min_length=1,
        max_length=40,
        description='"asap", or when the window begins: "14:00", "tomorrow 09:00", "fri 09:00", "2026-03-03 14:00" by '
        "the office's clock, or an ISO 8601 instant with an offset",
    ),
]


class AnyInput(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Base of all inputs: no other fields than those that are named."""


class ListInput(AnyInput, frozen=True, kw_only=True):
    """Which callbacks to list. `number` is a whole number, or its last four digits; `after` is a page's `next`."""

    state: State | None = None
    queue: Words | None = None
    number: Annotated[str, msgspec.Meta(min_length=4, max_length=40)] | None = None
    open: bool = False
    since: When | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=MOST_LISTED)] = 100
    after: Words | None = None
    full_numbers: bool = False


class BookInput(AnyInput, frozen=True, kw_only=True):
    """A callback that somebody books by hand. Queue and language are the flow's first ones unless they are given.

    There is one open promise for each number and topic; the topic is the queue's name unless it is given. Whoever has
    the number is asked to press 1 before an agent's time is spent, as with every number that has not called us.
    """

    number: Number
    queue: Words | None = None
    language: Words | None = None
    when: When = "asap"
    topic: Words | None = None
    reason: Words | None = None
    values: dict[str, str | float | bool | None] = {}
    preferred_agent: Words | None = None


class MoveInput(AnyInput, frozen=True, kw_only=True):
    """Another time for a callback."""

    when: When


class SlotsInput(AnyInput, frozen=True, kw_only=True):
    """Which windows to list."""

    queue: Words | None = None
    language: Words | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=MOST_LISTED)] = 100


class AgentInput(AnyInput, frozen=True, kw_only=True):
    """What is to be said of an agent; what is left out stays as it is.

    A new one needs a name and a number; their queue is the flow's own, and they work whenever they are available.
    `shifts` are as in "mon-fri 09:00-12:30 13:00-17:00, sat 10:00-14:00", in the agent's zone; "" for none.
    """

    name: Words | None = None
    number: Number | None = None
    queues: Annotated[tuple[Words, ...], msgspec.Meta(min_length=1)] | None = None
    languages: tuple[Words, ...] | None = None
    zone: Words | None = None
    shifts: Annotated[str, msgspec.Meta(max_length=500)] | None = None
    days_off: tuple[date, ...] | None = None
    # 0 for no limit.
    per_hour: Annotated[int, msgspec.Meta(ge=0, le=1000)] | None = None


class StateInput(AnyInput, frozen=True, kw_only=True):
    """What an agent says of themselves."""

    state: AgentState


class ShiftInput(AnyInput, frozen=True, kw_only=True):
    """When an agent works: the weekly shifts, and days off to add or to remove."""

    shifts: Annotated[str, msgspec.Meta(max_length=500)] | None = None
    add_days_off: tuple[date, ...] = ()
    remove_days_off: tuple[date, ...] = ()


class NumbersInput(AnyInput, frozen=True, kw_only=True):
    """How to list."""

    full_numbers: bool = False


class AuditInput(AnyInput, frozen=True, kw_only=True):
    """A head that an earlier audit has printed, SEQ:HASH: the ledger must still contain it."""

    expect: Words | None = None


Input = TypeVar("Input", bound=AnyInput)
_AT: Final = re.compile(r" - at `\$\.?(?P<path>[^`]*)`")


def read(kind: type[Input], given: dict[str, Any], *, texts: bool = False) -> Input:
    """An input from plain values; with `texts` all of them are strings, as in an address. Raises `DeskError`."""
    try:
        return msgspec.convert(given, kind, strict=not texts)
    except msgspec.ValidationError as error:
        raise _problem(kind, given, error) from None


def read_value(kind: Any, given: str, what: str) -> None:
    """Check one plain value. Raises `DeskError`."""
    try:
        msgspec.convert(given, kind)
    except msgspec.ValidationError:
        raise DeskError("invalid", f'"{given}" cannot be {what}: letters, digits, dots and dashes') from None


def _problem(kind: type[Input], given: dict[str, Any], error: msgspec.ValidationError) -> DeskError:
    words = str(error)
    fields = {field.name: field.type for field in msgspec.structs.fields(kind)}
    unknown = re.search(r"unknown field `([^`]+)`", words)
    if unknown is not None:
        return DeskError("invalid", f'there is no field "{unknown[1]}"', allowed=tuple(fields))
    missing = re.search(r"missing required field `([^`]+)`", words)
    if missing is not None:
        return DeskError("invalid", f'"{missing[1]}" is missing')
    found = _AT.search(words)
    path = found["path"] if found is not None else ""
    name = re.split(r"[.\[]", path, maxsplit=1)[0]
    plain = _AT.sub("", words)
    allowed = tuple(str(word) for word in _literals(fields.get(name)))
    if allowed:
        return DeskError("invalid", f'{path}: "{given.get(name)}" is not known', allowed=allowed)
    return DeskError("invalid", f"{path}: {plain[:1].lower()}{plain[1:]}" if path else plain)


def _literals(kind: Any) -> tuple[Any, ...]:
    """The words of a type that is a choice of them, or nothing."""
    if typing.get_origin(kind) is Literal:
        return typing.get_args(kind)
    return tuple(word for part in typing.get_args(kind) for word in _literals(part) if typing.get_args(part))
