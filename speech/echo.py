"""Whether it is the caller who speaks over a prompt, or the prompt itself that comes back.

A telephone line returns what it is given, 10 to 300 ms later and 10 to 35 dB weaker, and a prompt says the very words
that are listened for. All that is known here is that a prompt plays. So while it does, a sound counts as speech when
it is clearly louder than what came back so far; before anything is known of the line, when it is louder than the
loudest echo that is to be expected.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Final

import msgspec

from speech.digits import base_language
from speech.mulaw import LEVEL_MS


class EchoRules(msgspec.Struct, frozen=True, kw_only=True):
    """What is expected of an echo. Levels are of parts of 20 ms, in dB below full scale.

    Source: ITU-T G.131 for delay and loss; prompts are levelled to -19 dBFS, and their loudest parts are 4 dB louder.
    The other numbers were chosen on mixed recordings (docs/speech/listening.md).
    """

    # The loudest parts of a prompt (-15 dBFS) after the least loss (10 dB), and a decibel.
    loudest_dbfs: float = -24.0
    # The caller's loud parts are this much louder than the loud parts of the echo.
    margin_db: float = 4.0
    # Which part of the last seconds tells how loud the echo is: all but the loudest few in a hundred.
    loud_share: float = 0.95
    window_ms: int = 3000
    # So much must have been heard before the line is known.
    known_after_ms: int = 800
    # A prompt begins so long after the turn, at the latest, and its echo is over so long after it.
    begins_within_ms: int = 1000
    delay_ms: int = 300
    # Less that is louder than the echo is a burst of it, and no word.
    shortest_speech_ms: int = 80


DEFAULT_ECHO_RULES: Final = EchoRules()
# What a character takes to speak, at most. Source: measured with espeak-ng at 150 words a minute, a few sentences of
# each language: 68 to 88, 125 to 127, 99 to 109 ms; cloud voices take 65 to 75 ms in English.
MS_PER_CHARACTER: Final = {"en": 88, "ar": 127, "fa": 109}
MS_PER_CHARACTER_ELSE: Final = 110
# A figure is a word.
MS_PER_FIGURE: Final = 350


def prompt_ms(language: str, texts: Iterable[str]) -> int:
    """For how long, at the most, a prompt of these texts plays from the turn's beginning on; 0 where there is none."""
    each_ms = MS_PER_CHARACTER.get(base_language(language), MS_PER_CHARACTER_ELSE)
    spoken_ms = sum(MS_PER_FIGURE if character.isdigit() else each_ms for text in texts for character in text)
    return spoken_ms + DEFAULT_ECHO_RULES.begins_within_ms if spoken_ms else 0


class EchoGate:
    """How loud speech must be while a prompt plays; keep it for the whole call, since the line stays the same."""

    def __init__(self, rules: EchoRules = DEFAULT_ECHO_RULES) -> None:
        self.rules: Final = rules
        self._levels: deque[float] = deque(maxlen=rules.window_ms // LEVEL_MS)
        self.threshold_dbfs = rules.loudest_dbfs

    def learn(self, levels_dbfs: Iterable[float]) -> None:
        """Take the levels of audio in which a prompt played and the caller did not speak."""
        self._levels.extend(levels_dbfs)
        if len(self._levels) * LEVEL_MS < self.rules.known_after_ms:
            return
        ordered = sorted(self._levels)
        loud = ordered[min(int(len(ordered) * self.rules.loud_share), len(ordered) - 1)]
        self.threshold_dbfs = min(loud + self.rules.margin_db, self.rules.loudest_dbfs)
