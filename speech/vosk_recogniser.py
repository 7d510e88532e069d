"""One stream's recogniser: libvosk with a phrase list, in media time."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, Protocol

import vosk

from speech import mulaw
from speech.interpretation import Word

RATE_HZ: Final = mulaw.RATE_HZ
SAMPLES_PER_MS: Final = RATE_HZ // 1000
ALTERNATIVES: Final = 4
# What is kept of the audio to be decoded again; longer than any answer to a question.
KEPT_MS: Final = 10_000
# The recogniser needs a little of what is around the words.
MARGIN_MS: Final = 200


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
        self._model, self._phrases = model, json.dumps(list(phrases), ensure_ascii=False)
        self._native: _Native = vosk.KaldiRecognizer(model, RATE_HZ, self._phrases)
        vosk.KaldiRecognizer.SetWords(self._native, True)
        self._kept: deque[tuple[int, bytes]] = deque()
        # The media time of the recogniser's own zero.
        self._zero_ms: int | None = None
        self._done: list[Word] = []

    def feed(self, media_ms: int, audio: bytes) -> list[str]:
        """Take the next mu-law audio, which begins at `media_ms`; answers the words of the utterance so far."""
        if self._zero_ms is None:
            self._zero_ms = media_ms
        self._keep(media_ms, audio)
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

    def alternatives(self, from_ms: int, to_ms: int) -> list[str]:
        """What may have been said between two media times, the likeliest first: a decode of its own.

        libvosk tells either the words with their confidence or the alternatives, not both of one decode.
        """
        again: _Native = vosk.KaldiRecognizer(self._model, RATE_HZ, self._phrases)
        vosk.KaldiRecognizer.SetMaxAlternatives(again, ALTERNATIVES)
        for media_ms, audio in self._kept:
            if media_ms + len(audio) // SAMPLES_PER_MS > from_ms - MARGIN_MS and media_ms < to_ms + MARGIN_MS:
                again.AcceptWaveform(mulaw.decode(audio))
        found = json.loads(again.FinalResult()).get("alternatives", [])
        return list(dict.fromkeys(text for item in found if (text := str(item.get("text", "")).strip())))

    def _keep(self, media_ms: int, audio: bytes) -> None:
        self._kept.append((media_ms, audio))
        while media_ms - self._kept[0][0] > KEPT_MS:
            self._kept.popleft()

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
