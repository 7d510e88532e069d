"""The kinds of WAV that people have, read alike."""

from __future__ import annotations

import math
import struct
from array import array

import pytest

from speech import wav
from speech.resample import resample
from tests.wave_files import FILES, RATE, TONE


def samples_of(pcm16: bytes) -> array[int]:
    return array("h", pcm16)


@pytest.mark.parametrize("kind", FILES)
def test_every_known_kind_gives_the_same_sound(kind: str) -> None:
    pcm16, rate_hz = wav.read_pcm16(FILES[kind])
    assert rate_hz == RATE
    samples = samples_of(pcm16)
    assert len(samples) == len(TONE)
    assert max(abs(one - other) for one, other in zip(samples, TONE, strict=True)) <= 300


def test_a_cut_off_file_is_known_from_a_whole_one() -> None:
    whole = wav.mono_wav(struct.pack(f"<{len(TONE)}h", *TONE))
    assert wav.is_whole(whole)
    assert not any(wav.is_whole(whole[:length]) for length in (0, 10, 44, len(whole) - 1))


@pytest.mark.parametrize("rate", [11025, 16000, 22050, 44100, 48000])
def test_what_a_telephone_cannot_carry_does_not_come_back_as_noise(rate: int) -> None:
    high = array("h", [round(12000 * math.sin(2 * math.pi * 4700 * index / rate)) for index in range(rate)])
    low = array("h", [round(12000 * math.sin(2 * math.pi * 1000 * index / rate)) for index in range(rate)])

    def energy(samples: array[int]) -> float:
        kept = samples_of(resample(samples.tobytes(), rate))[400:-400]
        return sum(sample * sample for sample in kept) / len(kept)

    assert 10 * math.log10(energy(high) / energy(low)) < -30
