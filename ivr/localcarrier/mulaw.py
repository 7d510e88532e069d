"""G.711 mu-law, the telephone network's 8-bit audio, in plain Python (the standard library lost `audioop`).

Source: ITU-T Recommendation G.711.
"""

from __future__ import annotations

import sys
from array import array
from typing import Final

RATE_HZ: Final = 8000
FRAME_MS: Final = 20
FRAME_BYTES: Final = RATE_HZ * FRAME_MS // 1000
SILENCE: Final = b"\xff" * FRAME_BYTES

_BIAS: Final = 0x84
_CLIP: Final = 32635


def _decode_one(code: int) -> int:
    inverted = ~code & 0xFF
    magnitude = (((inverted & 0x0F) << 3) + _BIAS) << ((inverted >> 4) & 0x07)
    return _BIAS - magnitude if inverted & 0x80 else magnitude - _BIAS


def _encode_one(sample: int) -> int:
    sign = 0x80 if sample < 0 else 0
    magnitude = min(abs(sample), _CLIP) + _BIAS
    exponent = magnitude.bit_length() - 8
    return ~(sign | (exponent << 4) | ((magnitude >> (exponent + 3)) & 0x0F)) & 0xFF


DECODED: Final = tuple(_decode_one(code) for code in range(256))
# Indexed by the 16-bit pattern of a sample, so that encoding is one look-up.
_ENCODED: Final = bytes(_encode_one(n - 0x10000 if n >= 0x8000 else n) for n in range(0x10000))
_PATTERNS: Final = tuple(sample & 0xFFFF for sample in DECODED)


def decode(codes: bytes) -> bytes:
    """Return 16-bit little-endian samples, two bytes for each of `codes`."""
    samples = array("H", map(_PATTERNS.__getitem__, codes))
    if sys.byteorder == "big":
        samples.byteswap()
    return samples.tobytes()


def encode(pcm16: bytes) -> bytes:
    """Return one code for each 16-bit little-endian sample."""
    samples = array("H", pcm16)
    if sys.byteorder == "big":
        samples.byteswap()
    return bytes(map(_ENCODED.__getitem__, samples))


def mix(frames: list[bytes]) -> bytes:
    """Return the sum of frames of equal length; silent ones cost nothing."""
    sounding = [frame for frame in frames if frame != SILENCE]
    if not sounding:
        return SILENCE
    if len(sounding) == 1:
        return sounding[0]
    columns = zip(*sounding, strict=True)
    sums = (sum(map(DECODED.__getitem__, column)) for column in columns)
    return bytes(_ENCODED[max(-32768, min(32767, total)) & 0xFFFF] for total in sums)


def pad(codes: bytes) -> bytes:
    """Return `codes` with silence added up to a whole number of frames."""
    return codes + b"\xff" * (-len(codes) % FRAME_BYTES)


def loudest_end(codes: bytes, threshold: int = 256) -> int:
    """Return the offset just behind the last sample whose magnitude exceeds `threshold` of 32768."""
    quiet = bytes(code for code in range(256) if abs(DECODED[code]) <= threshold)
    return len(codes.rstrip(quiet))
