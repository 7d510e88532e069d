"""Reads flows from YAML; every mistake is a problem with its line and column.

YAML is taken as events, one after another, and built into plain values here: so duplicate keys, aliases, depth and
size are checked before anything is built, and each value keeps its place. Words and texts stay as they are written;
only what YAML 1.2's core schema calls a number, true, false or null is read as one.
Source: https://yaml.org/spec/1.2.2/#103-core-schema
"""

from __future__ import annotations

import hashlib
import math
import re
from pathlib import Path
from typing import Any, Final

import msgspec
from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from flows.document import Child, Document, Spot, Text
from flows.lint import lint
from flows.model import Flow
from flows.problems import FlowError, Problem
from flows.schema.problems import schema_problems

MAX_FILE_BYTES: Final = 1_000_000
# Values in a file, those that an alias stands for counted each time: a few thousand nodes' worth.
MAX_VALUES: Final = 50_000
MAX_DEPTH: Final = 30
REVISION_DIGITS: Final = 12
# Longer ones are no numbers that anybody means, and Python refuses to read the longest.
MAX_NUMBER_LENGTH: Final = 40

# Control characters but tabs and line breaks, separators of lines and paragraphs, and halves of surrogate pairs.
_FORBIDDEN: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_INT: Final = re.compile(r"[-+]?[0-9]+")
_FLOAT: Final = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]{1,3})?")
_WORDS: Final[dict[str, bool | None]] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}


def load_flow(path: Path) -> Flow:
    """Read and check a flow file; raises `FlowError` with every error found."""
    return parse_flow(read_bytes(path), str(path))


def read_bytes(path: Path) -> bytes:
    """The content of a flow file; raises `FlowError` where it cannot be read or is too large to be one."""
    try:
        with path.open("rb") as opened:
            return opened.read(MAX_FILE_BYTES + 1)  # one more, so that the size is seen
    except OSError as error:
        raise FlowError([Problem(str(path), 1, 1, "file", f"cannot be read: {error.strerror}")]) from None


def parse_flow(content: bytes, file: str) -> Flow:
    """The same for a file's content."""
    document = read_document(content, file)
    errors = [problem for problem in lint(document) if problem.level == "error"]
    if errors:
        raise FlowError(errors)
    return document.flow


def read_document(content: bytes, file: str) -> Document:
    """A flow with its text; raises `FlowError` for what is no YAML and what the schema does not allow."""
    text, tree = read_tree(content, file)
    if "revision" in tree:
        line, column = text.where(("revision",))
        message = "revision: is made from the content of the file; remove it"
        raise FlowError([Problem(file, line, column, "schema", message)])
    try:
        flow = Flow.model_validate(tree)
    except ValidationError as error:
        raise FlowError(schema_problems(error, Flow, text, file)) from None
    revision = hashlib.sha256(content).hexdigest()[:REVISION_DIGITS]
    return Document(flow=flow.model_copy(update={"revision": revision}), file=file, text=text)


def read_tree(content: bytes, file: str) -> tuple[Text, Any]:
    """The plain values of a YAML file whose top is a mapping, and where they stand; raises `FlowError`."""
    source = _decoded(content, file)
    try:
        spot, tree = _Builder(source).build()
    except _Refused as refused:
        text = Text(source=source, root=Spot(0, 0))
        line, column = text.place(refused.offset)
        raise FlowError([Problem(file, line, column, "yaml", refused.message)]) from None
    return Text(source=source, root=spot), tree


class _Refused(Exception):  # noqa: N818 (never leaves this module)
    """The file is refused for what stands at an offset."""

    def __init__(self, message: str, offset: int) -> None:
        self.message, self.offset = message, offset


def _decoded(content: bytes, file: str) -> str:
    """The text of a file, its line ends made `\\n`."""
    if len(content) > MAX_FILE_BYTES:
        raise FlowError([Problem(file, 1, 1, "file", f"is larger than {MAX_FILE_BYTES:,} bytes; split the flow")])
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise FlowError([Problem(file, 1, 1, "yaml", "is UTF-16 text; save it as UTF-8")])
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start]
        column = len(before[before.rfind(b"\n") + 1 :].decode("utf-8", "replace")) + 1
        message = "is not UTF-8 text here; save the file as UTF-8"
        raise FlowError([Problem(file, before.count(b"\n") + 1, column, "yaml", message)]) from None
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _forbidden(text: str) -> tuple[int, str] | None:
    """Where the first character stands that no text may have, and its name."""
    found = _FORBIDDEN.search(text)
    return None if found is None else (found.start(), f"U+{ord(found.group()):04X}")


