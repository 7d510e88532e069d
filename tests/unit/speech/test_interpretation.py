"""What words mean, and how far they are trusted."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from speech.grammar import Digits, Grammar, vosk_phrases
from speech.interpretation import Interpretation, Word, clipped, interpret, is_noise
from speech.recognition import Hypothesis

MENU = Grammar(
    language="en",
    phrases={"agent": "person", "operator": "person", "back": "back", "call me back": "callback", "yes": "yes"},
)
PIN = Grammar(language="en", phrases={"agent": "person", "nine": "nine-o"}, digits=Digits(min=2, max=4))


def said(text: str, *, confidence: float = 1.0, word_ms: int = 200, unknown_ms: int = 400) -> list[Word]:
    words, at_ms = [], 1000
    for word in text.split():
        length = unknown_ms if word == "[unk]" else word_ms
        words.append(Word(word, confidence, at_ms, at_ms + length))
        at_ms += length
    return words


def heard(words: list[Word]) -> list[Hypothesis]:
    return [Hypothesis(tuple(words), 0.0)]


def meaning(grammar: Grammar, text: str, **how: float) -> tuple[str | None, str | None, str]:
    found = interpret(grammar, heard(said(text, **how)))  # type: ignore[arg-type]
    return found.intent, found.value, found.band


def test_a_phrase_means_its_intent() -> None:
    found = interpret(MENU, heard(said("call me back")))
    assert (found.intent, found.value, found.band, found.text) == ("callback", None, "accept", "call me back")
    assert (found.started_ms, found.ended_ms) == (1000, 1600)


def test_half_a_phrase_and_a_phrase_too_many_mean_nothing() -> None:
    assert meaning(MENU, "call me") == (None, None, "reject")
    assert meaning(MENU, "yes back") == (None, None, "reject")


def test_a_repeated_phrase_and_two_phrases_of_one_intent_mean_it_once() -> None:
    assert meaning(MENU, "yes yes yes") == ("yes", None, "accept")
    assert meaning(MENU, "agent operator") == ("person", None, "accept")
    assert meaning(MENU, "call me back call me back") == ("callback", None, "accept")


def test_digits_carry_their_value() -> None:
    assert meaning(PIN, "one two double three") == ("digits", "1233", "accept")


def test_a_phrase_wins_over_the_digit_that_it_is() -> None:
    assert meaning(PIN, "nine") == ("nine-o", None, "accept")
    assert meaning(PIN, "nine nine") == ("digits", "99", "accept")


def test_too_few_and_too_many_digits_are_rejected() -> None:
    assert meaning(PIN, "one") == (None, None, "reject")
    assert meaning(PIN, "one two three four five") == (None, None, "reject")


def test_an_unknown_sound_among_digits_rejects_them_however_short() -> None:
    assert meaning(PIN, "one two [unk]", unknown_ms=100) == (None, None, "reject")
    assert meaning(PIN, "one [unk] two", unknown_ms=100) == (None, None, "reject")


def test_a_short_unknown_sound_beside_a_phrase_makes_it_a_question() -> None:
    assert meaning(MENU, "[unk] agent [unk]", unknown_ms=200) == ("person", None, "confirm")


def test_a_long_unknown_sound_beside_a_phrase_rejects_it() -> None:
    assert meaning(MENU, "agent [unk]", unknown_ms=500) == (None, None, "reject")
    assert meaning(MENU, "[unk] [unk] agent", unknown_ms=200) == (None, None, "reject")


def test_low_confidence_asks_and_a_very_short_utterance_is_rejected() -> None:
    assert meaning(MENU, "agent", confidence=0.3) == ("person", None, "confirm")
    assert meaning(MENU, "agent", word_ms=90) == (None, None, "reject")


def test_nothing_heard_is_rejected_without_an_error() -> None:
    found = interpret(MENU, [])
    assert (found.intent, found.band, found.text, found.confidence) == (None, "reject", "", 0.0)


def test_noise_is_no_words_or_one_short_unknown_sound() -> None:
    assert is_noise([])
    assert is_noise(said("[unk]", unknown_ms=250))
    assert not is_noise(said("[unk]", unknown_ms=350))
    assert not is_noise(said("[unk] [unk]", unknown_ms=100))
    assert not is_noise(said("agent"))


def test_words_are_clipped_to_the_stretch_in_which_the_caller_was_loud() -> None:
    words = [Word("call", 1.0, 0, 700), Word("me", 1.0, 700, 900), Word("back", 1.0, 900, 2500)]
    assert [(word.start_ms, word.end_ms) for word in clipped(words, 400, 1200)] == [(400, 700), (700, 900), (900, 1200)]
    assert [(word.start_ms, word.end_ms) for word in clipped(words[:1], 800, 900)] == [(800, 800)]


WORDS = st.lists(
    st.builds(
        lambda text, confidence, at, length: Word(text, confidence, at, at + length),
        st.sampled_from([*PIN.phrases, *vosk_phrases(PIN), "me", "[unk]"]),
        st.floats(0, 1),
        st.integers(0, 10_000),
        st.integers(0, 1000),
    ),
    max_size=8,
)


@settings(deadline=None)
@given(WORDS)
def test_there_is_an_intent_exactly_where_the_band_is_not_reject(words: list[Word]) -> None:
    found = interpret(PIN, heard(words))
    assert (found.intent is None) == (found.band == "reject")
    if found.value is not None:
        assert 2 <= len(found.value) <= 4
        assert "[unk]" not in found.text


@settings(deadline=None)
@given(WORDS, st.floats(0, 1))
def test_lower_confidence_never_raises_the_band(words: list[Word], factor: float) -> None:
    order = ("reject", "confirm", "accept")
    lower = [Word(w.text, w.confidence * factor, w.start_ms, w.end_ms) for w in words]
    assert order.index(interpret(PIN, heard(lower)).band) <= order.index(interpret(PIN, heard(words)).band)


def test_an_interpretation_is_a_value() -> None:
    assert isinstance(interpret(MENU, heard(said("yes"))), Interpretation)
    assert interpret(MENU, heard(said("yes"))) == interpret(MENU, heard(said("yes")))
