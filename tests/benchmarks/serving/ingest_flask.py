"""A peer: media sockets by flask-sock on gunicorn's threads, as its documentation has it.

A view for each socket, which receives messages in a loop; a thread of gunicorn for each socket. It parses the carrier's
messages, decodes the audio and hands over chunks of 100 ms, as ours does, to the same sink.
Source: flask-sock.readthedocs.io (a route with `ws.receive()`; gunicorn with `--threads`).
"""

from __future__ import annotations

import base64
import json
import os
import time
from pathlib import Path
from typing import Any

from flask import Flask
from flask_sock import Sock

from speech import mulaw
from tests.benchmarks.serving.audio import CHUNK_BYTES, FRAME_BYTES
from tests.benchmarks.serving.counters import Counters
from tests.benchmarks.serving.offered_load import late_ms

app = Flask(__name__)
sock = Sock(app)
counters = Counters(Path(os.environ["INGEST_FOLDER"]) / "frames")


@sock.route("/media")  # type: ignore[untyped-decorator]
def media(ws: Any) -> None:
    """One media socket."""
    call_sid, kept = "", bytearray()
    while True:
        message = json.loads(ws.receive())
        if message["event"] == "start":
            call_sid = message["start"]["callSid"]
        elif message["event"] == "media":
            audio = base64.b64decode(message["media"]["payload"])
            kept += audio
            end_ms = int(message["media"]["timestamp"]) + len(audio) // mulaw.BYTES_PER_MS
            while len(kept) >= CHUNK_BYTES:
                take(call_sid, end_ms, bytes(kept[:CHUNK_BYTES]))
                del kept[:CHUNK_BYTES]
        elif message["event"] == "stop":
            return


def take(call_sid: str, end_ms: int, chunk: bytes) -> None:
    """The sink."""
    counters.frames += len(chunk) // FRAME_BYTES
    counters.late(late_ms(call_sid, end_ms, time.monotonic()))
    counters.store()
