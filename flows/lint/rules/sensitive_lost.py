"""Sensitive answers that are gone before a lookup has them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from flows import nodes
from flows.document import Document
from flows.lint.examples import CARD_ASKED, CARD_LOOKED_UP
from flows.lint.expressions import read
from flows.lint.graph import SILENT, closure, graph_of, path_of
from flows.lint.rule import Rule, found
from flows.problems import Problem

ID = "sensitive-lost"


def _check(document: Document) -> Iterator[Problem]:
    graph = graph_of(document)

    def after(name: str) -> Iterable[str]:
        return graph.after(name) if isinstance(graph.nodes[name], SILENT) else ()

    for name, node in graph.nodes.items():
        if not isinstance(node, nodes.Ask) or not node.sensitive or not graph.exits[name]:
            continue
        reached = closure(graph.exits[name].values(), after)
        returns = any(isinstance(graph.nodes[other], nodes.Return) for other in reached)
        if not returns and not any(_looks_up(graph.nodes[other], node.save_as) for other in reached):
            message = (
                f'the sensitive value "{node.save_as}" is gone when the caller is asked the next question, '
                "and no lookup has it before"
            )
            yield found(ID, document, (*path_of(name), "next"), message)


def _looks_up(node: nodes.Node, value: str) -> bool:
    if isinstance(node, nodes.CallSubflow):
        return any(value in _names(given) for given in node.parameters.values() if isinstance(given, str))
    return isinstance(node, nodes.Lookup) and any(value in _names(source) for source in node.where.values())


def _names(source: str) -> frozenset[str]:
    expression = read(source)
    return frozenset() if expression is None else expression.names | expression.optional_names


RULE = Rule(
    id=ID,
    level="error",
    title="A sensitive value that nothing uses in time",
    why="A sensitive value lasts until the caller is asked the next question. Without a lookup before that, the caller "
    "has keyed it in for nothing.",
    fails=(CARD_ASKED + "    next: goodbye\n",),
    passes=(
        CARD_ASKED + "    next: moment\n" + "  moment: {type: say, prompt: One moment., next: look}\n" + CARD_LOOKED_UP,
    ),
    check=_check,
)
