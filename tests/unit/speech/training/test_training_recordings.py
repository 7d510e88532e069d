"""Mu-law WAV files without numpy, and strings joined from them."""

import struct

import pytest

from speech.training import recordings


def wav(codes: bytes, form: int = 7, channels: int = 1, extra: bytes = b"") -> bytes:
    fmt = struct.pack("<HHIIHH", form, channels, 8000, 8000, 1, 8)
    chunks = b"fmt " + struct.pack("<I", len(fmt)) + fmt + extra + b"data" + struct.pack("<I", len(codes)) + codes
    return b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks


def test_the_codes_of_the_standard_decode_to_its_samples():
    # G.711: 0x00 and 0x80 are the extremes, 0x7F and 0xFF are silence.
    assert [recordings.mulaw_sample(c) for c in (0x00, 0x80, 0x7F, 0xFF, 0x0F, 0xF0)] == [
        -32124, 32124, 0, 0, -16764, 120,
    ]  # fmt: skip


def test_a_file_becomes_little_endian_samples():
    assert recordings.mulaw_wav_to_pcm(wav(b"\x80\xff\x00")) == struct.pack("<3h", 32124, 0, -32124)


def test_chunks_of_odd_size_before_the_data_are_skipped_with_their_padding():
    extra = b"LIST" + struct.pack("<I", 3) + b"abc\0"
    assert recordings.mulaw_wav_to_pcm(wav(b"\xff\xff", extra=extra)) == bytes(4)


@pytest.mark.parametrize(
    ("data", "complaint"),
    [(b"not a wav at all", "RIFF"), (wav(b"", form=1), "mu-law"), (wav(b"", channels=2), "mu-law")],
)
def test_other_files_are_refused_with_the_reason(data, complaint):
    with pytest.raises(ValueError, match=complaint):
        recordings.mulaw_wav_to_pcm(data)
