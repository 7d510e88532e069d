"""The universal words and keys: always on, in the caller's language. A flow can rename the words, not remove them."""

from __future__ import annotations

from typing import Final

PERSON: Final = "0"
REPEAT: Final = "*"
# One key where answers are one key; two stars where digits are keyed in. The keys of `Helping` follow it.
HELP: Final = "#"
HELP_AMONG_DIGITS: Final = "**"
BACK: Final = "#1"
OTHER_LANGUAGE: Final = "#2"

KEYS_OF_WORDS: Final = {"person": PERSON, "repeat": REPEAT, "back": BACK, "help": HELP, "language": OTHER_LANGUAGE}
