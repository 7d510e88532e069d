"""How long a text takes to be spoken."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

# Words a minute of the carriers' and eSpeak NG's usual voices; a conversation is about as fast.
# Source: eSpeak NG, `-s` (175 words a minute by default); Arabic and Persian words carry more sounds each.
WORDS_PER_MINUTE: Final = {"en": 160.0, "ar": 120.0, "fa": 130.0}
# A pause after each sentence.
SENTENCE_PAUSE_S: Final = 0.4


@lru_cache(maxsize=16384)
def seconds_of(text: str, language: str) -> float:
    """About how many seconds a text takes to be spoken in a language."""
    words = len(text.split())
    sentences = sum(text.count(mark) for mark in ".!?؟")
    return words * 60 / WORDS_PER_MINUTE[language] + sentences * SENTENCE_PAUSE_S
