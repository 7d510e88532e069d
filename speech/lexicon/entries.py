"""The operators' word file: one word a line, spelled with phones.

    # what callers say at our desk
    billing   B IH L IH NG
    either    IY DH ER / AY DH ER

A word may stand in several lines, with another pronunciation in each.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Collection, Sequence
from typing import Final, Literal

import msgspec

from speech.lexicon.phones import PHONES
from speech.lexicon.sounds_alike import phone_distance
from speech.lexicon.spelling import foreign_letters, normalised

# Source: ours. A closed list of more words is better heard by a model with an open vocabulary.
MOST_WORDS: Final = 1000
MOST_PHONES: Final = 40
MOST_BYTES: Final = 1_000_000
# Below this, a cough or a click is the word. Source: ours; 90 ms, the shortest word of our tables ("a") has 60.
SHORTEST_STATES: Final = 3
_NEAREST: Final = 3
# What other lists of pronunciations call our phones. Source: the CMU dictionary and festival; TIMIT.
_OTHER_NAMES: Final = {
    "AX": "AH", "IX": "IH", "AXR": "ER", "UX": "UW", "H": "HH", "HV": "HH", "J": "JH", "C": "K", "DX": "T",
    "EL": "AH L", "EM": "AH M", "EN": "AH N", "NX": "N", "WH": "W", "KH": "X", "E": "EH", "O": "OW",
}  # fmt: skip

Level = Literal["error", "warning"]


class WordProblem(msgspec.Struct, frozen=True, order=True):
    """One mistake in a word file; lines count from 1."""

    line: int
    message: str
    level: Level = "error"


class WordFile(msgspec.Struct, frozen=True):
    """The words of a file with their pronunciations, in its order, and all that is wrong with it."""

    lexicon: dict[str, tuple[str, ...]]
    problems: tuple[WordProblem, ...]
    lines: dict[str, int]

    @property
    def errors(self) -> tuple[WordProblem, ...]:
        """The problems that no model is built with."""
        return tuple(problem for problem in self.problems if problem.level == "error")


def read_words(content: bytes, language: str, phones: Collection[str], *, most: int = MOST_WORDS) -> WordFile:
    """Read a word file.

    Args:
        content: the file; UTF-8.
        language: what the words are of ("en").
        phones: those that the model has.
        most: how many words there may be.

    Never raises: what is wrong is in `problems`, and lines that are wrong add nothing.
    """
    if len(content) > MOST_BYTES:
        return WordFile({}, (WordProblem(1, f"the file is larger than {MOST_BYTES} bytes: no word file"),), {})
    reader = _Reader(language, phones)
    for number, line in enumerate(content.removeprefix(b"\xef\xbb\xbf").splitlines(), 1):
        try:
            reader.line(number, line.decode("utf-8"))
        except UnicodeDecodeError:
            reader.problem(number, "this is no UTF-8; save the file in that encoding")
    if not reader.lexicon and not reader.problems:
        reader.problem(1, "there is no word in it; a line is a word and its phones: billing  B IH L IH NG")
    if len(reader.lexicon) > most:
        reader.problem(list(reader.lines.values())[most], f"from here on there are more than {most} words")
    return WordFile(reader.lexicon, tuple(sorted(reader.problems)), reader.lines)


class _Reader:
    def __init__(self, language: str, phones: Collection[str]) -> None:
        self.lexicon: dict[str, tuple[str, ...]] = {}
        self.problems: list[WordProblem] = []
        self.lines: dict[str, int] = {}
        self._language = language
        self._phones = phones
        self._forms: dict[str, tuple[str, int]] = {}

    def problem(self, line: int, message: str, level: Level = "error") -> None:
        self.problems.append(WordProblem(line, message, level))

    def line(self, number: int, line: str) -> None:
        text = unicodedata.normalize("NFC", line.partition("#")[0] if line.lstrip()[:1] != "#" else "")
        if not text.strip():
            return
        control = sorted({f"U+{ord(c):04X}" for c in text if unicodedata.category(c) == "Cc" and c != "\t"})
        if control:
            self.problem(number, f"control characters: {', '.join(control)}; take them out")
            return
        word, said = _parted(text)
        if self._language == "en":
            word = word.lower()
        if self._is_wrong(number, word):
            return
        pronunciations = [part.upper().split() for part in said.split("/")]
        if not all(pronunciations):
            what = "a pronunciation is empty" if any(pronunciations) else f'"{word}" has no pronunciation'
            self.problem(number, f"{what}; write its phones after it: billing  B IH L IH NG")
            return
        # The CMU dictionary marks stress by a digit.
        rows = [[re.sub(r"(?<=[A-Z])[012]$", "", phone) for phone in row] for row in pronunciations]
        unknown = list(dict.fromkeys(phone for row in rows for phone in row if phone not in self._phones))
        for phone in unknown:
            self.problem(number, f'there is no phone "{phone}" {_instead(phone, self._phones, self._language)}')
        if not unknown:
            self._add(number, word, rows)

    def _is_wrong(self, number: int, word: str) -> bool:
        form = normalised(word, self._language)
        if any(character.isspace() for character in word):
            parts = ", ".join(f'"{part}"' for part in word.split())
            self.problem(number, f'"{word}" is several words: give each a line of its own ({parts}); phrases need none')
        elif word[0] in "[<#" or not form:
            self.problem(number, f'"{word}" is no word that somebody says')
        else:
            twin, line = self._forms.setdefault(form, (word, number))
            if twin == word:
                return False
            self.problem(number, f'"{word}" is "{twin}" of line {line} in another spelling; keep one of them')
        return True

    def _add(self, number: int, word: str, rows: Sequence[Sequence[str]]) -> None:
        if odd := foreign_letters(word, self._language):
            self.problem(number, f'"{word}" has letters that {self._language} is not written with: {odd[0]}', "warning")
        for row in rows:
            said = " ".join(row)
            if said in self.lexicon.get(word, ()):
                where = f" in line {self.lines[word]}" if self.lines[word] != number else ""
                self.problem(number, f'"{word}" has this pronunciation already{where}: {said}')
                continue
            if len(row) > MOST_PHONES:
                self.problem(number, f'"{word}" has {len(row)} phones; a word has at most {MOST_PHONES}')
                continue
            if sum(PHONES[phone].states for phone in row) < SHORTEST_STATES:
                self.problem(number, f'"{word}" is so short ({said}) that any noise may be it', "warning")
            self.lines.setdefault(word, number)
            self.lexicon[word] = (*self.lexicon.get(word, ()), said)


def _parted(text: str) -> tuple[str, str]:
    """The word and its phones: what stands before the first wide gap, or else before the first space."""
    text = text.strip()
    wide = re.search(r"\t+\s*| {2,}", text)
    if wide is None:
        word, _, said = text.partition(" ")
        return word, said
    return text[: wide.start()], text[wide.end() :]


def _instead(phone: str, phones: Collection[str], language: str) -> str:
    """What may have been meant, most likely first."""
    known = sorted(phones)
    other = _OTHER_NAMES.get(phone)
    if other is not None and all(part in phones for part in other.split()):
        return f"(it is {other} here)"
    if phone in PHONES:
        near = sorted(known, key=lambda name: phone_distance(phone, name))[:_NEAREST]
        return f"in the model's {language} (nearest: {', '.join(near)})"
    near = difflib.get_close_matches(phone, known, n=_NEAREST, cutoff=0.5)
    return f"(did you mean {', '.join(near)}?)" if near else f"(there are: {' '.join(known)})"
