"""Listening for one answer: from audio and a recogniser to events with media times.

`Listener` decides and does nothing else: it is told what the recogniser heard, and says what it wants next. `hear` is
how both of its hosts drive it, a call's session and `ivr speech listen`. Everything is counted in media time, so that a
file and a call give the same events.

    SpeechStarted   somebody began to speak
    PartialHeard    the words so far have changed
    Dismissed       what began was no answer: noise, or the prompt's own echo; listening goes on
    Finished        the answer; nothing follows but Ended
    Ended           there is no more audio
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Final, Literal, Protocol

import msgspec

from speech.doubt import Doubt, Sound
from speech.echo import EchoGate
from speech.endpointing import DEFAULT_TIMERS, Chunk, Commit, Endpointer, NoiseFloor, Reason, SpeechStarted, Timers
from speech.grammar import Grammar
from speech.hypotheses import with_confidence
from speech.interpretation import Interpretation, clipped, interpret, is_noise
from speech.mulaw import BYTES_PER_MS, LEVEL_MS, SILENCE_DBFS
from speech.recognition import Heard, Hypothesis

# Heard again from so long before the first sound that passed the echo gate: the weak beginning of a word.
ONSET_MS: Final = 200
# A word that reaches no further into the caller's speech than this is none of it.
BESIDE_MS: Final = 50
# So much of a word may be hidden by the echo before, and after, its loud part.
HIDDEN_MS: Final = 100
# What is kept of the audio for that; longer than a chunk of any host and the onset together.
KEPT_MS: Final = 1500
# What is told of the levels around an answer, and how far back they are kept: longer than the longest answer.
AROUND_MS: Final = 500
LEVELS_MS: Final = 20_000

Wants = Literal["audio", "again", "hypotheses", "nothing"]
Interpret = Callable[[Grammar, Sequence[Hypothesis], Sound], Interpretation]


class PartialHeard(msgspec.Struct, frozen=True, tag=True):
    """The words of the utterance so far; they may change."""

    at_ms: int
    words: tuple[str, ...]


class Dismissed(msgspec.Struct, frozen=True, tag=True):
    """What began at `speech_started_ms` was no answer."""

    at_ms: int
    speech_started_ms: int
    why: Literal["noise", "echo"]


class Finished(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    """The answer: what it means, when its speech began and ended, when that was known, and what else it may have been.

    `alternatives` are texts, the likeliest first, for a trace and not for a decision.
    """

    interpretation: Interpretation
    speech_started_ms: int
    speech_ended_ms: int
    committed_ms: int
    reason: Reason | Literal["end"]
    alternatives: tuple[str, ...] = ()

    @property
    def at_ms(self) -> int:
        """When it was known."""
        return self.committed_ms


class Ended(msgspec.Struct, frozen=True, tag=True):
    """There is no more audio."""

    at_ms: int


Event = SpeechStarted | PartialHeard | Dismissed | Finished | Ended


class Ear(Protocol):
    """What is needed of a recogniser that listens for the grammar's phrases already."""

    async def feed(self, media_ms: int, mulaw: bytes) -> Heard: ...
    async def finish(self) -> list[Hypothesis]: ...


def interpreter(doubt: Doubt | None = None) -> Interpret:
    """How to interpret what a model hears for which this was fitted; without it, by plain rules."""

    def interpreted(grammar: Grammar, hypotheses: Sequence[Hypothesis], sound: Sound) -> Interpretation:
        return interpret(grammar, hypotheses, doubt=doubt, sound=sound)

    return interpreted


PLAINLY: Final = interpreter()


