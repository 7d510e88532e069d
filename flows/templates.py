"""Prompt templates: `{name}` and `{name|digits}`, and nothing more."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from flows.messages import spoken_digits

_FIELD: Final = re.compile(r"\{([^{}]*)\}")
_INSIDE: Final = re.compile(r"^([a-z][a-z0-9_]*)(?:\|(digits))?$")


def names_in(template: str) -> Iterator[tuple[str, str | None]]:
    """Each field of a template: its raw text, and the name of the value in it (None where it is malformed)."""
    for field in _FIELD.findall(template):
        inside = _INSIDE.match(field)
        yield field, inside.group(1) if inside else None


def fill(template: str, values: Mapping[str, str]) -> str:
    """Put values into a template; raises `KeyError` for a value that the call does not have."""

    def value_of(match: re.Match[str]) -> str:
        inside = _INSIDE.match(match.group(1))
        if inside is None:
            raise KeyError(match.group(1))
        value = values[inside.group(1)]
        return spoken_digits(value) if inside.group(2) else value

    return _FIELD.sub(value_of, template)
