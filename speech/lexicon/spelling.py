"""One word, however it is typed: what flows and models write is compared in a normal form."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection
from functools import cached_property, lru_cache
from typing import Final

# Short vowels and other marks above and below the letters, the stretching stroke, and marks of direction: written or
# not at will. Source: Unicode, Arabic block and General Punctuation.
_MARKS: Final = re.compile("[\u0610-\u061a\u064b-\u0652\u0670\u0640\u200d-\u200f\u202a-\u202e\u2066-\u2069]")
_NOT_WORDS: Final = re.compile(r"[^\w' ]|_")
# Letters that are typed in several ways and said in one: Persian and Arabic keyboards have their own yeh and kaf, and
# many people leave out hamza and the dots of the last letter. The same ones count for one in a flow's phrases.
# Source: Unicode, Arabic block.
_LETTERS: Final = {
    "ar": str.maketrans("کیىأإآٱةؤئ", "كييااااهوي"),
    "fa": str.maketrans("كيىأإآٱةؤئ", "کییااااهوی"),
}
_SCRIPTS: Final = {"en": "LATIN", "ar": "ARABIC", "fa": "ARABIC"}
# No vocabulary joins more words of a phrase in one: "می‌خواهم" is typed with a space, or with none that can be seen.
_MOST_JOINED: Final = 3


@lru_cache(maxsize=16384)
def normalised(phrase: str, language: str) -> str:
    """Lower case, one space between words, no punctuation and no optional marks; each letter in one spelling.

    What stands in brackets, as `[unk]` and `<eps>` do, is no word and stays as it is.
    """
    if phrase[:1] in ("[", "<", "#"):
        return phrase
    text = _MARKS.sub("", unicodedata.normalize("NFKC", phrase).casefold())
    text = " ".join(_NOT_WORDS.sub(" ", text).split())
    letters = _LETTERS.get(_base(language))
    return text if letters is None else text.translate(letters)


def foreign_letters(word: str, language: str) -> list[str]:
    """The letters of a word that are of another script than the language's; none where that is not known."""
    script = _SCRIPTS.get(_base(language))
    return [c for c in word if script is not None and c.isalpha() and not unicodedata.name(c, "").startswith(script)]


class Spellings:
    """The words of a model by their normal forms."""

    def __init__(self, vocabulary: Collection[str], language: str) -> None:
        self._vocabulary = vocabulary
        self._language = language

    @cached_property
    def _by_form(self) -> dict[str, str]:
        """Made when it is needed: a large vocabulary takes a second."""
        found: dict[str, str] = {}
        for word in sorted(self._vocabulary):
            found.setdefault(normalised.__wrapped__(word, self._language), word)
        return found

    def find(self, word: str) -> str | None:
        """The model's own spelling of a word; None where the model does not know it."""
        return word if word in self._vocabulary else self._by_form.get(normalised(word, self._language))

    def phrase(self, phrase: str) -> str | None:
        """A phrase in the model's own spelling; None where it has a word that the model does not know."""
        found, missing = self._split(phrase)
        return None if missing or not found else " ".join(found)

    def unknown(self, phrase: str) -> list[str]:
        """The words of a phrase that the model does not know."""
        return self._split(phrase)[1]

    def _split(self, phrase: str) -> tuple[list[str], list[str]]:
        """The model's words of a phrase, the longest runs first, and the words that it does not have."""
        words = phrase.split()
        found: list[str] = []
        missing: list[str] = []
        at = 0
        while at < len(words):
            for length in range(min(_MOST_JOINED, len(words) - at), 0, -1):
                word = self.find(" ".join(words[at : at + length]))
                if word is not None:
                    found.append(word)
                    at += length
                    break
            else:
                missing.append(words[at])
                at += 1
        return found, missing


@lru_cache(maxsize=16)
def spellings_of(vocabulary: frozenset[str], language: str) -> Spellings:
    """The same for a vocabulary that is asked about again and again."""
    return Spellings(vocabulary, language)


def _base(language: str) -> str:
    return language.replace("_", "-").split("-", 1)[0].lower()
