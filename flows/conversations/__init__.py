"""Conversations: calls written down in YAML as tests of a flow, played against the engine without a telephone."""

from __future__ import annotations

import re
from typing import Final

SUFFIX: Final = ".test.yaml"
_WORDS: Final = (re.compile(rb"^flow[ \t]*:", re.MULTILINE), re.compile(rb"^conversations[ \t]*:", re.MULTILINE))


def looks_like_conversations(content: bytes) -> bool:
    """Whether a file with our ending holds conversations; other tools have files with this ending too."""
    return all(word.search(content) for word in _WORDS)
