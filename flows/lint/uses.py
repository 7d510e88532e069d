"""Where each value is read."""

from __future__ import annotations

from functools import lru_cache

import msgspec

from flows.document import Document, Path
from flows.expressions import ExpressionError, parse
from flows.expressions.templates import Field, parse_template
from flows.lint.texts import expressions_in, texts_in


class Use(msgspec.Struct, frozen=True):
    """One place at which a value is read; `offset` counts characters of the text at `path` from 0."""

    node: str
    path: Path
    name: str
    offset: int
    role: str


@lru_cache(maxsize=4)
def uses_in(document: Document) -> tuple[Use, ...]:
    """Every value that an expression or a text needs to be set; what known() and default() ask for is left out."""
    found: list[Use] = []
    for worked in expressions_in(document):
        try:
            expression = parse(worked.source)
        except ExpressionError:
            continue
        needed = expression.names - expression.optional_names
        found += [
            Use(worked.node, worked.path, name, position_of(worked.source, name), worked.role)
            for name in sorted(needed)
        ]
    for text in texts_in(document):
        if text.role == "name":
            continue  # an organisation's name is spoken as it is written
        try:
            fields = [part for part in parse_template(text.text).parts if isinstance(part, Field)]
        except ExpressionError:
            continue
        for field in fields:
            needed = field.expression.names - field.expression.optional_names
            found += [
                Use(text.node, text.path, name, field.offset + position_of(field.source, name), text.role)
                for name in sorted(needed)
            ]
    return tuple(found)


def asked_for(document: Document) -> frozenset[str]:
    """The values that known() and default() ask for."""
    names: set[str] = set()
    for worked in expressions_in(document):
        try:
            names |= parse(worked.source).optional_names
        except ExpressionError:
            continue
    for text in texts_in(document):
        try:
            names |= parse_template(text.text).optional_names
        except ExpressionError:
            continue
    return frozenset(names)


def position_of(source: str, name: str) -> int:
    """Where a name stands in an expression, from 0."""
    start = 0
    while (place := source.find(name, start)) >= 0:
        around = source[max(0, place - 1) : place] + source[place + len(name) : place + len(name) + 1]
        if not any(character.isalnum() or character in "_\"'" for character in around):
            return place
        start = place + 1
    return 0
