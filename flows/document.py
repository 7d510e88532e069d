"""A flow together with the text that it was read from, so that a mistake can be shown where it stands."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator
from functools import cached_property
from itertools import accumulate

import msgspec

from flows.model import Flow

Path = tuple[str | int, ...]


class Spot(msgspec.Struct, frozen=True):
    """Where one value of the YAML stands, and those inside of it; offsets count characters of the text from 0.

    `key_start` is where the word before it begins, or the value itself in a list.
    """

    start: int
    end: int
    children: dict[str | int, Child] = {}
    # The text of a scalar that was written as text; None for a list, a mapping, a number, true, false, null.
    text: str | None = None


class Child(msgspec.Struct, frozen=True):
    """A value and where it, or the word before it, begins and ends."""

    key_start: int
    key_end: int
    spot: Spot


class Text(msgspec.Struct, frozen=True, dict=True):
    """The text of a file with `\\n` at the ends of lines, and what stands where in it."""

    source: str
    root: Spot

    @cached_property
    def lines(self) -> tuple[str, ...]:
        """The lines, without their ends."""
        return tuple(self.source.split("\n"))

    @cached_property
    def _starts(self) -> list[int]:
        return [0, *accumulate(len(line) + 1 for line in self.lines)]

    def place(self, offset: int) -> tuple[int, int]:
        """Line and column, from 1, of a character."""
        line = bisect_right(self._starts, offset, hi=len(self.lines))
        return line, offset - self._starts[line - 1] + 1

    def where(self, path: Path) -> tuple[int, int]:
        """Line and column, from 1, of the deepest part of `path` that stands in the file: of its word, if it has one.

        Parts that stand nowhere in the file, such as the tags of unions, are skipped.
        """
        return self.place(self.deepest(path).key_start)

    def where_value(self, path: Path) -> tuple[int, int]:
        """The same for the value after the word."""
        return self.place(self.deepest(path).spot.start)

    def end_column(self, path: Path) -> int:
        """The column after the word (in a list: the value) that `where` points at; 0 where it spans lines."""
        child = self.deepest(path)
        line, column = self.place(child.key_end)
        return column if line == self.place(child.key_start)[0] else 0

    def value_end_column(self, path: Path) -> int:
        """The column after the value that `where_value` points at; 0 where it spans lines."""
        spot = self.deepest(path).spot
        line, column = self.place(spot.end)
        return column if line == self.place(spot.start)[0] else 0

    def spelling(self, path: Path) -> str:
        """The deepest value of the path as it is written in the file."""
        spot = self.deepest(path).spot
        return self.source[spot.start : spot.end].rstrip()

    def inside(self, path: Path, offset: int) -> tuple[int, int]:
        """Line and column, from 1, of a character of the text at `path`; `offset` counts its characters from 0."""
        spot = self.deepest(path).spot
        if spot.text is None:
            return self.place(spot.start)
        return self.place(_aligned(self.source, spot, offset))

    def has(self, path: Path) -> bool:
        """Whether every part of the path stands in the file."""
        here = self.root
        for part in path:
            if part not in here.children:
                return False
            here = here.children[part].spot
        return True

    def deepest(self, path: Path) -> Child:
        """The deepest part of `path` that stands in the file."""
        found = Child(self.root.start, self.root.start, self.root)
        for index, part in enumerate(path):
            children = found.spot.children
            if part not in children:
                continue
            child, after = children[part], path[index + 1 : index + 2]
            if after and not child.spot.children and after[0] in children:
                continue  # the tag of a union that is called like one of the words beside it
            found = child
        return found


class Document(msgspec.Struct, frozen=True, eq=False):
    """A flow that obeys the schema, and its text; one document equals only itself, so that analyses can be kept by it.

    `file_exists` tells whether a path beside the flow is a file, `audio_problem` why one that is cannot be played
    (None: it can); None where nobody can tell.
    """

    flow: Flow
    file: str
    text: Text
    file_exists: Callable[[str], bool] | None = None
    audio_problem: Callable[[str], str | None] | None = None

    @property
    def lines(self) -> tuple[str, ...]:
        """The lines of the file, without their ends."""
        return self.text.lines

    def where(self, path: Path) -> tuple[int, int]:
        """Line and column, from 1, of the deepest part of `path` that stands in the file."""
        return self.text.where(path)


_SIMPLE_ESCAPE_LENGTH = 2
_LONG_ESCAPES = {"x": 4, "u": 6, "U": 10}


def _aligned(source: str, spot: Spot, offset: int) -> int:
    """Where the character `offset` of a scalar's text stands in the source.

    The two are walked side by side: line breaks and the blanks around them are one blank (or as many breaks) in the
    text, a quote may be doubled, and an escape is one character.
    """
    steps = _characters(source, spot)
    end = spot.start
    for index, character in enumerate(spot.text or ""):
        place = next((place for place, written in steps if _same(character, written)), None)
        if place is None or index == offset:
            return end if place is None else place
        end = place + 1
    return min(end, spot.end)


def _same(character: str, written: str) -> bool:
    """Whether a character of the text may be what is written, "" being any."""
    return written in (character, "") or (character.isspace() and written.isspace())


def _characters(source: str, spot: Spot) -> Iterator[tuple[int, str]]:
    """The characters of a scalar as written: offset, and the character or "" for an escape that may mean any."""
    opening = source[spot.start : spot.start + 1]
    position, end = spot.start, spot.end
    if opening in {"'", '"'}:
        position, end = position + 1, end - 1
    elif opening in {"|", ">"}:
        position = source.find("\n", position) + 1
    while position < end:
        character = source[position]
        length = 1
        if opening == '"' and character == "\\":
            length = _LONG_ESCAPES.get(source[position + 1], _SIMPLE_ESCAPE_LENGTH)
            if source[position + 1] != "\n":  # before a line break it only joins the lines
                yield position, ""
        elif opening == "'" and source.startswith("''", position):
            length = 2
            yield position, character
        else:
            yield position, character
        position += length
