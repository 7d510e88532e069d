"""Media Streams: forks a leg's audio to a WebSocket at real pace.

Order of messages: connected, start, media..., stop, close. All counters are strings. A stream never changes the call:
when the socket is refused or breaks, the call goes on, and nobody connects again.

Source: https://www.twilio.com/docs/voice/media-streams/websocket-messages, /docs/voice/twiml/stream
"""

from __future__ import annotations

import asyncio
import base64
import ipaddress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import aiohttp
import msgspec

from ivr.localcarrier import verbs as v
from ivr.localcarrier.documents import Loaded
from ivr.localcarrier.signature import sign
from ivr.localcarrier.waiting import cancel_and_wait
from ivr.localcarrier.webhook import WebhookError
from ivr.sound import mulaw

if TYPE_CHECKING:
    from ivr.localcarrier.interpreter import Ending
    from ivr.localcarrier.leg import Leg

TRACKS: Final = {
    "inbound_track": ("inbound",),
    "outbound_track": ("outbound",),
    "both_tracks": ("inbound", "outbound"),
}
MAX_TRACKS: Final = 4  # Source: docs/voice/media-streams (limits)
FIRST_TIMESTAMP_MS: Final = 102  # never 0; 102 and 155 were captured
_CONNECT_TIMEOUT_S: Final = 5.0
_MAX_QUEUED: Final = 1500  # 30 s of audio that the server does not read


class StreamError(Exception):
    """The socket cannot be opened or broke; `code` is the vendor's."""

    retryable = False

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


