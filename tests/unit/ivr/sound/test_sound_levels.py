"""Speech made equally loud: the level of what is said, not of the pauses; peaks within the line; fixed margins."""

from __future__ import annotations

import math
import random
from array import array
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ivr.sound import levels
from speech.mulaw import decode, encode

RATE = levels.RATE_HZ


def speechlike(seconds: float, amplitude: float, seed: int = 1) -> bytes:
    """Syllables of 150 ms with short gaps between, of noise and a buzz."""
    rng = random.Random(seed)  # noqa: S311
    samples = []
    for index in range(int(seconds * RATE)):
        at = index / RATE
        syllable = max(0.0, math.sin(2 * math.pi * 3.3 * at))
        sound = 0.6 * math.sin(2 * math.pi * 130 * at) + 0.4 * math.sin(2 * math.pi * 790 * at) + rng.gauss(0, 0.1)
        samples.append(max(-32768, min(32767, round(amplitude * syllable * sound))))
    return pcm(samples)


def pcm(samples: Sequence[int]) -> bytes:
    return levels.bytes_of(array("h", samples))


def silence(ms: int) -> bytes:
    return bytes(2 * RATE * ms // 1000)


def level_of(pcm16: bytes) -> float:
    level = levels.active_level(levels.samples_of(pcm16))
    assert level is not None
    return level


def test_a_steady_tone_has_the_level_of_its_effective_value() -> None:
    tone = pcm([round(8000 * math.sin(2 * math.pi * 400 * index / RATE)) for index in range(RATE * 2)])
    assert level_of(tone) == pytest.approx(20 * math.log10(8000 / math.sqrt(2) / 32768), abs=0.1)


def test_a_pause_does_not_make_speech_quieter() -> None:
    said = speechlike(2, 9000)
    assert level_of(said + silence(5000) + said) == pytest.approx(level_of(said), abs=0.6)


def test_quiet_noise_between_the_words_is_not_taken_for_speech() -> None:
    rng = random.Random(3)  # noqa: S311
    room = pcm([round(rng.gauss(0, 20)) for _ in range(4 * RATE)])
    said = speechlike(2, 9000)
    assert level_of(said + room) == pytest.approx(level_of(said), abs=0.6)


@pytest.mark.parametrize("amplitude", [500, 1000, 5000, 20000, 32000])
def test_whatever_it_was_before_it_is_as_loud_as_all_others_after(amplitude: int) -> None:
    assert level_of(levels.telephone(speechlike(3, amplitude))) == pytest.approx(levels.SPEECH_DBFS, abs=0.5)


def test_a_bang_is_limited_and_does_not_make_the_words_quiet() -> None:
    said = array("h", levels.samples_of(speechlike(3, 3000)))
    for index in range(RATE, RATE + 40):
        said[index] = 32000 if index % 2 else -32000
    made = levels.telephone(levels.bytes_of(said))
    peak = max(map(abs, levels.samples_of(made)))
    assert 20 * math.log10(peak / levels.FULL_SCALE) <= levels.PEAK_DBFS + 0.01
    assert level_of(made) == pytest.approx(levels.SPEECH_DBFS, abs=1.0)


def test_a_recording_of_almost_nothing_is_not_raised_without_end() -> None:
    rng = random.Random(5)  # noqa: S311
    hiss = pcm([round(rng.gauss(0, 30)) for _ in range(RATE)])
    assert level_of(levels.telephone(hiss)) < level_of(hiss) + levels.MOST_GAIN_DB + 1


def test_silence_at_both_ends_becomes_the_fixed_margins() -> None:
    made = [
        levels.telephone(silence(before) + speechlike(1, 9000) + silence(after))
        for before, after in ((0, 0), (700, 1500), (5, 0))
    ]
    lengths = [len(one) / 2 / RATE * 1000 for one in made]
    assert max(lengths) - min(lengths) <= 20
    lead = levels.LEAD_MS * RATE // 1000
    for one in made:
        samples = levels.samples_of(one)
        assert max(map(abs, samples[: lead - 80])) < 200
        assert max(map(abs, samples[-(levels.TAIL_MS - 40) * RATE // 1000 :])) < 200


@pytest.mark.parametrize("pcm16", [b"", b"\x00", bytes(16000), b"\x01"])
def test_what_holds_no_sound_becomes_nothing(pcm16: bytes) -> None:
    assert levels.telephone(pcm16) == b""
    assert levels.active_level(levels.samples_of(bytes(100))) is None


def test_mu_law_takes_nothing_from_the_peaks() -> None:
    made = levels.telephone(speechlike(3, 30000))
    through = levels.samples_of(decode(encode(made)))
    assert max(map(abs, through)) < 32124, "the largest value of the code is not reached"
    assert level_of(decode(encode(made))) == pytest.approx(level_of(made), abs=0.1)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(min_value=-32768, max_value=32767), max_size=3000))
def test_no_sound_at_all_makes_it_fail_or_exceed_the_peak(samples: list[int]) -> None:
    made = levels.telephone(pcm(samples))
    most = 32768 * 10 ** (levels.PEAK_DBFS / 20)
    assert all(abs(sample) <= most + 1 for sample in levels.samples_of(made))
