"""When a caller has finished speaking: arithmetic on media time, never on arrival times.

The endpointer is fed one chunk after another, each with the recogniser's words up to its end. What it answers depends
on the chunks alone, so that a delivery gap, a slow recogniser and a replay of the same chunks all give the same answer.

    Listening       nothing to report
    SpeechStarted   once, at the first loud stretch
    Commit          once: the utterance is over, for a reason

Rules, the first that holds: nothing more can be meant, and the words stayed the same over one further chunk; the caller
was quiet for long enough after what was said; the words are complete and stayed the same for long, although the line
is never quiet; the utterance is too long.
"""

from __future__ import annotations

from collections import deque
from typing import Final, Literal

import msgspec

from speech.grammar import Grammar, heard_digits, is_complete, is_last_phrase, is_phrase
from speech.mulaw import SILENCE_DBFS

Reason = Literal["complete", "silence", "stable", "cap"]


class Chunk(msgspec.Struct, frozen=True):
    """A stretch of audio: its media times, the levels of its equal parts, and the words recognised up to its end.

    `gate_dbfs` is what speech must be louder than, whatever the line's noise: the echo of a prompt may be there.
    """

    start_ms: int
    end_ms: int
    levels_dbfs: tuple[float, ...]
    words: tuple[str, ...]
    gate_dbfs: float = SILENCE_DBFS


class Listening(msgspec.Struct, frozen=True):
    """Nothing to report."""


class SpeechStarted(msgspec.Struct, frozen=True, tag=True):
    """The caller began to speak at `at_ms`."""

    at_ms: int


class Commit(msgspec.Struct, frozen=True):
    """The utterance is over: what was said lies between the two times of speech, which was known at `at_ms`."""

    at_ms: int
    speech_started_ms: int
    speech_ended_ms: int
    reason: Reason


class Timers(msgspec.Struct, frozen=True, kw_only=True):
    """How long to wait, in milliseconds of media time.

    Source: ours, until they are fitted. A pause inside a spoken number is longer than one at the end of a phrase,
    and a caller who is cut off in a number has to say all of it again.
    """

    # The end of a stop within a word ("eight") is silent for up to 150 ms.
    after_last_phrase_ms: int = 300
    after_phrase_ms: int = 400
    after_other_ms: int = 500
    # Enough digits, but more are allowed: the caller may be between two groups.
    after_enough_digits_ms: int = 800
    between_digits_ms: int = 1200
    stable_ms: int = 1200
    cap_ms: int = 15_000


class Levels(msgspec.Struct, frozen=True, kw_only=True):
    """What counts as loud. Source: ours; a telephone line's noise is at -65 to -45 dBFS, speech at -35 to -15."""

    above_noise_db: float = 10.0
    lowest_speech_dbfs: float = -55.0
    highest_threshold_dbfs: float = -32.0
    noise_window_ms: int = 3000
    # Shorter than any syllable: a click.
    shortest_speech_ms: int = 40


DEFAULT_TIMERS: Final = Timers()
# What a flow's "silence that ends a sentence" is where its author did not change it; the timers above belong to it.
DEFAULT_END_OF_SPEECH_MS: Final = 800

DEFAULT_LEVELS: Final = Levels()
LISTENING: Final = Listening()


def timers_for(end_of_speech_ms: int) -> Timers:
    """The timers where callers are given more or less time than usual to end a sentence: all silences in proportion."""
    if end_of_speech_ms == DEFAULT_END_OF_SPEECH_MS:
        return DEFAULT_TIMERS

    def scaled(ms: int) -> int:
        return round(ms * end_of_speech_ms / DEFAULT_END_OF_SPEECH_MS)

    return msgspec.structs.replace(
        DEFAULT_TIMERS,
        after_last_phrase_ms=scaled(DEFAULT_TIMERS.after_last_phrase_ms),
        after_phrase_ms=scaled(DEFAULT_TIMERS.after_phrase_ms),
        after_other_ms=scaled(DEFAULT_TIMERS.after_other_ms),
        after_enough_digits_ms=scaled(DEFAULT_TIMERS.after_enough_digits_ms),
        between_digits_ms=scaled(DEFAULT_TIMERS.between_digits_ms),
    )


