"""The carrier's messages on a media socket, parsed; nothing that a peer sends raises anything but `FrameError`.

Source: https://www.twilio.com/docs/voice/media-streams/websocket-messages
"""

from __future__ import annotations

from typing import Annotated, Final, TypeVar

import msgspec

MULAW: Final = "audio/x-mulaw"

T = TypeVar("T")

# A call SID becomes part of a Redis key, hence the narrow alphabet.
CallSid = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9]{2,64}$")]
StreamSid = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
TimestampMs = Annotated[int, msgspec.Meta(ge=0, le=1 << 40)]


class FrameError(Exception):
    """The peer sent something that is not a message of this protocol."""

    code = "media.frame"
    retryable = False


class MediaFormat(msgspec.Struct, frozen=True):
    """How the audio is coded."""

    encoding: str
    rate_hz: int = msgspec.field(name="sampleRate")
    channels: int = 1


class Start(msgspec.Struct, frozen=True):
    """The stream begins: whose call, which tracks, which coding, and the parameters of our document."""

    call_sid: CallSid = msgspec.field(name="callSid")
    stream_sid: StreamSid = msgspec.field(name="streamSid")
    media_format: MediaFormat = msgspec.field(name="mediaFormat")
    tracks: tuple[str, ...] = ("inbound",)
    parameters: dict[str, str] = msgspec.field(name="customParameters", default_factory=dict)

    @property
    def is_telephone_audio(self) -> bool:
        """Whether this is what we can listen to: the caller's side, mu-law, 8 kHz, one channel."""
        wanted = MediaFormat(MULAW, 8000, 1)
        return self.media_format == wanted and "inbound" in self.tracks


class Media(msgspec.Struct, frozen=True):
    """Mu-law audio of any length; `timestamp_ms` is the media time of its beginning, and not 0 in the first."""

    payload: bytes
    timestamp_ms: TimestampMs = msgspec.field(name="timestamp")
    track: str = "inbound"


class Stop(msgspec.Struct, frozen=True):
    """The stream is over, mostly because the call is."""


class Other(msgspec.Struct, frozen=True):
    """An event that says nothing to us: connected, mark, dtmf, or one that is newer than we are."""

    event: str


Frame = Start | Media | Stop | Other


class _MediaMessage(msgspec.Struct, tag_field="event", tag="media"):
    media: Media


class _Envelope(msgspec.Struct):
    event: str
    start: msgspec.Raw = msgspec.Raw()
    media: msgspec.Raw = msgspec.Raw()


_envelope: Final = msgspec.json.Decoder(_Envelope)
# Not strict: the carrier writes numbers as strings in some places and as numbers in others.
_start: Final = msgspec.json.Decoder(Start, strict=False)
_media: Final = msgspec.json.Decoder(Media, strict=False)
_media_message: Final = msgspec.json.Decoder(_MediaMessage, strict=False)


def parse(message: str | bytes) -> Frame:
    """One message of the socket; raises `FrameError`, whose text repeats nothing that the peer sent."""
    try:
        # Nearly every message is one of these.
        return _media_message.decode(message).media
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        pass
    try:
        envelope = _envelope.decode(message)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise FrameError("not a message of Media Streams") from error
    if envelope.event == "media":
        return _body(_media, envelope.media, "media")
    if envelope.event == "start":
        return _body(_start, envelope.start, "start")
    if envelope.event == "stop":
        return Stop()
    return Other(envelope.event)


def _body(decoder: msgspec.json.Decoder[T], raw: msgspec.Raw, event: str) -> T:
    if not bytes(raw):
        raise FrameError(f"a {event} message without its body")
    try:
        return decoder.decode(raw)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise FrameError(f"a {event} message that does not fit the protocol") from error