class Listener:
    """Listens for one answer in a grammar. `noise` and `echo` are the line's: keep them for the whole call."""

    def __init__(
        self,
        grammar: Grammar,
        *,
        interpret: Interpret = PLAINLY,
        timers: Timers = DEFAULT_TIMERS,
        noise: NoiseFloor | None = None,
        echo: EchoGate | None = None,
        prompt_ms: int = 0,
    ) -> None:
        """`prompt_ms` is for how long from the first audio on a prompt may play; 0 where none does."""
        self.wants: Wants = "audio"
        self._grammar = grammar
        self._interpret = interpret
        self._timers = timers
        self._noise = noise or NoiseFloor()
        self._echo = echo or EchoGate()
        self._prompt_ms = prompt_ms
        self._begun_ms: int | None = None
        self._now_ms = 0
        self._endpointer = self._new_endpointer()
        self._started_ms: int | None = None
        self._commit: Commit | None = None
        self._words: tuple[str, ...] = ()
        self._kept: deque[tuple[int, bytes]] = deque()
        self._levels: deque[tuple[int, tuple[float, ...]]] = deque()

    def take(self, start_ms: int, audio: bytes, heard: Heard) -> list[Event]:
        """Take the next audio and what the recogniser heard up to its end; only where `wants` is "audio"."""
        if self.wants != "audio":
            raise RuntimeError(f"the listener wants {self.wants}")
        if self._begun_ms is None:
            self._begun_ms = start_ms
        end_ms = self._now_ms = start_ms + len(audio) // BYTES_PER_MS
        self._keep(start_ms, audio, heard.levels_dbfs)
        gate_dbfs = self._echo.threshold_dbfs if self._prompt_plays(start_ms) else SILENCE_DBFS
        found = self._endpointer.feed(Chunk(start_ms, end_ms, heard.levels_dbfs, tuple(heard.words), gate_dbfs))
        events: list[Event] = []
        if isinstance(found, SpeechStarted):
            self._started_ms = found.at_ms
            events.append(found)
            if self._prompt_plays(found.at_ms):
                self.wants = "again"
        elif isinstance(found, Commit):
            if self._started_ms is None:
                events.append(SpeechStarted(found.speech_started_ms))
            self._started_ms, self._commit, self.wants = found.speech_started_ms, found, "hypotheses"
        elif self._started_ms is None and self._prompt_plays(start_ms):
            self._learn_echo(start_ms, heard.levels_dbfs)
        if self._started_ms is not None and self.wants == "audio":
            events += self._partial(heard.words)
        return events

    def again(self) -> list[tuple[int, bytes]]:
        """The audio to be heard once more by a recogniser that has forgotten the echo before it."""
        from_ms = (self._started_ms or 0) - ONSET_MS
        return [(at_ms, audio) for at_ms, audio in self._kept if at_ms + len(audio) // BYTES_PER_MS > from_ms]

    def heard_again(self, words: Sequence[str]) -> list[Event]:
        """Take the words of the audio that was heard once more."""
        self.wants = "audio"
        return self._partial(words)

    def decide(self, hypotheses: Sequence[Hypothesis]) -> list[Event]:
        """Take what the utterance may have been; only where `wants` is "hypotheses"."""
        if self._commit is None or self.wants != "hypotheses":
            raise RuntimeError(f"the listener wants {self.wants}")
        commit, self._commit = self._commit, None
        return self._decide(commit, commit.reason, hypotheses)

    def end(self, hypotheses: Sequence[Hypothesis]) -> list[Event]:
        """There is no more audio: whatever is being said now is over."""
        events: list[Event] = []
        if self._started_ms is not None and self.wants != "nothing":
            ended_ms = max(self._endpointer.last_sign_ms, self._started_ms)
            commit = Commit(self._now_ms, self._started_ms, ended_ms, "silence")
            events = self._decide(commit, "end", hypotheses)
        self.wants = "nothing"
        return [*events, Ended(self._now_ms)]

    def _decide(self, commit: Commit, reason: Reason | Literal["end"], hypotheses: Sequence[Hypothesis]) -> list[Event]:
        started_ms, ended_ms = commit.speech_started_ms, commit.speech_ended_ms
        over_prompt = self._prompt_plays(started_ms)
        if over_prompt:
            hypotheses = _without_words_beside(hypotheses, started_ms, ended_ms)
        # Over a prompt, only the loud middle of a word passes the gate.
        more_ms = HIDDEN_MS if over_prompt else 0
        spoken = [
            Hypothesis(tuple(clipped(one.words, started_ms - more_ms, ended_ms + more_ms)), one.score)
            for one in hypotheses
        ]
        if not spoken or is_noise(spoken[0].words):
            return self._dismiss(commit, "echo" if over_prompt else "noise")
        # Doubt was fitted on the recogniser's own times; what is told are those within the loud stretch.
        interpretation = self._interpret(self._grammar, hypotheses, self._sound(started_ms - AROUND_MS))
        words = clipped(interpretation.words, started_ms - more_ms, ended_ms + more_ms)
        if words:
            interpretation = msgspec.structs.replace(
                interpretation, words=tuple(words), started_ms=words[0].start_ms, ended_ms=words[-1].end_ms
            )
        # What is not understood cuts no prompt: that would be one more misunderstanding.
        if over_prompt and (interpretation.intent is None or not self._is_louder_than_echo(started_ms)):
            return self._dismiss(commit, "echo")
        self.wants = "nothing"
        texts = dict.fromkeys(" ".join(word.text for word in one.words) for one in spoken)
        return [
            Finished(
                interpretation=interpretation,
                speech_started_ms=started_ms,
                speech_ended_ms=ended_ms,
                committed_ms=commit.at_ms,
                reason=reason,
                alternatives=tuple(text for text in texts if text and text != interpretation.text),
            )
        ]

    def _dismiss(self, commit: Commit, why: Literal["noise", "echo"]) -> list[Event]:
        if why == "echo":
            for start_ms, levels in self._levels:
                if start_ms >= commit.speech_started_ms:
                    self._learn_echo(start_ms, levels)
        self._endpointer = self._new_endpointer()
        self._started_ms, self._words, self.wants = None, (), "audio"
        return [Dismissed(commit.at_ms, commit.speech_started_ms, why)]

    def _partial(self, words: Sequence[str]) -> list[Event]:
        if tuple(words) == self._words:
            return []
        self._words = tuple(words)
        return [PartialHeard(self._now_ms, self._words)]

    def _prompt_plays(self, at_ms: int) -> bool:
        if not self._prompt_ms or self._begun_ms is None:
            return False
        return at_ms < self._begun_ms + self._prompt_ms + self._echo.rules.delay_ms

    def _learn_echo(self, start_ms: int, levels_dbfs: Sequence[float]) -> None:
        # Quiet is the echo of a prompt only where the prompt has certainly begun.
        certain = start_ms - (self._begun_ms or 0) >= self._echo.rules.begins_within_ms
        self._echo.learn(level for level in levels_dbfs if certain or level > self._noise.threshold_dbfs)

    def _is_louder_than_echo(self, started_ms: int) -> bool:
        loud = sum(
            level > self._echo.threshold_dbfs
            for start_ms, levels in self._levels
            for index, level in enumerate(levels)
            if start_ms + index * LEVEL_MS >= started_ms
        )
        return loud * LEVEL_MS >= self._echo.rules.shortest_speech_ms

    def _sound(self, from_ms: int) -> Sound:
        kept = [(start_ms, levels) for start_ms, levels in self._levels if start_ms >= from_ms]
        return Sound(
            start_ms=kept[0][0] if kept else self._now_ms,
            levels_dbfs=tuple(level for _, levels in kept for level in levels),
        )

    def _keep(self, start_ms: int, audio: bytes, levels_dbfs: tuple[float, ...]) -> None:
        self._levels.append((start_ms, levels_dbfs))
        while self._levels[0][0] < self._now_ms - LEVELS_MS:
            self._levels.popleft()
        if self._prompt_plays(start_ms):
            self._kept.append((start_ms, audio))
        while self._kept and self._kept[0][0] < self._now_ms - KEPT_MS:
            self._kept.popleft()

    def _new_endpointer(self) -> Endpointer:
        return Endpointer(self._grammar, self._noise, self._timers)


def _without_words_beside(hypotheses: Sequence[Hypothesis], started_ms: int, ended_ms: int) -> list[Hypothesis]:
    """The hypotheses without words that lie before or after the caller's speech: the prompt said them."""
    return with_confidence(
        Hypothesis(
            tuple(
                word
                for word in one.words
                if word.end_ms > started_ms + BESIDE_MS and word.start_ms < ended_ms - BESIDE_MS
            ),
            one.score,
        )
        for one in hypotheses
    )


async def hear(listener: Listener, ear: Ear, media_ms: int, audio: bytes) -> list[Event]:
    """Put the next audio through the recogniser and the listener; raises what the recogniser raises."""
    events = listener.take(media_ms, audio, await ear.feed(media_ms, audio))
    if listener.wants == "again":
        await ear.finish()
        words: list[str] = []
        for at_ms, piece in listener.again():
            words = (await ear.feed(at_ms, piece)).words
        events += listener.heard_again(words)
    if listener.wants == "hypotheses":
        events += listener.decide(await ear.finish())
    return events


async def hear_end(listener: Listener, ear: Ear) -> list[Event]:
    """There is no more audio; raises what the recogniser raises."""
    return listener.end(await ear.finish())
