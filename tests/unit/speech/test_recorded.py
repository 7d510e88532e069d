"""Zips of recorded words: what is in them, and what is wrong with them."""

from __future__ import annotations

import struct
import zipfile
from pathlib import Path

import pytest

from speech import mulaw
from speech.recorded import RecordingError, RecordingsError, mulaw_of_wav, read_mulaw, takes_of


def wav(data: bytes, coding: int = 7, channels: int = 1, rate_hz: int = 8000, bits: int = 8) -> bytes:
    form = struct.pack("<HHIIHH", coding, channels, rate_hz, rate_hz * channels * bits // 8, channels * bits // 8, bits)
    chunks = b"fmt " + struct.pack("<I", len(form)) + form + b"LIST\3\0\0\0abc\0"
    chunks += b"data" + struct.pack("<I", len(data)) + data
    return b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks


def archive(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in files.items():
            made.writestr(name, content)
    return path


def test_folders_are_words_and_names_begin_with_the_speaker(tmp_path: Path) -> None:
    zipped = archive(
        tmp_path / "a.zip",
        {
            "zero/ann_b_1.wav": b"",
            "call_back/kay.wav": b"",
            "top/nine/x_2.WAV": b"",
            "README.md": b"",
            "loose.wav": b"",
        },
    )
    takes = takes_of([zipped], {})
    assert [(take.word, take.speaker) for take in takes] == [
        *(("call back", "a.zip:kay"), ("nine", "a.zip:x"), ("zero", "a.zip:ann_b"))
    ]


def test_labels_of_the_model_name_the_words(tmp_path: Path) -> None:
    zipped = archive(tmp_path / "a.zip", {"zoom_in/a_1.wav": b"", "Zero/a_1.wav": b"", "go/a_1.wav": b""})
    words = {take.word for take in takes_of([zipped], {"zoom_in": "تكبير", "zero": "صفر"})}
    assert words == {"تكبير", "صفر", "go"}


def test_what_another_system_packs_beside_the_files_is_no_recording(tmp_path: Path) -> None:
    zipped = archive(tmp_path / "a.zip", {"__MACOSX/one/._a_1.wav": b"", "one/a_1.wav": b""})
    assert [take.name for take in takes_of([zipped], {})] == ["one/a_1.wav"]


def test_a_speaker_of_one_zip_is_nobody_of_another(tmp_path: Path) -> None:
    zips = [archive(tmp_path / name, {"one/a_1.wav": b""}) for name in ("a.zip", "b.zip")]
    assert len({take.speaker for take in takes_of(zips, {})}) == 2


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "there is no such file"),
        (b"photo", "is no zip file"),
        ({}, "words.zip: is empty"),
        ({"a.wav": b"", "b.txt": b""}, "holds no recordings named WORD/SPEAKER_TAKE.wav, but a.wav and the like"),
    ],
)
def test_a_zip_that_holds_no_recordings_is_named(
    tmp_path: Path, content: bytes | dict[str, bytes] | None, message: str
) -> None:
    path = tmp_path / "words.zip"
    if isinstance(content, dict):
        archive(path, content)
    elif content is not None:
        path.write_bytes(content)
    with pytest.raises(RecordingsError, match=message) as caught:
        takes_of([path], {})
    assert "words.zip" in str(caught.value)


def test_a_folder_in_place_of_a_zip_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecordingsError, match="cannot be read"):
        takes_of([tmp_path], {})


def test_mulaw_comes_as_it_is_and_16_bit_samples_are_coded() -> None:
    assert mulaw_of_wav(wav(b"\x10\x20\x30")) == b"\x10\x20\x30"
    assert mulaw_of_wav(wav(mulaw.decode(b"\x10\x20"), coding=1, bits=16)) == b"\x10\x20"
    assert mulaw_of_wav(wav(mulaw.decode(b"\x10\x20") + b"\0", coding=1, bits=16)) == b"\x10\x20"


def test_a_file_that_was_cut_off_gives_what_there_is() -> None:
    assert mulaw_of_wav(wav(b"\x10" * 100)[:-40]) == b"\x10" * 60


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is no RIFF"),
        (b"RIFF\0\0\0\0WAVE", "has no audio"),
        (wav(b""), "has no audio"),
        (b"RIFF\0\0\0\0WAVEdata\4\0\0\0abcd", "has audio before it says which"),
        (wav(b"ab", rate_hz=16000), "1 channels at 16000 Hz"),
        (wav(b"ab", channels=2), "2 channels at 8000 Hz"),
        (wav(b"ab", coding=6), "WAVE format 6 with 8 bits"),
    ],
)
def test_what_is_no_telephone_audio_says_why(content: bytes, message: str) -> None:
    with pytest.raises(RecordingError, match=message):
        mulaw_of_wav(content)


def test_a_file_whose_bytes_are_damaged_says_so(tmp_path: Path) -> None:
    path = archive(tmp_path / "a.zip", {"one/a_1.wav": wav(bytes(range(256)) * 8)})
    damaged = bytearray(path.read_bytes())
    damaged[60:90] = b"\0" * 30
    path.write_bytes(damaged)
    with zipfile.ZipFile(path) as opened, pytest.raises(RecordingError, match="cannot be unpacked"):
        read_mulaw(opened, "one/a_1.wav")


def test_a_file_that_claims_to_be_huge_is_not_unpacked(tmp_path: Path) -> None:
    path = archive(tmp_path / "a.zip", {"one/a_1.wav": b"\0" * 20_000_000})
    with zipfile.ZipFile(path) as opened, pytest.raises(RecordingError, match="is larger than"):
        read_mulaw(opened, "one/a_1.wav")
