"""One phrase for two things."""

from __future__ import annotations

from collections.abc import Iterator

from flows.document import Document, Path
from flows.engine.vocabulary import universal_phrases
from flows.lint.examples import menu_of
from flows.lint.rule import Rule, found
from flows.lint.texts import phrases_in
from flows.messages import key_name, key_phrases, universal_words, yes_no_phrases
from flows.parts import in_language
from flows.phrases import spelling_key
from flows.problems import Problem

ID = "phrase-clash"


def _check(document: Document) -> Iterator[Problem]:
    yield from _check_questions(document)
    yield from _check_universal(document)


def _check_questions(document: Document) -> Iterator[Problem]:
    flow = document.flow
    # The name of a key that is not offered may be a phrase: the Persian for "no" is spelt as that for nine.
    offered = {(said.node, said.keys) for said in phrases_in(document)}
    for language in flow.languages:
        universal = {spelling_key(phrase) for phrase in universal_phrases(flow, language)}
        names = {spelling_key(name): str(key) for key in range(10) for name in key_phrases(language, str(key))}
        taken: dict[tuple[str, str], tuple[str, int]] = {}
        for said in phrases_in(document):
            if language != (said.language or flow.languages[0]):
                continue
            for index, phrase in enumerate(said.phrases):
                path, key = (*said.path, index), spelling_key(phrase)
                if key in universal:
                    message = f'"{phrase}" always works and cannot stand for something else here'
                    yield found(ID, document, path, message)
                elif names.get(key, said.keys) != said.keys and (said.node, names[key]) in offered:
                    message = f'"{phrase}" means the key {names[key]}, but stands for {said.keys} here'
                    yield found(ID, document, path, message)
                elif taken.setdefault((said.node, key), (said.keys, document.where(path)[0]))[0] != said.keys:
                    line = taken[said.node, key][1]
                    yield found(ID, document, path, f'"{phrase}" stands for another choice already in line {line}')


def _check_universal(document: Document) -> Iterator[Problem]:
    """The flow's own universal phrases against each other, against yes and no, and against the names of keys."""
    flow = document.flow
    for language in flow.languages:
        fixed = {spelling_key(phrase): "yes or no" for phrase in yes_no_phrases(language)}
        fixed.update({spelling_key(key_name(language, str(digit))): "a key" for digit in range(10)})
        taken: dict[str, str] = {}
        for word in type(flow.phrases).model_fields:
            own = getattr(flow.phrases, word)
            if own is None and word == "language" and len(flow.languages) == 1:
                continue  # there is no other language, and nothing is heard for one
            phrases = universal_words(language)[word] if own is None else in_language(own, language)
            for index, phrase in enumerate(phrases):
                key = spelling_key(phrase)
                other = fixed.get(key) or taken.setdefault(key, word)
                if other != word:
                    path: Path = ("phrases", word, *_language(own, language), index) if own else ("phrases", other)
                    yield found(ID, document, path, f'"{phrase}" for {word} means {other} already')


def _language(written: object, language: str) -> tuple[str, ...]:
    return (language,) if isinstance(written, dict) else ()


RULE = Rule(
    id=ID,
    level="error",
    title="One phrase for two things",
    why="Who says it would get one of them by chance. Phrases are compared as they are heard: capitals, marks and the "
    "spellings of one letter count for nothing. The universal words always work, and so do the names of the keys "
    "that are offered.",
    fails=(
        menu_of(("1", "opening hours", "our hours"), ("2", '"Opening  hours!"', "an order")),
        menu_of(("1", "agent", "our hours")),
        menu_of(("1", "two", "our hours"), ("2", "order", "an order")),
        "phrases:\n  back: ['yes']",
        "phrases:\n  person: [help]",
    ),
    passes=(
        menu_of(("1", "opening hours, one, nine", "our hours"), ("2", "order", "an order")),
        "phrases:\n  person: [somebody]",
    ),
    check=_check,
)
