"""Phrases of which nothing is left to say."""

from __future__ import annotations

from collections.abc import Iterator

from flows.document import Document
from flows.lint.rule import Rule, found
from flows.lint.texts import written_in
from flows.phrases import normalised
from flows.problems import Problem

ID = "empty-phrase"


def _check(document: Document) -> Iterator[Problem]:
    for written in written_in(document):
        if written.what != "phrases":
            continue
        forms: dict[str, tuple[str, ...]] = written.value if isinstance(written.value, dict) else {"": written.value}
        for language, phrases in forms.items():
            path = (*written.path, language) if language else written.path
            for index, phrase in enumerate(phrases):
                if not normalised(phrase):
                    yield found(ID, document, (*path, index), f'"{phrase}" has no word that a caller could say')


RULE = Rule(
    id=ID,
    level="error",
    title="A phrase without a word",
    why="Only words can be said: a phrase of marks and blanks is never heard. If it is the only one for a universal "
    "word, that word is lost to the callers' voices.",
    fails=("phrases:\n  repeat: ['?']",),
    passes=("phrases:\n  repeat: [once more]",),
    check=_check,
)
