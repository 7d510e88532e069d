"""Which values are equal, and which may be saved. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final, TypeGuard

from flows.events import Value
from flows.expressions.environment import MAX_NUMBER, EvaluationError, bounded
from ivr.lookups.errors import LookupFailedError

# Longer than any identifier of another system; beyond some thousands of digits Python would refuse to write it.
MAX_WHOLE_NUMBER: Final = 10**40

_PLAIN_NUMBER: Final = re.compile(r"-?(0|[1-9][0-9]{0,29})(\.[0-9]{1,30})?")
_TRUTH: Final = {"true": True, "yes": True, "false": False, "no": False}
_MISSING: Final = object()


def asks_for_nothing(where: Mapping[str, Value]) -> bool:
    """Whether a value to look for is none or blank: nothing is found by it, and nobody is asked.

    Else a caller who withholds the number would be taken for the first customer without one.
    """
    return any(value is None or (isinstance(value, str) and not value.strip()) for value in where.values())


def cell_key(cell: str, like: Value) -> object:
    """What a cell of a text file is compared by with a value of the kind of `like`; None where it never equals one.

    Texts: without blanks around, without regard to capitals, digits of any script as 0-9. Numbers: `7` and `7.0` are 7,
    `007` is a code and no number. True and false: also `yes` and `no`.
    """
    text = _plain(cell)
    if isinstance(like, bool):
        return _TRUTH.get(text)
    if isinstance(like, int | float):
        return Decimal(text) if _PLAIN_NUMBER.fullmatch(text) else None
    return text


def value_key(value: Value) -> object:
    """What a value to look for is compared by with `cell_key`."""
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int | float):
        return Decimal(repr(value))
    return _plain(value)


def _plain(text: str) -> str:
    folded = text.strip()
    if folded.isascii():
        return folded.casefold()
    folded = unicodedata.normalize("NFKC", folded).casefold()
    return "".join(str(unicodedata.digit(sign)) if sign.isdigit() else sign for sign in folded)


def saved(value: object, place: str) -> Value:
    """The value as a flow can hold it; `place` says in a message where it was.

    A whole number that is too long for the flow's arithmetic becomes its digits. Raises `LookupFailedError` for a text
    that is too long, and for anything but text, number, true, false and none.
    """
    if isinstance(value, int) and not isinstance(value, bool) and MAX_NUMBER < abs(value) < MAX_WHOLE_NUMBER:
        value = str(value)
    if value is not None and not isinstance(value, str | int | float):
        raise LookupFailedError(f"{place} holds {_kind(value)}, which a flow cannot hold", code="answer")
    try:
        return bounded(value)
    except EvaluationError as error:
        raise LookupFailedError(f"{place}: {error}", code="answer") from None


def pick(document: object, save: Mapping[str, str]) -> dict[str, Value]:
    """The values at the dotted paths of `save` in a document of mappings and lists.

    What is not there is none, for many systems leave empty fields out; but when nothing of it is there the answer is
    not what the flow expects. Raises `LookupFailedError` for that, and for what cannot be saved.
    """
    found = {name: _at(document, path) for name, path in save.items()}
    if found and all(value is _MISSING for value in found.values()):
        raise LookupFailedError(f"the answer has no {', '.join(sorted(save.values()))}", code="answer")
    return {
        name: None if value is _MISSING else saved(value, f"the answer's {save[name]}") for name, value in found.items()
    }


def _at(document: object, path: str) -> object:
    present: Any = document
    for step in path.split("."):
        if isinstance(present, Mapping) and step in present:
            present = present[step]
        elif _is_list(present) and step.isascii() and step.isdigit() and int(step[:9]) < len(present):
            present = present[int(step[:9])]
        else:
            return _MISSING
    return present


def is_empty(document: object) -> bool:
    """Whether a document says that nothing was found: null, an empty object, an empty list."""
    return document is None or ((isinstance(document, Mapping) or _is_list(document)) and not document)


def _is_list(value: object) -> TypeGuard[Sequence[object]]:
    return isinstance(value, Sequence) and not isinstance(value, str | bytes | bytearray)


def _kind(value: object) -> str:
    if isinstance(value, Mapping):
        return "an object"
    if _is_list(value):
        return "a list"
    return "bytes" if isinstance(value, bytes | bytearray) else f"a {type(value).__name__}"
