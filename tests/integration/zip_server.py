"""A web server on loopback that serves zip files, and misbehaves as it is told."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class ZipServer:
    """What lies at each path, how the server serves it, and what it was asked (path, Range, If-Range)."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.etag: str | None = '"first"'
        self.ranges = True
        # After how many bytes of each answer the connection is cut; one entry is used up by each answer.
        self.cuts: list[int] = []
        self.statuses: list[int] = []
        self.content_type = "application/zip"
        self.redirect: str | None = None
        self.asked: list[tuple[str, str | None]] = []
        self.url = ""

    def put_list(self, *entries: dict[str, Any]) -> None:
        """Have the list of models say so."""
        self.files["/model-list.json"] = json.dumps(list(entries)).encode()


@contextmanager
def zip_server() -> Iterator[ZipServer]:
    """A server that runs until the end of the block."""
    state = ZipServer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            state.asked.append((self.path, self.headers.get("Range")))
            body = state.files.get(self.path)
            status = state.statuses.pop(0) if state.statuses else 200 if body is not None else 404
            if state.redirect and self.path.endswith(".zip"):
                self.send_response(302)
                self.send_header("Location", state.redirect)
                self.end_headers()
                return
            if status != 200 or body is None:
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            self._send(body)

        def _send(self, body: bytes) -> None:
            start, size = 0, len(body)
            asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
            if asked and state.ranges and self.headers.get("If-Range") == state.etag:
                start = int(asked[1])
            if start >= size:
                self.send_response(416)
                self.send_header("Content-Range", f"bytes */{size}")
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            self.send_response(206 if start else 200)
            if start:
                self.send_header("Content-Range", f"bytes {start}-{size - 1}/{size}")
            if state.etag:
                self.send_header("ETag", state.etag)
            self.send_header("Content-Type", "application/json" if self.path.endswith("json") else state.content_type)
            self.send_header("Content-Length", str(size - start))
            self.end_headers()
            cut = state.cuts.pop(0) if state.cuts and self.path.endswith(".zip") else size
            self.wfile.write(body[start : start + cut])
            self.close_connection = True

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    state.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield state
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
