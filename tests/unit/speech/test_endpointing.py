"""When an utterance is over, on media time alone."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from speech.endpointing import (
    DEFAULT_TIMERS,
    Chunk,
    Commit,
    Endpointer,
    Listening,
    NoiseFloor,
    SpeechStarted,
    timers_for,
)
from speech.grammar import Digits, Grammar

MENU = Grammar(language="en", phrases={"sales": "sales", "sales department": "sales"})
PERSON = Grammar(language="en", phrases={"agent": "person", "human agent": "person"})
PIN = Grammar(language="en", phrases={"agent": "person"}, digits=Digits(min=2, max=4))
QUIET, LOUD = -70.0, -20.0


def chunks(script: str, *, from_ms: int = 0, chunk_ms: int = 100) -> list[Chunk]:
    """`script` has one item per chunk: `_` quiet or `#` loud, then what has been recognised, joined by dots."""
    made = []
    for index, item in enumerate(script.split()):
        level = LOUD if item[0] == "#" else QUIET
        at_ms = from_ms + index * chunk_ms
        words = tuple(item[1:].split(".")) if item[1:] else ()
        made.append(Chunk(at_ms, at_ms + chunk_ms, (level,) * 5, words))
    return made


def run(grammar: Grammar, fed: list[Chunk]) -> Commit | None:
    endpointer = Endpointer(grammar)
    for chunk in fed:
        answer = endpointer.feed(chunk)
        if isinstance(answer, Commit):
            return answer
    return None


def test_silence_alone_is_never_an_utterance() -> None:
    endpointer = Endpointer(MENU)
    assert all(isinstance(endpointer.feed(chunk), Listening) for chunk in chunks("_ " * 300))


def test_speech_is_reported_once_and_with_the_time_at_which_it_began() -> None:
    endpointer = Endpointer(MENU)
    answers = [endpointer.feed(chunk) for chunk in chunks("_ _ # # #")]
    assert answers == [Listening(), Listening(), SpeechStarted(200), Listening(), Listening()]


def test_a_click_is_no_speech() -> None:
    endpointer = Endpointer(MENU)
    click = Chunk(100, 200, (QUIET, LOUD, QUIET, QUIET, QUIET), ())
    assert [endpointer.feed(chunk) for chunk in (*chunks("_"), click)] == [Listening(), Listening()]


def test_a_phrase_waits_400_ms_and_anything_else_500() -> None:
    assert run(MENU, chunks("_ # #sales _sales _sales _sales _sales _sales")) == Commit(700, 100, 300, "silence")
    assert run(MENU, chunks("_ # #[unk] _[unk] _[unk] _[unk] _[unk] _[unk]")) == Commit(800, 100, 300, "silence")


def test_a_phrase_that_begins_no_longer_one_waits_only_300_ms() -> None:
    fed = chunks("_ # #agent " + "_agent " * 6)
    assert run(PERSON, fed) == Commit(600, 100, 300, "silence")
    assert run(MENU, chunks("_ # #sales " + "_sales " * 6)) == Commit(700, 100, 300, "silence")


def test_what_is_no_louder_than_the_echo_gate_is_quiet() -> None:
    endpointer = Endpointer(MENU)
    behind = [Chunk(at_ms, at_ms + 100, (LOUD,) * 5, (), LOUD) for at_ms in (0, 100)]
    assert [endpointer.feed(chunk) for chunk in behind] == [Listening(), Listening()]
    assert endpointer.feed(Chunk(200, 300, (LOUD,) * 5, (), LOUD - 1)) == SpeechStarted(200)
    assert endpointer.last_sign_ms == 300


def test_all_digits_commit_after_one_further_chunk_without_any_silence() -> None:
    fed = chunks("_ #one #one.two #one.two.three #one.two.three.four #one.two.three.four # #")
    assert run(PIN, fed) == Commit(600, 100, 600, "complete")


def test_digits_that_change_once_more_are_not_committed_before_they_stay() -> None:
    fed = chunks("#one.two.three.four #one.two.three.five #one.two.three.five")
    assert run(PIN, fed) == Commit(300, 0, 300, "complete")


def test_a_pause_in_a_number_is_waited_for_longer_than_one_after_it() -> None:
    one = chunks("#one " + "_one " * 20)
    two = chunks("#one.two " + "_one.two " * 20)
    assert run(PIN, one) == Commit(1300, 0, 100, "silence")
    assert run(PIN, two) == Commit(900, 0, 100, "silence")


def test_a_line_that_is_never_quiet_commits_when_the_words_stay_the_same() -> None:
    assert run(MENU, chunks("#sales " * 20)) == Commit(1300, 0, 1300, "stable")


def test_an_utterance_ends_after_15_seconds_whatever_happens() -> None:
    assert run(MENU, chunks("#[unk] " * 200)) == Commit(15_000, 0, 15_000, "cap")


def test_words_that_are_guessed_in_silence_are_no_speech() -> None:
    assert run(MENU, chunks("_sales " * 30)) is None


def test_a_number_that_was_guessed_before_speech_is_not_complete_at_its_first_sound() -> None:
    fed = chunks("_one.two.three.four _one.two.three.four #one.two.three.four #one.two.three.four #one.two")
    assert run(PIN, fed) is None


def test_noise_below_the_caller_is_learned_and_is_silence() -> None:
    noise = NoiseFloor()
    for at_ms in range(0, 2000, 20):
        noise.add(at_ms, -45.0)
    endpointer = Endpointer(MENU, noise)
    assert noise.threshold_dbfs == -35.0
    assert isinstance(endpointer.feed(Chunk(2000, 2100, (-45.0,) * 5, ())), Listening)
    assert isinstance(endpointer.feed(Chunk(2100, 2200, (-25.0,) * 5, ())), SpeechStarted)


def test_noise_is_forgotten_after_three_seconds() -> None:
    noise = NoiseFloor()
    noise.add(0, -80.0)
    for at_ms in range(20, 4000, 20):
        noise.add(at_ms, -50.0)
    assert noise.threshold_dbfs == -40.0


def test_feeding_after_the_commit_is_a_mistake() -> None:
    endpointer = Endpointer(PIN)
    for chunk in chunks("#one.two.three.four #one.two.three.four"):
        endpointer.feed(chunk)
    with pytest.raises(RuntimeError, match="over"):
        endpointer.feed(chunks("#")[0])


WORDS = st.sampled_from(["", "one", "one.two", "one.two.three", "one.two.three.four", "agent", "[unk]"])
SCRIPTS = st.lists(st.tuples(st.sampled_from("_#"), WORDS).map("".join), min_size=1, max_size=200).map(" ".join)


@settings(deadline=None)
@given(SCRIPTS, st.integers(0, 10_000_000))
def test_the_clock_may_begin_anywhere(script: str, from_ms: int) -> None:
    first, later = run(PIN, chunks(script)), run(PIN, chunks(script, from_ms=from_ms))
    if first is None:
        assert later is None
    else:
        started_ms, ended_ms = first.speech_started_ms + from_ms, first.speech_ended_ms + from_ms
        assert later == Commit(first.at_ms + from_ms, started_ms, ended_ms, first.reason)


@settings(deadline=None)
@given(SCRIPTS)
def test_a_commit_is_never_before_the_end_of_speech_that_it_names(script: str) -> None:
    fed = chunks(script)
    commit = run(PIN, fed)
    if commit is not None:
        assert 0 <= commit.speech_started_ms < commit.speech_ended_ms <= commit.at_ms <= fed[-1].end_ms


@settings(deadline=None)
@given(SCRIPTS)
def test_what_comes_after_the_commit_does_not_change_it(script: str) -> None:
    fed = chunks(script)
    commit = run(PIN, fed)
    if commit is not None:
        assert run(PIN, [chunk for chunk in fed if chunk.end_ms <= commit.at_ms]) == commit
        assert run(PIN, [chunk for chunk in fed if chunk.end_ms < commit.at_ms]) is None


@settings(deadline=None)
@given(SCRIPTS)
def test_speech_and_enough_silence_always_end_in_a_commit(script: str) -> None:
    last = script.split()[-1][1:]
    commit = run(PIN, chunks(script + f" _{last}" * 13))
    assert (commit is not None) == ("#" in script)


def test_a_caller_who_is_given_more_time_may_pause_longer_in_proportion() -> None:
    assert timers_for(800) == DEFAULT_TIMERS
    script = chunks("_ #yes #yes " + "_yes " * 12)
    usual, patient = (
        Endpointer(Grammar(language="en", phrases={"yes": "1"}), timers=timers_for(ms)) for ms in (800, 1600)
    )
    commits = []
    for endpointer in (usual, patient):
        for chunk in script:
            heard = endpointer.feed(chunk)
            if isinstance(heard, Commit):
                commits.append(heard.at_ms - heard.speech_ended_ms)
                break
    assert commits == [300, 600]