class MediaStream:
    """One fork of one leg."""

    def __init__(self, leg: Leg, verb: v.StartStream, status_url: str | None) -> None:
        self.leg = leg
        self.sid = leg.exchange.sids.new("MZ")
        self.name = verb.name or self.sid
        self.tracks = TRACKS[verb.track]
        self.frames = 0
        self.open = False
        self.status = "in-progress"
        self.updated_at = self._now()
        self._verb = verb
        self._status_url = status_url
        self._frames: asyncio.Queue[tuple[bytes, bytes] | None] = asyncio.Queue()
        self._sequence = 0
        self._chunks = dict.fromkeys(self.tracks, 0)
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._task = leg.exchange.in_background(self._run())

    def feed(self, said: bytes, heard: bytes) -> None:
        """Take the frames of one tick."""
        if self.open:
            self._frames.put_nowait((said, heard))

    def stop(self) -> None:
        """End the stream in order: what is queued is sent, then `stop`."""
        if self.status == "in-progress":
            self._over()
            if self.open:
                self._frames.put_nowait(None)
            else:
                self._task.cancel()
                self._note("stream_stopped", frames=self.frames)

    def drop(self) -> bool:
        """Fault: break the connection without a word; True if it was open."""
        if not self.open or self._socket is None:
            return False
        connection = self._socket._response.connection
        if connection is not None and connection.transport is not None:
            connection.transport.abort()
        return True

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self.leg.exchange.clock.now(), UTC)

    def _over(self) -> None:
        self.status = "stopped"
        self.updated_at = self._now()
        if self in self.leg.streams:
            self.leg.streams.remove(self)

    async def _run(self) -> None:
        try:
            await self._connect_and_send()
        except StreamError as failure:
            self._note("stream_error", code=failure.code, message=str(failure), frames=self.frames)
            level, message = "error", f"{failure} (stream {self.name})"
            self.leg.exchange.notice(level, self.leg.sid, failure.code, message, self._verb.url)
            await self._call_back("stream-error", StreamError=f"{failure.code}: {failure}")
        finally:
            self.open = False
            self._over()

    async def _connect_and_send(self) -> None:
        url = self._checked_url()
        self._note("stream_connecting")
        if not self.leg.exchange.has_media:
            raise StreamError(31902, "this carrier has no media sockets")
        if self.leg.exchange.injection.take("refuse_media"):
            raise StreamError(31902, "connection refused (injected)")
        headers = {
            "User-Agent": "Twilio.TmeWs/1.0",
            "x-twilio-signature": sign(self.leg.exchange.settings.auth_token, url),
            "Accept-Encoding": "gzip",
        }
        async with aiohttp.ClientSession(skip_auto_headers=("Accept",)) as session:
            try:
                # aiohttp offers no extensions with compress=0, as the vendor offers none.
                async with asyncio.timeout(_CONNECT_TIMEOUT_S):
                    with self.leg.exchange.elsewhere():
                        self._socket = await session.ws_connect(url, headers=headers, compress=0)
            except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
                raise _failure(error) from error
            reader = asyncio.ensure_future(self._read(self._socket))
            try:
                await self._send_all(self._socket, reader)
            finally:
                self.open = False
                await cancel_and_wait(reader)
                await self._socket.close()

    async def _send_all(self, socket: aiohttp.ClientWebSocketResponse, reader: asyncio.Task[int]) -> None:
        try:
            await self._send(socket, {"event": "connected", "protocol": "Call", "version": "1.0.0"})
            await self._send(socket, self._start_message())
            self.open = True
            self._note("stream_started", tracks=list(self.tracks))
            self.leg.exchange.in_background(self._call_back("stream-started"))
            while True:
                frame = await self._next_frame(reader)
                if frame is None:
                    break
                for track in self.tracks:
                    payload = frame[0] if track == "inbound" else frame[1]
                    await self._send(socket, self._media_message(track, payload))
                self.frames += 1
            if reader.done():  # the server closed in order
                self._note("stream_stopped", frames=self.frames, message="closed by the server")
            else:
                stop = {"accountSid": self.leg.exchange.settings.account_sid, "callSid": self.leg.sid}
                await self._send(socket, self._message("stop", {"stop": stop}))
                self._note("stream_stopped", frames=self.frames)
        except (ConnectionError, aiohttp.ClientError) as error:
            raise StreamError(31903, f"the connection broke: {error or type(error).__name__}") from error
        await self._call_back("stream-stopped")

    async def _next_frame(self, reader: asyncio.Task[int]) -> tuple[bytes, bytes] | None:
        """Return the next frames; None when the stream was stopped or closed. Raises for a broken socket."""
        if self._frames.qsize() > _MAX_QUEUED:
            raise StreamError(31924, "the server does not read")
        if self._frames.empty() or reader.done():
            getter = asyncio.ensure_future(self._frames.get())
            await asyncio.wait({getter, reader}, return_when=asyncio.FIRST_COMPLETED)
            if reader.done():
                getter.cancel()
                if reader.result() != aiohttp.WSCloseCode.OK:
                    raise StreamError(31921, f"the server closed with {reader.result()}")
                return None
            return getter.result()
        return self._frames.get_nowait()

    @staticmethod
    async def _read(socket: aiohttp.ClientWebSocketResponse) -> int:
        """Return the close code; a fork is one-way, so what the server says is dropped."""
        async for _message in socket:
            pass
        return socket.close_code or aiohttp.WSCloseCode.ABNORMAL_CLOSURE

    # -- messages

    def _start_message(self) -> dict[str, Any]:
        start = {
            "accountSid": self.leg.exchange.settings.account_sid,
            "streamSid": self.sid,
            "callSid": self.leg.sid,
            "tracks": list(self.tracks),
            "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": mulaw.RATE_HZ, "channels": 1},
            "customParameters": dict(self._verb.parameters),
        }
        return self._message("start", {"start": start})

    def _media_message(self, track: str, payload: bytes) -> dict[str, Any]:
        self._chunks[track] += 1
        per_track = self.leg.exchange.switches.chunk_per_track
        media = {
            "track": track,
            "chunk": str(self._chunks[track] if per_track else sum(self._chunks.values())),
            "timestamp": str(FIRST_TIMESTAMP_MS + (self._chunks[track] - 1) * mulaw.FRAME_MS),
            "payload": base64.b64encode(payload).decode(),
        }
        return self._message("media", {"media": media})

    def _message(self, event: str, body: dict[str, Any]) -> dict[str, Any]:
        self._sequence += 1
        return {"event": event, "sequenceNumber": str(self._sequence), **body, "streamSid": self.sid}

    @staticmethod
    async def _send(socket: aiohttp.ClientWebSocketResponse, message: dict[str, Any]) -> None:
        await socket.send_str(msgspec.json.encode(message).decode())

    # -- the rest

    def _checked_url(self) -> str:
        """Return the URL as it is requested: no query; `ws` only to this machine. Raises `StreamError`."""
        parts = urlsplit(self._verb.url)
        if parts.scheme == "ws" and not _is_loopback(parts.hostname or ""):
            raise StreamError(31922, "a media stream needs a wss URL")
        if parts.scheme not in ("ws", "wss"):
            raise StreamError(31922, f"{self._verb.url!r} is not a wss URL")
        if parts.query:
            message = "the query string of a media stream's URL is dropped: use <Parameter>"
            self.leg.exchange.notice("warning", self.leg.sid, 0, message, self._verb.url)
        return parts._replace(query="", fragment="").geturl()

    def _note(self, kind: str, **data: Any) -> None:
        names = {"stream_sid": self.sid, "name": self.name, "url": self._verb.url}
        self.leg.exchange.log.add(kind, self.leg.sid, **names, **data)

    async def _call_back(self, event: str, **extra: str) -> None:
        if self._status_url is None:
            return
        exchange = self.leg.exchange
        params = {
            "AccountSid": exchange.settings.account_sid,
            "CallSid": self.leg.sid,
            "StreamSid": self.sid,
            "StreamName": self.name,
            "StreamEvent": event,
            "Timestamp": self._now().isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            **extra,
        }
        method = self._verb.status_callback_method
        try:
            await exchange.webhooks.send(
                "stream_status", self._status_url, params, method=method, call_sid=self.leg.sid
            )
        except WebhookError as error:
            exchange.notice("warning", self.leg.sid, error.code, f"stream webhook: {error}", error.url)


