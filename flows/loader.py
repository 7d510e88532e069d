"""Reads a flow from YAML; every mistake is a problem with its line and column. The only place that knows YAML."""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from flows import model
from flows.messages import UNIVERSAL_PHRASES
from flows.problems import FlowError, Problem
from flows.templates import names_in

MAX_FILE_BYTES: Final = 1_000_000
REVISION_DIGITS: Final = 12

Path_ = tuple[str | int, ...]


def load_flow(path: Path) -> model.Flow:
    """Read and check a flow file; raises `FlowError` with every problem found."""
    file = str(path)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise FlowError([Problem(file, 1, 1, "file", f"cannot be read: {error.strerror}")]) from None
    if len(content) > MAX_FILE_BYTES:
        raise FlowError([Problem(file, 1, 1, "file", f"is larger than {MAX_FILE_BYTES} bytes")])
    return parse_flow(content, file)


def parse_flow(content: bytes, file: str) -> model.Flow:
    """The same for a file's content."""
    tree = _read_yaml(content, file)
    try:
        flow = model.Flow.model_validate(tree, context=None)
    except ValidationError as error:
        raise FlowError([_schema_problem(tree, item, file) for item in error.errors()]) from None
    problems = [*_check_exits(flow, tree, file), *_check_phrases(flow, tree, file), *_check_values(flow, tree, file)]
    if problems:
        raise FlowError(problems)
    return flow.model_copy(update={"revision": hashlib.sha256(content).hexdigest()[:REVISION_DIGITS]})


def _read_yaml(content: bytes, file: str) -> CommentedMap:
    try:
        tree = YAML(typ="rt").load(content.decode("utf-8"))
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise FlowError([Problem(file, line, 1, "yaml", "is not UTF-8 text here")]) from None
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        raise FlowError([Problem(file, line, column, "yaml", error.problem or "is not YAML")]) from None
    except YAMLError as error:
        raise FlowError([Problem(file, 1, 1, "yaml", str(error).splitlines()[0])]) from None
    if not isinstance(tree, CommentedMap):
        raise FlowError([Problem(file, 1, 1, "yaml", "is not a mapping; begin with `zerohold: 1`")])
    return tree


def _where(tree: Any, path: Path_) -> tuple[int, int]:
    """Line and column, from 1, of the deepest part of `path` that stands in the file."""
    place = (0, 0)
    here = tree
    for part in path:
        if isinstance(here, CommentedMap) and part in here:
            place = here.lc.key(part)
        elif isinstance(here, CommentedSeq) and isinstance(part, int) and part < len(here):
            place = here.lc.item(part)
        elif here is not tree or isinstance(part, int):
            continue  # the tag of a union is no part of the file
        else:
            break
        here = here[part]
    return place[0] + 1, place[1] + 1


def _known(wrong: str, known: list[str]) -> str:
    near = difflib.get_close_matches(wrong, known, n=1)
    return f" (did you mean {near[0]}? known: {', '.join(known)})" if near else f" (known: {', '.join(known)})"


def _schema_problem(tree: CommentedMap, error: ErrorDetails, file: str) -> Problem:
    path = tuple(part for part in error["loc"])
    line, column = _where(tree, path)
    name = ".".join(str(part) for part in path if part not in _TAGS)
    message = error["msg"].removeprefix("Value error, ")
    message = message[0].lower() + message[1:]
    if error["type"] == "extra_forbidden":
        message = f"is not a word of the flow language{_known(str(path[-1]), _words_beside(path))}"
    elif error["type"] == "missing":
        message = "is missing"
    elif error["type"] in {"union_tag_invalid", "union_tag_not_found"}:
        given = error["input"].get("type", "") if isinstance(error["input"], dict) else ""
        line, column = _where(tree, (*path, "type"))
        message = f'has the type "{given}"{_known(str(given), sorted(_TAGS))}' if given else "has no type"
    elif error["type"] == "string_type" and isinstance(error["input"], int | float):
        message = f'must be text: put it in quotes, "{error["input"]}"'
    return Problem(file, line, column, "schema", f"{name or 'the file'}: {message}")


_NODE_MODELS: Final[dict[str, type[model._Part]]] = {
    "say": model.Say,
    "menu": model.Menu,
    "ask": model.Ask,
    "lookup": model.Lookup,
    "transfer": model.Transfer,
    "callback": model.Callback,
    "end": model.End,
}
_TAGS: Final = frozenset(_NODE_MODELS)


def _words_beside(path: Path_) -> list[str]:
    """The words that are allowed where the last one of `path` stands."""
    owner: type[model._Part] = model.Flow
    if len(path) > 1:
        owner = next((_NODE_MODELS[part] for part in path if isinstance(part, str) and part in _TAGS), model.Flow)
    if "choices" in path:
        owner = model.Choice
    elif "digits" in path[:-1]:
        owner = model.DigitCount
    return sorted(name for name in owner.model_fields if name != "revision")


def _check_exits(flow: model.Flow, tree: CommentedMap, file: str) -> Iterator[Problem]:
    names = sorted(flow.nodes)
    if flow.start not in flow.nodes:
        line, column = _where(tree, ("start",))
        yield Problem(
            file, line, column, "unknown-node", f'start is the unknown node "{flow.start}"{_known(flow.start, names)}'
        )
    for name in flow.nodes:
        for label, target in flow.exits_of(name).items():
            if target not in flow.nodes:
                parts: Path_ = tuple(int(part) if part.isdecimal() else part for part in label.split("."))
                line, column = _where(tree, ("nodes", name, *parts))
                message = f'node "{name}" exits to the unknown node "{target}"{_known(target, names)}'
                yield Problem(file, line, column, "unknown-node", message)


def _check_phrases(flow: model.Flow, tree: CommentedMap, file: str) -> Iterator[Problem]:
    universal = UNIVERSAL_PHRASES[flow.language]
    for name, node in flow.nodes.items():
        if not isinstance(node, model.Menu):
            continue
        seen: dict[str, str] = {}
        for index, choice in enumerate(node.choices):
            line, column = _where(tree, ("nodes", name, "choices", index))
            for word in (choice.key, *(phrase.casefold() for phrase in choice.phrases)):
                if word in universal:
                    message = f'"{word}" always works and cannot be a phrase of a menu'
                    yield Problem(file, line, column, "phrase-clash", message)
                elif seen.setdefault(word, choice.label) != choice.label:
                    message = f'"{word}" stands for two choices: {seen[word]}; {choice.label}'
                    yield Problem(file, line, column, "phrase-clash", message)


def _check_values(flow: model.Flow, tree: CommentedMap, file: str) -> Iterator[Problem]:
    """Every value that a prompt names must be saved somewhere in the flow."""
    known = {node.save_as for node in flow.nodes.values() if isinstance(node, model.Ask)}
    for node in flow.nodes.values():
        if isinstance(node, model.Lookup):
            known.update(node.save)
    for name, node in flow.nodes.items():
        texts = {field: text for field in ("prompt", "reason") if isinstance(text := getattr(node, field, None), str)}
        places: list[tuple[Path_, str]] = [(("nodes", name, field), text) for field, text in texts.items()]
        if isinstance(node, model.Lookup):
            places += [(("nodes", name, "where", column), text) for column, text in node.where.items()]
        for path, text in places:
            for field, value in names_in(text):
                if value not in known:
                    line, column_number = _where(tree, path)
                    message = f'"{{{field}}}" is not a value that this flow saves{_known(field, sorted(known))}'
                    yield Problem(file, line, column_number, "unknown-value", message)
