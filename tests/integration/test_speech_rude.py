"""What a telephone line brings besides answers: nothing of it may become an answer, cost memory, or break anything."""

from __future__ import annotations

import asyncio
import math
import random
import zipfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from media_fixtures import MODEL_NAME, needs_model, needs_recordings, needs_voice, quiet, spoken

from ivr.media.audio import AudioChunk, Chunker
from speech import mulaw
from speech.doubt import doubt_of
from speech.grammar import Digits, Grammar, vosk_phrases
from speech.listening import Event, Finished, Listener, SpeechStarted, hear, hear_end, interpreter
from speech.models import find_model
from speech.recognition import Heard, Hypothesis
from speech.vosk_recogniser import Engines, load_model
from speech.wav import read_wav
from tests import recordings

pytestmark = needs_model

MENU = Grammar(language="en", phrases={"agent": "person", "yes": "yes", "no": "no"})
PIN = Grammar(language="en", phrases={"agent": "person"}, digits=Digits(min=4, max=4))


@pytest.fixture(scope="module")
def engines() -> Engines:
    return Engines(load_model(find_model(MODEL_NAME, Path("data")).path))


class Ear:
    def __init__(self, engines: Engines, grammar: Grammar) -> None:
        vocabulary = find_model(MODEL_NAME, Path("data")).vocabulary
        self.recogniser = engines.recogniser(vosk_phrases(grammar, vocabulary))

    async def feed(self, media_ms: int, mulaw: bytes) -> Heard:
        return self.recogniser.feed(media_ms, mulaw)

    async def finish(self) -> list[Hypothesis]:
        return self.recogniser.finish()


