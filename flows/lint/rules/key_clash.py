"""Two choices of one question on one key."""

from __future__ import annotations

from collections.abc import Iterator

from flows.document import Document, Path
from flows.lint.examples import menu_of
from flows.lint.graph import path_of
from flows.lint.rule import Rule, found
from flows.lint.texts import options_of
from flows.problems import Problem

ID = "key-clash"


def _check(document: Document) -> Iterator[Problem]:
    for name, node in document.flow.all_nodes.items():
        taken: dict[str, Path] = {}
        for path, option in options_of(node):
            place = (*path_of(name), *path, "key")
            if option.key in taken:
                line, _ = document.where(taken[option.key])
                yield found(ID, document, place, f"the key {option.key} is taken already in line {line}")
            taken.setdefault(option.key, place)


RULE = Rule(
    id=ID,
    level="error",
    title="Two choices on one key",
    why="Only the first of them could ever be pressed.",
    fails=(menu_of(("1", "hours", "our hours"), ("1", "order", "an order")),),
    passes=(menu_of(("1", "hours", "our hours"), ("2", "order", "an order")),),
    check=_check,
)
