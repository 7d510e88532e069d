"""Problems as text for people, as JSON, and as GitHub's annotations."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from flows.problems import Problem

# What is shown of a source line, in columns of a terminal.
WIDTH: Final = 100
BEFORE_MISTAKE: Final = 60
TAB_WIDTH: Final = 4
CUT: Final = "…"


def as_text(problems: Iterable[Problem], sources: Mapping[str, Sequence[str]]) -> str:
    """Each problem, its source line and a caret under the mistake; `sources` has the lines of each file."""
    return "\n".join(_told(problem, sources.get(problem.file, ())) for problem in sorted(problems))


def summary(problems: Sequence[Problem], files: int) -> str:
    """How many problems of which level there are."""
    errors = sum(problem.level == "error" for problem in problems)
    return f"{_count(errors, 'error')}, {_count(len(problems) - errors, 'warning')} in {_count(files, 'file')}"


def as_json(problems: Iterable[Problem]) -> str:
    """A list of objects with the fields of `flows.problems.Problem`."""
    return json.dumps(
        [
            {
                "file": problem.file,
                "line": problem.line,
                "column": problem.column,
                "end_column": problem.end_column or None,
                "level": problem.level,
                "rule": problem.rule,
                "message": problem.message,
                "known": list(problem.known),
            }
            for problem in sorted(problems)
        ],
        ensure_ascii=False,
        indent=2,
    )


def as_github(problems: Iterable[Problem]) -> str:
    """Workflow commands that GitHub shows beside the lines.

    Source: https://docs.github.com/en/actions/reference/workflow-commands-for-github-actions, and for the escapes
    actions/toolkit, packages/core/src/command.ts.
    """
    return "\n".join(_annotation(problem) for problem in sorted(problems))


def _annotation(problem: Problem) -> str:
    fields = {"file": problem.file, "line": str(problem.line), "col": str(problem.column)}
    if problem.end_column:
        fields["endColumn"] = str(problem.end_column)
    fields["title"] = problem.rule
    written = ",".join(f"{name}={_property(value)}" for name, value in fields.items())
    return f"::{problem.level} {written}::{_data(problem.message)}"


def _data(value: str) -> str:
    return value.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(value: str) -> str:
    return _data(value).replace(":", "%3A").replace(",", "%2C")


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _told(problem: Problem, lines: Sequence[str]) -> str:
    head = f"{problem.file}:{problem.line}:{problem.column}: {problem.level}: {problem.message} [{problem.rule}]"
    if not 1 <= problem.line <= len(lines) or not lines[problem.line - 1].strip():
        return head
    return f"{head}\n{_shown(lines[problem.line - 1], problem)}"


def _shown(line: str, problem: Problem) -> str:
    """The source line, and the mistake marked below it."""
    column = min(problem.column - 1, len(line))
    end = problem.end_column - 1 if problem.end_column > problem.column else column + 1
    visible, start, end = _clipped(_visible(line), column, min(end, len(line)))
    if _is_right_to_left(visible):
        # A terminal turns such lines round: a caret would stand under another word, so the mistake is repeated.
        marked = visible[start : max(end, start + 1)].strip()
        return f"    {visible}\n    here: {marked}" if marked else f"    {visible}"
    carets = "^" * max(1, _cells(visible[start:end]))
    return f"    {visible}\n    {' ' * _cells(visible[:start])}{carets}".replace("\t", " " * TAB_WIDTH)


def _visible(line: str) -> str:
    """The line with marks in place of characters that would move the cursor or hide."""
    return re.sub("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]", "\ufffd", line)


def _clipped(line: str, start: int, end: int) -> tuple[str, int, int]:
    """A part of a long line around the mistake, and where the mistake is in it."""
    if len(line) <= WIDTH:
        return line, start, end
    first = max(0, start - BEFORE_MISTAKE)
    last = first + WIDTH
    before = CUT if first else ""
    after = CUT if last < len(line) else ""
    moved = len(before) - first
    return before + line[first:last] + after, start + moved, min(end, last) + moved


def _cells(text: str) -> int:
    """How many columns of a terminal a text takes: wide characters two, marks none."""
    return sum(_cell(character) for character in text)


def _cell(character: str) -> int:
    if character == "\t":
        return TAB_WIDTH
    if unicodedata.category(character) in {"Mn", "Me", "Cf"}:
        return 0
    return 2 if unicodedata.east_asian_width(character) in {"W", "F"} else 1


def _is_right_to_left(text: str) -> bool:
    return any(unicodedata.bidirectional(character) in {"R", "AL"} for character in text)
