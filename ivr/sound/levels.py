"""How loud speech is, and speech made as loud as all other: 16-bit mono samples at 8 kHz.

The level is that of the speech alone, as ITU-T P.56 measures it: pauses do not make a prompt "quieter". Here in steps
of 10 ms instead of single samples, which came within 0.1 dB of it on prompts of ours.
Source: ITU-T P.56 (12/2011), method B: time constant 0.03 s, hangover 0.2 s, margin 15.9 dB.

Levels are in dBFS: 0 is the effective value of a square wave over the full range of 16 bits.
"""

from __future__ import annotations

import math
import sys
from array import array
from collections.abc import Sequence
from operator import mul
from typing import Final

RATE_HZ: Final = 8000
FULL_SCALE: Final = 32768.0
# An effective value of 3,677: 3 dB above the 2,600 that people on a line should have, within the 6 dB to either side
# that are allowed for, because a prompt must be understood in the street and beside the louder voices of the carrier.
# Source: RFC 7874, section 4 (after ITU-T G.169 and G.115).
SPEECH_DBFS: Final = -19.0
# Below the largest mu-law value (32,124 of 32,768), with room for the carrier's own filters.
PEAK_DBFS: Final = -2.0
# Quiet recordings are raised no further than this: it would be their noise that is heard.
MOST_GAIN_DB: Final = 30.0
# From the beginning of the file to the first sound, and from the last one to the end: sentences follow each other as
# separate files, and need the pause between two.
LEAD_MS: Final = 40
TAIL_MS: Final = 220

_FRAME: Final = RATE_HZ // 100
_SMOOTH: Final = math.exp(-0.01 / 0.03)
_HANGOVER: Final = 20
_MARGIN_DB: Final = 15.9
# So far below the speech, it is breath and room.
_TRIM_BELOW_DB: Final = 38.0
_QUIETEST_DBFS: Final = -66.0
# The limiter's steps of 5 ms, and how much its gain may change from one to the next (1 dB).
_STEP: Final = RATE_HZ // 200
_SLOPE: Final = 10 ** (1 / 20)
_PASSES: Final = 4
_NEAR_DB: Final = 0.2


def samples_of(pcm16: bytes) -> array[int]:
    """Little-endian 16-bit samples as numbers; an odd byte at the end is dropped."""
    samples = array("h", pcm16[: len(pcm16) // 2 * 2])
    if sys.byteorder == "big":
        samples.byteswap()
    return samples


def bytes_of(samples: array[int]) -> bytes:
    """The reverse of `samples_of`."""
    if sys.byteorder == "big":
        samples = samples[:]
        samples.byteswap()
    return samples.tobytes()


def telephone(pcm16: bytes) -> bytes:
    """Speech at 8 kHz, trimmed to the fixed margins and at the level of all prompts; what holds no sound is empty."""
    samples = _trimmed(samples_of(pcm16))
    return bytes_of(_levelled(samples)) if samples else b""


def active_level(samples: Sequence[int]) -> float | None:
    """The active speech level in dBFS; None where nothing is heard at all."""
    energy = 0.0
    envelope: list[float] = []
    first = second = 0.0
    for start in range(0, len(samples), _FRAME):
        frame = samples[start : start + _FRAME]
        energy += sum(map(mul, frame, frame))
        magnitudes = sum(map(abs, frame)) / _FRAME
        first = _SMOOTH * first + (1 - _SMOOTH) * magnitudes
        second = _SMOOTH * second + (1 - _SMOOTH) * first
        envelope.append(second)
    if energy == 0:
        return None
    squares = energy / _FRAME / FULL_SCALE**2
    before: tuple[float, float] | None = None
    # From the loudest threshold down: the first at which the level is the margin above it.
    for power in range(15, -1, -1):
        threshold = float(1 << power)
        active = _active_frames(envelope, threshold)
        if not active:
            continue
        level = 10 * math.log10(squares / active)
        above = level - 20 * math.log10(threshold / FULL_SCALE)
        if above >= _MARGIN_DB:
            return level if before is None else _between(before, (level, above))
        before = (level, above)
    return None if before is None else before[0]


def _between(over: tuple[float, float], under: tuple[float, float]) -> float:
    """The level at the margin, between two thresholds of which one is too high and one too low."""
    share = (_MARGIN_DB - over[1]) / (under[1] - over[1])
    return over[0] + share * (under[0] - over[0])


def _active_frames(envelope: list[float], threshold: float) -> int:
    active = hangover = 0
    for value in envelope:
        hangover = _HANGOVER + 1 if value >= threshold else hangover - 1
        if hangover > 0:
            active += 1
    return active


def _trimmed(samples: array[int]) -> array[int]:
    level = active_level(samples)
    if level is None:
        return array("h")
    threshold = FULL_SCALE**2 * 10 ** (max(level - _TRIM_BELOW_DB, _QUIETEST_DBFS) / 10) * _FRAME
    heard = [
        start
        for start in range(0, len(samples), _FRAME)
        if sum(map(mul, samples[start : start + _FRAME], samples[start : start + _FRAME])) >= threshold
    ]
    if not heard:
        return array("h")
    lead, tail = LEAD_MS * RATE_HZ // 1000, TAIL_MS * RATE_HZ // 1000
    first, last = heard[0] - lead, heard[-1] + _FRAME + tail
    silence = array("h", bytes(2 * max(-first, last - len(samples), 0)))
    return silence[: max(0, -first)] + samples[max(0, first) : last] + silence[: max(0, last - len(samples))]


def _levelled(samples: array[int]) -> array[int]:
    """At the target, the peaks limited; the gain is found again where limiting has taken from the level."""
    gain_db = 0.0
    result = samples
    for _ in range(_PASSES):
        level = active_level(result)
        if level is None or (result is not samples and abs(level - SPEECH_DBFS) < _NEAR_DB):
            break
        gain_db = min(MOST_GAIN_DB, gain_db + SPEECH_DBFS - level)
        result = _limited(samples, 10 ** (gain_db / 20))
    return result


def _limited(samples: array[int], gain: float) -> array[int]:
    """Samples times `gain`; where that exceeds the highest peak, the gain goes down before and comes back after it."""
    most = FULL_SCALE * 10 ** (PEAK_DBFS / 20)
    peaks = [max(map(abs, samples[start : start + _STEP])) for start in range(0, len(samples), _STEP)]
    gains = [min(gain, most / peak) if peak else gain for peak in peaks]
    # At the edge of two steps, what both can bear; from edge to edge no faster than the slope.
    edges = [min(pair) for pair in zip([gain, *gains], [*gains, gain], strict=True)]
    for index in range(1, len(edges)):
        edges[index] = min(edges[index], edges[index - 1] * _SLOPE)
    for index in range(len(edges) - 2, -1, -1):
        edges[index] = min(edges[index], edges[index + 1] * _SLOPE)
    result = array("h")
    at = 0
    while at < len(gains):
        # Most of a prompt is below the limit: there, many steps are done at once.
        end = at + 1
        while edges[at] == edges[end] == gain and end < len(gains) and edges[end + 1] == gain:
            end += 1
        part = samples[at * _STEP : end * _STEP]
        if edges[at] == edges[end]:
            same = edges[at]
            result.extend([round(sample * same) for sample in part])
        else:
            first, slope = edges[at], (edges[end] - edges[at]) / _STEP
            result.extend([round(sample * (first + slope * offset)) for offset, sample in enumerate(part)])
        at = end
    return result
