"""One call's stream: audio in, at most one result for each turn out.

    waiting     no grammar: audio is drained
    listening   a turn's grammar is with the recogniser; audio is chunked and fed, one chunk at a time
    committed   the turn has its result; audio is drained until the next turn

A new turn leads to `listening` (or `waiting`) from everywhere, and nothing of the audio before it is carried over.
What comes out goes through `Report`; sockets, Redis and the carrier are not known here.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Collection, Mapping
from typing import Final, Protocol

import msgspec
import structlog

from ivr.media.audio import CHUNK_MS, AudioChunk, Chunker, Jump
from ivr.media.frames import Media
from ivr.redis_listen import ListenRecord
from speech import mulaw
from speech.digits import UNKNOWN_WORD, to_digits
from speech.endpointing import Chunk, Commit, Endpointer, NoiseFloor, SpeechStarted, timers_for
from speech.grammar import Grammar, unknown_words, vosk_phrases
from speech.interpretation import Interpretation, Word, clipped, interpret, is_noise
from speech.recognition import Heard, Hypothesis

# Source: ours. More than this behind, an answer would come too late to be one.
BACKLOG_S: Final = 5.0
# What is kept of the audio before a turn listens, to know the line's noise by; as long as `NoiseFloor` looks back.
KEPT_MS: Final = 3000

log = structlog.get_logger("ivr.media")


class Recogniser(Protocol):
    """What a session needs of `speech.pool.Stream`."""

    async def reset(self, language: str, phrases: list[str], before: bytes = b"") -> tuple[float, ...]: ...
    async def feed(self, media_ms: int, mulaw: bytes, arrived_s: float | None = None) -> Heard: ...
    async def finish(self) -> list[Hypothesis]: ...


class Utterance(msgspec.Struct, frozen=True):
    """A finished utterance: what it means, when it ended, when we knew, and whether we did not wait for silence."""

    interpretation: Interpretation
    speech_ended_ms: int
    committed_ms: int
    early: bool
    # What else it might have been, the likeliest first: for the trace, not for the decision.
    alternatives: tuple[str, ...] = ()


# Both must return at once: storing and telling the carrier go on beside, and outlive the stream.
Report = Callable[[ListenRecord, Utterance], None]
ReportStart = Callable[[ListenRecord], None]


class BacklogError(Exception):
    """The recogniser is too far behind for this call."""


class Session:
    """The state of one stream. `take` is called with every frame, `turn` with every record, `listen` runs beside."""

    def __init__(
        self,
        call_sid: str,
        recogniser: Recogniser,
        vocabularies: Mapping[str, Collection[str]],
        report: Report,
        report_start: ReportStart,
        chunk_ms: int = CHUNK_MS,
    ) -> None:
        self.call_sid = call_sid
        self.record: ListenRecord | None = None
        self._recogniser = recogniser
        self._vocabularies = vocabularies
        self._report = report
        self._report_start = report_start
        self._chunker = Chunker(chunk_ms)
        self._chunks: asyncio.Queue[tuple[AudioChunk, float]] = asyncio.Queue(round(1000 * BACKLOG_S / chunk_ms))
        self._noise = NoiseFloor()
        # The audio of the last seconds that nobody listened to.
        self._unheard: deque[AudioChunk] = deque(maxlen=KEPT_MS // chunk_ms)
        # What the recogniser was last told to listen for; not `record` until the next chunk has come.
        self._told: ListenRecord | None = None
        self._endpointer: Endpointer | None = None

    def take(self, media: Media) -> None:
        """Take a frame of audio; raises `BacklogError`."""
        if media.track not in ("inbound", "inbound_track"):
            return
        arrived_s = asyncio.get_running_loop().time()
        for item in self._chunker.add(media.timestamp_ms, media.payload):
            if isinstance(item, Jump):
                log.warning("media.audio_lost", call_sid=self.call_sid, jump_ms=item.ms)
                self._start_over()
                continue
            try:
                self._chunks.put_nowait((item, arrived_s))
            except asyncio.QueueFull:
                raise BacklogError(f"{BACKLOG_S:g} s of audio wait for the recogniser") from None

    def turn(self, record: ListenRecord | None) -> None:
        """Take the call's present record. One that is known or older changes nothing, so that it may be repeated."""
        if record is None or record == self.record or (self.record is not None and record.turn < self.record.turn):
            return
        self.record = record
        self._forget_audio()

    async def listen(self) -> None:
        """Recognise until cancelled; raises what the recogniser and the report raise."""
        while True:
            chunk, arrived_s = await self._chunks.get()
            if self.record is not self._told:
                await self._begin()
            record, endpointer = self._told, self._endpointer
            if record is None or record.grammar is None or endpointer is None:
                self._unheard.append(chunk)
                continue
            found = await self._recogniser.feed(chunk.start_ms, chunk.mulaw, arrived_s)
            if self.record is not record or self._endpointer is not endpointer:
                continue
            heard = endpointer.feed(Chunk(chunk.start_ms, chunk.end_ms, found.levels_dbfs, tuple(found.words)))
            if isinstance(heard, SpeechStarted):
                self._report_start(record)
            elif isinstance(heard, Commit):
                await self._commit(record, record.grammar, heard, arrived_s)

    async def _begin(self) -> None:
        """Tell the recogniser what this turn listens for."""
        record = self._told = self.record
        self._endpointer = None
        if record is None or record.grammar is None:
            return
        language = record.grammar.language
        vocabulary = self._vocabularies.get(language, ())
        unknown = unknown_words(record.grammar, vocabulary)
        if unknown:
            log.warning("media.words_unknown_to_model", call_sid=self.call_sid, turn=record.turn, words=unknown)
        phrases = vosk_phrases(record.grammar, vocabulary)
        if phrases == [UNKNOWN_WORD]:
            return
        # A stream that only waits costs the recogniser nothing; the line's noise is learnt when a turn listens.
        unheard = list(self._unheard)
        self._unheard.clear()
        levels = await self._recogniser.reset(language, phrases, b"".join(chunk.mulaw for chunk in unheard))
        for number, level in enumerate(levels):
            self._noise.add(unheard[0].start_ms + number * mulaw.LEVEL_MS, level)
        self._endpointer = Endpointer(record.grammar, self._noise, timers_for(record.end_of_speech_ms))

    async def _commit(self, record: ListenRecord, grammar: Grammar, commit: Commit, arrived_s: float) -> None:
        hypotheses = await self._recogniser.finish()
        spoken = [
            Hypothesis(tuple(clipped(one.words, commit.speech_started_ms, commit.speech_ended_ms)), one.score)
            for one in hypotheses
        ]
        words = list(spoken[0].words) if spoken else []
        if self.record is not record:
            return
        if is_noise(words):
            self._endpointer = Endpointer(grammar, self._noise, timers_for(record.end_of_speech_ms))
            return
        # From here to the next turn nothing is listened for, whatever becomes of the report.
        self._endpointer = None
        interpretation = interpret(grammar, spoken)
        waited_s = asyncio.get_running_loop().time() - arrived_s
        log.info(
            "media.heard",
            call_sid=self.call_sid,
            turn=record.turn,
            intent=interpretation.intent,
            band=interpretation.band,
            words=masked_words(grammar, words),
            confidence=round(interpretation.confidence, 3),
            started_ms=interpretation.started_ms,
            ended_ms=interpretation.ended_ms,
            speech_ended_ms=commit.speech_ended_ms,
            committed_ms=commit.at_ms,
            reason=commit.reason,
            latency_ms=commit.at_ms - commit.speech_ended_ms + round(1000 * waited_s),
        )
        early = commit.reason == "complete"
        texts = dict.fromkeys(" ".join(word.text for word in other.words) for other in hypotheses)
        others = tuple(text for text in texts if text and text != interpretation.text)
        self._report(record, Utterance(interpretation, commit.speech_ended_ms, commit.at_ms, early, others))

    def _forget_audio(self) -> None:
        self._chunker.clear()
        while not self._chunks.empty():
            self._chunks.get_nowait()

    def _start_over(self) -> None:
        """After a loss the two halves of an utterance are none: listen anew in the same turn, if it has no result."""
        self._forget_audio()
        self._unheard.clear()
        if self._endpointer is not None:
            self._told, self._endpointer = None, None


def masked_words(grammar: Grammar, words: list[Word]) -> str:
    """What was said, for the log: a spoken digit may be part of a caller's number, and is written as #."""
    if grammar.digits is None:
        return " ".join(word.text for word in words)
    return " ".join("#" if to_digits(grammar.language, [word.text]) else word.text for word in words)
