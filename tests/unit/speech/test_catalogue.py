"""What the catalogue promises of the official models."""

from __future__ import annotations

import re

from speech.catalogue import CATALOGUE, alternatives_to, offered
from speech.models import LANGUAGES, language_in


def test_every_language_has_a_model_that_can_be_used() -> None:
    assert {each.language for each in CATALOGUE if each.phrase_lists} == set(LANGUAGES)


def test_names_are_official_ones_and_tell_the_language() -> None:
    for each in CATALOGUE:
        assert re.fullmatch(r"vosk-model-(small-)?[a-z]{2}[a-z0-9.-]*", each.name)
        assert language_in(each.name) == each.language
    assert len({each.name for each in CATALOGUE}) == len(CATALOGUE)


def test_small_and_lgraph_models_take_phrase_lists_and_others_do_not() -> None:
    for each in CATALOGUE:
        assert each.phrase_lists == ("-small-" in each.name or each.name.endswith("-lgraph"))


def test_for_a_model_that_cannot_be_used_there_is_another_of_its_language() -> None:
    assert alternatives_to("vosk-model-fa-0.42") == ["vosk-model-small-fa-0.42", "vosk-model-small-fa-0.5"]
    assert alternatives_to("unknown") == []
    assert offered("unknown") is None