class _Open(msgspec.Struct):
    """A list or mapping that is being built."""

    value: dict[str, Any] | list[Any]
    start: int
    anchor: str | None
    children: dict[str | int, Child]
    size: int = 1
    # The word that waits for its value, and where it stands.
    key: str | None = None
    key_start: int = 0
    key_end: int = 0


class _Anchored(msgspec.Struct, frozen=True):
    value: Any
    spot: Spot
    size: int


class _Builder:
    """Builds values and their places from the events of one file."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._open: list[_Open] = []
        self._anchors: dict[str, _Anchored | None] = {}
        self._values = 0
        self._done: tuple[Spot, Any] | None = None

    def build(self) -> tuple[Spot, Any]:
        """The whole file; raises `_Refused`."""
        refused = _forbidden(self._source)
        if refused is not None:
            raise _Refused(f"has the control character {refused[1]} here; remove it", refused[0])
        try:
            for event in YAML(typ="safe", pure=True).parse(self._source):
                self._take(event)
        except MarkedYAMLError as error:
            raise self._in_plain_words(error) from None
        except (YAMLError, ValueError) as error:
            raise _Refused(f"is not YAML: {str(error).splitlines()[0]}", 0) from None
        if self._done is None or self._done[1] is None:
            raise _Refused("is empty; begin with `zerohold: 1`", 0)
        if not isinstance(self._done[1], dict):
            raise _Refused("is not a mapping; begin with `zerohold: 1`", self._done[0].start)
        return self._done

    def _take(self, event: Any) -> None:
        offset = event.start_mark.index
        if getattr(event, "tag", None) is not None:
            raise _Refused(f"has the tag {event.tag}; the flow language has no tags, remove it", offset)
        match event:
            case DocumentStartEvent() if self._done is not None:
                raise _Refused("begins a second document here; a file is one flow, remove the `---`", offset)
            case ScalarEvent():
                self._scalar(event, offset)
            case AliasEvent():
                self._alias(str(event.anchor), offset)
            case MappingStartEvent() | SequenceStartEvent():
                self._begin(event, offset)
            case MappingEndEvent() | SequenceEndEvent():
                done = self._open.pop()
                # A block's end is only seen at the next word: the blanks before it are not part of the value.
                end = max(done.start, len(self._source[done.start : event.end_mark.index].rstrip()) + done.start)
                self._add(_Anchored(done.value, Spot(done.start, end, done.children), done.size), done.anchor)
            case _:
                pass  # beginnings and ends of the stream and of the document carry nothing

    def _scalar(self, event: Any, offset: int) -> None:
        refused = _forbidden(event.value)
        if refused is not None:
            raise _Refused(f"has the control character {refused[1]} in this text; remove it", offset)
        plain = event.implicit[0]
        if self._at_key():
            self._word(event.value, offset, event.end_mark.index, plain=plain)
            if event.anchor is not None:
                raise _Refused("has an anchor on a word; anchor its value instead", offset)
            return
        value = _plain_value(event.value) if plain else event.value
        self._count(1, offset)
        text = value if isinstance(value, str) else None
        self._add(_Anchored(value, Spot(offset, event.end_mark.index, {}, text), 1), event.anchor)

    def _alias(self, anchor: str, offset: int) -> None:
        if self._at_key():
            raise _Refused("has an alias for a word; write the word", offset)
        if anchor not in self._anchors:
            raise _Refused(
                f"has the alias *{anchor}, but nothing before it has the anchor &{anchor}; put a text in quotes", offset
            )
        anchored = self._anchors[anchor]
        if anchored is None:
            raise _Refused(f"has the alias *{anchor} inside of what it stands for; write it out", offset)
        self._count(anchored.size, offset)
        self._add(anchored, None)

    def _begin(self, event: Any, offset: int) -> None:
        if self._at_key():
            raise _Refused("begins a word with a bracket; put a text that begins with { or [ in quotes", offset)
        if len(self._open) >= MAX_DEPTH:
            raise _Refused(f"is nested more than {MAX_DEPTH} deep; a flow never is", offset)
        self._count(1, offset)
        if event.anchor is not None:
            self._anchors[event.anchor] = None
        value: dict[str, Any] | list[Any] = {} if isinstance(event, MappingStartEvent) else []
        self._open.append(_Open(value, offset, event.anchor, {}))

    def _at_key(self) -> bool:
        return bool(self._open) and isinstance(self._open[-1].value, dict) and self._open[-1].key is None

    def _word(self, word: str, offset: int, end: int, *, plain: bool) -> None:
        mapping = self._open[-1]
        if word == "<<" and plain:
            raise _Refused("has a merge key (<<); the flow language has none, write the words out", offset)
        if word in mapping.value:
            line = self._source.count("\n", 0, mapping.children[word].key_start) + 1
            raise _Refused(f'has the word "{word}" twice; the first is in line {line}', offset)
        mapping.key, mapping.key_start, mapping.key_end = word, offset, end

    def _count(self, size: int, offset: int) -> None:
        self._values += size
        if self._values > MAX_VALUES:
            raise _Refused(f"has more than {MAX_VALUES:,} values (aliases count as what they stand for)", offset)

    def _add(self, built: _Anchored, anchor: str | None) -> None:
        if anchor is not None:
            self._anchors[anchor] = built
        if not self._open:
            self._done = built.spot, built.value
            return
        outer = self._open[-1]
        outer.size += built.size
        if isinstance(outer.value, list):
            outer.children[len(outer.value)] = Child(built.spot.start, built.spot.end, built.spot)
            outer.value.append(built.value)
        elif outer.key is not None:
            outer.children[outer.key] = Child(outer.key_start, outer.key_end, built.spot)
            outer.value[outer.key] = built.value
            outer.key = None

    def _in_plain_words(self, error: MarkedYAMLError) -> _Refused:
        """A parser's error, with what to do about it."""
        mark = error.problem_mark or error.context_mark
        offset = mark.index if mark is not None else 0
        line_start = self._source.rfind("\n", 0, offset) + 1
        line = self._source[line_start:].split("\n", 1)[0]
        indentation = line[: len(line) - len(line.lstrip())]
        problem, context = error.problem or "", error.context or ""
        if "\t" in indentation:
            return _Refused("is indented with a tab; use spaces", line_start + indentation.index("\t"))
        if "quoted scalar" in context and error.context_mark is not None:
            return _Refused("opens a quote here that is never closed", error.context_mark.index)
        if ("flow mapping" in context or "flow sequence" in context) and error.context_mark is not None:
            return _Refused(
                "opens a bracket here that is never closed, or lacks a comma; put a text that begins with { or [ in "
                "quotes",
                error.context_mark.index,
            )
        if "expected <block end>" in problem and _HALF_QUOTED.search(line[: offset - line_start]):
            return _Refused("goes on behind a closing quote or bracket; put the whole text in quotes", offset)
        if "mapping values are not allowed" in problem and not _SECOND_COLON.search(line[: offset - line_start]):
            return self._out_of_line(line_start, line_start + len(indentation))
        if "could not find expected ':'" in problem and error.context_mark is not None:
            offset = error.context_mark.index  # the line without a colon, not the next one, where it is missed
        for part, advice in _ADVICE.items():
            if part in problem:
                return _Refused(advice, offset)
        return _Refused(f"is not YAML: {problem or context}", offset)

    def _out_of_line(self, line_start: int, word: int) -> _Refused:
        """What to say of a `word:` that YAML takes for more of the text before it."""
        before = list(_LINE.finditer(self._source, 0, line_start))
        if before and _COLON.search(before[-1]["text"]) is None:
            return _Refused(_NO_COLON, before[-1].start("text"))
        return _Refused(_INDENTATION, word)


