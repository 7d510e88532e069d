"""A server that behaves as a test tells it, and how the tests of lookups ask."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from flows import actions
from flows.events import Value
from flows.sources import HttpSource, Source
from ivr.lookups import LookupResult, Lookups

# A caller's value: it must be in no message and in no log.
SECRET: Final = "48211234"
# How much later than its time-out a lookup may come back on a slow machine; without one these would take ten and more.
SLACK_S: Final = 5.0

Behaviour = Callable[[socket.socket, bytes], None]


def http(body: bytes | str, *headers: str, status: str = "200 OK", content_type: str = "application/json") -> bytes:
    """A whole response."""
    data = body.encode() if isinstance(body, str) else body
    lines = [f"HTTP/1.1 {status}", f"Content-Type: {content_type}", f"Content-Length: {len(data)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + data


FOUND: Final = http('{"order": {"items": [{"state": "sent"}]}}')


class Server:
    """An HTTP server on the loopback that does with each request what a test wants; it remembers what it was sent."""

    def __init__(self) -> None:
        self.requests: list[str] = []
        self.connections = 0
        self.over = threading.Event()
        self.dropped = threading.Event()
        self.behaviour: Behaviour = lambda peer, _: peer.sendall(FOUND)
        self.wrap: Callable[[socket.socket], socket.socket] = lambda peer: peer
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self.url = f"http://127.0.0.1:{self.port}/orders"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                peer, _ = self._listener.accept()
                self.connections += 1
                threading.Thread(target=self._serve, args=(peer,), daemon=True).start()

    def _serve(self, peer: socket.socket) -> None:
        with suppress(OSError), self.wrap(peer) as peer:
            while request := self._request(peer):
                self.requests.append(request.decode())
                self.behaviour(peer, request)
        self.dropped.set()

    @staticmethod
    def _request(peer: socket.socket) -> bytes:
        request = b""
        while b"\r\n\r\n" not in request:
            part = peer.recv(65_536)
            if not part:
                return b""
            request += part
        return request

    def drip(self, peer: socket.socket, content: bytes, every_s: float = 1.0) -> None:
        """Send one byte a second until the peer is gone or the test is over."""
        for position in range(len(content)):
            peer.sendall(content[position : position + 1])
            if self.over.wait(every_s):
                return

    def close(self) -> None:
        self.over.set()
        self._listener.close()


def ask(
    lookups: Lookups,
    source: Source,
    folder: Path = Path("/"),
    timeout_s: float = 1.5,
    save: dict[str, str] | None = None,
    number: Value = SECRET,
) -> LookupResult:
    path = "order.items.0.state" if isinstance(source, HttpSource) else "state"
    saved = {"order_state": path} if save is None else save
    lookup = actions.Lookup(source=source, where={"number": number}, save=saved, timeout_s=timeout_s)
    return lookups.look_up(lookup, folder=folder)


def ask_server(lookups: Lookups, server: Server, timeout_s: float = 1.5, **fields: object) -> LookupResult:
    source = HttpSource.model_validate({"type": "http", "url": server.url, **fields})
    return ask(lookups, source, timeout_s=timeout_s)