def start_stream(leg: Leg, verb: v.StartStream, loaded: Loaded) -> Ending | None:
    """Begin a fork beside those that run; a wrong track ends the call. Source: as measured (31941)."""
    from ivr.localcarrier.interpreter import Ending

    if verb.track not in TRACKS:
        message = f'track="{verb.track}" is not one of {", ".join(TRACKS)}'
        leg.exchange.notice("error", leg.sid, 31941, message, verb.url)
        return Ending.HUNG_UP
    open_tracks = sum(len(stream.tracks) for stream in leg.streams)
    if open_tracks + len(TRACKS[verb.track]) > MAX_TRACKS:
        message = f"a call has at most {MAX_TRACKS} forked tracks"
        leg.exchange.notice("warning", leg.sid, 0, message, verb.url)
        return None
    begin_stream(leg, verb, loaded.resolve(verb.status_callback) if verb.status_callback else None)
    return None


def begin_stream(leg: Leg, verb: v.StartStream, status_url: str | None) -> MediaStream:
    """Begin a fork whose track has been checked."""
    stream = MediaStream(leg, verb, status_url)
    leg.streams.append(stream)
    leg.all_streams.append(stream)
    return stream


def stop_stream(leg: Leg, name: str) -> None:
    """End the fork of this name (or SID), if there is one."""
    for stream in list(leg.streams):
        if name in (stream.name, stream.sid):
            stream.stop()


def _failure(error: Exception) -> StreamError:
    """Name a failed connection as the vendor does. Source: docs/errors/319xx."""
    if isinstance(error, aiohttp.WSServerHandshakeError):
        return StreamError(31920, f"the server answered {error.status} instead of 101")
    if isinstance(error, aiohttp.ClientSSLError):
        return StreamError(31910, f"TLS: {error}")
    if isinstance(error, aiohttp.ClientConnectorError):
        return StreamError(31902, f"connection refused: {error}")
    if isinstance(error, TimeoutError):
        return StreamError(31901, "the connection could not be made in time")
    return StreamError(31924, f"{type(error).__name__}: {error}")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
