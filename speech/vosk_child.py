"""A recogniser process: `python -m speech.vosk_child LANGUAGE=MODEL_DIR...`, many streams, all models.

Requests come on the standard input and replies go to the standard output, framed as in `speech.protocol`. It ends when
its input ends, so that it cannot outlive the process that started it.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from speech import mulaw
from speech.protocol import (
    LENGTH_BYTES,
    MAX_FRAME_BYTES,
    Close,
    Done,
    Failed,
    Feed,
    Finish,
    Open,
    Partial,
    Prepare,
    Ready,
    Reply,
    Request,
    Reset,
    Result,
    frame,
    request_decoder,
)
from speech.vosk_recogniser import Engines, Recogniser, load_model


class Streams:
    """The streams of this process, and what a request does to them."""

    def __init__(self, models: Mapping[str, Any]) -> None:
        self._engines = {language: Engines(model) for language, model in models.items()}
        self._recognisers: dict[int, Recogniser | None] = {}

    def answer(self, request: Request) -> Reply | None:
        """Do what is asked; a request that fails costs its stream and no other."""
        if isinstance(request, Prepare):
            if request.language in self._engines:
                self._engines[request.language].prepare(request.phrases)
            return None
        try:
            return self._answer(request)
        except Exception as error:
            self._recognisers.pop(request.stream, None)
            return Failed(request.stream, f"{type(error).__name__}: {error}")

    def _answer(self, request: Open | Reset | Feed | Finish | Close) -> Reply | None:
        if isinstance(request, Close):
            self._drop(request.stream)
            return None
        if isinstance(request, Open | Reset):
            self._drop(request.stream)
            self._recognisers[request.stream] = self._new(request.language, request.phrases)
            before = request.before if isinstance(request, Reset) else b""
            return Done(request.stream, mulaw.levels_dbfs(before))
        recogniser = self._recognisers[request.stream]
        if isinstance(request, Feed):
            if recogniser is None:
                return Partial(request.stream, [], mulaw.levels_dbfs(request.mulaw))
            heard = recogniser.feed(request.media_ms, request.mulaw)
            return Partial(request.stream, heard.words, heard.levels_dbfs)
        return Result(request.stream, recogniser.finish() if recogniser else [])

    def _new(self, language: str, phrases: list[str]) -> Recogniser | None:
        if not phrases:
            return None
        if language not in self._engines:
            raise LookupError(f"there is no model for {language!r}")
        return self._engines[language].recogniser(phrases)

    def _drop(self, stream: int) -> None:
        recogniser = self._recognisers.pop(stream, None)
        if recogniser is not None:
            recogniser.close()


def read_request(pipe: BinaryIO) -> Request | None:
    """The next request, or None at the end; raises `ValueError` where the other side speaks something else."""
    head = pipe.read(LENGTH_BYTES)
    if len(head) < LENGTH_BYTES:
        return None
    length = int.from_bytes(head, "big")
    if length > MAX_FRAME_BYTES:
        raise ValueError(f"a frame of {length} bytes")
    body = pipe.read(length)
    if len(body) < length:
        return None
    try:
        request: Request = request_decoder.decode(body)
    except msgspec.DecodeError as error:
        raise ValueError(str(error)) from error
    return request


def serve(models: Mapping[str, Path], requests: BinaryIO, replies: BinaryIO) -> None:
    """Answer requests until they end; `models` names the folder of the model of each language."""
    streams = Streams({language: load_model(folder) for language, folder in models.items()})
    replies.write(frame(Ready()))
    replies.flush()
    while (request := read_request(requests)) is not None:
        reply = streams.answer(request)
        if reply is not None:
            replies.write(frame(reply))
            replies.flush()


def main() -> None:
    """Run on the standard streams."""
    # Ctrl-C in a terminal goes to the whole group; the parent decides when we stop, by closing our input.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Whatever a library prints must not land between two frames.
    replies = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    try:
        models = {language: Path(folder) for language, _, folder in (item.partition("=") for item in sys.argv[1:])}
        serve(models, sys.stdin.buffer, replies)
    except BrokenPipeError:
        # The parent is gone; so nobody is left to tell. Leave without a second error at close.
        os._exit(0)


if __name__ == "__main__":
    main()
