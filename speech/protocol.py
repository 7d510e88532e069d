"""What the pool and a recogniser child say to each other, and how it is framed.

A frame is its length in four bytes, most significant first, and that many bytes of MessagePack. Every request about a
stream but `Close` is answered by exactly one reply about that stream, in order, which is how a stuck child is told
from a quiet one.
"""

from __future__ import annotations

from typing import Final

import msgspec

from speech.interpretation import Word

LENGTH_BYTES: Final = 4
MAX_FRAME_BYTES: Final = 1 << 20


class Open(msgspec.Struct, frozen=True, tag="open", array_like=True):
    """Begin a stream that listens for `phrases`; with none it only exists."""

    stream: int
    phrases: list[str]


class Reset(msgspec.Struct, frozen=True, tag="reset", array_like=True):
    """Forget what was said and listen for `phrases` from now on."""

    stream: int
    phrases: list[str]


class Feed(msgspec.Struct, frozen=True, tag="feed", array_like=True):
    """The next audio of a stream; `media_ms` is the media time of its first sample."""

    stream: int
    media_ms: int
    mulaw: bytes


class Finish(msgspec.Struct, frozen=True, tag="finish", array_like=True):
    """The utterance is over: answer its words. Audio that follows belongs to the next one."""

    stream: int


class Reconsider(msgspec.Struct, frozen=True, tag="reconsider", array_like=True):
    """What else might have been said between two media times of the utterance that was just finished?"""

    stream: int
    from_ms: int
    to_ms: int


class Close(msgspec.Struct, frozen=True, tag="close", array_like=True):
    """The stream is over. There is no reply."""

    stream: int


class Ready(msgspec.Struct, frozen=True, tag="ready", array_like=True):
    """The model is loaded."""


class Done(msgspec.Struct, frozen=True, tag="done", array_like=True):
    """Opened, or reset."""

    stream: int


class Partial(msgspec.Struct, frozen=True, tag="partial", array_like=True):
    """The words of the utterance so far; they may change."""

    stream: int
    words: list[str]


class Result(msgspec.Struct, frozen=True, tag="result", array_like=True):
    """The words of the whole utterance."""

    stream: int
    words: list[Word]


class Alternatives(msgspec.Struct, frozen=True, tag="alternatives", array_like=True):
    """What it might have been, the likeliest first."""

    stream: int
    texts: list[str]


class Failed(msgspec.Struct, frozen=True, tag="failed", array_like=True):
    """The request could not be done; the stream is gone."""

    stream: int
    message: str


Request = Open | Reset | Feed | Finish | Reconsider | Close
Reply = Ready | Done | Partial | Result | Alternatives | Failed

_encoder: Final = msgspec.msgpack.Encoder()
request_decoder: Final = msgspec.msgpack.Decoder(Request)
reply_decoder: Final = msgspec.msgpack.Decoder(Reply)


def frame(message: Request | Reply) -> bytes:
    """The message as it goes through the pipe."""
    body = _encoder.encode(message)
    return len(body).to_bytes(LENGTH_BYTES, "big") + body