def events_of(engines: Engines, grammar: Grammar, audio: bytes, *, prompt_ms: int = 0) -> list[Event]:
    """As a call hears it, up to the first answer."""
    doubt = doubt_of(find_model(MODEL_NAME, Path("data")).card.doubt)
    listener, ear = Listener(grammar, interpret=interpreter(doubt), prompt_ms=prompt_ms), Ear(engines, grammar)

    async def run() -> list[Event]:
        events: list[Event] = []
        for at in range(0, len(audio), 800):
            events += await hear(listener, ear, at // 8, audio[at : at + 800])
            if listener.wants == "nothing":
                return events
        return events + await hear_end(listener, ear)

    try:
        return asyncio.run(run())
    finally:
        ear.recogniser.close()


def finished(events: Sequence[Event]) -> list[Finished]:
    return [event for event in events if isinstance(event, Finished)]


def answers(events: Sequence[Event]) -> list[str | None]:
    """What was meant: a digit string, an intent, or None for what was not understood."""
    return [found.interpretation.value or found.interpretation.intent for found in finished(events)]


def samples_of(audio: bytes) -> list[float]:
    return [float(mulaw.LINEAR[code]) for code in audio]


def audio_of(samples: Sequence[float]) -> bytes:
    return bytes(mulaw.CODES[max(-32768, min(32767, round(sample))) & 0xFFFF] for sample in samples)


def tones(*spans: tuple[float, Sequence[float]], amplitude: float = 4000.0) -> bytes:
    """Seconds and frequencies, one after another."""
    made: list[float] = []
    for seconds, frequencies in spans:
        steps = [2 * math.pi * hz / mulaw.RATE_HZ for hz in frequencies]
        made += [
            sum(amplitude * math.sin(step * index) for step in steps) for index in range(int(seconds * mulaw.RATE_HZ))
        ]
    return audio_of(made)


def noise(seconds: float, deviation: float, seed: int = 1) -> Iterator[float]:
    draw = random.Random(seed)  # noqa: S311
    return (draw.gauss(0.0, deviation) for _ in range(int(seconds * mulaw.RATE_HZ)))


def dialling() -> bytes:
    """Source: ITU-T E.180: dial tone, busy; Q.23: keys."""
    keys = [(0.1, (697.0, 1209.0)), (0.1, ()), (0.1, (770.0, 1336.0)), (0.1, ()), (0.1, (941.0, 1477.0)), (0.1, ())]
    return tones((1.0, (425.0,)), *keys, *[(0.5, (425.0,)), (0.5, ())] * 3)


def fax() -> bytes:
    """Source: ITU-T T.30: CNG of 1100 Hz, CED of 2100 Hz, V.21 preamble flags at 300 bit/s."""
    flags = [(1 / 300, (1850.0 if bit == "0" else 1650.0,)) for _ in range(40) for bit in "01111110"]
    return tones((0.5, (1100.0,)), (1.0, ()), (1.3, (2100.0,)), (0.1, ()), *flags)


def music() -> bytes:
    """Chords with a beat and overtones, as on hold."""
    chords = [(262, 330, 392), (294, 370, 440), (247, 311, 392), (220, 277, 330)]
    spans = [(0.4, [f * over for f in chord for over in (1, 2, 3)]) for chord in chords * 2]
    return tones(*spans, amplitude=900.0)


@pytest.mark.parametrize("grammar", [MENU, PIN], ids=["menu", "number"])
@pytest.mark.parametrize(
    "sound",
    [
        lambda: quiet(3000),
        lambda: audio_of(list(noise(3.0, 60.0))),
        lambda: audio_of(list(noise(3.0, 900.0))),
        dialling,
        fax,
        music,
    ],
    ids=["silence", "line noise", "loud noise", "dialling tones", "fax", "music"],
)
def test_what_nobody_said_is_never_understood(engines: Engines, grammar: Grammar, sound: Callable[[], bytes]) -> None:
    assert not [answer for answer in answers(events_of(engines, grammar, sound() + quiet(1500))) if answer is not None]


def test_silence_and_the_noise_of_a_line_are_not_even_speech(engines: Engines) -> None:
    for audio in (quiet(2000), audio_of(list(noise(2.0, 60.0)))):
        assert not [event for event in events_of(engines, MENU, audio) if isinstance(event, SpeechStarted)]


@needs_voice
def test_a_shouting_caller_is_understood_though_everything_is_clipped(engines: Engines) -> None:
    shouted = audio_of([20 * sample for sample in samples_of(spoken("agent"))])
    assert max(mulaw.levels_dbfs(shouted)) > -4.5
    assert answers(events_of(engines, MENU, shouted + quiet(1000))) == ["person"]


@needs_voice
def test_a_whisper_is_never_taken_for_something_else(engines: Engines) -> None:
    """A whisper is noise with the envelope of speech; it may well not be understood."""
    voiced = samples_of(spoken("agent"))
    size, whispered = 80, []
    draw = noise(len(voiced) / mulaw.RATE_HZ + 1, 1.0)
    for at in range(0, len(voiced), size):
        part = voiced[at : at + size]
        loud = math.sqrt(sum(sample * sample for sample in part) / len(part))
        whispered += [0.3 * loud * next(draw) for _ in part]
    heard = answers(events_of(engines, PIN, audio_of(whispered) + quiet(1500)))
    assert heard in ([], [None], ["person"])


@needs_voice
@pytest.mark.parametrize(
    ("voice", "text"),
    [("de", "Ich möchte bitte mit einem Menschen sprechen"), ("fr", "Je voudrais annuler ma commande s'il vous plaît")],
)
def test_another_language_is_not_understood(engines: Engines, voice: str, text: str) -> None:
    found = answers(events_of(engines, PIN, spoken(text, voice=voice) + quiet(2000)))
    assert found, "it is speech, and answered as such"
    assert not [answer for answer in found if answer is not None]


@needs_voice
@pytest.mark.parametrize("loss_db", [12, 20, 30])
def test_the_echo_of_a_prompt_interrupts_nothing_and_the_caller_does(engines: Engines, loss_db: int) -> None:
    prompt = samples_of(spoken("For an agent, say agent. Otherwise say yes, or no. To hear this again, say agent."))
    loudest = max(mulaw.levels_dbfs(audio_of(prompt)))
    gain = 10 ** ((-15 - loudest - loss_db) / 20)
    delay = [0.0] * (120 * mulaw.BYTES_PER_MS)
    line = [*delay, *(gain * sample for sample in prompt), *[0.0] * 8000]
    line = [sample + extra for sample, extra in zip(line, noise(len(line) / mulaw.RATE_HZ + 1, 30.0), strict=False)]
    prompt_ms = len(prompt) // mulaw.BYTES_PER_MS
    assert answers(events_of(engines, MENU, audio_of(line), prompt_ms=prompt_ms)) == []
    caller = samples_of(spoken("yes")[600 * mulaw.BYTES_PER_MS :])
    scale = 10 ** ((-14 - max(mulaw.levels_dbfs(audio_of(caller)))) / 20)
    for index, sample in enumerate(caller):
        line[2800 * mulaw.BYTES_PER_MS + index] += scale * sample
    (answer,) = [
        each for each in events_of(engines, MENU, audio_of(line), prompt_ms=prompt_ms) if isinstance(each, Finished)
    ]
    assert answer.interpretation.intent == "yes"
    assert 2700 <= answer.speech_started_ms <= 3200


def test_twenty_minutes_without_a_pause_cost_no_memory(engines: Engines) -> None:
    """A hum that never stops. The first minutes fill what is kept; after them nothing more may be taken."""
    minute = tones((6.0, (420.0, 140.0))) * 10
    recogniser = engines.recogniser(["agent", "[unk]"])
    resident_kb: list[int] = []
    for number in range(20):
        for at in range(0, len(minute), 8000):
            heard = recogniser.feed(60_000 * number + at // 8, minute[at : at + 8000])
            assert len(heard.words) < 200
        resident_kb.append(_resident_kb())
    assert len(recogniser.finish()) <= 6
    recogniser.close()
    assert resident_kb[-1] - resident_kb[3] < 3_000


def _resident_kb() -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))


