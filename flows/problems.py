"""Mistakes of a flow's author, as values that can be sorted, printed and tested."""

from __future__ import annotations

import msgspec


class Problem(msgspec.Struct, frozen=True, order=True):
    """One mistake, where it stands (lines and columns count from 1) and what to do about it."""

    file: str
    line: int
    column: int
    rule: str
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.message} [{self.rule}]"


class FlowError(Exception):
    """A flow file cannot be used; `problems` says why, line by line."""

    code = "flow"
    retryable = False

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = sorted(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))
