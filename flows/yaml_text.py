"""Conversations as YAML text: read with the place of every mistake, and written so that people can go on editing."""

from __future__ import annotations

import datetime as dt
import json
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from pydantic import ValidationError

from flows.conversations.model import Conversation, ConversationFile
from flows.loader import read_tree
from flows.problems import FlowError, Problem
from flows.schema.problems import schema_problems

LINE_LENGTH: Final = 110
# Begins with a letter and holds nothing that YAML, of any version, takes for more than text.
_PLAIN: Final = re.compile(r"[^\W\d_]([\w .'!-]*[\w.!])?")
_PLAIN_IN_BLOCK: Final = re.compile(r"[^\W\d_]([\w .,'!?-]*[\w.!?])?")
# Source: YAML 1.1 reads these as truth values and nothing, YAML 1.2 some of them.
_OTHERWISE_READ: Final = frozenset({"yes", "no", "on", "off", "y", "n", "true", "false", "null", "none"})
_JOINERS: Final = frozenset("\u200c\u200d")


def read_conversations(content: bytes, file: str) -> ConversationFile:
    """A file of conversations; raises `FlowError` with every problem found, each with its line and column."""
    if not content.strip():
        raise FlowError([Problem(file, 1, 1, "yaml", "is empty; begin with `flow: NAME.yaml`")])
    text, tree = read_tree(content, file)
    try:
        return ConversationFile.model_validate(tree)
    except ValidationError as error:
        raise FlowError(schema_problems(error, ConversationFile, text, file)) from None


def conversation_yaml(conversations: Iterable[Conversation], flow_file: str) -> str:
    """A file of conversations about `flow_file` (relative to where it will lie); reading it gives the same again."""
    items = "\n\n".join(conversation_item(conversation) for conversation in conversations)
    return f"flow: {_scalar(flow_file)}\nconversations:\n{items}\n"


def conversation_item(conversation: Conversation) -> str:
    """One conversation as it stands in the list of a file, without the last line's end."""
    return "\n".join(_items([_in_order(conversation.model_dump(exclude_defaults=True))], 2))


def _in_order(conversation: dict[str, Any]) -> dict[str, Any]:
    """The name first, the steps last, the circumstances between them."""
    name, steps = conversation.pop("name"), conversation.pop("steps")
    return {"name": name, **conversation, "steps": steps}


def _block(value: Mapping[str, Any], indent: int) -> list[str]:
    """The lines of a mapping."""
    lines: list[str] = []
    for key, inner in value.items():
        word = " " * indent + _scalar(key) + ":"
        if _is_list_of_mappings(inner):
            lines += [word, *_items(inner, indent + 2)]
            continue
        in_line = (
            f"{word} {_inline(inner)}" if isinstance(inner, Mapping | list | tuple) else f"{word} {_scalar(inner)}"
        )
        if len(in_line) <= LINE_LENGTH or not isinstance(inner, Mapping | list | tuple):
            lines.append(in_line)
        elif isinstance(inner, Mapping):
            lines += [word, *_block(inner, indent + 2)]
        else:
            lines += [word, *_items(inner, indent + 2)]
    return lines


def _items(values: Sequence[Any], indent: int) -> list[str]:
    """The lines of a list."""
    lines: list[str] = []
    for value in values:
        if isinstance(value, Mapping) and value:
            first, *rest = _block(value, indent + 2)
            lines += [" " * indent + "- " + first.lstrip(), *rest]
        else:
            nested = isinstance(value, Mapping | list | tuple)
            lines.append(" " * indent + "- " + (_inline(value) if nested else _scalar(value)))
    return lines


def _is_list_of_mappings(value: Any) -> bool:
    return isinstance(value, list | tuple) and any(isinstance(item, Mapping) for item in value)


def _inline(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_scalar(key, inline=True)}: {_inline(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_inline(inner) for inner in value) + "]"
    return _scalar(value, inline=True)


def _scalar(value: Any, *, inline: bool = False) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int() | float():
            return str(value)
        case dt.datetime():
            return f'"{value:%Y-%m-%d %H:%M:%S}"' if value.second else f'"{value:%Y-%m-%d %H:%M}"'
        case _:
            return _text(str(value), inline=inline)


def _text(text: str, *, inline: bool) -> str:
    """A text, in quotes where YAML would read something else without them."""
    plain = _PLAIN if inline else _PLAIN_IN_BLOCK
    if plain.fullmatch(text) and text.casefold() not in _OTHERWISE_READ:
        return text
    return "".join(_visible(character) for character in json.dumps(text, ensure_ascii=False))


def _visible(character: str) -> str:
    """The character, or its escape where nobody could see it in a file; Persian needs its joiners."""
    if character in _JOINERS or not unicodedata.category(character).startswith(("C", "Z")) or character == " ":
        return character
    code = ord(character)
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
