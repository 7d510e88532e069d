"""Values that are set and never read."""

from __future__ import annotations

from collections.abc import Iterator

from flows import nodes
from flows.document import Document
from flows.lint.asked import saved_in
from flows.lint.rule import Rule, found
from flows.lint.uses import asked_for, uses_in
from flows.node_facts import saved_by
from flows.problems import Problem

ID = "unused-value"


def _check(document: Document) -> Iterator[Problem]:
    used = {use.name for use in uses_in(document)} | asked_for(document)
    # What callers tell and what is looked up for them is read by the person who takes the call.
    told = {
        name for node in document.flow.all_nodes.values() if not isinstance(node, nodes.Set) for name in saved_by(node)
    }
    for path, name in saved_in(document):
        if name not in used and name not in told:
            yield found(ID, document, path, f'nothing in this flow reads "{name}"', level="warning")


RULE = Rule(
    id=ID,
    level="warning",
    title="A value that nothing reads",
    why="A counter that no branch looks at, a parameter that its subflow does not use: something is forgotten, or left "
    "over. What callers tell and what is looked up is read by the person who takes the call.",
    fails=("nodes:\n  main: {type: set, values: {tries: 1}, next: goodbye}",),
    passes=(
        """
nodes:
  main: {type: set, values: {tries: 1}, next: enough}
  enough: {type: branch, cases: [{when: tries > 3, to: person}], otherwise: goodbye}
""",
    ),
    check=_check,
)
