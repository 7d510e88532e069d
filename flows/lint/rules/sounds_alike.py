"""Phrases of one question that sound alike."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from flows.document import Document, Path
from flows.engine.vocabulary import universal_phrases
from flows.lint.examples import menu_of
from flows.lint.rule import Rule, found
from flows.lint.sounds import sound_alike
from flows.lint.texts import phrases_in
from flows.phrases import spelling_key
from flows.problems import Problem

ID = "sounds-alike"


def _check(document: Document) -> Iterator[Problem]:
    flow = document.flow
    for language in flow.languages:
        universal = universal_phrases(flow, language)
        questions: dict[str, list[tuple[str, str, Path]]] = {}
        for said in phrases_in(document):
            if language == (said.language or flow.languages[0]):
                questions.setdefault(said.node, []).extend(
                    (phrase, said.keys, (*said.path, index))
                    for index, phrase in enumerate(said.phrases)
                    if "{" not in phrase
                )
        for phrases in questions.values():
            for (one, key, _), (other, other_key, path) in combinations(phrases, 2):
                if key != other_key and _confused(one, other, language):
                    message = f'"{other}" sounds like "{one}", which stands for {key}'
                    yield found(ID, document, path, message, level="warning")
            for phrase, _, path in phrases:
                near = next((word for word in universal if _confused(phrase, word, language)), None)
                if near is not None:
                    message = f'"{phrase}" sounds like "{near}", which always works'
                    yield found(ID, document, path, message, level="warning")


def _confused(first: str, second: str, language: str) -> bool:
    # Equal phrases are a clash, which is a mistake of its own.
    return spelling_key(first) != spelling_key(second) and sound_alike(first, second, language)


RULE = Rule(
    id=ID,
    level="warning",
    title="Phrases that sound alike",
    why="On a telephone line the recogniser, and many a caller, cannot tell them apart: the caller is asked again, or "
    "gets the other choice. Choose words that differ in more than a sound.",
    fails=(
        menu_of(("1", "billing", "a bill"), ("2", "building", "a building")),
        "languages: [fa]\n" + menu_of(("1", "حساب", "حساب"), ("2", "هساب", "دیگر"), prompt="چه می‌خواهید؟"),
    ),
    passes=(menu_of(("1", "invoices", "a bill"), ("2", "building", "a building")),),
    check=_check,
)