class NoiseFloor:
    """The quietest level of the last seconds; it outlives the utterance."""

    def __init__(self, levels: Levels = DEFAULT_LEVELS) -> None:
        self._levels = levels
        # Candidates for the minimum, ascending in level and in time: the first is the minimum of the window.
        self._quietest: deque[tuple[int, float]] = deque()

    def add(self, at_ms: int, level_dbfs: float) -> None:
        """Take note of one part's level; media times must not go back."""
        while self._quietest and self._quietest[-1][1] >= level_dbfs:
            self._quietest.pop()
        self._quietest.append((at_ms, level_dbfs))
        while self._quietest[0][0] < at_ms - self._levels.noise_window_ms:
            self._quietest.popleft()

    @property
    def threshold_dbfs(self) -> float:
        """Louder than this is speech."""
        floor = self._quietest[0][1] if self._quietest else SILENCE_DBFS
        speech = max(floor + self._levels.above_noise_db, self._levels.lowest_speech_dbfs)
        return min(speech, self._levels.highest_threshold_dbfs)


class Endpointer:
    """Finds the end of one utterance; make a new one for the next, with the same `NoiseFloor`."""

    def __init__(
        self,
        grammar: Grammar,
        noise: NoiseFloor | None = None,
        timers: Timers = DEFAULT_TIMERS,
        levels: Levels = DEFAULT_LEVELS,
    ) -> None:
        self._grammar = grammar
        self._noise = noise or NoiseFloor(levels)
        self._timers = timers
        self._levels = levels
        self._loud_since_ms: int | None = None
        self._started_ms: int | None = None
        self._last_sign_ms = 0
        self._words: tuple[str, ...] = ()
        self._words_since_ms = 0
        self._committed = False

    @property
    def last_sign_ms(self) -> int:
        """When the caller was last loud; 0 before."""
        return self._last_sign_ms

    def feed(self, chunk: Chunk) -> Listening | SpeechStarted | Commit:
        """Take the next chunk. Raises `RuntimeError` after a commit: the utterance is over."""
        if self._committed:
            raise RuntimeError("the utterance is over")
        was_speaking = self._started_ms is not None
        self._take_levels(chunk)
        same_words = chunk.words == self._words
        if not same_words:
            self._words, self._words_since_ms = chunk.words, chunk.end_ms
        if self._started_ms is None:
            return LISTENING
        reason = self._reason(chunk, self._started_ms, same_words)
        if reason is not None:
            self._committed = True
            return Commit(chunk.end_ms, self._started_ms, self._last_sign_ms, reason)
        return LISTENING if was_speaking else SpeechStarted(self._started_ms)

    def _take_levels(self, chunk: Chunk) -> None:
        """Follow loud and quiet stretches; a stretch shorter than any syllable is no sign of speech."""
        parts = len(chunk.levels_dbfs)
        for index, level in enumerate(chunk.levels_dbfs):
            begin_ms = chunk.start_ms + (chunk.end_ms - chunk.start_ms) * index // parts
            end_ms = chunk.start_ms + (chunk.end_ms - chunk.start_ms) * (index + 1) // parts
            self._noise.add(end_ms, level)
            if level <= max(self._noise.threshold_dbfs, chunk.gate_dbfs):
                self._loud_since_ms = None
                continue
            if self._loud_since_ms is None:
                self._loud_since_ms = begin_ms
            if end_ms - self._loud_since_ms >= self._levels.shortest_speech_ms:
                self._last_sign_ms = end_ms
                if self._started_ms is None:
                    self._started_ms = self._loud_since_ms

    def _reason(self, chunk: Chunk, started_ms: int, same_words: bool) -> Reason | None:
        # The recogniser guesses a word even in the noise before speech, and takes it back: such a word proves nothing.
        since_speech = self._words_since_ms > started_ms
        if same_words and since_speech and is_complete(self._grammar, self._words):
            return "complete"
        if chunk.end_ms - self._last_sign_ms >= self._wait_ms():
            return "silence"
        stable = chunk.end_ms - max(self._words_since_ms, started_ms) >= self._timers.stable_ms
        if stable and self._wait_ms() < self._timers.between_digits_ms and self._means_something():
            return "stable"
        if chunk.end_ms - started_ms >= self._timers.cap_ms:
            return "cap"
        return None

    def _means_something(self) -> bool:
        return is_phrase(self._grammar, self._words) or bool(heard_digits(self._grammar, self._words))

    def _wait_ms(self) -> int:
        """How long a silence ends the utterance, by what has been said so far."""
        if is_complete(self._grammar, self._words) or is_last_phrase(self._grammar, self._words):
            return self._timers.after_last_phrase_ms
        if is_phrase(self._grammar, self._words):
            return self._timers.after_phrase_ms
        digits = heard_digits(self._grammar, self._words)
        if digits is not None and self._grammar.digits is not None:
            if len(digits) < self._grammar.digits.min:
                return self._timers.between_digits_ms
            if len(digits) < self._grammar.digits.max:
                return self._timers.after_enough_digits_ms
        return self._timers.after_other_ms
