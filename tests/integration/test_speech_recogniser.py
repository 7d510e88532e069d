"""The recogniser with the shipped model: words, and their media times."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from media_fixtures import MODEL_NAME, needs_model, needs_voice, quiet, spoken

from speech.child import StreamLostError
from speech.grammar import Digits, Grammar, unknown_words, vosk_phrases
from speech.models import find_model
from speech.pool import RecogniserPool
from speech.recognition import Hypothesis, Word
from speech.vosk_recogniser import Recogniser, load_model

pytestmark = [needs_model, needs_voice]

NUMBER = Grammar(language="en", phrases={"agent": "person", "yes": "yes", "no": "no"}, digits=Digits(min=1, max=8))


@pytest.fixture(scope="module")
def model() -> Any:
    return load_model(find_model(MODEL_NAME, Path("data")).path)


def feed(recogniser: Recogniser, audio: bytes, from_ms: int) -> list[str]:
    words: list[str] = []
    for at in range(0, len(audio), 800):
        words = recogniser.feed(from_ms + at // 8, audio[at : at + 800]).words
    return words


def best(recogniser: Recogniser) -> list[Word]:
    found = recogniser.finish()
    return list(found[0].words) if found else []


def test_the_shipped_model_knows_every_digit_and_the_universal_words() -> None:
    shipped = find_model(MODEL_NAME, Path("data"))
    assert shipped.rate_hz == 8000
    assert unknown_words(NUMBER, shipped.vocabulary) == []


def test_digits_are_heard_and_their_times_follow_the_media_clock(model: Any) -> None:
    recogniser = Recogniser(model, vosk_phrases(NUMBER))
    audio = spoken("five, one, eight, two") + quiet(600)
    assert feed(recogniser, audio, 50_000)[-4:] == ["five", "one", "eight", "two"]
    words = best(recogniser)
    assert [word.text for word in words] == ["five", "one", "eight", "two"]
    assert 50_000 <= words[0].start_ms < words[-1].end_ms <= 50_000 + len(audio) // 8
    assert all(first.end_ms <= second.start_ms for first, second in itertools.pairwise(words))


def test_one_decode_tells_what_else_may_have_been_said(model: Any) -> None:
    recogniser = Recogniser(model, vosk_phrases(NUMBER))
    feed(recogniser, spoken("oh, four, no") + quiet(600), 0)
    found = recogniser.finish()
    texts = [" ".join(word.text for word in hypothesis.words) for hypothesis in found]
    assert 1 < len(texts) == len(set(texts)) <= 6
    assert texts[0] == "oh four no"
    assert [hypothesis.score for hypothesis in found] == sorted((one.score for one in found), reverse=True)
    assert all(0.0 < word.confidence <= 1.0 for hypothesis in found for word in hypothesis.words)


def test_long_silence_before_speech_moves_neither_words_nor_times(model: Any) -> None:
    recogniser = Recogniser(model, vosk_phrases(NUMBER))
    feed(recogniser, quiet(23_000), 0)
    feed(recogniser, spoken("agent") + quiet(500), 23_000)
    (word,) = best(recogniser)
    assert word.text == "agent"
    assert 23_600 <= word.end_ms <= 25_500


def test_after_an_utterance_the_next_one_is_heard_by_itself(model: Any) -> None:
    recogniser = Recogniser(model, vosk_phrases(NUMBER))
    first = spoken("agent") + quiet(500)
    feed(recogniser, first, 0)
    assert [word.text for word in best(recogniser)] == ["agent"]
    feed(recogniser, spoken("three, four") + quiet(500), len(first) // 8)
    words = best(recogniser)
    assert [word.text for word in words] == ["three", "four"]
    assert words[0].end_ms > len(first) // 8 + 600


def test_a_pause_that_the_engine_takes_for_an_end_does_not_lose_the_first_half(model: Any) -> None:
    recogniser = Recogniser(model, vosk_phrases(NUMBER))
    feed(recogniser, spoken("five, one") + quiet(3000), 0)
    said = feed(recogniser, spoken("eight, two") + quiet(500), 10_000)
    assert [word.text for word in best(recogniser)] == ["five", "one", "eight", "two"]
    assert said[:2] == ["five", "one"]


def test_silence_has_no_words(model: Any) -> None:
    recogniser = Recogniser(model, vosk_phrases(NUMBER))
    feed(recogniser, quiet(3000), 0)
    assert recogniser.finish() == []


def best_words(hypotheses: list[Hypothesis]) -> list[str]:
    return [word.text for word in hypotheses[0].words]


@pytest.fixture
async def pool() -> AsyncIterator[RecogniserPool]:
    made = RecogniserPool({"en": find_model(MODEL_NAME, Path("data")).path}, 1)
    made.start()
    await made.wait_ready()
    yield made
    await made.stop()


async def test_streams_of_one_child_keep_their_own_phrases_and_words(pool: RecogniserPool) -> None:
    digits, person = await pool.open("en", vosk_phrases(NUMBER)), await pool.open("en", ["agent", "[unk]"])
    one, two = spoken("three, four") + quiet(800), spoken("agent") + quiet(1000)
    for at in range(0, max(len(one), len(two)), 800):
        for stream, audio in ((digits, one), (person, two)):
            if at < len(audio):
                await stream.feed(at // 8, audio[at : at + 800])
    assert best_words(await digits.finish()) == ["three", "four"]
    assert best_words(await person.finish()) == ["agent"]


async def test_a_reset_forgets_what_was_said_and_changes_the_phrases(pool: RecogniserPool) -> None:
    stream = await pool.open("en", vosk_phrases(NUMBER))
    half = spoken("three, four")
    for at in range(0, len(half), 800):
        await stream.feed(at // 8, half[at : at + 800])
    await stream.reset("en", ["agent", "yes", "[unk]"])
    audio = spoken("yes") + quiet(500)
    for at in range(0, len(audio), 800):
        await stream.feed(90_000 + at // 8, audio[at : at + 800])
    best, *_ = await stream.finish()
    (word,) = best.words
    assert word.text == "yes"
    assert word.start_ms >= 90_000


async def test_a_closed_stream_is_lost_and_its_neighbour_is_not(pool: RecogniserPool) -> None:
    other = await pool.open("en", vosk_phrases(NUMBER))
    stream = await pool.open("en", ["agent"])
    stream.close()
    with pytest.raises(StreamLostError):
        await stream.feed(0, quiet(100))
    assert (await other.feed(0, quiet(100))).words == []
