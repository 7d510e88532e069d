"""WAV files of every kind that is read, with the same tone in them, and a builder of others."""

from __future__ import annotations

import math
import struct

from speech.mulaw import encode
from speech.wav import ALAW_VALUES

RATE = 8000
TONE = [round(12000 * math.sin(2 * math.pi * 500 * index / RATE)) for index in range(RATE)]


def wave_file(kind: int, bits: int, data: bytes, *, channels: int = 1, rate: int = RATE, extra: bytes = b"") -> bytes:
    form = struct.pack("<HHIIHH", kind, channels, rate, rate * channels * bits // 8, channels * bits // 8, bits) + extra
    chunks = b"fmt " + struct.pack("<I", len(form)) + form + b"data" + struct.pack("<I", len(data)) + data
    return b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks


def _alaw(sample: int) -> int:
    """The nearest code, by search: another way than the decoder's."""
    return min(range(256), key=lambda code: abs(ALAW_VALUES[code] - sample))


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
