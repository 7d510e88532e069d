"""The typed answers that a flow asks for, and the names under which values are saved."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from flows import nodes
from flows.document import Document, Path
from flows.engine.node_questions import SCALES
from flows.lint.graph import path_of
from flows.parts import Answer


class Asked(msgspec.Struct, frozen=True):
    """One typed answer: the node that asks, where the answer's type stands, and the name that it is saved under."""

    node: str
    path: Path
    name: str
    answer: Answer
    sensitive: bool = False


def answers_in(document: Document) -> Iterator[Asked]:
    """Every typed answer of the flow: of asks, of slots and of surveys."""
    for name, node in document.flow.all_nodes.items():
        path = path_of(name)
        match node:
            case nodes.Ask():
                yield Asked(name, (*path, "answer"), node.save_as, node.answer, node.sensitive)
            case nodes.Survey():
                yield Asked(name, (*path, "scale"), node.save_as, SCALES[node.scale])
            case nodes.OpenQuestion():
                for word, intent in node.intents.items():
                    for slot, wanted in intent.slots.items():
                        yield Asked(name, (*path, "intents", word, "slots", slot, "answer"), slot, wanted.answer)
            case _:
                pass


def saved_in(document: Document) -> Iterator[tuple[Path, str]]:
    """Every name under which a value is saved, parameters included, and where the name stands."""
    for subflow, part in document.flow.subflows.items():
        for index, parameter in enumerate(part.parameters):
            yield ("subflows", subflow, "parameters", index), parameter
    for name, node in document.flow.all_nodes.items():
        path = path_of(name)
        match node:
            case nodes.Ask() | nodes.Survey() | nodes.Record():
                yield (*path, "save_as"), node.save_as
            case nodes.OpenQuestion():
                for word, intent in node.intents.items():
                    yield from (((*path, "intents", word, "slots", slot), slot) for slot in intent.slots)
            case nodes.Lookup():
                yield from (((*path, "save", value), value) for value in node.save)
            case nodes.Set():
                yield from (((*path, "values", value), value) for value in node.values)
            case _:
                pass
