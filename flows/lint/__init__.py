"""Checks flows for what the schema cannot see."""

from __future__ import annotations

from flows.document import Document
from flows.lint.registry import RULES
from flows.problems import Problem


def lint(document: Document) -> list[Problem]:
    """Every problem of a flow that obeys the schema, in the order of the file."""
    return sorted({problem for rule in RULES.values() for problem in rule.check(document)})
