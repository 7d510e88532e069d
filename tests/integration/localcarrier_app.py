"""A tiny voice application for the tests of the local carrier: documents by path, and what was asked of it."""

from __future__ import annotations

import asyncio
import base64
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from aiohttp import WSMsgType, web
from twilio.http.http_client import TwilioHttpClient
from twilio.request_validator import RequestValidator
from twilio.rest import Client

from ivr.localcarrier.client import LocalCarrierClient
from ivr.localcarrier.driven import DrivenCarrier
from ivr.localcarrier.switches import Switches
from ivr.localcarrier.wire import Event
from tests.patience import PATIENCE_S

ACCOUNT_SID = "AC" + "0a" * 16
AUTH_TOKEN = "a token for tests"
SERVICE = "+15550100"
CALLER = "+15550111"
AGENT = "+15550122"
CUSTOMER = "+15550133"

Answer = str | tuple[int, str, str]


@dataclass
class Asked:
    """One webhook as the application saw it."""

    path: str
    method: str
    params: dict[str, str]
    headers: dict[str, str]
    is_signed: bool
    at: float


@dataclass
class Socket:
    """One media socket: its upgrade headers and the messages in the order of arrival."""

    headers: dict[str, str]
    messages: list[tuple[float, dict[str, Any]]] = field(default_factory=list)

    def events(self) -> list[str]:
        return [message["event"] for _, message in self.messages]

    def of(self, event: str) -> list[dict[str, Any]]:
        return [message for _, message in self.messages if message["event"] == event]

    def audio(self, track: str = "inbound") -> bytes:
        media = [message["media"] for message in self.of("media")]
        return b"".join(base64.b64decode(one["payload"]) for one in media if one["track"] == track)


class App:
    """Answers each path with its document (a string, a status triple, or a function of the parameters)."""

    def __init__(self) -> None:
        self.base_url = ""
        self.documents: dict[str, Answer | Callable[[dict[str, str]], Answer]] = {"/status": (204, "text/plain", "")}
        self.files: dict[str, bytes] = {}
        self.asked: list[Asked] = []
        self.sockets: list[Socket] = []
        self.close_sockets_with: int | None = None
        self._grown = threading.Condition()
        self._validator = RequestValidator(AUTH_TOKEN)

    def url(self, path: str) -> str:
        return self.base_url + path

    @property
    def media_url(self) -> str:
        return self.base_url.replace("http", "ws") + "/media"

    def to(self, path: str) -> list[Asked]:
        return [one for one in self.asked if one.path == path]

    def wait_until(self, condition: Callable[[], Any]) -> Any:
        """Return what `condition` returns once it is true; it is looked at after each request and message."""
        with self._grown:
            assert self._grown.wait_for(condition, PATIENCE_S), f"not within {PATIENCE_S:g} s; asked: {self.asked}"
            return condition()

    def _note(self, change: Callable[[], None]) -> None:
        with self._grown:
            change()
            self._grown.notify_all()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        if request.path in self.files:
            return web.Response(body=self.files[request.path], content_type="audio/wav")
        form = {key: str(value) for key, value in (await request.post()).items()}
        signature = request.headers.get("X-Twilio-Signature", "")
        url = self.base_url + request.raw_path
        is_signed = self._validator.validate(url, await request.post(), signature)
        params = form or dict(request.query)
        asked = Asked(request.path, request.method, params, dict(request.headers), is_signed, time.time())
        self._note(lambda: self.asked.append(asked))
        answer = self.documents.get(request.path, (404, "text/plain", "no such path"))
        if callable(answer):
            answer = await asyncio.to_thread(answer, params)
        status, kind, body = answer if isinstance(answer, tuple) else (200, "text/xml", answer)
        if status in (301, 302, 303, 307):
            return web.Response(status=status, headers={"Location": body})
        reply = web.Response(status=status, text=body, content_type=kind)
        reply.set_cookie("met", "before")
        return reply

    async def media(self, request: web.Request) -> web.StreamResponse:
        socket = Socket({name.lower(): value for name, value in request.headers.items()})
        server = web.WebSocketResponse()
        await server.prepare(request)
        self._note(lambda: self.sockets.append(socket))
        async for message in server:
            if message.type is WSMsgType.TEXT:
                entry = (time.monotonic(), json.loads(message.data))
                self._note(lambda entry=entry: socket.messages.append(entry))
            if self.close_sockets_with is not None and len(socket.messages) > 5:
                await server.close(code=self.close_sockets_with)
        return server


