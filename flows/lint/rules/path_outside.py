"""Paths that lead out of the flow's folder."""

from __future__ import annotations

from collections.abc import Iterator

from flows import nodes
from flows.document import Document, Path
from flows.lint.graph import path_of
from flows.lint.rule import Rule, found
from flows.lint.texts import texts_in
from flows.problems import Problem
from flows.sources import CsvSource, SqliteSource

ID = "path-outside"


def _check(document: Document) -> Iterator[Problem]:
    paths: list[tuple[Path, str]] = [
        ((*text.path[:-1], "audio"), text.recording.audio)
        for text in texts_in(document)
        if text.recording is not None and not text.recording.audio.startswith("https://")
    ]
    paths += [
        ((*path_of(name), "source", "file"), node.source.file)
        for name, node in document.flow.all_nodes.items()
        if isinstance(node, nodes.Lookup) and isinstance(node.source, CsvSource | SqliteSource)
    ]
    for path, written in paths:
        parts = written.replace("\\", "/").split("/")
        if parts[0] == "" or ".." in parts or ":" in written:
            message = f"{written} is no path inside of the flow's folder; put the file there and write its name"
            yield found(ID, document, path, message, value=True)


RULE = Rule(
    id=ID,
    level="error",
    title="A path out of the flow's folder",
    why="A flow reads and plays only what lies beside it, so that no edit can open other files of the machine. A "
    "recording may also be an `https://` address.",
    fails=("nodes:\n  main: {type: say, prompt: {audio: ../hello.wav, text: Hello.}, next: goodbye}",),
    passes=("nodes:\n  main: {type: say, prompt: {audio: prompts/hello.wav, text: Hello.}, next: goodbye}",),
    check=_check,
)
