"""A recogniser process: `python -m speech.vosk_child MODEL_DIR`, many streams, one model.

Requests come on the standard input and replies go to the standard output, framed as in `speech.protocol`. It ends when
its input ends, so that it cannot outlive the process that started it.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from speech.protocol import (
    LENGTH_BYTES,
    MAX_FRAME_BYTES,
    Alternatives,
    Close,
    Done,
    Failed,
    Feed,
    Open,
    Partial,
    Ready,
    Reconsider,
    Reply,
    Request,
    Reset,
    Result,
    frame,
    request_decoder,
)
from speech.vosk_recogniser import Recogniser, load_model


class Streams:
    """The streams of this process, and what a request does to them."""

    def __init__(self, model: Any) -> None:
        self._model = model
        self._recognisers: dict[int, Recogniser | None] = {}

    def answer(self, request: Request) -> Reply | None:
        """Do what is asked; a request that fails costs its stream and no other."""
        try:
            return self._answer(request)
        except Exception as error:
            self._recognisers.pop(request.stream, None)
            return Failed(request.stream, f"{type(error).__name__}: {error}")

    def _answer(self, request: Request) -> Reply | None:
        if isinstance(request, Close):
            self._recognisers.pop(request.stream, None)
            return None
        if isinstance(request, Open | Reset):
            phrases = request.phrases
            self._recognisers[request.stream] = Recogniser(self._model, phrases) if phrases else None
            return Done(request.stream)
        recogniser = self._recognisers[request.stream]
        if isinstance(request, Feed):
            words = recogniser.feed(request.media_ms, request.mulaw) if recogniser else []
            return Partial(request.stream, words)
        if isinstance(request, Reconsider):
            return Alternatives(
                request.stream, recogniser.alternatives(request.from_ms, request.to_ms) if recogniser else []
            )
        return Result(request.stream, recogniser.finish() if recogniser else [])


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


def serve(model_dir: Path, requests: BinaryIO, replies: BinaryIO) -> None:
    """Answer requests until they end."""
    streams = Streams(load_model(model_dir))
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
        serve(Path(sys.argv[1]), sys.stdin.buffer, replies)
    except BrokenPipeError:
        # The parent is gone; so nobody is left to tell. Leave without a second error at close.
        os._exit(0)


if __name__ == "__main__":
    main()
