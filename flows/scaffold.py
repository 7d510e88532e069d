"""New flows from the templates: a flow, its conversations and its files, under another name and in fewer languages.

The texts of a template are cut line by line, so that comments, order and layout stay as they were written. A template
keeps to one form for that: each language of a text stands on a line of its own, `en:` before whatever is said in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, get_args

import msgspec

from flows.conversations.coverage import Coverage, coverage_of
from flows.conversations.model import Conversation, ConversationFile
from flows.conversations.player import Played, play
from flows.engine.universal import OTHER_LANGUAGE
from flows.loader import parse_flow
from flows.model import Flow
from flows.parts import LANGUAGES, Language
from flows.schema import schema_files
from flows.yaml_text import read_conversations

TEMPLATES: Final[Mapping[str, str]] = {
    "clinic": "appointments, prescriptions, a nurse, what callers hear when it is closed",
    "shop": "orders, returns, complaints, a callback",
    "city_office": "the state of a case, fees, appointments, a long line",
}
MAX_NAME: Final = 60

_NAME: Final = re.compile(r"[a-z][a-z0-9_]*")
_LANGUAGE_LINE: Final = re.compile(rf"(?P<indent> *)(?P<dash>- )?(?P<language>{'|'.join(get_args(Language))}):( .*)?")
_CONVERSATION: Final = "  - name: "
_SECTION: Final = "  # ---"
_FIRST_KEYS: Final = re.compile(r'^      - presses: "([1-9])"\n', re.MULTILINE)


class ScaffoldError(Exception):
    """A flow cannot be made of a template; the message says what to write instead."""

    code = "scaffold"
    retryable = False


class Scaffold(msgspec.Struct, frozen=True, kw_only=True):
    """A new flow: the files of its folder, and how far the conversations among them reach."""

    files: Mapping[str, bytes]
    coverage: Coverage


class _Block(msgspec.Struct, frozen=True):
    """A conversation as it stands in the file, with the headline of its section; and as it is read."""

    section: str
    text: str
    conversation: Conversation


def scaffold(template: str, files: Mapping[str, bytes], name: str, languages: Sequence[str] = ()) -> Scaffold:
    """The files of a new flow, made of those of a template's folder; without `languages`, in all of the template's.

    Raises `ScaffoldError` for a name or a language that cannot be.
    """
    if len(name) > MAX_NAME or _NAME.fullmatch(name) is None:
        raise ScaffoldError(
            f'"{name}" cannot be the name of a flow: write small letters, digits and _, such as my_{template}'
        )
    source = parse_flow(files[f"{template}.yaml"], f"{template}.yaml")
    chosen = _chosen(source, languages)
    text = _renamed(_in_languages(files[f"{template}.yaml"].decode(), chosen), name, chosen)
    flow = parse_flow(text.encode(), f"{name}.yaml")
    tests, played = _conversations(files[f"{template}.test.yaml"].decode(), source, flow, name)
    others = {
        file: content for file, content in files.items() if file not in (f"{template}.yaml", f"{template}.test.yaml")
    }
    schemas = {file: content.encode() for file, content in schema_files().items()}
    return Scaffold(
        files={f"{name}.yaml": text.encode(), f"{name}.test.yaml": tests.encode(), **others, **schemas},
        coverage=coverage_of(flow, played, name=f"{name}.yaml"),
    )


def _chosen(source: Flow, languages: Sequence[str]) -> tuple[Language, ...]:
    chosen = tuple(language for wanted in languages for language in LANGUAGES if language == wanted)
    if len(chosen) != len(languages) or not set(chosen) <= set(source.languages):
        raise ScaffoldError(
            f"the template is not written in {', '.join(languages)} (known: {', '.join(source.languages)}); "
            "write them such as: en,ar"
        )
    if len(set(chosen)) != len(chosen):
        raise ScaffoldError(f"{', '.join(languages)} names a language twice")
    return chosen or source.languages


def _in_languages(text: str, languages: Iterable[str]) -> str:
    """A flow's text without the lines of the other languages, and what is indented below them."""
    kept: list[str] = []
    dropped_at: int | None = None
    dash = ""
    for line in text.split("\n"):
        if dropped_at is not None and line and len(line) - len(line.lstrip()) > dropped_at:
            continue
        dropped_at = None
        found = _LANGUAGE_LINE.fullmatch(line)
        if found is not None and found["language"] not in languages:
            dash = dash or found["dash"] or ""
            dropped_at = len(found["indent"]) + len(found["dash"] or "")
        elif found is not None and dash and not found["dash"]:
            # The first language of an item in a list is gone: the next one begins the item.
            kept.append(line.replace(" " * len(dash), "", 1).replace(line.lstrip(), dash + line.lstrip(), 1))
            dash = ""
        else:
            kept.append(line)
            dash = ""
    return "\n".join(kept)


