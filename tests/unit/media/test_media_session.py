"""One stream's turns and results, with a recogniser that says what the test tells it to."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

import msgspec
import pytest

from ivr.media.audio import CHUNK_MS, QUIET_CHUNK_MS
from ivr.media.frames import Media
from ivr.media.session import BacklogError, Session, Utterance, masked_words
from ivr.redis_listen import ListenRecord
from speech.child import StreamLostError
from speech.grammar import Digits, Grammar
from speech.mulaw import levels_dbfs
from speech.recognition import Heard, Hypothesis, Word
from speech.stream import More

MENU = Grammar(language="en", phrases={"sales": "to:sales", "agent": "person"})
PIN = Grammar(language="en", phrases={"agent": "person"}, digits=Digits(min=4, max=4))
VOCABULARY = frozenset(
    ["sales", "agent", "[unk]", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
)
LOUD, QUIET = b"\x20\xa0" * 400, b"\xff" * 800
# At -39 dBFS: speech on a quiet line, and the noise of a bad one.
HUM = b"\x60\xe0" * 400


class ScriptedRecogniser:
    """Hears `heard` in every loud chunk, and remembers what was asked of it."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.asked: list[str] = []
        self.prepared: list[str] = []
        self.others: list[list[str]] = []
        self.before = b""
        self.gate = asyncio.Event()
        self.gate.set()
        self.fail = False
        self._words: list[str] = []

    async def reset(self, language: str, phrases: list[str], before: bytes = b"") -> tuple[float, ...]:
        assert language == "en"
        self.asked.append("reset " + ",".join(phrases[:2]))
        self._words = []
        self.before = before
        return levels_dbfs(before)

    async def feed(
        self, media_ms: int, mulaw: bytes, _arrived_s: float | None = None, more: More | None = None
    ) -> Heard:
        busy = not self.gate.is_set()
        await self.gate.wait()
        if self.fail:
            raise StreamLostError("gone")
        if busy and more is not None:
            mulaw += more()
        self.asked.append(f"feed {media_ms}" if len(mulaw) == len(QUIET) else f"feed {media_ms} for {len(mulaw) // 8}")
        if mulaw[: len(LOUD)] in (LOUD, HUM):
            self._words = list(self.heard)
        return Heard(self._words, levels_dbfs(mulaw))

    def prepare(self, language: str, phrases: list[str]) -> None:
        self.prepared.append(f"{language} {len(phrases)}")

    async def finish(self) -> list[Hypothesis]:
        self.asked.append("finish")
        words, self._words = self._words, []
        # Like the real one, it counts the silence around an utterance to its words.
        found = [words, *self.others] if words else []
        return [Hypothesis(tuple(Word(text, 0.9, 0, 1_000_000) for text in texts), 0.0) for texts in found]


