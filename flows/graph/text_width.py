"""How wide a text is, at most: a picture is made where no font can be measured."""

from __future__ import annotations

import unicodedata
from typing import Final

# Parts of the font size, rounded up from the advance widths of Verdana and DejaVu Sans, the widest fonts asked for.
_NARROW, _USUAL, _CAPITAL, _WIDE, _WIDEST = 0.40, 0.65, 0.80, 0.99, 1.10
_NARROW_LETTERS: Final = frozenset("iljtfrI.,:;|!'`()[] ")
_WIDE_LETTERS: Final = frozenset("mwMW@%")
_NO_WIDTH: Final = frozenset({"Mn", "Me", "Cf"})
# Bold is wider by about this much.
_BOLD: Final = 1.12


def text_width(text: str, size_px: int, *, bold: bool = False) -> float:
    """The most pixels that a text can take at a size."""
    return sum(map(_width, text)) * size_px * (_BOLD if bold else 1)


def wrapped(text: str, width: float, size_px: int, lines: int) -> list[str]:
    """The text in at most so many lines; a longer one ends in an ellipsis, a longer word is cut."""
    made: list[str] = []
    rest = text
    while rest and len(made) < lines:
        fits = len(rest)
        while text_width(rest[:fits], size_px) > width:
            fits -= 1
        if fits < len(rest):
            blank = rest.rfind(" ", 0, fits + 1)
            fits = blank if blank > 0 else fits
        made.append(rest[:fits].rstrip())
        rest = rest[fits:].lstrip()
    if rest:
        last = made[-1]
        while text_width(last + "\u2026", size_px) > width:
            last = last[:-1]
        made[-1] = last.rstrip() + "\u2026"
    return made


def _width(letter: str) -> float:
    if unicodedata.category(letter) in _NO_WIDTH:
        return 0
    if letter in _NARROW_LETTERS:
        return _NARROW
    if letter in _WIDE_LETTERS:
        return _WIDE
    if unicodedata.east_asian_width(letter) in "WF":
        return _WIDEST
    return _CAPITAL if letter.isupper() else _USUAL
