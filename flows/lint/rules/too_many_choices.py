"""Menus that nobody can keep in mind."""

from __future__ import annotations

from collections.abc import Iterator

from flows import nodes
from flows.document import Document
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


RULE = Rule(
    id=ID,
    level="warning",
    title="Too many choices",
    why="Callers forget the first choice before they have heard the sixth.",
    fails=(
        """
nodes:
  main:
    type: menu
    prompt: Which town?
    choices:
      - {key: "1", phrases: [london], label: London, to: goodbye}
      - {key: "2", phrases: [glasgow], label: Glasgow, to: goodbye}
      - {key: "3", phrases: [cardiff], label: Cardiff, to: goodbye}
      - {key: "4", phrases: [belfast], label: Belfast, to: goodbye}
      - {key: "5", phrases: [manchester], label: Manchester, to: goodbye}
      - {key: "6", phrases: [york], label: York, to: goodbye}
""",
    ),
    passes=(
        """
nodes:
  main:
    type: menu
    prompt: Which town?
    choices:
      - {key: "1", phrases: [london], label: London, to: goodbye}
      - {key: "2", phrases: [glasgow], label: Glasgow, to: goodbye}
""",
    ),
    check=_check,
)
