"""What a picture of a flow shows: its nodes and edges with their texts, the same for every format."""

from __future__ import annotations

from typing import Final

import msgspec

from flows import nodes
from flows.model import Flow
from flows.node_facts import exits_of
from flows.parts import LocalText, Prompt, Recording, in_language

# Where a call, or a subflow, begins; no node has this name, since names begin with a letter.
START: Final = "*"
CALLED_START: Final = "start"

# Isolates around right-to-left text, so that the key before it stays before it.
# Source: Unicode UAX 9, sections 2.4 and 2.5.
_ISOLATE, _END_ISOLATE = "\u2068", "\u2069"
_RIGHT_TO_LEFT: Final = (("\u0590", "\u08ff"), ("\ufb1d", "\ufdff"), ("\ufe70", "\ufefc"))
_LABELS: Final = {"not_found": "not found", "nothing": "nothing said"}


class Shown(msgspec.Struct, frozen=True):
    """One node: its name, its kind (`type`, or "start"), a few words about it, and all of its words."""

    name: str
    kind: str
    about: str
    tooltip: str


class Edge(msgspec.Struct, frozen=True):
    """One way from a node to another."""

    source: str
    target: str
    label: str


class Part(msgspec.Struct, frozen=True):
    """The flow itself (its name is empty), or one of its subflows; `calls` are its nodes that call one, and which."""

    name: str
    title: str
    nodes: tuple[Shown, ...]
    edges: tuple[Edge, ...]
    calls: tuple[tuple[str, str], ...]


def parts_of(flow: Flow) -> tuple[Part, ...]:
    """The flow, and then its subflows; texts are in the flow's first language."""
    subflows = (
        _part(flow, name, f"subflow {name}", subflow.start, subflow.nodes) for name, subflow in flow.subflows.items()
    )
    return (_part(flow, "", flow.name, flow.start, flow.nodes), *subflows)


def _part(flow: Flow, name: str, title: str, start: str, inside: dict[str, nodes.Node]) -> Part:
    begins = Shown(START, "start", "", f"Here {'the subflow' if name else 'a call'} begins.")
    edges = [Edge(START, start, "")]
    for source, node in inside.items():
        edges.extend(Edge(source, target, _label(flow, node, path)) for path, target in exits_of(node).items())
    shown = (_shown(flow, node_name, node) for node_name, node in inside.items())
    calls = tuple((node_name, node.subflow) for node_name, node in inside.items() if node.type == "subflow")
    return Part(name, title, (begins, *shown), tuple(edges), calls)


def has_right_to_left(text: str) -> bool:
    """Whether a text has letters that are written from right to left."""
    return any(first <= letter <= last for letter in text for first, last in _RIGHT_TO_LEFT)


def isolated(text: str) -> str:
    """The text, kept from changing the order of what stands beside it; left alone where a part of it is already."""
    return f"{_ISOLATE}{text}{_END_ISOLATE}" if has_right_to_left(text) and _ISOLATE not in text else text


def printable(text: str) -> str:
    """The text on one line, without characters that XML and editors refuse."""
    return " ".join("".join(letter if letter.isprintable() or letter == "\u200c" else " " for letter in text).split())


def shortened(text: str, length: int) -> str:
    """At most so many characters of a text."""
    return text if len(text) <= length else text[: length - 1].rstrip() + "\u2026"


def _shown(flow: Flow, name: str, node: nodes.Node) -> Shown:
    about = printable(_about(flow, node))
    words = f"{name} ({node.type}): {about}" if about else f"{name} ({node.type})"
    return Shown(name, node.type, about, words)


def _about(flow: Flow, node: nodes.Node) -> str:
    match node:
        case nodes.Asking() | nodes.Say() | nodes.Record() | nodes.End():
            return _words(flow, node.prompt)
        case nodes.SendText():
            return _words(flow, node.text)
        case nodes.Lookup(source=source):
            where = getattr(source, "file", None) or getattr(source, "url", None) or getattr(source, "function", "")
            return f"{source.type} {where}"
        case nodes.Set():
            return ", ".join(f"{name} = {value}" for name, value in node.values.items())
        case nodes.CallSubflow():
            return f"subflow {node.subflow}"
        case nodes.Return():
            return f"exit {node.exit}"
        case nodes.Callback():
            return "as soon as possible" if node.when == "as_soon_as_possible" else "at a time that is chosen"
        case nodes.Transfer(to=nodes.ToQueue(queue=queue)):
            return f"to the queue {queue}"
        case nodes.Transfer(to=nodes.ToPerson(person=person)):
            return f"to {person}"
        case nodes.Transfer(to=nodes.ToNumber(number=number)):
            return f"to {number}"
        case nodes.Transfer():
            return f"to the queue {flow.queue}"
        case _:
            return ""


def _words(flow: Flow, text: Prompt | LocalText) -> str:
    said = in_language(text, flow.languages[0])
    return said.text if isinstance(said, Recording) else str(said)


def _label(flow: Flow, node: nodes.Node, path: str) -> str:
    """What leads along an exit: a key and a phrase, an expression, the name of the exit."""
    language = flow.languages[0]
    kind, _, rest = path.partition(".")
    where = rest.removesuffix(".to")
    match node:
        case nodes.Menu():
            choice = node.choices[int(where)]
            return f"{choice.key} \u00b7 {isolated(printable(in_language(choice.phrases, language)[0]))}"
        case nodes.OpenQuestion():
            return f"{node.intents[where].key} \u00b7 {where}"
        case nodes.Branch() if kind == "cases":
            return printable(node.cases[int(where)].when)
        case nodes.CallSubflow():
            return where
        case nodes.Callback():
            return "booked"
        case nodes.SendText() if kind == "next":
            return "sent"
        case _:
            return "" if kind == "next" else _LABELS.get(kind, kind)
