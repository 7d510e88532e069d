"""Changes the sampling rate of speech to 8 kHz with a windowed-sinc polyphase filter in plain Python.

Source: Crochiere and Rabiner, Multirate Digital Signal Processing, 1983, chapter 2; Kaiser window with beta 5
(about 50 dB in the stop band).
"""

from __future__ import annotations

import math
import sys
from array import array
from collections.abc import Callable, Sequence
from functools import lru_cache
from operator import mul
from typing import Final

# Of the filter, at the lower of the two rates: so long that its transition band is the same whatever the upper one is.
LENGTH: Final = 12
_BETA: Final = 5.0
_dot: Final[Callable[[Sequence[float], Sequence[float]], float]] = getattr(
    math,
    "sumprod",  # from Python 3.12 on
    lambda one, other: sum(map(mul, one, other)),
)


def resample(pcm16: bytes, from_hz: int, to_hz: int = 8000) -> bytes:
    """Return 16-bit little-endian mono samples at `to_hz`; about 0.04 s of work for each second of speech."""
    if from_hz == to_hz:
        return pcm16
    source = array("h", pcm16)
    if sys.byteorder == "big":
        source.byteswap()
    step = math.gcd(from_hz, to_hz)
    up, down = to_hz // step, from_hz // step
    taps_count = _taps(up, down)
    padded = [0.0] * (taps_count // 2 - 1) + list(map(float, source)) + [0.0] * (taps_count + down)
    # Offsets and filters repeat every `up` outputs, which are `down` inputs.
    pattern = [(n * down // up, _filters(up, down)[n * down % up]) for n in range(up)]
    length = len(source) * up // down
    sums = [
        _dot(taps, padded[first + offset : first + offset + taps_count])
        for first in range(0, len(source), down)
        for offset, taps in pattern
    ]
    result = array("h", (max(-32768, min(32767, round(total))) for total in sums[:length]))
    if sys.byteorder == "big":
        result.byteswap()
    return result.tobytes()


def _taps(up: int, down: int) -> int:
    """How many samples of the source go into one of the result; even."""
    return 2 * math.ceil(LENGTH * max(1.0, down / up) / 2)


@lru_cache(maxsize=8)
def _filters(up: int, down: int) -> tuple[tuple[float, ...], ...]:
    """Return one filter per phase: output n lies `phase/up` of a sample behind sample `offset`."""
    # Below the lower of the two Nyquist rates, with room for the transition band of so short a filter.
    cutoff = 0.86 * min(1.0, up / down)
    taps_count = _taps(up, down)
    half = taps_count / 2
    filters = []
    for phase in range(up):
        taps = []
        for tap in range(taps_count):
            distance = tap - half + 1 - phase / up
            taps.append(cutoff * _sinc(cutoff * distance) * _kaiser(distance / half))
        gain = sum(taps)
        filters.append(tuple(value / gain for value in taps))
    return tuple(filters)


def _sinc(x: float) -> float:
    return 1.0 if x == 0 else math.sin(math.pi * x) / (math.pi * x)


def _kaiser(x: float) -> float:
    return _bessel(_BETA * math.sqrt(max(0.0, 1.0 - x * x))) / _bessel(_BETA) if abs(x) <= 1 else 0.0


def _bessel(x: float) -> float:
    """Return the modified Bessel function of the first kind and order 0, by its power series."""
    total = term = 1.0
    for k in range(1, 30):
        term *= (x / (2 * k)) ** 2
        total += term
    return total
