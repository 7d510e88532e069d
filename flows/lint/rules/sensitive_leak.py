"""Sensitive values that are spoken, sent, handed on or kept."""

from __future__ import annotations

from collections.abc import Iterator

from flows import nodes
from flows.document import Document
from flows.lint.examples import CARD_ASKED, CARD_LOOKED_UP
from flows.lint.expressions import readable_in
from flows.lint.graph import path_of
from flows.lint.rule import Rule, found, found_at
from flows.node_facts import saved_by
from flows.problems import Problem

ID = "sensitive-leak"
_DOES = {
    "message": "would be sent by text message",
    "reason": "would be read to the agent and kept",
    "whisper": "would be read to the agent",
    "set": "would be kept under another name",
    "parameter": "would be kept as a parameter",
    "to": "would be kept as a telephone number",
}


def _check(document: Document) -> Iterator[Problem]:
    secret = document.flow.sensitive_names
    for placed in readable_in(document):
        if placed.role in ("where", "when"):
            continue  # that is what such a value is for: it goes to a lookup, or decides
        for name in sorted(placed.every_name & secret):
            place = document.text.inside(placed.path, placed.offset_of(name))
            yield found_at(ID, document, place, _message(name, placed.role), length=len(name))
    for name, node in document.flow.all_nodes.items():
        if isinstance(node, nodes.Lookup | nodes.Set):
            part = "save" if isinstance(node, nodes.Lookup) else "values"
            for value in saved_by(node):
                if value in secret:
                    message = f'"{value}" is sensitive where a caller keys it in; save this under another name'
                    yield found(ID, document, (*path_of(name), part, value), message)


def _message(name: str, role: str) -> str:
    return f'the sensitive value "{name}" {_DOES.get(role, "would be spoken")}; only a lookup may have it'


RULE = Rule(
    id=ID,
    level="error",
    title="A sensitive value that leaks",
    why="A card or identity number is keyed in for a lookup and for nothing else. Spoken, sent, handed on or copied, "
    "it would be heard by others, or kept in traces and briefings.",
    fails=(
        CARD_ASKED
        + "    next: look\n"
        + CARD_LOOKED_UP.replace("found: goodbye", "found: told")
        + '  told: {type: say, prompt: "Your card is {card|digits}.", next: goodbye}\n',
    ),
    passes=(CARD_ASKED + "    next: look\n" + CARD_LOOKED_UP,),
    check=_check,
)
