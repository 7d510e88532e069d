"""The carrier's stand-in: accepts a dial, answers after a moment with a SID, and tells the judge."""

from __future__ import annotations

import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Final, Self

from tests.benchmarks.crash.judge import Judge

ANSWER_S: Final = 0.05
# The job asks for these two, each with its callback's id behind it.
DIAL: Final = "/calls/"
DONE: Final = "/done/"


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_POST(self) -> None:
        path = self.path
        try:
            if path.startswith(DIAL):
                # The phone rings as soon as the carrier has the request; whether anybody hears its answer is another
                # matter.
                sid = self.server.judge.dial(path.removeprefix(DIAL), time.time())
                time.sleep(ANSWER_S)
                self._answer(201, sid)
            elif path.startswith(DONE):
                self.server.judge.finish(path.removeprefix(DONE))
                self._answer(200, "noted")
            else:
                self._answer(404, "no such address")
        except KeyError:
            self._answer(404, "no such callback")

    def _answer(self, status: int, body: str) -> None:
        content = body.encode()
        try:
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)
        except ConnectionError:
            # Who asked has been killed meanwhile: that is what is measured here.
            self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class has named it
        """Say nothing: 600 lines of it help nobody."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, judge: Judge) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.judge = judge

    def handle_error(self, request: object, client_address: object) -> None:
        """Nothing to say: a worker that is killed between two bytes of its request is no error of ours."""


class Carrier:
    """One carrier on a free port of the loopback, on a thread of its own."""

    def __init__(self, judge: Judge) -> None:
        self._server = _Server(judge)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def address(self) -> str:
        """Host and port, with a colon between them."""
        host, port = self._server.server_address[:2]
        return f"{host!s}:{port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
