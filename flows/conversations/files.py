"""Finds and reads files of conversations, with the flows that they are about."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from itertools import count
from pathlib import Path

import msgspec

from flows.conversations import SUFFIX, looks_like_conversations
from flows.conversations.model import Conversation, ConversationFile
from flows.loader import load_flow, read_bytes
from flows.model import Flow
from flows.problems import FlowError, Problem
from flows.yaml_text import conversation_item, conversation_yaml, read_conversations


class Suite(msgspec.Struct, frozen=True, kw_only=True):
    """The conversations of one file, and their flow."""

    path: Path
    flow_path: Path
    flow: Flow
    conversations: tuple[Conversation, ...]


def load_suite(path: Path) -> Suite:
    """Read a file of conversations and its flow; raises `FlowError` with the problems of either."""
    read = read_conversations(read_bytes(path), str(path))
    flow_path = Path(os.path.normpath(path.parent / read.flow))
    return Suite(path=path, flow_path=flow_path, flow=load_flow(flow_path), conversations=read.conversations)


def find_suites(paths: Iterable[Path]) -> list[Path]:
    """The files of conversations that files and folders mean: themselves, those beside a flow, all in a folder.

    Raises `FlowError` where a path means none.
    """
    found: dict[Path, None] = {}
    problems: list[Problem] = []
    for path in paths:
        meant = _meant_by(path)
        if not meant:
            what = "cannot be read: no such file" if not path.exists() else _nothing_at(path)
            problems.append(Problem(str(path), 1, 1, "file", what))
        found.update(dict.fromkeys(meant))
    if problems:
        raise FlowError(problems)
    return list(found)


def _meant_by(path: Path) -> list[Path]:
    if path.is_dir():
        return sorted(found for found in path.rglob(f"*{SUFFIX}") if _is_ours(found, path))
    if path.name.endswith(SUFFIX):
        return [path] if path.exists() else []
    return sorted(beside for beside in path.parent.glob(f"*{SUFFIX}") if _is_about(beside, path))


def _is_ours(found: Path, folder: Path) -> bool:
    """Whether a file in a folder holds conversations, and is no part of what a tool keeps there (.venv, .git)."""
    hidden = any(part.startswith(".") for part in found.relative_to(folder).parts[:-1])
    return not hidden and found.is_file() and looks_like_conversations(read_bytes(found))


def _is_about(suite: Path, flow_path: Path) -> bool:
    """Whether conversations are about a flow; those that cannot be read are, if they are called like it."""
    try:
        read = read_conversations(read_bytes(suite), str(suite))
    except FlowError:
        return suite.name.removesuffix(SUFFIX) == flow_path.stem
    return (suite.parent / read.flow).resolve() == flow_path.resolve()


def _nothing_at(path: Path) -> str:
    if path.is_dir():
        return f"holds no conversations; a file of them is called NAME{SUFFIX}"
    return f"has no conversations beside it; write {path.stem}{SUFFIX}"


def save_conversation(path: Path, flow_file: str, make: Callable[[str], Conversation]) -> str:
    """Write a conversation into a new file, or behind those of a file about the same flow; its name.

    `make` makes it for a name. Raises `FlowError` where the file is about something else, `OSError` where it cannot be
    written.
    """
    if not path.name.endswith(SUFFIX):
        raise FlowError([Problem(str(path), 1, 1, "file", f"must be called NAME{SUFFIX} to be found as a test")])
    if not path.exists():
        conversation = make("talk 1")
        path.write_text(conversation_yaml([conversation], flow_file), encoding="utf-8")
        return conversation.name
    content = path.read_bytes()
    there = read_conversations(content, str(path))
    if there.flow != flow_file:
        raise FlowError([Problem(str(path), 1, 1, "file", f"is about {there.flow}, not about {flow_file}")])
    names = {conversation.name for conversation in there.conversations}
    conversation = make(next(name for number in count(1) if (name := f"talk {number}") not in names))
    text = content.decode("utf-8-sig").rstrip() + "\n\n" + conversation_item(conversation) + "\n"
    # Comments stay, since the new text goes behind the old; where that does not fit, the file is left alone.
    both = ConversationFile(flow=flow_file, conversations=(*there.conversations, conversation))
    if read_conversations(text.encode(), str(path)) != both:
        raise FlowError([Problem(str(path), 1, 1, "file", "is laid out so that nothing can be added; save elsewhere")])
    path.write_text(text, encoding="utf-8")
    return conversation.name
