"""The kinds of WAV that operators have, and those that are broken."""

from __future__ import annotations

import math
import struct
from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.sound import rendering, wav
from ivr.sound.levels import active_level, samples_of
from ivr.sound.resample import resample
from speech.mulaw import encode

RATE = 8000
TONE = [round(12000 * math.sin(2 * math.pi * 500 * index / RATE)) for index in range(RATE)]


def wave_file(kind: int, bits: int, data: bytes, *, channels: int = 1, rate: int = RATE, extra: bytes = b"") -> bytes:
    form = struct.pack("<HHIIHH", kind, channels, rate, rate * channels * bits // 8, channels * bits // 8, bits) + extra
    chunks = b"fmt " + struct.pack("<I", len(form)) + form + b"data" + struct.pack("<I", len(data)) + data
    return b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks


def _alaw(sample: int) -> int:
    """The nearest code, by search: another way than the decoder's."""
    return min(range(256), key=lambda code: abs(wav._alaw_value(code) - sample))


EXTENSIBLE = struct.pack("<HHIH", 22, 16, 4, 1) + b"\x00\x00\x00\x00\x10\x00\x80\x00\x00\xaa\x00\x38\x9b\x71"
FILES = {
    "8 bits": wave_file(1, 8, bytes((sample >> 8) + 128 for sample in TONE)),
    "16 bits": wave_file(1, 16, struct.pack(f"<{len(TONE)}h", *TONE)),
    "24 bits": wave_file(1, 24, b"".join(struct.pack("<i", sample << 8)[:3] for sample in TONE)),
    "32 bits": wave_file(1, 32, struct.pack(f"<{len(TONE)}i", *(sample << 16 for sample in TONE))),
    "float": wave_file(3, 32, struct.pack(f"<{len(TONE)}f", *(sample / 32768 for sample in TONE))),
    "mu-law": wave_file(7, 8, encode(struct.pack(f"<{len(TONE)}h", *TONE))),
    "A-law": wave_file(6, 8, bytes(map(_alaw, TONE))),
    "extensible": wave_file(0xFFFE, 16, struct.pack(f"<{len(TONE)}h", *TONE), extra=EXTENSIBLE),
    "stereo": wave_file(1, 16, struct.pack(f"<{2 * len(TONE)}h", *(x for s in TONE for x in (s, 0))), channels=2),
}


@pytest.mark.parametrize("kind", FILES)
def test_every_known_kind_gives_the_same_sound(kind: str) -> None:
    pcm16, rate_hz = wav.read_pcm16(FILES[kind])
    assert rate_hz == RATE
    samples = samples_of(pcm16)
    assert len(samples) == len(TONE)
    assert max(abs(one - other) for one, other in zip(samples, TONE, strict=True)) <= 300


@pytest.mark.parametrize("kind", FILES)
def test_every_known_kind_is_a_recording_at_the_level_of_all_prompts(kind: str) -> None:
    assert rendering.recording_problem(FILES[kind]) is None
    pcm16, rate_hz = wav.read_pcm16(rendering.recorded(FILES[kind]))
    assert rate_hz == 8000
    assert active_level(samples_of(pcm16)) == pytest.approx(-19.0, abs=0.5)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "not a RIFF"),
        (b"a letter to the editor", "not a RIFF"),
        (FILES["16 bits"][:30], "cut off"),
        (FILES["16 bits"][:44], "nothing is heard"),
        (wave_file(1, 16, bytes(4000)), "nothing is heard"),
        (wave_file(1, 16, bytes(40), channels=0), "0 channels"),
        (wave_file(1, 16, bytes(40), rate=1), "a rate of 1 Hz"),
        (wave_file(17, 4, bytes(40)), "format 17"),
        (wave_file(1, 12, bytes(40)), "12 bits"),
        (wave_file(3, 32, struct.pack("<4f", *[math.nan] * 4)), "nothing is heard"),
    ],
)
def test_what_cannot_be_played_is_said_why(content: bytes, problem: str) -> None:
    assert problem in str(rendering.recording_problem(content))


@given(st.binary(max_size=200))
def test_no_bytes_at_all_make_the_reader_fail_otherwise(tail: bytes) -> None:
    for content in (tail, FILES["16 bits"][:20] + tail, b"RIFF\x00\x00\x00\x00WAVEfmt " + tail):
        rendering.recording_problem(content)


def test_a_cut_off_file_is_known_from_a_whole_one() -> None:
    whole = wav.mono_wav(struct.pack(f"<{len(TONE)}h", *TONE))
    assert wav.is_whole(whole)
    assert not any(wav.is_whole(whole[:length]) for length in (0, 10, 44, len(whole) - 1))


def test_a_long_recording_is_music_and_stays_as_it_is() -> None:
    long = wave_file(1, 8, b"\x80\x90" * (RATE * 61))
    assert rendering.recorded(long) == long


@pytest.mark.parametrize("rate", [11025, 16000, 22050, 44100, 48000])
def test_what_a_telephone_cannot_carry_does_not_come_back_as_noise(rate: int) -> None:
    high = array("h", [round(12000 * math.sin(2 * math.pi * 4700 * index / rate)) for index in range(rate)])
    low = array("h", [round(12000 * math.sin(2 * math.pi * 1000 * index / rate)) for index in range(rate)])

    def energy(samples: array[int]) -> float:
        kept = samples_of(resample(samples.tobytes(), rate))[400:-400]
        return sum(sample * sample for sample in kept) / len(kept)

    assert 10 * math.log10(energy(high) / energy(low)) < -30
