"""Lookups without a way on for the day on which they cannot be done."""

from __future__ import annotations

from collections.abc import Iterator

from flows import nodes
from flows.document import Document
from flows.lint.examples import LOOKUP
from flows.lint.graph import path_of
from flows.lint.rule import Rule, found
from flows.problems import Problem

ID = "lookup-without-fallback"


def _check(document: Document) -> Iterator[Problem]:
    for name, node in document.flow.all_nodes.items():
        if isinstance(node, nodes.Lookup) and node.failed is None:
            message = f'the lookup "{name}" has no exit `failed`: where it cannot be done, the call breaks off'
            yield found(ID, document, path_of(name), message, level="warning")


RULE = Rule(
    id=ID,
    level="warning",
    title="A lookup without a way on",
    why="Files are missing and servers are down some day. Without `failed`, the caller hears an apology and is taken "
    "to a person; with it, you say what happens.",
    fails=(LOOKUP.replace("    failed: person\n", ""),),
    passes=(LOOKUP,),
    check=_check,
)
