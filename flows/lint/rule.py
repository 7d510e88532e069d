"""What a lint rule is: a module with one `RULE`."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec

from flows.document import Document, Path
from flows.problems import Level, Problem


class Rule(msgspec.Struct, frozen=True):
    """One thing that is checked: why, examples that pass and fail (executed by the tests), and the check itself.

    An example is a YAML fragment that `flows.lint.examples.completed` makes a whole flow of.
    """

    id: str
    level: Level
    title: str
    why: str
    fails: tuple[str, ...]
    passes: tuple[str, ...]
    check: Callable[[Document], Iterator[Problem]]


def found(
    rule_id: str,
    document: Document,
    path: Path,
    message: str,
    *,
    level: Level = "error",
    known: tuple[str, ...] = (),
    value: bool = False,
) -> Problem:
    """A problem at a path of the document: at its word, or at its value."""
    text = document.text
    line, column = text.where_value(path) if value else text.where(path)
    end = text.value_end_column(path) if value else text.end_column(path)
    return Problem(document.file, line, column, rule_id, message, level=level, end_column=end, known=known)


def found_at(
    rule_id: str,
    document: Document,
    place: tuple[int, int],
    message: str,
    *,
    level: Level = "error",
    length: int = 1,
    known: tuple[str, ...] = (),
) -> Problem:
    """A problem at a line and column, both from 1; `length` is that of the mistake in characters."""
    line, column = place
    return Problem(document.file, line, column, rule_id, message, level=level, end_column=column + length, known=known)
