"""Mu-law, against the reference values of G.711."""

from __future__ import annotations

import random
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from speech import mulaw


@pytest.mark.parametrize(
    ("code", "sample"), [(0x00, -32124), (0x80, 32124), (0xFF, 0), (0x7F, 0), (0x8F, 16764), (0xF0, 120), (0x70, -120)]
)
def test_codes_decode_to_the_values_of_the_standard(code: int, sample: int) -> None:
    assert struct.unpack("<h", mulaw.decode(bytes([code]))) == (sample,)


def test_every_code_but_the_second_zero_survives_a_round_trip() -> None:
    codes = bytes(range(256))
    again = mulaw.encode(mulaw.decode(codes))
    assert [code for code in codes if again[code] != code] == [0x7F]


@settings(deadline=None)
@given(st.lists(st.integers(-32768, 32767)))
def test_coding_loses_no_more_than_half_a_step(samples: list[int]) -> None:
    pcm = struct.pack(f"<{len(samples)}h", *samples)
    back = struct.unpack(f"<{len(samples)}h", mulaw.decode(mulaw.encode(pcm)))
    for sample, coded in zip(samples, back, strict=True):
        assert abs(sample - coded) <= max((abs(sample) + 132) / 32, abs(sample) - 32124)


def test_half_a_sample_is_refused() -> None:
    with pytest.raises(ValueError, match="multiple"):
        mulaw.encode(b"\0\0\0")


def test_levels_are_relative_to_full_scale() -> None:
    assert mulaw.level_dbfs(b"") == mulaw.SILENCE_DBFS
    assert mulaw.level_dbfs(mulaw.SILENCE * 160) == mulaw.SILENCE_DBFS
    assert mulaw.level_dbfs(b"\x00\x80" * 80) == pytest.approx(-0.17, abs=0.01)
    assert mulaw.level_dbfs(mulaw.encode(struct.pack("<2h", 1000, -1000)) * 80) == pytest.approx(-30.3, abs=0.3)


@settings(deadline=None)
@given(st.integers(0, 2**32), st.sampled_from([4, 30, 300, 3000, 30_000]))
def test_the_levels_of_noise_are_within_two_decibels_of_the_exact_ones(seed: int, deviation: int) -> None:
    draw = random.Random(seed)  # noqa: S311
    samples = [max(-32768, min(32767, round(draw.gauss(0, deviation)))) for _ in range(480)]
    audio = mulaw.encode(struct.pack("<480h", *samples))
    exact = [mulaw.level_dbfs(audio[at : at + 160]) for at in (0, 160, 320)]
    assert mulaw.levels_dbfs(audio) == pytest.approx(exact, abs=4.0 if deviation == 4 else 2.0)


def test_there_is_a_level_for_each_20_ms_and_for_what_is_left() -> None:
    assert mulaw.levels_dbfs(b"") == ()
    assert mulaw.levels_dbfs(mulaw.SILENCE * 161) == (mulaw.SILENCE_DBFS, mulaw.SILENCE_DBFS)
    assert mulaw.levels_dbfs(b"\x00" * 320) == pytest.approx((-0.17, -0.17), abs=0.01)
