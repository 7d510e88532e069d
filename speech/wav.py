"""Reads and writes the few kinds of WAV that telephony uses.

Source: Microsoft/IBM Multimedia Programming Interface and Data Specifications 1.0 (RIFF, WAVE); Microsoft, "Multiple
channel audio data and WAVE files" (the extensible format).
"""

from __future__ import annotations

import io
import math
import struct
import sys
import wave
from array import array
from pathlib import Path
from typing import Final

from speech import mulaw
from speech.resample import resample

_PCM: Final = 1
_EXTENSIBLE: Final = 0xFFFE
# Outside of these, a rate is a broken header.
_LEAST_HZ: Final = 4000
_MOST_HZ: Final = 192_000
_MOST_CHANNELS: Final = 8
KNOWN: Final = "PCM of 8, 16, 24 or 32 bits, 32-bit float, mu-law, A-law"


class WavError(Exception):
    """The bytes are not a WAV file that can be played."""

    code = "wav"
    retryable = False


def read_wav(content: bytes) -> bytes:
    """Return the mu-law codes at 8 kHz of a WAV file of any of the `KNOWN` kinds.

    Stereo is reduced to its left channel. Raises `WavError`.
    """
    pcm16, rate_hz = read_pcm16(content)
    return mulaw.encode(resample(pcm16, rate_hz, mulaw.RATE_HZ))


def read_pcm16(content: bytes) -> tuple[bytes, int]:
    """Return 16-bit mono samples and their rate in Hz; raises `WavError`.

    A data chunk that says it is longer than the file ends with the file: streamed files do not know their length.
    """
    if content[:4] != b"RIFF" or content[8:12] != b"WAVE":
        raise WavError("not a RIFF/WAVE file")
    position, form = 12, None
    while position + 8 <= len(content):
        name, size = content[position : position + 4], struct.unpack_from("<I", content, position + 4)[0]
        start = position + 8
        if name == b"fmt ":
            form = _form(content[start : start + size])
        elif name == b"data" and form is not None:
            return _samples(content[start : start + size], form)
        position = start + size + (size & 1)
    raise WavError("no sound in the file")


def _form(chunk: bytes) -> tuple[int, ...]:
    if len(chunk) < 16:
        raise WavError("its header is cut off")
    kind, channels, rate_hz, _bytes_per_s, _align, bits = struct.unpack_from("<HHIIHH", chunk)
    if kind == _EXTENSIBLE:
        # The first two bytes of the sub-format are the kind that it stands for.
        kind = struct.unpack_from("<H", chunk, 24)[0] if len(chunk) >= 26 else _PCM
    if not 1 <= channels <= _MOST_CHANNELS:
        raise WavError(f"{channels} channels")
    if not _LEAST_HZ <= rate_hz <= _MOST_HZ:
        raise WavError(f"a rate of {rate_hz} Hz")
    return kind, channels, rate_hz, bits


def _samples(data: bytes, form: tuple[int, ...]) -> tuple[bytes, int]:
    kind, channels, rate_hz, bits = form
    size = bits // 8
    if size:
        data = data[: len(data) // (size * channels) * size * channels]
    match kind, bits:
        case (7, 8):  # mu-law
            return mulaw.decode(data[::channels]), rate_hz
        case (6, 8):  # A-law
            return _little(array("h", map(ALAW_VALUES.__getitem__, data[::channels]))), rate_hz
        case (1, 8):
            return _little(array("h", [(value - 128) << 8 for value in data[::channels]])), rate_hz
        case (1, 16):
            return array("h", data)[::channels].tobytes(), rate_hz
        case (1, 24):
            high = bytearray(len(data) // 3 * 2)
            high[0::2], high[1::2] = data[1::3], data[2::3]
            return array("h", bytes(high))[::channels].tobytes(), rate_hz
        case (1, 32):
            high = bytearray(len(data) // 2)
            high[0::2], high[1::2] = data[2::4], data[3::4]
            return array("h", bytes(high))[::channels].tobytes(), rate_hz
        case (3, 32):  # float
            values = array("f", data)
            if sys.byteorder == "big":
                values.byteswap()
            return _little(array("h", [_of_float(value) for value in values[::channels]])), rate_hz
    raise WavError(f"WAV format {kind} with {bits} bits is not supported (known: {KNOWN})")


def _of_float(value: float) -> int:
    return round(max(-1.0, min(1.0, value)) * 32767) if math.isfinite(value) else 0


def _little(samples: array[int]) -> bytes:
    if sys.byteorder == "big":
        samples.byteswap()
    return samples.tobytes()


def _alaw_value(code: int) -> int:
    """Source: ITU-T G.711, table 1a."""
    code ^= 0x55
    value, segment = (code & 0x0F) << 4, (code & 0x70) >> 4
    value = value + 8 if segment == 0 else (value + 0x108) << (segment - 1)
    return value if code & 0x80 else -value


# The sample that each A-law code stands for.
ALAW_VALUES: Final = tuple(map(_alaw_value, range(256)))


def mono_wav(pcm16: bytes, rate_hz: int = mulaw.RATE_HZ) -> bytes:
    """Return 16-bit mono samples as a WAV file."""
    content = io.BytesIO()
    with wave.open(content, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate_hz)
        file.writeframes(pcm16)
    return content.getvalue()


def is_whole(content: bytes) -> bool:
    """Whether these are all the bytes of a WAV file as `mono_wav` writes it."""
    return (
        len(content) >= 44
        and content[:4] == b"RIFF"
        and content[8:12] == b"WAVE"
        and int(struct.unpack_from("<I", content, 4)[0]) == len(content) - 8
    )


def write_stereo(path: Path, left: bytes, right: bytes) -> None:
    """Write mu-law `left` and `right` as a 16-bit stereo WAV at 8 kHz; the shorter side ends in silence."""
    length = max(len(left), len(right))
    samples = array("h", bytes(4 * length))
    for offset, side in enumerate((left, right)):
        samples[offset::2] = array("h", mulaw.decode(side.ljust(length, b"\xff")))
    if sys.byteorder == "big":
        samples.byteswap()
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(mulaw.RATE_HZ)
        file.writeframes(samples.tobytes())
