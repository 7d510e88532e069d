"""Recordings that are to speak values."""

from __future__ import annotations

from collections.abc import Iterator

from flows.document import Document
from flows.lint.rule import Rule, found
from flows.lint.texts import texts_in
from flows.problems import Problem

ID = "recording-with-values"


def _check(document: Document) -> Iterator[Problem]:
    for text in texts_in(document):
        if text.recording is not None and "{" in text.text.replace("{{", ""):
            message = "a recording is the same in every call and cannot say a value; write this prompt as text"
            yield found(ID, document, text.path, message, level="warning")


RULE = Rule(
    id=ID,
    level="warning",
    title="A value in a recording",
    why="The words of a recording stand beside it for tests, traces and agents. A `{value}` in them would be shown as "
    "said, and the caller would not hear it.",
    fails=("nodes:\n  main: {type: say, prompt: {audio: today.wav, text: 'Today is {today|date}.'}, next: goodbye}",),
    passes=("nodes:\n  main: {type: say, prompt: 'Today is {today|date}.', next: goodbye}",),
    check=_check,
)
