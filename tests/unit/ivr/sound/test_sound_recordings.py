"""The recordings that operators have, at the level of all prompts, and those that cannot be played."""

from __future__ import annotations

import math
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.sound import rendering
from ivr.sound.levels import active_level, samples_of
from speech import wav
from tests.wave_files import FILES, RATE, wave_file


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


def test_a_long_recording_is_music_and_stays_as_it_is() -> None:
    long = wave_file(1, 8, b"\x80\x90" * (RATE * 61))
    assert rendering.recorded(long) == long
