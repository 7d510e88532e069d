"""Opening hours that are named and not there."""

from __future__ import annotations

from collections.abc import Iterator

from flows import nodes
from flows.document import Document
from flows.lint.expressions import readable_in
from flows.lint.graph import path_of
from flows.lint.rule import Rule, found, found_at
from flows.problems import Problem, known_words

ID = "hours-unknown"


def _check(document: Document) -> Iterator[Problem]:
    hours = document.flow.hours
    known = tuple(sorted(hours))
    staffed = document.flow.staffed
    if staffed is not None and staffed not in hours:
        yield found(ID, document, ("staffed",), _message(staffed, known), known=known)
    for name, queue in document.flow.queues.items():
        if queue.hours is not None and queue.hours not in hours:
            yield found(ID, document, ("queues", name, "hours"), _message(queue.hours, known), known=known)
    for name, node in document.flow.all_nodes.items():
        if isinstance(node, nodes.Callback) and node.hours is not None and node.hours not in hours:
            yield found(ID, document, (*path_of(name), "hours"), _message(node.hours, known), known=known)
        if isinstance(node, nodes.Callback) and node.when == "choose_time" and not hours:
            message = "times are offered within opening hours, and this flow has none; write them under `hours`"
            yield found(ID, document, (*path_of(name), "when"), message)
    for placed in readable_in(document):
        for wanted in sorted(placed.expression.hours_names - set(hours)):
            offset = placed.offset + max(0, placed.expression.source.find(wanted))
            place = document.text.inside(placed.path, offset)
            yield found_at(ID, document, place, _message(wanted, known), length=len(wanted), known=known)


def _message(wanted: str, known: tuple[str, ...]) -> str:
    return f'there are no opening hours "{wanted}"{known_words(wanted, known)}'


RULE = Rule(
    id=ID,
    level="error",
    title="Opening hours that do not exist",
    why="`open('shop')`, a queue and a callback at a chosen time need the opening hours of that name under `hours`.",
    fails=(
        "hours:\n  shop: {mon-fri: ['09:00-17:00']}\n"
        "nodes:\n  main: {type: branch, cases: [{when: open('shp'), to: person}], otherwise: goodbye}",
        "nodes:\n  main: {type: callback, when: choose_time}",
        "staffed: shp\nhours:\n  shop: {mon-fri: ['09:00-17:00']}",
        "hours:\n  shop: {mon-fri: ['09:00-17:00']}\nqueues:\n  shop: {hours: shp}",
    ),
    passes=(
        "hours:\n  shop: {mon-fri: ['09:00-17:00']}\n"
        "nodes:\n  main: {type: branch, cases: [{when: open('shop'), to: person}], otherwise: goodbye}",
    ),
    check=_check,
)