@contextmanager
def running_app() -> Iterator[App]:
    """Run an application in a thread of its own."""
    app = App()
    started, loop, stop = threading.Event(), asyncio.new_event_loop(), asyncio.Event()

    async def work() -> None:
        site = web.Application()
        site.router.add_get("/media", app.media)
        site.router.add_route("*", "/{path:.*}", app.handle)
        runner = web.AppRunner(site, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        app.base_url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        started.set()
        await stop.wait()
        await runner.cleanup()

    thread = threading.Thread(target=lambda: loop.run_until_complete(work()), daemon=True)
    thread.start()
    assert started.wait(PATIENCE_S)
    try:
        yield app
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()


def sdk_for(carrier: LocalCarrierClient, auth_token: str = AUTH_TOKEN) -> Client:
    """Twilio's own SDK, unchanged, whose requests go to this carrier."""
    http = TwilioHttpClient(timeout=PATIENCE_S)
    http.session.trust_env = False
    client = Client(ACCOUNT_SID, auth_token, http_client=http)
    client.api.base_url = carrier.base_url
    return client


def response(*verbs: str) -> str:
    """Return a TwiML document."""
    return f'<?xml version="1.0" encoding="UTF-8"?><Response>{"".join(verbs)}</Response>'


START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
EVERY_EVENT = ["initiated", "ringing", "answered", "completed"]
APP_URL = "https://app.example"
CALLS = f"/2010-04-01/Accounts/{ACCOUNT_SID}/Calls"


class DrivenApp:
    """Answers each path of `APP_URL` with its document, called in the carrier's thread; 204 without one.

    A document that is a function gets the form; it may raise what `transport.Deliver` allows.
    """

    def __init__(self) -> None:
        self.documents: dict[str, str | tuple[int, str] | Callable[[dict[str, str]], str | tuple[int, str]]] = {}
        self.asked: list[Asked] = []
        self._validator = RequestValidator(AUTH_TOKEN)
        self.carrier: DrivenCarrier  # set by `driven`

    def to(self, path: str) -> list[Asked]:
        return [one for one in self.asked if one.path == path]

    def statuses(self, path: str = "/status") -> list[str]:
        return [one.params["CallStatus"] for one in self.to(path)]

    def deliver(self, method: str, url: str, headers: Any, form: Any) -> tuple[int, str]:
        path, params = urlsplit(url).path, dict(form)
        is_signed = self._validator.validate(url, params, headers["X-Twilio-Signature"])
        at = self.carrier.now().timestamp()
        self.asked.append(Asked(path, method, params, dict(headers), is_signed, at))
        answer = self.documents.get(path, (204, ""))
        if callable(answer):
            answer = answer(params)
        return answer if isinstance(answer, tuple) else (200, answer)

    def create(self, to: str = AGENT, **form: Any) -> str:
        """Create a call by REST, with every status event, and return its SID."""
        wanted = {"To": to, "From": SERVICE, "Url": f"{APP_URL}/answer", "StatusCallback": f"{APP_URL}/status"}
        status, body = self.rest("POST", f"{CALLS}.json", {**wanted, "StatusCallbackEvent": EVERY_EVENT, **form})
        assert status == 201, body
        return str(body["sid"])

    def rest(self, method: str, path: str, form: Any = None, **options: Any) -> tuple[int, Any]:
        headers = {"Authorization": self.carrier.authorization}
        return self.carrier.rest(method, path, form=form, headers=headers, **options)


@contextmanager
def driven(**switches: Any) -> Iterator[tuple[DrivenCarrier, DrivenApp]]:
    """Yield a carrier that stands at `START`, and its application; no latency but what the test gives."""
    app = DrivenApp()
    chosen = Switches(**{"redirect_latency_ms": 0, "redirect_latency_dial_ms": 0, **switches})
    with DrivenCarrier(ACCOUNT_SID, AUTH_TOKEN, app.deliver, start=START, seed=1, switches=chosen) as carrier:
        app.carrier = carrier
        yield carrier, app


def of_kind(carrier: DrivenCarrier, kind: str, call_sid: str | None = None) -> list[Event]:
    """Return the events of a kind, of one leg or of all."""
    return [e for e in carrier.events() if e.kind == kind and call_sid in (None, e.call_sid)]
