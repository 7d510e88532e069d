"""Lookups in files that are not there."""

from __future__ import annotations

from collections.abc import Iterator

from flows import nodes
from flows.document import Document
from flows.lint.examples import LOOKUP
from flows.lint.graph import path_of
from flows.lint.rule import Rule, found
from flows.problems import Problem
from flows.sources import CsvSource, SqliteSource

ID = "source-file-missing"


def _check(document: Document) -> Iterator[Problem]:
    for name, node in document.flow.all_nodes.items():
        if document.file_exists is None or not isinstance(node, nodes.Lookup):
            continue
        source = node.source
        if isinstance(source, CsvSource | SqliteSource) and not document.file_exists(source.file):
            message = f"there is no file {source.file} beside the flow; this lookup always fails"
            yield found(ID, document, (*path_of(name), "source", "file"), message, level="warning", value=True)


RULE = Rule(
    id=ID,
    level="warning",
    title="A lookup in a file that is not there",
    why="Every such lookup fails. Files are checked where they can be seen; the machine that takes the calls may have "
    "others.",
    fails=(LOOKUP.replace("orders.csv", "missing.csv"),),
    passes=(LOOKUP,),
    check=_check,
)
