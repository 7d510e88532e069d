"""The carrier's end of media sockets, as cheap as can be: frames are made once for all streams and sent as they are.

Source: RFC 6455 (framing; a client masks what it sends); the carrier's messages as in `ivr.media.frames`.
"""

from __future__ import annotations

import base64
import json
import os
import socket
import struct
from typing import Final

MASK: Final = bytes((0x37, 0xFA, 0x21, 0x3D))
SEND_WITHIN_S: Final = 5.0


def text_frame(text: str) -> bytes:
    """A masked frame of one text message."""
    body = text.encode()
    long = (body + bytes(-len(body) % 4)) if len(body) % 4 else body
    mask = int.from_bytes(MASK * (len(long) // 4), "big")
    masked = (int.from_bytes(long, "big") ^ mask).to_bytes(len(long), "big")[: len(body)]
    if len(body) < 126:
        head = struct.pack(">BB", 0x81, 0x80 | len(body))
    else:
        head = struct.pack(">BBH", 0x81, 0x80 | 126, len(body))
    return head + MASK + masked


def media_frame(media_ms: int, mulaw: bytes) -> bytes:
    """A frame of audio; its number in the sequence is left out, so that all streams can share it."""
    payload = base64.b64encode(mulaw).decode()
    body = {"track": "inbound", "chunk": "1", "timestamp": str(media_ms), "payload": payload}
    return text_frame(json.dumps({"event": "media", "sequenceNumber": "3", "streamSid": "MZ1", "media": body}))


def start_frames(call_sid: str, parameters: dict[str, str]) -> bytes:
    """What opens a stream: two messages."""
    start = {
        "accountSid": "AC" + "0" * 32,
        "streamSid": "MZ1",
        "callSid": call_sid,
        "tracks": ["inbound"],
        "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
        "customParameters": parameters,
    }
    return text_frame('{"event":"connected","protocol":"Call","version":"1.0.0"}') + text_frame(
        json.dumps({"event": "start", "sequenceNumber": "1", "streamSid": "MZ1", "start": start})
    )


STOP: Final = text_frame(json.dumps({"event": "stop", "sequenceNumber": "4", "streamSid": "MZ1", "stop": {}}))


def handshake(host: str, port: int, path: str, headers: dict[str, str]) -> bytes:
    """The request that makes a socket of an HTTP connection."""
    lines = [f"GET {path} HTTP/1.1", f"Host: {host}:{port}", "Upgrade: websocket", "Connection: Upgrade"]
    key = base64.b64encode(os.urandom(16)).decode()
    lines += [f"Sec-WebSocket-Key: {key}", "Sec-WebSocket-Version: 13"]
    return "\r\n".join([*lines, *(f"{name}: {value}" for name, value in headers.items()), "", ""]).encode()


def connect(port: int, path: str, headers: dict[str, str]) -> socket.socket:
    """A media socket on the loopback; raises `OSError` where there is none, or the other side refuses."""
    peer = socket.create_connection(("127.0.0.1", port), timeout=SEND_WITHIN_S)
    peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    peer.sendall(handshake("127.0.0.1", port, path, headers))
    answer = b""
    while b"\r\n\r\n" not in answer:
        part = peer.recv(4096)
        if not part:
            raise ConnectionError("the socket was closed at its handshake")
        answer += part
    if not answer.startswith(b"HTTP/1.1 101"):
        peer.close()
        raise ConnectionError(answer.split(b"\r\n")[0].decode())
    return peer


def close_code(received: bytes) -> int | None:
    """The code of a close frame at the beginning of what was received; None where there is none."""
    if len(received) >= 4 and received[0] & 0x0F == 0x8:
        return int(struct.unpack(">H", received[2:4])[0])
    return None
