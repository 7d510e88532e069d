"""A lookup that finds nothing and asks the same question again, for ever."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from flows import nodes
from flows.document import Document
from flows.lint.graph import closure, exit_path, graph_of
from flows.lint.rule import Rule, found
from flows.problems import Problem

ID = "unguarded-retry-loop"
# Whoever answers these, or what is worked out at these, may go another way the next time.
_GUARDS = (nodes.Menu, nodes.OpenQuestion, nodes.Branch, nodes.CallSubflow, nodes.Transfer, nodes.Callback, nodes.End)


def _check(document: Document) -> Iterator[Problem]:
    graph = graph_of(document)

    def after(name: str) -> Iterable[str]:
        return [] if isinstance(graph.nodes[name], _GUARDS) else graph.exits[name].values()

    for name, node in graph.nodes.items():
        if not isinstance(node, nodes.Lookup) or "not_found" not in graph.exits[name]:
            continue
        reached = closure([graph.exits[name]["not_found"]], after)
        asks = [other for other in reached if isinstance(graph.nodes[other], nodes.Ask)]
        if name in reached and asks:
            message = (
                f'a caller whose answer "{name}" does not find is asked again and again; count the tries and branch, '
                "or offer a choice"
            )
            yield found(ID, document, exit_path(name, "not_found"), message, level="warning")


_LOOP = """
nodes:
  main: {type: ask, prompt: Your order number?, answer: {type: digits, min: 4, max: 4}, save_as: order, next: look}
  look:
    type: lookup
    source: {type: csv, file: orders.csv}
    where: {number: order}
    found: goodbye
    not_found: sorry
    failed: person
  sorry: {type: say, prompt: I do not find it., next: main}
"""
_COUNTED = """\
  count: {type: set, values: {tries: "default(tries, 0) + 1"}, next: enough}
  enough:
    type: branch
    cases:
      - {when: tries < 3, to: sorry}
    otherwise: person
"""

RULE = Rule(
    id=ID,
    level="warning",
    title="Asked again and again",
    why="A caller whose number is not found is asked for it again without end: each answer is understood, so neither "
    "the count of mistakes nor that of repeats offers them a person before the call has taken minutes. Count the tries "
    "with `set` and `branch`, or offer a choice in a menu.",
    fails=(_LOOP,),
    passes=(_LOOP.replace("not_found: sorry", "not_found: count") + _COUNTED,),
    check=_check,
)
