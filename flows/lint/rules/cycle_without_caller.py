"""Loops in which the caller is never asked anything."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from flows import nodes
from flows.document import Document
from flows.lint.graph import SILENT, components, graph_of, in_order, path_of, returns_of
from flows.lint.rule import Rule, found
from flows.lint.values import told_elsewhere
from flows.problems import Problem

ID = "cycle-without-caller"


def _check(document: Document) -> Iterator[Problem]:
    flow, graph = document.flow, graph_of(document)
    skipped = told_elsewhere(document)

    def is_silent(name: str) -> bool:
        return isinstance(graph.nodes[name], SILENT) or name in skipped

    silent_returns = returns_of(flow, is_silent)

    def after(name: str) -> Iterable[str]:
        node, exits = graph.nodes[name], graph.exits[name]
        if not isinstance(node, nodes.CallSubflow):
            return exits.values()
        ways = silent_returns.get(node.subflow, frozenset())
        return [to for label, to in exits.items() if label.removeprefix("exits.") in ways]

    for group in components([name for name in graph.nodes if is_silent(name)], after):
        ordered = in_order(document, group)
        asking = [name for name in ordered if name in skipped]
        message = f"these nodes lead round and round without asking the caller anything: {', '.join(ordered)}"
        if asking:
            message += f" ({asking[0]} asks nothing where its value is known already; set `ask_again: true` there)"
        yield found(ID, document, path_of(ordered[0]), message)


RULE = Rule(
    id=ID,
    level="error",
    title="A loop without the caller",
    why="Nobody can stop it: the engine breaks such a loop off with an apology and a person. Ask something on the way "
    "round, or count and branch out to another node. A question whose value is known from another question is skipped, "
    "unless it has `ask_again: true`.",
    fails=(
        """
nodes:
  main: {type: say, prompt: Hello., next: look}
  look:
    type: lookup
    source: {type: csv, file: orders.csv}
    where: {number: "1"}
    found: goodbye
    not_found: main
    failed: person
""",
        """
nodes:
  main: {type: ask, prompt: Your order number?, answer: {type: digits, min: 4, max: 4}, save_as: order, next: other}
  other: {type: ask, prompt: Which order?, answer: {type: digits, min: 4, max: 4}, save_as: order, next: look}
  look:
    type: lookup
    source: {type: csv, file: orders.csv}
    where: {number: order}
    found: goodbye
    not_found: sorry
    failed: person
  sorry: {type: say, prompt: I do not find it., next: other}
""",
    ),
    passes=(
        """
nodes:
  main:
    type: menu
    prompt: Shall I look?
    choices:
      - {key: "1", phrases: [please], label: a look, to: look}
      - {key: "2", phrases: [goodbye], label: goodbye, to: goodbye}
  look:
    type: lookup
    source: {type: csv, file: orders.csv}
    where: {number: "1"}
    found: goodbye
    not_found: main
    failed: person
""",
    ),
    check=_check,
)
