"""One answer from chunks, words and hypotheses: the events, and their media times."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from speech.echo import EchoGate
from speech.endpointing import SpeechStarted
from speech.grammar import Digits, Grammar
from speech.listening import (
    Dismissed,
    Ended,
    Event,
    Finished,
    Listener,
    PartialHeard,
    hear,
    hear_end,
)
from speech.recognition import Heard, Hypothesis, Word

MENU = Grammar(language="en", phrases={"sales": "sales", "agent": "person"})
PIN = Grammar(language="en", phrases={"agent": "person"}, digits=Digits(min=3, max=3))
QUIET, ECHO, LOUD = -70.0, -40.0, -18.0


class ScriptedEar:
    """Hears what the script says, and remembers what was asked of it."""

    def __init__(self) -> None:
        self.heard = Heard([], ())
        self.finished: list[Hypothesis] = []
        self.asked: list[str] = []

    async def feed(self, media_ms: int, mulaw: bytes) -> Heard:
        assert mulaw
        self.asked.append(f"feed {media_ms}")
        return self.heard

    async def finish(self) -> list[Hypothesis]:
        self.asked.append("finish")
        return self.finished


class Line:
    """A listener and its ear, fed 100 ms at a time."""

    def __init__(self, listener: Listener) -> None:
        self.listener = listener
        self.ear = ScriptedEar()
        self.at_ms = 0

    def feed(self, script: str, *, says: Sequence[str] = ()) -> list[Event]:
        """`_` quiet, `e` echo or `#` loud, then what is recognised so far, joined by dots; `says` is the result."""
        self.ear.finished = hypotheses(*says)
        events: list[Event] = []
        for item in script.split():
            level = {"_": QUIET, "e": ECHO, "#": LOUD}[item[0]]
            words = item[1:].split(".") if item[1:] else []
            self.ear.heard = Heard(words, (level,) * 5)
            events += asyncio.run(hear(self.listener, self.ear, self.at_ms, b"\xff" * 800))
            self.at_ms += 100
            if self.listener.wants == "nothing":
                break
        return events

    def end(self, *says: str) -> list[Event]:
        self.ear.finished = hypotheses(*says)
        return asyncio.run(hear_end(self.listener, self.ear))


def hypotheses(*says: str) -> list[Hypothesis]:
    """As a recogniser tells them: the silence around an utterance is counted to its words."""
    return [
        Hypothesis(tuple(Word(text, 0.9, 0, 1_000_000) for text in said.split()), 10.0 - index)
        for index, said in enumerate(says)
    ]


def kinds(events: Sequence[Event]) -> list[str]:
    return [type(event).__name__ for event in events]


def test_an_answer_has_a_beginning_partial_words_and_an_end() -> None:
    line = Line(Listener(MENU))
    events = line.feed("_ # #agent _agent _agent _agent _agent", says=["agent", "sales", "agent"])
    assert kinds(events) == ["SpeechStarted", "PartialHeard", "Finished"]
    assert events[0] == SpeechStarted(100)
    assert events[1] == PartialHeard(300, ("agent",))
    final = events[2]
    assert isinstance(final, Finished)
    assert (final.interpretation.intent, final.reason, final.alternatives) == ("person", "silence", ("sales",))
    assert (final.speech_started_ms, final.speech_ended_ms, final.committed_ms) == (100, 300, 600)
    assert final.interpretation.started_ms == 100
    assert final.interpretation.ended_ms == 300


def test_a_complete_number_does_not_wait_for_silence_and_repeated_digits_all_count() -> None:
    line = Line(Listener(PIN))
    final = line.feed("#two #two.two #two.two.two #two.two.two", says=["two two two"])[-1]
    assert isinstance(final, Finished)
    assert (final.interpretation.value, final.reason, final.committed_ms) == ("222", "complete", 400)


def test_noise_is_dismissed_and_listening_goes_on() -> None:
    line = Line(Listener(MENU))
    events = line.feed("# _ _ _ _ _ _", says=[])
    assert kinds(events) == ["SpeechStarted", "Dismissed"]
    assert events[1] == Dismissed(600, 0, "noise")
    assert kinds(line.feed("#agent _agent _agent _agent", says=["agent"])) == [
        "SpeechStarted",
        "PartialHeard",
        "Finished",
    ]


def test_what_is_not_understood_is_an_answer_where_no_prompt_plays() -> None:
    final = Line(Listener(MENU)).feed("# # #[unk] _ _ _ _ _ _", says=["sales agent"])[-1]
    assert isinstance(final, Finished)
    assert (final.interpretation.band, final.interpretation.intent) == ("reject", None)


def test_after_the_answer_nothing_more_is_wanted() -> None:
    line = Line(Listener(MENU))
    line.feed("#agent _agent _agent _agent", says=["agent"])
    assert line.listener.wants == "nothing"
    with pytest.raises(RuntimeError, match="nothing"):
        line.listener.take(0, b"", Heard([], ()))


def test_the_echo_of_a_prompt_is_no_speech_whatever_it_says() -> None:
    line = Line(Listener(MENU, prompt_ms=4000))
    assert line.feed("e eagent eagent eagent " + "esales " * 30 + "_sales " * 10, says=["sales"]) == []
    assert "finish" not in line.ear.asked


def test_a_caller_over_a_prompt_is_heard_without_the_words_of_the_echo_before() -> None:
    line = Line(Listener(MENU, prompt_ms=6000))
    events = line.feed("esales " * 20 + "#sales.agent", says=["agent"])
    assert kinds(events) == ["SpeechStarted", "PartialHeard"]
    # From 200 ms before the first loud sound on, by a recogniser that has forgotten what it heard.
    assert line.ear.asked[-4:] == ["finish", "feed 1800", "feed 1900", "feed 2000"]
    final = line.feed("#agent eagent eagent eagent eagent", says=["agent"])[-1]
    assert isinstance(final, Finished)
    assert (final.interpretation.intent, final.speech_started_ms, final.speech_ended_ms) == ("person", 2000, 2200)


def test_what_is_not_understood_over_a_prompt_leaves_it_playing() -> None:
    line = Line(Listener(MENU, prompt_ms=6000))
    events = line.feed("e " * 10 + "# # # _ _ _ _ _", says=["[unk] agent sales"])
    assert kinds(events) == ["SpeechStarted", "Dismissed"]
    assert isinstance(events[-1], Dismissed)
    assert events[-1].why == "echo"
    assert kinds(line.feed("#agent #agent _agent _agent _agent", says=["agent"]))[-1] == "Finished"


def test_a_short_burst_of_echo_is_no_word_of_the_callers() -> None:
    line = Line(Listener(MENU, prompt_ms=6000))
    line.feed("e " * 20)
    burst = Heard(["agent"], (ECHO, LOUD, LOUD, ECHO, ECHO))
    line.ear.heard, line.ear.finished = burst, hypotheses("agent")
    assert kinds(asyncio.run(hear(line.listener, line.ear, line.at_ms, b"\xff" * 800)))[0] == "SpeechStarted"
    line.at_ms += 100
    assert kinds(line.feed("eagent eagent eagent eagent eagent", says=["agent"])) == ["Dismissed"]


def test_after_the_prompt_a_caller_may_be_as_quiet_as_its_echo() -> None:
    line = Line(Listener(MENU, prompt_ms=2000))
    events = line.feed("e " * 23 + "_ eagent eagent _agent _agent _agent", says=["agent"])
    assert kinds(events) == ["SpeechStarted", "PartialHeard", "Finished"]


def test_the_line_is_known_in_the_next_turn_too() -> None:
    echo = EchoGate()
    Line(Listener(MENU, echo=echo, prompt_ms=4000)).feed("e " * 40)
    assert echo.threshold_dbfs == ECHO + echo.rules.margin_db


def test_the_end_of_the_audio_ends_what_is_being_said() -> None:
    line = Line(Listener(MENU))
    line.feed("_ # #agent #agent")
    events = line.end("agent")
    assert kinds(events) == ["Finished", "Ended"]
    final = events[0]
    assert isinstance(final, Finished)
    assert (final.reason, final.speech_ended_ms, final.at_ms) == ("end", 400, 400)
    assert events[1] == Ended(400)


def test_the_end_of_silence_is_only_an_end() -> None:
    line = Line(Listener(MENU))
    line.feed("_ _ _")
    assert line.end() == [Ended(300)]
