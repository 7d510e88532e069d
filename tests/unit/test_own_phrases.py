"""Whatever the engine itself listens for, the shipped models know: nobody has to spell "thirtieth" for them."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator
from types import ModuleType

import pytest

from flows.lint.texts import options_of
from flows.loader import load_flow
from flows.messages import ar, en, universal_words, yes_no_phrases
from flows.model import Flow
from flows.nodes import Choice
from flows.parts import in_language
from flows.speaking.heard import day_phrases, window_phrases
from ivr.settings import EXAMPLE_FLOW
from speech.lexicon.spelling import Spellings
from speech.models import SHIPPED_DIR, read_model

MODULES: dict[str, ModuleType] = {"en": en, "ar": ar}
LANGUAGES = pytest.mark.parametrize("language", MODULES)
EXAMPLES = EXAMPLE_FLOW.parent
SLOT = re.compile(r"\{\w+\}")
FIRST = datetime.date(2026, 1, 1)


def vocabulary(language: str) -> Spellings:
    return Spellings(read_model(SHIPPED_DIR / f"telephone-{language}").vocabulary, language)


def days(language: str) -> Iterator[str]:
    """Every day of a year and the first of later ones, seen from itself, the day before it and long before it."""
    for number in (*range(366), *range(366, 5 * 366, 30)):
        day = FIRST + datetime.timedelta(days=number)
        for ahead in (0, 1, 3, 10):
            yield from day_phrases(language, day, today=day - datetime.timedelta(days=ahead))


def windows(language: str) -> Iterator[str]:
    for quarter in range(24 * 4):
        starts = datetime.datetime.combine(FIRST, datetime.time()) + datetime.timedelta(minutes=15 * quarter)
        for minutes in (30, 60, 120, 240):
            yield from window_phrases(language, starts, starts + datetime.timedelta(minutes=minutes))


def fixed(language: str) -> Iterator[str]:
    for phrases in universal_words(language).values():
        yield from phrases
    yield from yes_no_phrases(language)
    for phrases in MODULES[language].CHOICES.values():
        yield from phrases


def chosen(flow: Flow, language: str) -> Iterator[str]:
    """What the flow's author expects to hear, as it is written."""
    for node in flow.all_nodes.values():
        for _, option in options_of(node):
            yield from in_language(option.phrases if isinstance(option, Choice) else option.examples, language)


@LANGUAGES
@pytest.mark.parametrize("said", [days, windows, fixed])
def test_the_shipped_model_knows_every_word_of_the_engines_own_phrases(language: str, said: object) -> None:
    known = vocabulary(language)
    assert callable(said)
    assert {word: phrase for phrase in set(said(language)) for word in known.unknown(phrase)} == {}


@LANGUAGES
@pytest.mark.parametrize("flow", ["clinic/clinic", "shop/shop", "city_office/city_office"])
def test_the_shipped_model_knows_what_the_callers_of_the_examples_may_say(language: str, flow: str) -> None:
    known = vocabulary(language)
    phrases = {SLOT.sub("", phrase) for phrase in chosen(load_flow(EXAMPLES / f"{flow}.yaml"), language)}
    assert phrases
    assert {word: phrase for phrase in phrases for word in known.unknown(phrase)} == {}
