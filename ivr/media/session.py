"""One call's stream: audio in, at most one result for each turn out.

    waiting     no grammar: audio is drained
    listening   a turn's grammar is with the recogniser; audio is chunked and fed, one chunk at a time, or what has come
                while the recogniser was busy; chunks are longer while nobody speaks
    finished    the turn has its result; audio is drained until the next turn

A new turn leads to `listening` (or `waiting`) from everywhere, and nothing of the audio before it is carried over but
what it tells of the line. What is an answer, `speech.listening` decides. What comes out goes through `Report`; sockets,
Redis and the carrier are not known here.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Final, Protocol

import msgspec
import structlog

from ivr.media.audio import CHUNK_MS, QUIET_CHUNK_MS, AudioChunk, Chunker, Jump
from ivr.media.frames import Media
from ivr.redis_listen import ListenRecord
from speech import mulaw
from speech.digits import UNKNOWN_WORD, to_digits
from speech.echo import EchoGate
from speech.endpointing import NoiseFloor, SpeechStarted, timers_for
from speech.grammar import Grammar, unknown_words, vosk_phrases
from speech.interpretation import Interpretation, Word
from speech.listening import PLAINLY, Dismissed, Event, Finished, Interpret, Listener, hear
from speech.recognition import Heard, Hypothesis
from speech.stream import More

# Source: ours. More than this behind, an answer would come too late to be one.
BACKLOG_MS: Final = 5000
# What is fed in one go is no longer than this: the end of an utterance is looked for behind it. Source: ours.
AT_ONCE_MS: Final = 300
AT_ONCE_BYTES: Final = AT_ONCE_MS * mulaw.BYTES_PER_MS
# What is kept of the audio before a turn listens, to know the line's noise by; as long as `NoiseFloor` looks back.
KEPT_MS: Final = 3000

log = structlog.get_logger("ivr.media")


class Recogniser(Protocol):
    """What a session needs of `speech.pool.Stream`."""

    async def reset(self, language: str, phrases: list[str], before: bytes = b"") -> tuple[float, ...]: ...
    async def feed(
        self, media_ms: int, mulaw: bytes, arrived_s: float | None = None, more: More | None = None
    ) -> Heard: ...
    async def finish(self) -> list[Hypothesis]: ...
    def prepare(self, language: str, phrases: list[str]) -> None: ...


class _Ear:
    """The recogniser, which was fed the next audio already and heard this."""

    def __init__(self, recogniser: Recogniser, arrived_s: float, heard: Heard) -> None:
        self._recogniser = recogniser
        self._arrived_s = arrived_s
        self._heard: Heard | None = heard

    async def feed(self, media_ms: int, mulaw: bytes) -> Heard:
        heard, self._heard = self._heard, None
        return heard or await self._recogniser.feed(media_ms, mulaw, self._arrived_s)

    async def finish(self) -> list[Hypothesis]:
        return await self._recogniser.finish()


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
        interpreters: Mapping[str, Interpret] | None = None,
        quiet_chunk_ms: int = QUIET_CHUNK_MS,
    ) -> None:
        """`vocabularies` and `interpreters` are by language; without an interpreter the plain rules hold.

        `quiet_chunk_ms` is how much audio is fed in one go while nobody speaks.
        """
        self.call_sid = call_sid
        self.record: ListenRecord | None = None
        self._recogniser = recogniser
        self._vocabularies = vocabularies
        self._interpreters = interpreters or {}
        self._report = report
        self._report_start = report_start
        self._quiet_chunk_ms = quiet_chunk_ms
        self._chunker = Chunker(quiet_chunk_ms)
        # What waits for the recogniser, with the time at which it came; and whether there is any.
        self._chunks: deque[tuple[AudioChunk, float]] = deque()
        self._came = asyncio.Event()
        self._noise = NoiseFloor()
        self._echo = EchoGate()
        # The audio of the last seconds that nobody listened to.
        self._unheard: deque[AudioChunk] = deque()
        # What the recogniser was last told to listen for; not `record` until the next chunk has come.
        self._told: ListenRecord | None = None
        self._listener: Listener | None = None
        self._speaking = False

    def take(self, media: Media) -> None:
        """Take a frame of audio; raises `BacklogError`."""
        if media.track not in ("inbound", "inbound_track"):
            return
        for item in self._chunker.add(media.timestamp_ms, media.payload):
            if isinstance(item, Jump):
                log.warning("media.audio_lost", call_sid=self.call_sid, jump_ms=item.ms)
                self._start_over()
                continue
            self._chunks.append((item, asyncio.get_running_loop().time()))
            self._came.set()
            if item.end_ms - self._chunks[0][0].start_ms > BACKLOG_MS:
                raise BacklogError(f"{BACKLOG_MS} ms of audio wait for the recogniser")

    def turn(self, record: ListenRecord | None) -> None:
        """Take the call's present record. One that is known or older changes nothing, so that it may be repeated."""
        if record is None or record == self.record or (self.record is not None and record.turn < self.record.turn):
            return
        self.record = record
        self._forget_audio()
        phrases = self._phrases(record)
        if record.grammar is not None and phrases:
            # The first audio of the turn comes some moments from now.
            self._recogniser.prepare(record.grammar.language, phrases)

    async def listen(self) -> None:
        """Recognise until cancelled; raises what the recogniser and the report raise."""
        while True:
            while not self._chunks:
                self._came.clear()
                await self._came.wait()
            chunk, arrived_s = self._chunks.popleft()
            if self.record is not self._told:
                await self._begin()
            record, listener = self._told, self._listener
            if record is None or record.grammar is None or listener is None:
                self._unheard.append(chunk)
                while chunk.end_ms - self._unheard[0].end_ms >= KEPT_MS:
                    self._unheard.popleft()
                continue
            events, arrived_s = await self._hear(record, listener, chunk, arrived_s)
            for event in events:
                if self.record is not record or self._listener is not listener:
                    break
                self._tell(record, record.grammar, event, arrived_s)

    async def _hear(
        self, record: ListenRecord, listener: Listener, chunk: AudioChunk, arrived_s: float
    ) -> tuple[list[Event], float]:
        """Put a chunk through the recogniser, and with it what comes while that is busy; when the last of it came."""
        audio = chunk.mulaw

        def more() -> bytes:
            nonlocal audio, arrived_s
            before = len(audio)
            while self._chunks and self.record is record and self._listener is listener:
                following, came_s = self._chunks[0]
                if len(audio) + len(following.mulaw) > AT_ONCE_BYTES:
                    break
                audio, arrived_s = audio + following.mulaw, came_s
                self._chunks.popleft()
            return audio[before:]

        heard = await self._recogniser.feed(chunk.start_ms, audio, arrived_s, more)
        events = await hear(listener, _Ear(self._recogniser, arrived_s, heard), chunk.start_ms, audio)
        for event in events:
            if isinstance(event, SpeechStarted | Dismissed | Finished):
                self._speaking = isinstance(event, SpeechStarted)
        self._chunker.chunk_ms = CHUNK_MS if self._speaking or heard.words else self._quiet_chunk_ms
        return events, arrived_s

    async def _begin(self) -> None:
        """Tell the recogniser what this turn listens for."""
        record = self._told = self.record
        self._listener, self._speaking = None, False
        self._chunker.chunk_ms = self._quiet_chunk_ms
        if record is None or record.grammar is None:
            return
        language = record.grammar.language
        unknown = unknown_words(record.grammar, self._vocabularies.get(language, ()))
        if unknown:
            log.warning("media.words_unknown_to_model", call_sid=self.call_sid, turn=record.turn, words=unknown)
        phrases = self._phrases(record)
        if not phrases:
            return
        # A stream that only waits costs the recogniser nothing; the line's noise is learnt when a turn listens.
        unheard = list(self._unheard)
        self._unheard.clear()
        levels = await self._recogniser.reset(language, phrases, b"".join(chunk.mulaw for chunk in unheard))
        for number, level in enumerate(levels):
            self._noise.add(unheard[0].start_ms + number * mulaw.LEVEL_MS, level)
        self._listener = Listener(
            record.grammar,
            interpret=self._interpreters.get(language, PLAINLY),
            timers=timers_for(record.end_of_speech_ms),
            noise=self._noise,
            echo=self._echo,
            prompt_ms=record.prompt_ms,
        )

    def _phrases(self, record: ListenRecord) -> list[str]:
        """What the recogniser is to listen for; nothing where the model knows none of it."""
        if record.grammar is None:
            return []
        phrases = vosk_phrases(record.grammar, self._vocabularies.get(record.grammar.language, ()))
        return [] if phrases == [UNKNOWN_WORD] else phrases

    def _tell(self, record: ListenRecord, grammar: Grammar, event: Event, arrived_s: float) -> None:
        if isinstance(event, SpeechStarted):
            self._report_start(record)
        if not isinstance(event, Finished):
            return
        # From here to the next turn nothing is listened for, whatever becomes of the report.
        self._listener = None
        found = event.interpretation
        waited_s = asyncio.get_running_loop().time() - arrived_s
        log.info(
            "media.heard",
            call_sid=self.call_sid,
            turn=record.turn,
            intent=found.intent,
            band=found.band,
            words=masked_words(grammar, found.words),
            confidence=round(found.confidence, 3),
            started_ms=found.started_ms,
            ended_ms=found.ended_ms,
            speech_ended_ms=event.speech_ended_ms,
            committed_ms=event.committed_ms,
            reason=event.reason,
            latency_ms=event.committed_ms - event.speech_ended_ms + round(1000 * waited_s),
        )
        early = event.reason == "complete"
        self._report(record, Utterance(found, event.speech_ended_ms, event.committed_ms, early, event.alternatives))

    def _forget_audio(self) -> None:
        self._chunker.clear()
        self._chunks.clear()

    def _start_over(self) -> None:
        """After a loss the two halves of an utterance are none: listen anew in the same turn, if it has no result."""
        self._forget_audio()
        self._unheard.clear()
        if self._listener is not None:
            self._told, self._listener = None, None


def masked_words(grammar: Grammar, words: Sequence[Word]) -> str:
    """What was said, for the log: a spoken digit may be part of a caller's number, and is written as #."""
    if grammar.digits is None:
        return " ".join(word.text for word in words)
    return " ".join("#" if to_digits(grammar.language, [word.text]) else word.text for word in words)
