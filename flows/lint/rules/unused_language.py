"""Texts in a language that the flow does not speak."""

from __future__ import annotations

from collections.abc import Iterator

from flows.document import Document
from flows.lint.rule import Rule, found
from flows.lint.texts import written_in
from flows.problems import Problem

ID = "unused-language"


def _check(document: Document) -> Iterator[Problem]:
    languages = document.flow.languages
    for written in written_in(document):
        for language in written.value if isinstance(written.value, dict) else ():
            if language not in languages:
                message = f"nobody hears this: {language} is not among the flow's languages ({', '.join(languages)})"
                yield found(ID, document, (*written.path, language), message, level="warning", known=languages)


RULE = Rule(
    id=ID,
    level="warning",
    title="A language that the flow does not speak",
    why="Callers can only choose the languages that stand in `languages`; add it there, or leave the text out.",
    fails=("nodes:\n  main: {type: say, prompt: {en: Hello., fa: سلام.}, next: goodbye}",),
    passes=("nodes:\n  main: {type: say, prompt: {en: Hello.}, next: goodbye}",),
    check=_check,
)
