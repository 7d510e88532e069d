"""Engines of libvosk are prepared ahead and used again, and nothing of what they heard is left."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from media_fixtures import MODEL_NAME, needs_model, needs_voice, quiet, spoken

from speech.models import find_model
from speech.protocol import Done, Feed, Finish, Partial, Prepare, Reset, Result
from speech.recognition import Capabilities, Hypothesis
from speech.vosk_child import Streams
from speech.vosk_recogniser import Engines, Recogniser, capabilities, load_model

pytestmark = needs_model

DIGITS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "[unk]"]
MENU = ["agent", "yes", "no", "[unk]"]


@pytest.fixture(scope="module")
def model() -> Any:
    return load_model(find_model(MODEL_NAME, Path("data")).path)


def hear(recogniser: Recogniser, audio: bytes, *, from_ms: int = 0, chunk: int = 800) -> list[Hypothesis]:
    for at in range(0, len(audio), chunk):
        recogniser.feed(from_ms + at // 8, audio[at : at + chunk])
    return recogniser.finish()


def test_what_the_recognisers_of_a_model_can_do() -> None:
    assert capabilities(find_model(MODEL_NAME, Path("data"))) == Capabilities(
        language="en", rate_hz=8000, phrase_lists=True, partials=True, alternatives=6, word_times=True
    )


def test_a_list_that_was_prepared_is_not_built_again(model: Any) -> None:
    engines = Engines(model)
    for _ in range(3):
        engines.prepare(DIGITS)
    assert engines.built == 1
    for _ in range(5):
        engines.recogniser(DIGITS).close()
    assert (engines.built, engines.idle) == (1, 1)
    engines.recogniser(MENU).close()
    assert (engines.built, engines.idle) == (2, 2)


def test_a_child_prepares_a_turns_list_and_builds_it_once_for_turn_after_turn(model: Any) -> None:
    streams = Streams({"en": model})
    engines = streams.engines["en"]
    assert streams.answer(Prepare("en", DIGITS)) is None
    assert streams.answer(Prepare("xx", DIGITS)) is None
    for turn in range(4):
        assert streams.answer(Prepare("en", DIGITS)) is None
        assert isinstance(streams.answer(Reset(7, "en", DIGITS)), Done)
        assert isinstance(streams.answer(Feed(7, 1000 * turn, quiet(100))), Partial)
        assert isinstance(streams.answer(Finish(7)), Result)
    # A stream that begins the next turn gives its engine back: the one that was prepared meanwhile is the second.
    assert engines.built == 2


def test_two_streams_with_one_list_have_an_engine_each(model: Any) -> None:
    engines = Engines(model)
    first, second = engines.recogniser(MENU), engines.recogniser(MENU)
    first.close()
    second.close()
    assert (engines.built, engines.idle) == (2, 2)


def test_the_longest_unused_list_is_dropped_where_there_are_too_many(model: Any) -> None:
    engines = Engines(model, idle_at_most=2)
    for phrases in (["one"], ["two"], ["three"]):
        engines.prepare(phrases)
    assert (engines.built, engines.idle) == (3, 2)
    engines.prepare(["three"])
    engines.prepare(["two"])
    assert engines.built == 3
    engines.prepare(["one"])
    assert engines.built == 4


@needs_voice
@pytest.mark.parametrize(
    "before", ["an utterance", "half an utterance", "silence", "a pause found by libvosk", "nothing"]
)
def test_a_used_engine_hears_the_same_bit_for_bit_as_a_new_one(model: Any, before: str) -> None:
    audio = spoken("five, one, eight, two") + quiet(600)
    engines = Engines(model)
    used = engines.recogniser(DIGITS)
    if before == "an utterance":
        hear(used, spoken("nine, three") + quiet(500))
    elif before == "half an utterance":
        for at in range(0, 9000, 700):
            used.feed(at // 8, spoken("three, four, seven")[at : at + 700])
    elif before == "silence":
        hear(used, quiet(2000))
    elif before == "a pause found by libvosk":
        # Fed until libvosk ends the utterance itself, so that there is no audio after its result.
        hear(used, spoken("nine"))
        for at in range(0, 80_000, 800):
            used.feed(at // 8, quiet(100))
    used.close()
    again = hear(engines.recogniser(DIGITS), audio, from_ms=50_000)
    assert engines.built == 1
    assert again == hear(Recogniser(model, DIGITS), audio, from_ms=50_000)


@needs_voice
@pytest.mark.parametrize("chunk", [1, 7, 160, 801, 100_000])
def test_pieces_of_any_size_give_the_same_words(model: Any, chunk: int) -> None:
    audio = spoken("five, one", speed=200) + quiet(300)
    found = hear(Recogniser(model, DIGITS), audio, chunk=chunk)
    assert [word.text for word in found[0].words] == ["five", "one"]


def test_one_byte_and_none_are_audio_too(model: Any) -> None:
    recogniser = Recogniser(model, DIGITS)
    assert recogniser.feed(0, b"").levels_dbfs == ()
    assert recogniser.finish() == []
    assert recogniser.feed(0, b"\xff").levels_dbfs == (-96.0,)
    assert recogniser.finish() == []
    assert len(recogniser.feed(7, b"\x00" * 161).levels_dbfs) == 2
