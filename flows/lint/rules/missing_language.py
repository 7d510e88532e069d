"""Texts that are not written in every language of the flow."""

from __future__ import annotations

from collections.abc import Iterator

from flows.document import Document
from flows.lint.rule import Rule, found
from flows.lint.texts import written_in
from flows.parts import languages_of
from flows.problems import Problem

ID = "missing-language"


def _check(document: Document) -> Iterator[Problem]:
    languages = document.flow.languages
    for written in written_in(document):
        missing = [name for name in languages if name not in languages_of(written.value, languages[0])]
        if missing:
            word = written.path[-1] if isinstance(written.path[-1], str) else written.path[-2]
            message = f"{word} is not written in {', '.join(missing)}; this flow speaks {', '.join(languages)}"
            yield found(ID, document, written.path, message, known=languages)


RULE = Rule(
    id=ID,
    level="error",
    title="A language is missing",
    why="Where a language is missing, its callers hear another one. Every prompt, label, phrase list, help, re-prompt, "
    "reason and message of a flow with several languages is written in each of them; a plain text counts for the "
    "first.",
    fails=(
        "languages: [en, fa]\nnodes:\n  main: {type: say, prompt: Hello., next: goodbye}",
        "languages: [en, fa]\nphrases:\n  help: [assist]",
    ),
    passes=("languages: [en, fa]\nnodes:\n  main: {type: say, prompt: {en: Hello., fa: سلام.}, next: goodbye}",),
    check=_check,
)
