"""What the pool and a recogniser child say to each other, and how it is framed.

A frame is its length in four bytes, most significant first, and that many bytes of MessagePack. Every request but
`Close` and `Prepare` is answered by exactly one reply about its stream, in order, which is how a stuck child is told
from a quiet one.
"""

from __future__ import annotations

from typing import Final

import msgspec

from speech.recognition import Hypothesis

LENGTH_BYTES: Final = 4
MAX_FRAME_BYTES: Final = 1 << 20


class Open(msgspec.Struct, frozen=True, tag="open", array_like=True):
    """Begin a stream that listens for `phrases` in a language; with no phrases it recognises nothing."""

    stream: int
    language: str
    phrases: list[str]


class Reset(msgspec.Struct, frozen=True, tag="reset", array_like=True):
    """Forget what was said and listen for `phrases` in a language from now on.

    `before` is mu-law audio from before, of which only the levels are wanted.
    """

    stream: int
    language: str
    phrases: list[str]
    before: bytes = b""


class Feed(msgspec.Struct, frozen=True, tag="feed", array_like=True):
    """The next audio of a stream; `media_ms` is the media time of its first sample."""

    stream: int
    media_ms: int
    mulaw: bytes


class Finish(msgspec.Struct, frozen=True, tag="finish", array_like=True):
    """The utterance is over: answer what it may have been. Audio that follows belongs to the next one."""

    stream: int


class Prepare(msgspec.Struct, frozen=True, tag="prepare", array_like=True):
    """These phrases will be listened for soon: have them ready. There is no reply."""

    language: str
    phrases: list[str]


class Close(msgspec.Struct, frozen=True, tag="close", array_like=True):
    """The stream is over. There is no reply."""

    stream: int


class Ready(msgspec.Struct, frozen=True, tag="ready", array_like=True):
    """The model is loaded."""


class Done(msgspec.Struct, frozen=True, tag="done", array_like=True):
    """Opened, or reset; with the levels of the audio before."""

    stream: int
    levels_dbfs: tuple[float, ...] = ()


class Partial(msgspec.Struct, frozen=True, tag="partial", array_like=True):
    """The words of the utterance so far, which may change, and the levels of the audio that was fed."""

    stream: int
    words: list[str]
    levels_dbfs: tuple[float, ...]


class Result(msgspec.Struct, frozen=True, tag="result", array_like=True):
    """What the whole utterance may have been, the likeliest first."""

    stream: int
    hypotheses: list[Hypothesis]


class Failed(msgspec.Struct, frozen=True, tag="failed", array_like=True):
    """The request could not be done; the stream is gone."""

    stream: int
    message: str


Request = Open | Reset | Feed | Finish | Prepare | Close
Reply = Ready | Done | Partial | Result | Failed

_encoder: Final = msgspec.msgpack.Encoder()
request_decoder: Final = msgspec.msgpack.Decoder(Request)
reply_decoder: Final = msgspec.msgpack.Decoder(Reply)


def frame(message: Request | Reply) -> bytes:
    """The message as it goes through the pipe."""
    body = _encoder.encode(message)
    return len(body).to_bytes(LENGTH_BYTES, "big") + body
