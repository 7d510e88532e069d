"""Recorded prompts whose audio is not there."""

from __future__ import annotations

from collections.abc import Iterator

from flows.document import Document
from flows.lint.rule import Rule, found
from flows.lint.texts import texts_in
from flows.problems import Problem

ID = "audio-file-missing"


def _check(document: Document) -> Iterator[Problem]:
    for text in texts_in(document):
        if text.recording is None or document.file_exists is None:
            continue
        audio = text.recording.audio
        if not audio.startswith("https://") and not document.file_exists(audio):
            message = f"there is no file {audio} beside the flow; a voice will speak its words"
            yield found(ID, document, (*text.path[:-1], "audio"), message, level="warning", value=True)


RULE = Rule(
    id=ID,
    level="warning",
    title="A recording that is not there",
    why="Where a recording cannot be played, a voice speaks its words: callers understand, but it sounds odd. Files "
    "are checked where they can be seen.",
    fails=("nodes:\n  main: {type: say, prompt: {audio: prompts/missing.wav, text: Hello.}, next: goodbye}",),
    passes=("nodes:\n  main: {type: say, prompt: {audio: prompts/hello.wav, text: Hello.}, next: goodbye}",),
    check=_check,
)
