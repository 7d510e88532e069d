"""Streaming recognition with libvosk: a phrase list, media time, and the likeliest hypotheses of one decode.

What libvosk 0.3.45 does, as measured with the shipped model (docs/speech/listening.md has the figures): a recogniser
with a phrase list is built in a quarter of a millisecond; `Reset` leaves audio of the last utterance behind, and scores
differ after it; `FinalResult` of an utterance that has audio leaves nothing: words, scores and times are then those of
a new recogniser, bit for bit. The features of all audio are kept for up to ten minutes, a megabyte a minute.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any, Final, Protocol

import msgspec
import vosk

from speech import mulaw
from speech.hypotheses import joined, with_confidence
from speech.models import Model
from speech.recognition import Capabilities, Heard, Hypothesis, Word
from speech.vosk_models import load_model as load_model  # the two are used together

RATE_HZ: Final = mulaw.RATE_HZ
# The hypotheses of one utterance, at most.
ALTERNATIVES: Final = 6
# Where libvosk has found no pause for so long, we cut. Source: ours; an utterance is capped at half of it.
CUT_AFTER_MS: Final = 30_000
# The features of older audio are dropped at the next pause.
RENEW_AFTER_MS: Final = 60_000
# Source: ours. libvosk counts seconds from the first use of a recogniser on; single precision is exact to a millisecond
# for two hours.
WORN_OUT_AFTER_MS: Final = 3_600_000
# Source: measured, 0.15 to 0.5 MB each with the shipped model. More lists than this are not in use at one time.
IDLE_ENGINES: Final = 24
_ONE_SAMPLE: Final = b"\0\0"


class _Partial(msgspec.Struct):
    partial: str = ""


_partial: Final = msgspec.json.Decoder(_Partial)


class _Native(Protocol):
    def AcceptWaveform(self, data: bytes) -> int: ...  # noqa: N802
    def Result(self) -> str: ...  # noqa: N802
    def PartialResult(self) -> str: ...  # noqa: N802
    def FinalResult(self) -> str: ...  # noqa: N802


def capabilities(model: Model) -> Capabilities:
    """What the recognisers of an installed model can do."""
    return Capabilities(
        language=model.language,
        rate_hz=model.rate_hz,
        phrase_lists=True,
        partials=True,
        alternatives=ALTERNATIVES,
        word_times=True,
    )


class Engine:
    """One native recogniser with its phrase list; without one, for all that the model knows.

    Times are milliseconds of all audio that it has ever been given.
    """

    def __init__(self, model: Any, phrases: Sequence[str]) -> None:
        self.phrases: Final = tuple(phrases)
        listed = (json.dumps(self.phrases, ensure_ascii=False),) if self.phrases else ()
        native = vosk.KaldiRecognizer(model, RATE_HZ, *listed)
        native.SetMaxAlternatives(ALTERNATIVES)
        native.SetWords(True)
        self._native: _Native = native
        self._samples = 0
        # libvosk ends only what has begun: whether there is audio since the last result.
        self._running = False

    @property
    def given_ms(self) -> float:
        """How much audio it has had."""
        return 1000 * self._samples / RATE_HZ

    def accept(self, audio: bytes) -> bool:
        """Take mu-law audio, at least a byte; answers whether libvosk would end the utterance here."""
        self._samples += len(audio)
        self._running = True
        return bool(self._native.AcceptWaveform(mulaw.decode(audio)))

    def partial(self) -> list[str]:
        """The words since the last result, as they seem now."""
        return _partial.decode(self._native.PartialResult()).partial.split()

    def cut(self) -> list[Hypothesis]:
        """The result of what was said since the last one; what comes next is heard with the sound before it."""
        self._running = False
        return _hypotheses(self._native.Result())

    def end(self) -> list[Hypothesis]:
        """The result of what was said since the last one; nothing of it is left for what comes next."""
        if not self._running:
            self._samples += 1
            self._native.AcceptWaveform(_ONE_SAMPLE)
        self._running = False
        return _hypotheses(self._native.FinalResult())


class Engines:
    """The engines of one loaded model that nobody uses now, by phrase list; the longest unused goes first.

    `built` counts those that were made, which tells whether a list was prepared and not built again.
    """

    def __init__(self, model: Any, idle_at_most: int = IDLE_ENGINES) -> None:
        self._model = model
        self._idle_at_most = idle_at_most
        self._idle: OrderedDict[tuple[str, ...], list[Engine]] = OrderedDict()
        self.built = 0

    @property
    def idle(self) -> int:
        """How many wait to be used."""
        return sum(map(len, self._idle.values()))

    def prepare(self, phrases: Sequence[str]) -> None:
        """Have an engine for this list ready; one that waits already is enough."""
        if tuple(phrases) not in self._idle:
            self.give_back(self._build(phrases))

    def recogniser(self, phrases: Sequence[str]) -> Recogniser:
        """A recogniser for this list, on a prepared engine where there is one; `close` gives the engine back."""
        return Recogniser(self._model, phrases, self)

    def take(self, phrases: Sequence[str]) -> Engine:
        """An engine that has nothing left of anything it heard."""
        waiting = self._idle.get(tuple(phrases))
        if waiting is None:
            return self._build(phrases)
        engine = waiting.pop()
        if not waiting:
            del self._idle[engine.phrases]
        return engine

    def give_back(self, engine: Engine) -> None:
        """Keep an engine whose utterance was ended."""
        if engine.given_ms > WORN_OUT_AFTER_MS:
            return
        self._idle.setdefault(engine.phrases, []).append(engine)
        self._idle.move_to_end(engine.phrases)
        while self.idle > self._idle_at_most:
            oldest = next(iter(self._idle))
            self._idle[oldest].pop()
            if not self._idle[oldest]:
                del self._idle[oldest]

    def _build(self, phrases: Sequence[str]) -> Engine:
        self.built += 1
        return Engine(self._model, phrases)


class Recogniser:
    """Words for a stretch of one caller's audio, mu-law at 8 kHz in pieces of any size. Not for several threads."""

    def __init__(self, model: Any, phrases: Sequence[str], engines: Engines | None = None) -> None:
        self._engines = engines
        self._engine = engines.take(phrases) if engines else Engine(model, phrases)
        # Media time of the engine's own zero.
        self._zero_ms: float | None = None
        self._done: tuple[Hypothesis, ...] = ()
        self._now_ms = 0.0
        self._cut_ms = self._renewed_ms = 0.0

    def feed(self, media_ms: int, audio: bytes) -> Heard:
        """Take the next audio, which begins at `media_ms`; answers the words of the utterance so far, and levels."""
        so_far: list[str] = []
        if audio:
            if self._zero_ms is None:
                self._zero_ms = media_ms - self._engine.given_ms
                self._cut_ms = self._renewed_ms = media_ms
            # libvosk ends utterances by rules of its own. Where one ends is not for it to say: we join the pieces.
            pause = self._engine.accept(audio)
            self._now_ms = self._zero_ms + self._engine.given_ms
            if pause or self._now_ms - self._cut_ms > CUT_AFTER_MS:
                self._cut()
            else:
                so_far = self._engine.partial()
        before = [word.text for word in self._done[0].words] if self._done else []
        return Heard(before + so_far, mulaw.levels_dbfs(audio))

    def finish(self) -> list[Hypothesis]:
        """End the utterance and answer what it may have been, the likeliest first; none where no word was heard.

        The next audio begins another one, and nothing of this one is left.
        """
        found = joined(self._done, self._in_media_time(self._engine.end()), self._now_ms)
        self._done, self._zero_ms = (), None
        return list(found)

    def close(self) -> None:
        """Give the engine back, whatever it has heard; the recogniser is of no more use."""
        self.finish()
        if self._engines is not None:
            self._engines.give_back(self._engine)

    def _cut(self) -> None:
        renew = self._now_ms - self._renewed_ms > RENEW_AFTER_MS or self._now_ms - self._cut_ms > CUT_AFTER_MS
        found = self._engine.end() if renew else self._engine.cut()
        self._done = joined(self._done, self._in_media_time(found), self._now_ms)
        self._cut_ms = self._now_ms
        if renew:
            self._renewed_ms = self._now_ms

    def _in_media_time(self, hypotheses: list[Hypothesis]) -> tuple[Hypothesis, ...]:
        zero_ms = self._zero_ms or 0.0
        return tuple(
            Hypothesis(
                tuple(
                    msgspec.structs.replace(
                        word, start_ms=round(zero_ms + word.start_ms), end_ms=round(zero_ms + word.end_ms)
                    )
                    for word in hypothesis.words
                ),
                hypothesis.score,
            )
            for hypothesis in hypotheses
        )


def _hypotheses(result: str) -> list[Hypothesis]:
    found = json.loads(result).get("alternatives", [])
    return with_confidence(
        Hypothesis(
            tuple(
                Word(str(word["word"]), 0.0, round(1000 * word["start"]), round(1000 * word["end"]))
                for word in item.get("result", [])
            ),
            float(item["confidence"]),
        )
        for item in found
    )