class Rig:
    def __init__(self, quiet_chunk_ms: int = CHUNK_MS) -> None:
        self.recogniser = ScriptedRecogniser()
        self.results: list[tuple[ListenRecord, Utterance]] = []
        self.started: list[int] = []
        self.session = Session(
            "CA1",
            self.recogniser,
            {"en": VOCABULARY},
            lambda *result: self.results.append(result),
            lambda record: self.started.append(record.turn),
            quiet_chunk_ms=quiet_chunk_ms,
        )
        self.at_ms = 0
        self.task: asyncio.Task[None] | None = None

    def send(self, audio: bytes, times: int = 1) -> None:
        for _ in range(times):
            self.session.take(Media(audio, self.at_ms, "inbound"))
            self.at_ms += 100

    async def say(self, *words: str, loud: int = 3) -> None:
        """Three loud chunks, or so, and a second of quiet."""
        self.recogniser.heard = list(words)
        self.send(LOUD, loud)
        self.send(QUIET, 10)
        await self.drained()

    async def drained(self) -> None:
        await self.until(lambda: not self.session._chunks)
        for _ in range(20):
            await asyncio.sleep(0)

    async def until(self, holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(5):
            while not holds():
                await asyncio.sleep(0)


def record(turn: int, grammar: Grammar | None) -> ListenRecord:
    return ListenRecord(token="t", turn=turn, turn_url=f"https://ivr.example/{turn}", grammar=grammar)


@contextlib.asynccontextmanager
async def listening(rig: Rig) -> AsyncIterator[Rig]:
    rig.task = asyncio.create_task(rig.session.listen())
    yield rig
    rig.task.cancel()
    with contextlib.suppress(asyncio.CancelledError, StreamLostError):
        await rig.task


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    async with listening(Rig()) as made:
        yield made


async def test_a_phrase_and_silence_make_a_result(rig: Rig) -> None:
    rig.session.turn(record(3, MENU))
    await rig.say("sales")
    ((of, utterance),) = rig.results
    assert of.turn == 3
    assert (utterance.interpretation.intent, utterance.early) == ("to:sales", False)
    assert (utterance.speech_ended_ms, utterance.committed_ms) == (300, 600)


async def test_a_result_says_what_else_it_might_have_been(rig: Rig) -> None:
    rig.recogniser.others = [["agent"], ["sales"], [], ["sales", "agent"]]
    rig.session.turn(record(3, MENU))
    await rig.say("sales")
    ((_, utterance),) = rig.results
    assert utterance.alternatives == ("agent", "sales agent")


async def test_all_digits_make_a_result_while_the_caller_is_still_loud(rig: Rig) -> None:
    rig.session.turn(record(1, PIN))
    rig.recogniser.heard = ["one", "two", "three", "four"]
    rig.send(LOUD, 3)
    await rig.drained()
    ((_, utterance),) = rig.results
    assert (utterance.interpretation.value, utterance.early, utterance.committed_ms) == ("1234", True, 200)


async def test_a_turns_phrases_are_prepared_when_it_is_known_and_not_again(rig: Rig) -> None:
    rig.session.turn(record(1, MENU))
    rig.session.turn(record(1, MENU))
    assert rig.recogniser.prepared == ["en 3"]
    assert rig.recogniser.asked == []
    rig.session.turn(record(2, None))
    rig.session.turn(record(3, Grammar(language="en", phrases={"zeppelin": "fly"})))
    assert rig.recogniser.prepared == ["en 3"]


async def test_the_echo_of_a_prompt_is_no_result(rig: Rig) -> None:
    rig.session.turn(msgspec.structs.replace(record(1, MENU), prompt_ms=3000))
    rig.recogniser.heard = ["sales"]
    rig.send(HUM, 20)
    rig.send(QUIET, 10)
    await rig.drained()
    assert (rig.results, rig.started) == ([], [])
    await rig.say("agent")
    assert [heard.interpretation.intent for _, heard in rig.results] == ["person"]


async def test_a_turn_has_one_result_and_the_next_turn_another(rig: Rig) -> None:
    rig.session.turn(record(1, MENU))
    await rig.say("sales")
    await rig.say("agent")
    assert [of.turn for of, _ in rig.results] == [1]
    rig.session.turn(record(2, MENU))
    await rig.say("agent")
    assert [(of.turn, heard.interpretation.intent) for of, heard in rig.results] == [(1, "to:sales"), (2, "person")]


async def test_what_is_not_understood_is_a_result_too(rig: Rig) -> None:
    rig.session.turn(record(1, MENU))
    await rig.say("sales", "agent")
    ((_, utterance),) = rig.results
    assert (utterance.interpretation.band, utterance.interpretation.intent) == ("reject", None)


async def test_noise_is_no_result_and_the_turn_goes_on(rig: Rig) -> None:
    rig.session.turn(record(1, MENU))
    await rig.say()
    await rig.say("[unk]", loud=2)
    assert rig.results == []
    await rig.say("agent")
    assert len(rig.results) == 1


async def test_without_a_grammar_nothing_is_recognised(rig: Rig) -> None:
    rig.session.turn(record(1, None))
    await rig.say("sales")
    assert rig.recogniser.asked == []


async def test_the_noise_of_the_line_is_learnt_from_the_last_seconds_before_a_turn_listens(rig: Rig) -> None:
    rig.session.turn(record(1, None))
    rig.send(HUM, 40)
    await rig.drained()
    rig.session.turn(record(2, MENU))
    rig.send(HUM, 5)
    await rig.drained()
    assert rig.recogniser.before == HUM * 30
    assert rig.started == []


async def test_a_new_turn_forgets_the_speech_in_progress(rig: Rig) -> None:
    rig.session.turn(record(1, PIN))
    rig.recogniser.heard = ["one", "two"]
    rig.send(LOUD, 3)
    await rig.drained()
    rig.session.turn(record(2, MENU))
    rig.send(QUIET, 15)
    await rig.drained()
    assert rig.results == []
    assert rig.recogniser.asked[-16] == "reset sales,agent"


async def test_a_turn_that_arrives_during_recognition_makes_its_answer_void(rig: Rig) -> None:
    rig.session.turn(record(1, MENU))
    rig.recogniser.heard = ["sales"]
    rig.send(LOUD, 3)
    await rig.drained()
    rig.recogniser.gate.clear()
    rig.send(QUIET, 10)
    await rig.until(lambda: len(rig.session._chunks) < 10)
    rig.session.turn(record(2, None))
    rig.recogniser.gate.set()
    rig.send(QUIET, 5)
    await rig.drained()
    assert rig.results == []


async def test_the_same_record_again_and_an_older_one_change_nothing(rig: Rig) -> None:
    rig.session.turn(record(2, MENU))
    rig.recogniser.heard = ["sales"]
    rig.send(LOUD, 2)
    await rig.drained()
    rig.session.turn(record(2, MENU))
    rig.session.turn(record(1, PIN))
    rig.session.turn(None)
    rig.send(QUIET, 10)
    await rig.drained()
    assert [of.turn for of, _ in rig.results] == [2]
    assert sum(asked.startswith("reset") for asked in rig.recogniser.asked) == 1


async def test_lost_audio_begins_the_utterance_anew(rig: Rig) -> None:
    rig.session.turn(record(1, PIN))
    rig.recogniser.heard = ["one", "two"]
    rig.send(LOUD, 3)
    await rig.drained()
    rig.at_ms += 5000
    rig.recogniser.heard = ["one", "two", "three", "four"]
    rig.send(LOUD, 3)
    await rig.drained()
    assert sum(asked.startswith("reset") for asked in rig.recogniser.asked) == 2
    assert [heard.interpretation.value for _, heard in rig.results] == ["1234"]


async def test_lost_audio_after_the_result_does_not_open_the_turn_again(rig: Rig) -> None:
    rig.session.turn(record(1, MENU))
    await rig.say("sales")
    rig.at_ms += 5000
    await rig.say("agent")
    assert len(rig.results) == 1


async def test_a_grammar_of_words_that_the_model_does_not_know_is_not_listened_for(rig: Rig) -> None:
    rig.session.turn(record(1, Grammar(language="en", phrases={"zeppelin": "fly"})))
    await rig.say("zeppelin")
    assert rig.recogniser.asked == []


async def test_the_other_track_is_not_the_caller(rig: Rig) -> None:
    rig.session.turn(record(1, MENU))
    for at_ms in range(0, 1000, 100):
        rig.session.take(Media(LOUD, at_ms, "outbound"))
    await rig.drained()
    assert rig.recogniser.asked == []


async def test_more_than_five_seconds_behind_is_too_far_behind(rig: Rig) -> None:
    rig.session.turn(record(1, MENU))
    rig.recogniser.gate.clear()
    with pytest.raises(BacklogError):
        rig.send(QUIET, 60)


async def test_chunks_are_longer_while_nobody_speaks() -> None:
    async with listening(Rig(QUIET_CHUNK_MS)) as rig:
        rig.session.turn(record(1, MENU))
        rig.recogniser.heard = ["sales"]
        for audio in [QUIET] * 4 + [LOUD] * 3 + [QUIET] * 4:
            rig.send(audio)
            await rig.drained()
        fed = [asked.removeprefix("feed ") for asked in rig.recogniser.asked if asked.startswith("feed")]
        assert fed == ["0 for 200", "200 for 200", "400 for 200", "600", "700", "800", "900"]
        ((_, utterance),) = rig.results
        assert (utterance.speech_ended_ms, utterance.committed_ms) == (700, 1000)


async def test_what_comes_while_the_recogniser_is_busy_is_heard_in_one_go(rig: Rig) -> None:
    rig.session.turn(record(1, MENU))
    rig.recogniser.heard = ["sales"]
    rig.recogniser.gate.clear()
    rig.send(LOUD, 5)
    rig.send(QUIET, 5)
    await rig.until(lambda: len(rig.session._chunks) == 9)
    rig.recogniser.gate.set()
    await rig.drained()
    fed = [asked for asked in rig.recogniser.asked if asked.startswith("feed")]
    assert fed[:2] == ["feed 0 for 300", "feed 300"]
    ((_, utterance),) = rig.results
    assert (utterance.interpretation.intent, utterance.speech_ended_ms) == ("to:sales", 500)


async def test_audio_of_the_next_turn_is_not_heard_with_that_of_this_one(rig: Rig) -> None:
    rig.session.turn(record(1, MENU))
    rig.recogniser.gate.clear()
    rig.send(LOUD, 2)
    await rig.until(lambda: len(rig.session._chunks) == 1)
    rig.session.turn(record(2, MENU))
    rig.send(QUIET, 2)
    rig.recogniser.gate.set()
    await rig.drained()
    assert [asked.split(",")[0] for asked in rig.recogniser.asked] == [
        "reset sales",
        "feed 0",
        "reset sales",
        "feed 200",
        "feed 300",
    ]


async def test_audio_after_a_loss_is_not_heard_with_that_before(rig: Rig) -> None:
    rig.session.turn(record(1, MENU))
    rig.recogniser.gate.clear()
    rig.send(LOUD, 2)
    await rig.until(lambda: len(rig.session._chunks) == 1)
    rig.at_ms += 5000
    rig.send(QUIET, 2)
    rig.recogniser.gate.set()
    await rig.drained()
    assert [asked for asked in rig.recogniser.asked if asked.startswith("feed")] == ["feed 0", "feed 5200", "feed 5300"]


async def test_a_lost_recogniser_ends_listening(rig: Rig) -> None:
    rig.session.turn(record(1, MENU))
    rig.recogniser.fail = True
    rig.send(LOUD)
    assert rig.task is not None
    with pytest.raises(StreamLostError):
        await rig.task


def test_spoken_digits_do_not_reach_the_log() -> None:
    words = [Word(text, 1.0, 0, 200) for text in ("one", "[unk]", "double", "two", "agent")]
    assert masked_words(PIN, words) == "# [unk] double # agent"
    assert masked_words(MENU, words[4:]) == "agent"


async def test_the_beginning_of_speech_is_reported_once_and_before_its_result(rig: Rig) -> None:
    rig.session.turn(record(3, MENU))
    rig.recogniser.heard = ["sales"]
    rig.send(LOUD, 2)
    await rig.drained()
    assert (rig.started, rig.results) == ([3], [])
    await rig.say("sales")
    assert rig.started == [3]
    assert len(rig.results) == 1
