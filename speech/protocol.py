"""What the pool, its fork server and a recogniser child say to each other, and how it is framed.

A frame is its length in four bytes, most significant first, and that many bytes of MessagePack. Every request to a
child but `Close` and `Prepare` is answered by exactly one reply about its stream, in order, which is how a stuck child
is told from a quiet one. A stream begins with the first request that names it, and recognises nothing before a `Reset`.

The fork server has the models and no streams. Each `Fork` comes with the child's end of a socket, and is answered by
`Forked`; `Exited` comes when it comes.
"""

from __future__ import annotations

from typing import Final

import msgspec

from speech.recognition import Hypothesis

LENGTH_BYTES: Final = 4
MAX_FRAME_BYTES: Final = 1 << 20


class Reset(msgspec.Struct, frozen=True, tag="reset", array_like=True):
    """Forget what was said and listen for `phrases` in a language from now on; for nothing where there are none.

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


class Done(msgspec.Struct, frozen=True, tag="done", array_like=True):
    """Reset; with the levels of the audio before."""

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


class Fork(msgspec.Struct, frozen=True, tag="fork", array_like=True):
    """Make a child that serves the socket which comes along; it may grow by `room_bytes` at most (0: without limit)."""

    room_bytes: int = 0


class Loaded(msgspec.Struct, frozen=True, tag="loaded", array_like=True):
    """The models are loaded. `cost` is what a second of audio takes, in seconds of this machine's time.

    Where `forks` is False the process cannot fork safely: it becomes the child itself at the first `Fork`.
    """

    forks: bool
    cost: float


class Forked(msgspec.Struct, frozen=True, tag="forked", array_like=True):
    """The child is there."""

    pid: int


class Exited(msgspec.Struct, frozen=True, tag="exited", array_like=True):
    """A child has ended: its exit status, or the signal that killed it as a negative number."""

    pid: int
    status: int


Asked = Reset | Feed | Finish
Request = Reset | Feed | Finish | Prepare | Close
Reply = Done | Partial | Result | Failed
Notice = Loaded | Forked | Exited

_encoder: Final = msgspec.msgpack.Encoder()
request_decoder: Final = msgspec.msgpack.Decoder(Request)
reply_decoder: Final = msgspec.msgpack.Decoder(Reply)
fork_decoder: Final = msgspec.msgpack.Decoder(Fork)
notice_decoder: Final = msgspec.msgpack.Decoder(Notice)


def frame(message: Request | Reply | Fork | Notice) -> bytes:
    """The message as it goes through the pipe."""
    body = _encoder.encode(message)
    return len(body).to_bytes(LENGTH_BYTES, "big") + body
