"""Mistakes of a flow's author, as values that can be sorted, printed and tested."""

from __future__ import annotations

import difflib
import heapq
from collections.abc import Iterable, Sequence
from typing import Final, Literal

import msgspec

# A message names all words up to this many, else a few of them.
MOST_WORDS: Final = 20
FEW_WORDS: Final = 8
# How many are compared letter by letter with what was written.
COMPARED_WORDS: Final = 60

Level = Literal["error", "warning"]


class Problem(msgspec.Struct, frozen=True, order=True):
    """One mistake, where it stands (lines and columns count from 1) and what to do about it."""

    file: str
    line: int
    column: int
    rule: str
    message: str
    level: Level = "error"
    # The column after the last one of the mistake, on the same line; 0 where it is not known.
    end_column: int = 0
    # The words that would have been right.
    known: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.message} [{self.rule}]"


class FlowError(Exception):
    """A flow file cannot be used; `problems` says why, line by line."""

    code = "flow"
    retryable = False

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = sorted(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


def known_words(wrong: str, known: Iterable[str], near: Sequence[str] | None = None) -> str:
    """What to write instead of a wrong word: ` (did you mean main? known: billing, main)`, or nothing to offer.

    `near` is the word that was meant, where that can be told better than by its letters.
    """
    words = sorted(known)
    near = near_words(wrong, words) if near is None else near
    meant = f"did you mean {near[0]}? " if near else ""
    more = ""
    if len(words) > MOST_WORDS:
        more = f" and {len(words) - FEW_WORDS} more"
        words = _likeliest(wrong, words, FEW_WORDS)
    return f" ({meant}known: {', '.join(words)}{more})" if words else ""


def near_words(wrong: str, known: Iterable[str]) -> list[str]:
    """The word that was probably meant, if there is one."""
    return difflib.get_close_matches(wrong, _likeliest(wrong, sorted(known), COMPARED_WORDS), n=1)


def _likeliest(wrong: str, words: list[str], count: int) -> list[str]:
    """The words that share most letters with the wrong one; to compare letter by letter takes long in a large flow."""
    letters = set(wrong)
    return heapq.nsmallest(count, words, key=lambda word: len(letters ^ set(word)) + abs(len(wrong) - len(word)))
