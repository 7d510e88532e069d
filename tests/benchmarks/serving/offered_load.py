"""Offers live streams to a server of media sockets: `python -m ....offered_load --port P --path /media --streams N`.

Every stream sends a frame of 20 ms every 20 ms, at a time of its own, for `--seconds` after a line is read from the
standard input ("ready" is printed before it, when all streams are open). A call's SID says when its media time began,
on the monotonic clock that all processes of this machine share.
"""

from __future__ import annotations

import argparse
import json
import sys
import time

from tests.benchmarks.callbacks.figures import percentile
from tests.benchmarks.serving import wire
from tests.benchmarks.serving.audio import FRAME_BYTES, FRAME_MS, chunks, utterances

FRAME_S = FRAME_MS / 1000
# Time for the server to take all start messages in before the first frame.
SETTLE_S = 1.0


def call_sid(zero_s: float, number: int) -> str:
    """The SID of a call whose media time is 0 at `zero_s` of the monotonic clock."""
    return f"CA{round(zero_s * 1e6):020}{number:06}"


def late_ms(sid: str, media_ms: float, now_s: float) -> float:
    """How long ago the audio up to `media_ms` of this call was to be sent."""
    return now_s * 1000 - int(sid[2:22]) / 1000 - media_ms


def offer(port: int, path: str, streams: int, seconds: float) -> dict[str, float]:
    """Open, wait for the word, and send; answers how late the sending was."""
    audio, _ = utterances(8)
    voice = chunks(b"".join(audio), FRAME_BYTES)
    peers = [wire.connect(port, path, {"X-Twilio-Signature": "none"}) for _ in range(streams)]
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    zero = time.monotonic() + SETTLE_S
    offsets = [FRAME_S * number / streams for number in range(streams)]
    for number, peer in enumerate(peers):
        peer.sendall(wire.start_frames(call_sid(zero + offsets[number], number), {"token": "token"}))
        peer.setblocking(False)
    lates: list[float] = []
    lost: set[int] = set()
    for tick in range(int(seconds / FRAME_S)):
        frame = wire.media_frame(tick * FRAME_MS, voice[tick % len(voice)])
        due = zero + (tick + 1) * FRAME_S
        for number, peer in enumerate(peers):
            wait_s = due + offsets[number] - time.monotonic()
            # A nap shorter than this ends late; frames that are due together are sent together.
            if wait_s > 0.0005:
                time.sleep(wait_s)
            try:
                if number not in lost and peer.send(frame) < len(frame):
                    lost.add(number)
            except OSError:
                # The server is gone, or reads so slowly that the kernel keeps no more for it.
                lost.add(number)
            lates.append(time.monotonic() - due - offsets[number])
    return {"late_p99_ms": round(1000 * percentile(lates, 0.99), 2), "streams_lost": len(lost)}


def main() -> None:
    """Print how it went as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--path", required=True)
    parser.add_argument("--streams", type=int, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    options = parser.parse_args()
    sys.stdout.write(json.dumps(offer(options.port, options.path, options.streams, options.seconds)) + "\n")


if __name__ == "__main__":
    main()
