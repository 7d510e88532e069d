"""Reads and writes the few kinds of WAV that telephony uses.

Source: Microsoft/IBM Multimedia Programming Interface and Data Specifications 1.0 (RIFF, WAVE).
"""

from __future__ import annotations

import io
import struct
import sys
import wave
from array import array
from pathlib import Path
from typing import Final

from ivr.sound import mulaw
from ivr.sound.resample import resample

_PCM: Final = 1
_MULAW: Final = 7
_EXTENSIBLE: Final = 0xFFFE


class WavError(Exception):
    """The bytes are not a WAV file that can be played."""

    code = "wav"
    retryable = False


def read_wav(content: bytes) -> bytes:
    """Return the mu-law codes at 8 kHz of a WAV file (16-bit PCM of any rate, or mu-law at 8 kHz).

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
            form = struct.unpack_from("<HHIIHH", content, start)
        elif name == b"data" and form is not None:
            return _samples(content[start : start + size], form)
        position = start + size + (size & 1)
    raise WavError("no sound in the file")


def _samples(data: bytes, form: tuple[int, ...]) -> tuple[bytes, int]:
    kind, channels, rate_hz, _bytes_per_s, _align, bits = form
    if kind == _MULAW and bits == 8:
        return mulaw.decode(data[::channels]), rate_hz
    if kind in (_PCM, _EXTENSIBLE) and bits == 16:
        samples = array("h", data[: len(data) - len(data) % (2 * channels)])
        return samples[::channels].tobytes(), rate_hz
    raise WavError(f"WAV format {kind} with {bits} bits is not supported (known: 16-bit PCM, mu-law)")


def mono_wav(pcm16: bytes, rate_hz: int = mulaw.RATE_HZ) -> bytes:
    """Return 16-bit mono samples as a WAV file."""
    content = io.BytesIO()
    with wave.open(content, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate_hz)
        file.writeframes(pcm16)
    return content.getvalue()


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
