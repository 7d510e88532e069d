"""Every expression of a flow that can be read: those that are written as one, and those in the fields of texts.

What cannot be read is the matter of `bad-expression` and `bad-template`, and of no other rule.
"""

from __future__ import annotations

from functools import lru_cache

import msgspec

from flows.document import Document, Path
from flows.expressions import Expression, ExpressionError, parse
from flows.expressions.templates import Field, parse_template
from flows.lint.texts import expressions_in, texts_in


class Placed(msgspec.Struct, frozen=True):
    """An expression and its place: it begins `offset` characters, from 0, into the text at `path`.

    `field` is the field of a text that it is in, None where it is written as an expression.
    """

    node: str
    path: Path
    role: str
    expression: Expression
    offset: int = 0
    field: Field | None = None

    @property
    def every_name(self) -> frozenset[str]:
        """The values that it reads, those included that known() and default() ask for."""
        return self.expression.names | self.expression.optional_names

    def offset_of(self, name: str) -> int:
        """Where a name stands in the text at `path`, in characters from 0; where the expression begins if nowhere."""
        return self.offset + _position_of(self.expression.source, name)


@lru_cache(maxsize=4)
def readable_in(document: Document) -> tuple[Placed, ...]:
    """The expressions that can be read."""
    found: list[Placed] = []
    for worked in expressions_in(document):
        expression = read(worked.source)
        if expression is not None:
            found.append(Placed(worked.node, worked.path, worked.role, expression))
    for text in texts_in(document):
        found += [
            Placed(text.node, text.path, text.role, field.expression, field.offset, field)
            for field in _fields_of(text.text)
        ]
    return tuple(found)


def read(source: str) -> Expression | None:
    """An expression, None where it cannot be read."""
    try:
        return parse(source)
    except ExpressionError:
        return None


def _fields_of(text: str) -> list[Field]:
    try:
        return [part for part in parse_template(text).parts if isinstance(part, Field)]
    except ExpressionError:
        return []


def _position_of(source: str, name: str) -> int:
    start = 0
    while (place := source.find(name, start)) >= 0:
        around = source[max(0, place - 1) : place] + source[place + len(name) : place + len(name) + 1]
        if not any(character.isalnum() or character in "_\"'" for character in around):
            return place
        start = place + 1
    return 0
