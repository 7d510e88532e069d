"""One stream's recogniser: libvosk with a phrase list, in media time."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, Protocol

import vosk

from speech import mulaw
from speech.interpretation import Word

RATE_HZ: Final = mulaw.RATE_HZ


class _Native(Protocol):
    def AcceptWaveform(self, data: bytes) -> int: ...  # noqa: N802
    def Result(self) -> str: ...  # noqa: N802
    def PartialResult(self) -> str: ...  # noqa: N802
    def FinalResult(self) -> str: ...  # noqa: N802


def load_model(path: Path) -> Any:
    """Load a model once per process; raises `Exception` where libvosk refuses it."""
    vosk.SetLogLevel(-1)
    return vosk.Model(str(path))


class Recogniser:
    """Words for a stretch of one caller's audio. Not for several threads."""

    def __init__(self, model: Any, phrases: Sequence[str]) -> None:
        self._native: _Native = vosk.KaldiRecognizer(model, RATE_HZ, json.dumps(list(phrases), ensure_ascii=False))
        vosk.KaldiRecognizer.SetWords(self._native, True)
        # The media time of the recogniser's own zero.
        self._zero_ms: int | None = None
        self._done: list[Word] = []

    def feed(self, media_ms: int, audio: bytes) -> list[str]:
        """Take the next mu-law audio, which begins at `media_ms`; answers the words of the utterance so far."""
        if self._zero_ms is None:
            self._zero_ms = media_ms
        # libvosk cuts at pauses by rules of its own. Where an utterance ends is not for it to say: we join the pieces.
        if self._native.AcceptWaveform(mulaw.decode(audio)):
            self._done += self._words(self._native.Result())
            return [word.text for word in self._done]
        so_far = str(json.loads(self._native.PartialResult()).get("partial", ""))
        return [word.text for word in self._done] + so_far.split()

    def finish(self) -> list[Word]:
        """End the utterance and answer its words; the next audio begins another one."""
        words = self._done + self._words(self._native.FinalResult())
        self._done = []
        return words

    def _words(self, result: str) -> list[Word]:
        zero_ms = self._zero_ms or 0
        return [
            Word(
                text=str(item["word"]),
                confidence=float(item.get("conf", 0.0)),
                start_ms=zero_ms + round(1000 * item["start"]),
                end_ms=zero_ms + round(1000 * item["end"]),
            )
            for item in json.loads(result).get("result", [])
        ]