def _renamed(text: str, name: str, languages: Iterable[str]) -> str:
    text = re.sub(r"\$schema=\S+/", "$schema=", text, count=1)
    text = re.sub(r"^name: .*$", f"name: {name}", text, count=1, flags=re.MULTILINE)
    return re.sub(r"^languages: .*$", f"languages: [{', '.join(languages)}]", text, count=1, flags=re.MULTILINE)


def _conversations(text: str, source: Flow, flow: Flow, name: str) -> tuple[str, list[Played]]:
    """The conversations that are true of the new flow, and how they went."""
    head, blocks = _blocks(text)
    kept: list[str] = []
    played: list[Played] = []
    section = ""
    for block in blocks:
        moved = _moved(block, source, flow)
        if moved is None:
            continue
        went = play(flow, _read(head, moved, name).conversations[0])
        if went.passed:
            if section != block.section:
                kept.append(f"\n{block.section}")
                section = block.section
            elif kept:
                kept.append("")
            kept.append(moved)
            played.append(went)
    return _header(head, name) + "\n".join(kept) + "\n", played


def _blocks(text: str) -> tuple[str, list[_Block]]:
    """What stands before the first conversation, and the conversations."""
    read = read_conversations(text.encode(), "the template").conversations
    lines = text.rstrip().split("\n")
    starts = [index for index, line in enumerate(lines) if line.startswith(_CONVERSATION)]
    head = lines[: lines.index("conversations:") + 1]
    section = ""
    before = lines[len(head) : starts[0]]
    blocks: list[_Block] = []
    for start, end, conversation in zip(starts, [*starts[1:], len(lines)], read, strict=True):
        section = next((line for line in before if line.startswith(_SECTION)), section)
        own = [line for line in lines[start:end] if not line.startswith(_SECTION)]
        before = lines[start:end]
        blocks.append(_Block(section, "\n".join(own).rstrip(), conversation))
    return "\n".join(head) + "\n", blocks


def _moved(block: _Block, source: Flow, flow: Flow) -> str | None:
    """A conversation with the key of its language in the new flow; None where it cannot be held there.

    One without words is held in the new flow's first language if its own is not there. One that changes the language is
    about all the languages of the template.
    """
    first = _FIRST_KEYS.search(block.text)
    if first is None:
        return None
    language = source.languages[int(first[1]) - 1]
    if flow.languages == source.languages:
        return block.text
    if set(flow.languages) != set(source.languages) and _changes_language(block.conversation):
        return None
    if language not in flow.languages:
        if any(_words(block.conversation)):
            return None
        language = flow.languages[0]
    key = flow.languages.index(language) + 1
    chosen = f'      - presses: "{key}"\n' if len(flow.languages) > 1 else ""
    return block.text[: first.start()] + chosen + block.text[first.end() :]


def _changes_language(conversation: Conversation) -> bool:
    return any(step.presses in (OTHER_LANGUAGE, "#") for step in conversation.steps)


def _words(conversation: Conversation) -> Iterator[object]:
    """Whatever in a conversation is true in one language alone."""
    for step in conversation.steps:
        yield step.says
        if step.expect is not None:
            expect = step.expect
            yield from (expect.prompt, expect.no_prompt, expect.sent, expect.whisper, expect.language)


def _read(head: str, conversation: str, name: str) -> ConversationFile:
    return read_conversations(f"{_header(head, name)}{conversation}\n".encode(), "the new conversations")


def _header(head: str, name: str) -> str:
    head = re.sub(r"\$schema=\S+/", "$schema=", head, count=1)
    head = re.sub(r"^flow: (\w+)\.yaml$", rf"flow: {name}.yaml", head, count=1, flags=re.MULTILINE)
    return re.sub(r"`ivr flow test \w+\.yaml`", f"`ivr flow test {name}.yaml`", head, count=1)