@needs_voice
@pytest.mark.parametrize("size", [1, 333])
def test_frames_of_one_byte_and_of_odd_sizes_are_heard(engines: Engines, size: int) -> None:
    audio, chunker = spoken("yes")[400 * mulaw.BYTES_PER_MS :] + quiet(450), Chunker()
    chunks = [
        item.mulaw
        for at in range(0, len(audio), size)
        for item in chunker.add(at // mulaw.BYTES_PER_MS, audio[at : at + size])
        if isinstance(item, AudioChunk)
    ]
    assert answers(events_of(engines, MENU, b"".join(chunks))) == ["yes"]


@needs_recordings
@pytest.mark.parametrize("speaker", ["george", "jackson", "nicolas", "yweweler"])
@pytest.mark.parametrize("digit", ["two", "eight"])
def test_a_digit_that_is_said_four_times_is_four_digits(engines: Engines, speaker: str, digit: str) -> None:
    with zipfile.ZipFile(recordings.DIGITS) as archive:
        takes = [read_wav(archive.read(f"{digit}/{speaker}_{take}.wav")) for take in range(4)]
    audio = quiet(400) + b"".join(take + quiet(150) for take in takes) + quiet(1500)
    assert answers(events_of(engines, PIN, audio)) == [{"two": "2222", "eight": "8888"}[digit]]


@needs_voice
def test_talk_without_a_pause_is_cut_off_at_fifteen_seconds(engines: Engines) -> None:
    talk = spoken("agent yes no " * 20, speed=170)[: 20 * mulaw.RATE_HZ]
    (answer,) = finished(events_of(engines, PIN, talk))
    assert answer.reason == "cap"
    assert answer.committed_ms - answer.speech_started_ms == pytest.approx(15_000, abs=100)