# A line that is not empty: its text without the blanks and dashes before it.
_LINE: Final = re.compile(r"^[ ]*(?:-[ ]+)*(?P<text>\S[^\n]*)", re.MULTILINE)
_COLON: Final = re.compile(r":(\s|$)")
# A colon that ended a word before the one at which the line was refused.
_SECOND_COLON: Final = re.compile(r":\s")
_NO_COLON: Final = "is no `word: value`; a colon and a blank are missing"
_INDENTATION: Final = "does not fit the lines before it; check the indentation"
_KEPT: Final = "begins with a character that YAML keeps for itself; put the text in quotes"
_HALF_QUOTED: Final = re.compile(r"""["'}\]]\s*$""")
_ADVICE: Final = {
    "mapping values are not allowed": "has a second `: ` in this line; put the text in quotes",
    "could not find expected ':'": _NO_COLON,
    "expected <block end>": _INDENTATION,
    "expected the node content": "ends in the middle of something: a bracket is never closed, or a value is missing",
    "cannot start any token": _KEPT,
    "expected alphabetic or numeric": _KEPT,
    "expected a comment or a line break": "has text right behind `|` or `>`; begin it in the next line",
    "second occurrence": "has two anchors of one name; give each its own",
    "found duplicate anchor": "has two anchors of one name; give each its own",
}


def _plain_value(written: str) -> Any:
    """What a scalar without quotes means."""
    if written in _WORDS:
        return _WORDS[written]
    if len(written) <= MAX_NUMBER_LENGTH:
        if _INT.fullmatch(written):
            return int(written)
        if _FLOAT.fullmatch(written) and math.isfinite(number := float(written)):
            return number
    return written
