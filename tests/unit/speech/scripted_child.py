"""A recogniser child without a recogniser: it does what the first phrase of a stream says."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

from speech import fork_server
from speech.protocol import Close, Done, Failed, Feed, Partial, Prepare, Reply, Request, Reset, Result
from speech.recognition import Hypothesis, Word


class ScriptedWork:
    """What is fed is remembered, and the end of an utterance tells how much it was and from when on."""

    def __init__(self) -> None:
        self._orders: dict[int, str] = {}
        self._fed: dict[int, list[int]] = {}
        self._prepared: list[str] = []
        self._eaten: list[bytes] = []

    def answer(self, request: Request) -> Reply | None:
        if isinstance(request, Prepare):
            self._prepared += request.phrases
            return None
        if isinstance(request, Close):
            self._orders.pop(request.stream, None)
            return None
        if isinstance(request, Reset):
            self._orders[request.stream] = request.phrases[0] if request.phrases else ""
            self._fed[request.stream] = []
            return Done(request.stream, (-60.0,) * len(request.before))
        order = self._orders.get(request.stream, "")
        if isinstance(request, Feed):
            self._fed.setdefault(request.stream, []).append(request.media_ms)
            return self._obey(order, request)
        times = self._fed.pop(request.stream, [])
        said = self._prepared if order == "what is prepared" else [order]
        words = tuple(Word(text, 1.0, min(times, default=0), len(times)) for text in said)
        return Result(request.stream, [Hypothesis(words, 0.0)])

    def _obey(self, order: str, request: Feed) -> Reply:
        match order.split():
            case ["die"]:
                os._exit(9)
            case ["die", "once", flag] if not Path(flag).exists():
                Path(flag).touch()
                os.kill(os.getpid(), signal.SIGSEGV)
            case ["hang"]:
                time.sleep(60)
            case ["hang", "once", flag] if not Path(flag).exists():
                Path(flag).touch()
                time.sleep(60)
            case ["eat", "once", flag] if not Path(flag).exists():
                Path(flag).touch()
                self._eaten.append(b"\x01" * (200 << 20))
            case ["babble"]:
                return Partial(request.stream + 1, [], ())
            case ["fail"]:
                return Failed(request.stream, "as told")
            case ["quiet"]:
                return Partial(request.stream, [], (-60.0,))
            case ["slow"]:
                time.sleep(0.05)
        return Partial(request.stream, [order], (-20.0,))


class ScriptedModels:
    cost = float(os.environ.get("SCRIPTED_COST", "0.001"))

    def work(self) -> ScriptedWork:
        return ScriptedWork()


if __name__ == "__main__":
    if "no-fork" in sys.argv:
        fork_server.can_fork = lambda: False
    fork_server.run(ScriptedModels)
