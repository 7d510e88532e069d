"""A recogniser process of ours that also counts what its libvosk costs: `python -m ....measured_child MODEL_DIR`.

The folder for the counters is in the environment; each process writes into a file that is named like its pid.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import vosk

from tests.benchmarks.serving.counters import Counters

FOLDER_VARIABLE: Final = "SERVING_COUNTERS"
NATIVE: Final = ("AcceptWaveform", "PartialResult", "Result", "FinalResult", "Reset", "SetGrammar")

# The counters of this process.
_own: list[Counters] = []
os.register_at_fork(after_in_child=_own.clear)


def _counters() -> Counters:
    if not _own:
        _own.append(Counters(Path(os.environ[FOLDER_VARIABLE]) / str(os.getpid())))
    return _own[0]


def _timed(method: Callable[..., Any]) -> Callable[..., Any]:
    def call(*arguments: Any, **named: Any) -> Any:
        began = time.thread_time()
        try:
            return method(*arguments, **named)
        finally:
            counters = _counters()
            counters.seconds += time.thread_time() - began
            counters.chunks += 1
            counters.store()

    return call


def measure_vosk() -> None:
    """From now on whatever this process does in libvosk's recognisers is counted."""
    for name in ("__init__", *NATIVE):
        if hasattr(vosk.KaldiRecognizer, name):
            setattr(vosk.KaldiRecognizer, name, _timed(getattr(vosk.KaldiRecognizer, name)))


if __name__ == "__main__":
    from speech.vosk_child import main

    measure_vosk()
    main()
