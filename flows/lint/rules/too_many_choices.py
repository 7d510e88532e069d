"""Menus that nobody can keep in mind."""

from __future__ import annotations

from collections.abc import Iterator

from flows import nodes
from flows.document import Document
from flows.lint.examples import menu_of
from flows.lint.graph import path_of
from flows.lint.rule import Rule, found
from flows.problems import Problem

ID = "too-many-choices"
# Source: ours; people keep about four things in mind at once (Cowan, "The magical number 4 in short-term memory",
# Behavioral and Brain Sciences 24, 2001).
MOST = 5


def _check(document: Document) -> Iterator[Problem]:
    for name, node in document.flow.all_nodes.items():
        if isinstance(node, nodes.Menu) and len(node.choices) > MOST:
            message = (
                f"{len(node.choices)} choices are hard to keep in mind; offer at most {MOST}, the rest in a second menu"
            )
            yield found(ID, document, (*path_of(name), "choices"), message, level="warning")


_TOWNS = (
    ("1", "london", "London"),
    ("2", "glasgow", "Glasgow"),
    ("3", "cardiff", "Cardiff"),
    ("4", "belfast", "Belfast"),
    ("5", "manchester", "Manchester"),
    ("6", "york", "York"),
)

RULE = Rule(
    id=ID,
    level="warning",
    title="Too many choices",
    why="Callers forget the first choice before they have heard the sixth.",
    fails=(menu_of(*_TOWNS, prompt="Which town?"),),
    passes=(menu_of(*_TOWNS[:2], prompt="Which town?"),),
    check=_check,
)
