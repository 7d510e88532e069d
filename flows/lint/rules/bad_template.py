"""Texts whose braces cannot be read."""

from __future__ import annotations

from collections.abc import Iterator

from flows.document import Document
from flows.expressions.templates import problems_of
from flows.lint.rule import Rule, found_at
from flows.lint.texts import texts_in
from flows.problems import Problem

ID = "bad-template"


def _check(document: Document) -> Iterator[Problem]:
    for text in texts_in(document):
        if text.role == "name":
            continue  # an organisation's name is spoken as it is written
        for offset, message in problems_of(text.text):
            yield found_at(ID, document, document.text.inside(text.path, offset), message)


RULE = Rule(
    id=ID,
    level="error",
    title="A text with a field that cannot be read",
    why="`{value}` or `{value|filter}` in a text is a value that is spoken; where it cannot be read, the call breaks "
    "off. Write `{{` and `}}` for braces that are spoken.",
    fails=(
        "nodes:\n  main: {type: say, prompt: 'Order {order|digts}.', next: goodbye}",
        "nodes:\n  main: {type: say, prompt: 'Order {order.', next: goodbye}",
    ),
    passes=("nodes:\n  main: {type: say, prompt: 'Today is {today|date}.', next: goodbye}",),
    check=_check,
)
