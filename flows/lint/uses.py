"""Where each value is read."""

from __future__ import annotations

from functools import lru_cache

import msgspec

from flows.document import Document, Path
from flows.lint.expressions import readable_in


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
    return tuple(
        Use(placed.node, placed.path, name, placed.offset_of(name), placed.role)
        for placed in readable_in(document)
        if placed.role != "name"  # an organisation's name is spoken as it is written
        for name in sorted(placed.expression.names - placed.expression.optional_names)
    )


def asked_for(document: Document) -> frozenset[str]:
    """The values that known() and default() ask for."""
    return frozenset().union(*(placed.expression.optional_names for placed in readable_in(document)))
