"""Phrases in the form in which they are heard and compared."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final

# Short vowels and other marks above and below the letters, and the stretching stroke: written or not at will.
_MARKS: Final = re.compile("[\u0610-\u061a\u064b-\u0652\u0670\u0640\u200d-\u200f\u202a-\u202e\u2066-\u2069]")
_NOT_WORDS: Final = re.compile(r"[^\w' ]|_")
# Letters that are typed in several ways and said in one. Source: Unicode, Arabic block.
_VARIANTS: Final = str.maketrans("كيىأإآٱةؤئ", "کییااااهوی")


@lru_cache(maxsize=8192)
def normalised(phrase: str) -> str:
    """Lower case, one space between words, no punctuation and no optional marks."""
    text = _MARKS.sub("", unicodedata.normalize("NFKC", phrase).casefold())
    return " ".join(_NOT_WORDS.sub(" ", text.replace("\u200c", " ")).split())


@lru_cache(maxsize=8192)
def spelling_key(phrase: str) -> str:
    """The same with the spellings of one letter made one: phrases with equal keys are one phrase to a caller."""
    return normalised(phrase).translate(_VARIANTS)
