"""A peer: the design of vosk-server's WebSocket server, written anew.

One process, one event loop, one model, one executor with a thread for each core. A recogniser is made in the loop when
the first audio of a connection comes; each message goes to the executor, and the next one is read after its answer.
There is no admission: whoever connects is served.
Source: github.com/alphacep/vosk-server, websocket/asr_server.py (Apache-2.0).

Its sockets are left out, which is in its favour: what they would cost is not counted.
"""

from __future__ import annotations

import asyncio
import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import vosk

from speech import mulaw
from speech.stream import More
from tests.benchmarks.serving.audio import PHRASES

RATE_HZ = float(mulaw.RATE_HZ)


class Published:
    """The server: what all of its connections share."""

    def __init__(self, model_dir: Path) -> None:
        vosk.SetLogLevel(-1)
        self.model: Any = vosk.Model(str(model_dir))
        self.executor = ThreadPoolExecutor(os.cpu_count() or 1)
        self.phrases = json.dumps(PHRASES)

    async def connect(self) -> Connection:
        """A client has connected."""
        return Connection(self)


class Connection:
    """One connection, which serves one utterance after the other."""

    quiet = False

    def __init__(self, server: Published) -> None:
        self._server = server
        self._recogniser: Any = None

    async def begin(self) -> None:
        """The client connects anew: an utterance ends its connection there."""
        self._recogniser = None

    async def feed(self, _media_ms: int, audio: bytes, _arrived_s: float, _more: More) -> None:
        """A message of 100 ms, whatever waits behind it, with samples of 16 bits, which is what this server takes."""
        if self._recogniser is None:
            self._recogniser = vosk.KaldiRecognizer(self._server.model, RATE_HZ, self._server.phrases)
            self._recogniser.SetWords(True)
        await self._in_executor(mulaw.decode(audio))

    async def finish(self) -> None:
        """The message that ends the utterance."""
        if self._recogniser is not None:
            await self._in_executor(None)

    def close(self) -> None:
        """The client is gone."""
        self._recogniser = None

    async def _in_executor(self, audio: bytes | None) -> str:
        loop = asyncio.get_running_loop()
        answer: str = await loop.run_in_executor(self._server.executor, _recognise, self._recogniser, audio)
        return answer


def _recognise(recogniser: Any, audio: bytes | None) -> str:
    if audio is None:
        return str(recogniser.FinalResult())
    return str(recogniser.Result() if recogniser.AcceptWaveform(audio) else recogniser.PartialResult())
