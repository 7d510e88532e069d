"""Everything in a flow that is spoken, sent, heard or worked out, with its place in the file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any, Literal

import msgspec

from flows import nodes
from flows.document import Document, Path
from flows.lint.graph import path_of
from flows.model import Flow
from flows.nodes import Node
from flows.parts import Recording

Role = Literal["prompt", "reprompt", "help", "label", "slot", "reason", "whisper", "message", "name"]


class Text(msgspec.Struct, frozen=True):
    """One text in one language; `language` is None where it is written for all of them."""

    node: str
    path: Path
    language: str | None
    text: str
    role: Role
    recording: Recording | None = None


class Worked(msgspec.Struct, frozen=True):
    """One expression."""

    node: str
    path: Path
    source: str
    role: Literal["where", "when", "set", "parameter", "to"]


class Phrases(msgspec.Struct, frozen=True):
    """What callers may say for one choice or intent, in one language; `keys` is the key that it stands for."""

    node: str
    path: Path
    language: str | None
    phrases: tuple[str, ...]
    keys: str


class Written(msgspec.Struct, frozen=True):
    """A text, a prompt or a list of phrases as it is written: plain, or by language."""

    node: str
    path: Path
    value: Any
    what: str


@lru_cache(maxsize=4)
def written_in(document: Document) -> tuple[Written, ...]:
    """Whatever can be written in several languages."""
    return written_of(document.flow)


def written_of(flow: Flow) -> tuple[Written, ...]:
    """The same of a flow without its text."""
    found = [Written("", ("organisation",), flow.organisation, "name")]
    found += [
        Written("", ("phrases", word), own, "phrases")
        for word in type(flow.phrases).model_fields
        if (own := getattr(flow.phrases, word)) is not None
    ]
    for name, node in flow.all_nodes.items():
        found += [Written(name, (*path_of(name), *path), value, what) for path, value, what in _of_node(node)]
    return tuple(found)


def _of_node(node: Node) -> Iterator[tuple[Path, object, str]]:
    if isinstance(node, nodes.Asking):
        yield from _of_asking(node)
    match node:
        case nodes.Say() | nodes.Record() | nodes.End():
            yield ("prompt",), node.prompt, "prompt"
        case nodes.Menu():
            for index, choice in enumerate(node.choices):
                yield ("choices", index, "label"), choice.label, "label"
                yield ("choices", index, "phrases"), choice.phrases, "phrases"
        case nodes.OpenQuestion():
            for name, intent in node.intents.items():
                yield ("intents", name, "label"), intent.label, "label"
                yield ("intents", name, "examples"), intent.examples, "phrases"
                for slot, wanted in intent.slots.items():
                    yield ("intents", name, "slots", slot, "prompt"), wanted.prompt, "slot"
        case nodes.Transfer(reason=reason, whisper=whisper):
            yield from _given((("reason", reason), ("whisper", whisper)))
        case nodes.Callback(reason=reason):
            yield from _given((("reason", reason),))
        case nodes.SendText(text=text):
            yield ("text",), text, "message"
        case _:
            pass


def _of_asking(node: nodes.Asking) -> Iterator[tuple[Path, object, str]]:
    yield ("prompt",), node.prompt, "prompt"
    for word, reprompts in (("no_input", node.no_input), ("no_match", node.no_match)):
        for index, prompt in enumerate(reprompts or ()):
            yield (word, index), prompt, "reprompt"
    if node.help is not None:
        yield ("help",), node.help, "help"


def _given(parts: Iterable[tuple[str, object]]) -> Iterator[tuple[Path, object, str]]:
    return (((word,), value, word) for word, value in parts if value is not None)


@lru_cache(maxsize=4)
def texts_in(document: Document) -> tuple[Text, ...]:
    """Every text that is spoken or sent, one for each language that it is written in."""
    return tuple(text for written in written_in(document) if written.what != "phrases" for text in _forms(written))


def _forms(written: Written) -> Iterator[Text]:
    forms = written.value.items() if isinstance(written.value, dict) else [(None, written.value)]
    for language, form in forms:
        path = written.path if language is None else (*written.path, language)
        role: Role = written.what  # type: ignore[assignment]  # "phrases" is no text, and was left out
        if isinstance(form, Recording):
            yield Text(written.node, (*path, "text"), language, form.text, role, form)
        else:
            yield Text(written.node, path, language, str(form), role)


@lru_cache(maxsize=4)
def expressions_in(document: Document) -> tuple[Worked, ...]:
    """Every expression of the flow that is written as one; those of a queue belong to no node."""
    found = [
        Worked("", ("queues", name, "priorities", index, "when"), rule.when, "when")
        for name, queue in document.flow.queues.items()
        for index, rule in enumerate(queue.priorities)
    ]
    for name, node in document.flow.all_nodes.items():
        home = path_of(name)
        match node:
            case nodes.Lookup(where=where):
                found += [Worked(name, (*home, "where", word), source, "where") for word, source in where.items()]
            case nodes.Branch(cases=cases):
                found += [
                    Worked(name, (*home, "cases", index, "when"), case.when, "when") for index, case in enumerate(cases)
                ]
            case nodes.Set(values=values):
                found += [
                    Worked(name, (*home, "values", word), source, "set")
                    for word, source in values.items()
                    if isinstance(source, str)
                ]
            case nodes.CallSubflow(parameters=parameters):
                found += [
                    Worked(name, (*home, "parameters", word), source, "parameter")
                    for word, source in parameters.items()
                    if isinstance(source, str)
                ]
            case nodes.SendText(to=to) if to is not None:
                found.append(Worked(name, (*home, "to"), to, "to"))
            case _:
                pass
    return tuple(found)


@lru_cache(maxsize=4)
def phrases_in(document: Document) -> tuple[Phrases, ...]:
    """What callers may say at menus and open questions."""
    found: list[Phrases] = []
    for name, node in document.flow.all_nodes.items():
        for path, option in options_of(node):
            word, value = (
                ("phrases", option.phrases) if isinstance(option, nodes.Choice) else ("examples", option.examples)
            )
            written = (*path_of(name), *path, word)
            forms = value.items() if isinstance(value, dict) else [(None, value)]
            for language, said in forms:
                place = written if language is None else (*written, language)
                found.append(Phrases(name, place, language, said, option.key))
    return tuple(found)


def options_of(node: Node) -> list[tuple[Path, nodes.Choice | nodes.Intent]]:
    """The choices of a menu or the intents of an open question, each after its path within the node."""
    match node:
        case nodes.Menu():
            return [(("choices", index), choice) for index, choice in enumerate(node.choices)]
        case nodes.OpenQuestion():
            return [(("intents", name), intent) for name, intent in node.intents.items()]
        case _:
            return []
