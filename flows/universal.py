"""The universal words and keys: always on, in the caller's language. A flow can rename the words, not remove them."""

from __future__ import annotations

from typing import Final

from flows.messages import universal_words
from flows.model import Flow
from flows.parts import in_language
from flows.phrases import normalised

PERSON: Final = "0"
REPEAT: Final = "*"
# One key where answers are one key; two stars where digits are keyed in. The keys of `Helping` follow it.
HELP: Final = "#"
HELP_AMONG_DIGITS: Final = "**"
BACK: Final = "#1"
OTHER_LANGUAGE: Final = "#2"

KEYS_OF_WORDS: Final = {"person": PERSON, "repeat": REPEAT, "back": BACK, "help": HELP, "language": OTHER_LANGUAGE}


def universal_phrases(flow: Flow, language: str) -> dict[str, str]:
    """Each universal phrase of a language, and the keys that it stands for."""
    words = universal_words(language)
    phrases: dict[str, str] = {}
    for word, keys in KEYS_OF_WORDS.items():
        own = getattr(flow.phrases, word)
        if word != "language" or len(flow.languages) > 1:
            phrases.update({normalised(p): keys for p in (words[word] if own is None else in_language(own, language))})
    return phrases
