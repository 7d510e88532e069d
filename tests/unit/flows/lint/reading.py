"""Reads the fragments of the tests."""

from __future__ import annotations

from flows.document import Document
from flows.lint import lint
from flows.lint.examples import completed
from flows.loader import read_document
from flows.problems import Problem


def document_of(fragment: str) -> Document:
    """A document around a fragment."""
    return read_document(completed(fragment).encode(), "flow.yaml")


def found(fragment: str, rule: str) -> list[Problem]:
    """The problems of one rule in a fragment."""
    return lint(document_of(fragment), rules=[rule])


def messages(fragment: str, rule: str) -> list[str]:
    """Their levels and messages."""
    return [f"{problem.level}: {problem.message}" for problem in found(fragment, rule)]
