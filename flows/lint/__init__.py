"""Checks flows for what the schema cannot see."""

from __future__ import annotations

from collections.abc import Callable, Collection

import msgspec

from flows.document import Document
from flows.lint.registry import RULES
from flows.problems import Problem


def lint(
    document: Document,
    *,
    rules: Collection[str] | None = None,
    file_exists: Callable[[str], bool] | None = None,
    audio_problem: Callable[[str], str | None] | None = None,
) -> list[Problem]:
    """Every problem of a flow that obeys the schema, in the order of the file.

    `rules` limits the check to some rules, by id; `file_exists` tells whether a path beside the flow is a file,
    `audio_problem` why one cannot be played as a recording.
    """
    document = msgspec.structs.replace(document, file_exists=file_exists, audio_problem=audio_problem)
    chosen = [rule for rule in RULES.values() if rules is None or rule.id in rules]
    return sorted({problem for rule in chosen for problem in rule.check(document)})
