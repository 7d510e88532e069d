"""Recorded prompts whose audio is there and cannot be played."""

from __future__ import annotations

from collections.abc import Iterator

from flows.document import Document
from flows.lint.rule import Rule, found
from flows.lint.texts import texts_in
from flows.problems import Problem

ID = "audio-file-broken"


def _check(document: Document) -> Iterator[Problem]:
    if document.file_exists is None or document.audio_problem is None:
        return
    for text in texts_in(document):
        if text.recording is None:
            continue
        audio = text.recording.audio
        if audio.startswith("https://") or not document.file_exists(audio):
            continue
        problem = document.audio_problem(audio)
        if problem is not None:
            message = f"{audio} cannot be played: {problem}; a voice will speak its words"
            yield found(ID, document, (*text.path[:-1], "audio"), message, level="warning", value=True)


RULE = Rule(
    id=ID,
    level="warning",
    title="A recording that cannot be played",
    why="A recording is a WAV file (PCM of 8, 16, 24 or 32 bits, 32-bit float, mu-law, A-law; any rate) or an MP3 "
    "file. An empty, damaged or silent one is not played: a voice speaks its words. Files are checked where they can "
    "be seen.",
    fails=("nodes:\n  main: {type: say, prompt: {audio: prompts/broken.wav, text: Hello.}, next: goodbye}",),
    passes=("nodes:\n  main: {type: say, prompt: {audio: prompts/hello.wav, text: Hello.}, next: goodbye}",),
    check=_check,
)
