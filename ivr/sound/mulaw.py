"""Mu-law audio in frames of 20 ms, as the exchange passes it on; the code itself is `speech.mulaw`'s."""

from __future__ import annotations

from typing import Final

from speech.mulaw import CODES, LINEAR, RATE_HZ, decode, encode

FRAME_MS: Final = 20
FRAME_BYTES: Final = RATE_HZ * FRAME_MS // 1000
SILENCE: Final = b"\xff" * FRAME_BYTES

__all__ = ["FRAME_BYTES", "FRAME_MS", "LINEAR", "RATE_HZ", "SILENCE", "decode", "encode", "loudest_end", "mix", "pad"]


def mix(frames: list[bytes]) -> bytes:
    """Return the sum of frames of equal length; silent ones cost nothing."""
    sounding = [frame for frame in frames if frame != SILENCE]
    if not sounding:
        return SILENCE
    if len(sounding) == 1:
        return sounding[0]
    columns = zip(*sounding, strict=True)
    sums = (sum(map(LINEAR.__getitem__, column)) for column in columns)
    return bytes(CODES[max(-32768, min(32767, total)) & 0xFFFF] for total in sums)


def pad(codes: bytes) -> bytes:
    """Return `codes` with silence added up to a whole number of frames."""
    return codes + b"\xff" * (-len(codes) % FRAME_BYTES)


def loudest_end(codes: bytes, threshold: int = 256) -> int:
    """Return the offset just behind the last sample whose magnitude exceeds `threshold` of 32768."""
    quiet = bytes(code for code in range(256) if abs(LINEAR[code]) <= threshold)
    return len(codes.rstrip(quiet))
