"""Two choices of one question on one key."""

from __future__ import annotations

from collections.abc import Iterator

from flows import nodes
from flows.document import Document, Path
from flows.lint.examples import menu_of
from flows.lint.graph import path_of
from flows.lint.rule import Rule, found
from flows.problems import Problem

ID = "key-clash"


def _check(document: Document) -> Iterator[Problem]:
    for name, node in document.flow.all_nodes.items():
        keys: list[tuple[Path, str]] = []
        if isinstance(node, nodes.Menu):
            keys = [(("choices", index, "key"), choice.key) for index, choice in enumerate(node.choices)]
        elif isinstance(node, nodes.OpenQuestion):
            keys = [(("intents", word, "key"), intent.key) for word, intent in node.intents.items()]
        taken: dict[str, Path] = {}
        for path, key in keys:
            if key in taken:
                line, _ = document.where((*path_of(name), *taken[key]))
                yield found(ID, document, (*path_of(name), *path), f"the key {key} is taken already in line {line}")
            taken.setdefault(key, path)


RULE = Rule(
    id=ID,
    level="error",
    title="Two choices on one key",
    why="Only the first of them could ever be pressed.",
    fails=(menu_of(("1", "hours", "our hours"), ("1", "order", "an order")),),
    passes=(menu_of(("1", "hours", "our hours"), ("2", "order", "an order")),),
    check=_check,
)
