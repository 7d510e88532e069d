"""A model made for 16 kHz hears telephone audio, and its folder stays as it was."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import vosk
from media_fixtures import MODEL_NAME, needs_model, needs_voice, quiet, spoken

from speech import mulaw
from speech.models import SHIPPED_DIR, find_model
from speech.vosk_models import folder_for_telephone_audio, load_model
from speech.vosk_recogniser import Engines

pytestmark = needs_model


@pytest.fixture
def wide(tmp_path: Path) -> Path:
    """The shipped model, computing the same features from audio of 16 kHz."""
    path = shutil.copytree(SHIPPED_DIR / MODEL_NAME, tmp_path / "wide")
    conf = path / "conf" / "mfcc.conf"
    conf.write_text(conf.read_text().replace("=8000", "=16000"))
    return path


def heard(path: Path, pcm16: bytes, piece_bytes: int) -> list[str]:
    recogniser = vosk.KaldiRecognizer(load_model(path), 8000, json.dumps(["seven", "two", "nine", "[unk]"]))
    words: list[str] = []
    for at in range(0, len(pcm16), piece_bytes):
        if recogniser.AcceptWaveform(pcm16[at : at + piece_bytes]):
            words += json.loads(recogniser.Result())["text"].split()
    return words + json.loads(recogniser.FinalResult())["text"].split()


@needs_voice
@pytest.mark.parametrize("piece_bytes", [320, 1600, 1_000_000])
def test_a_16_khz_model_hears_8_khz_audio_as_a_stream_of_any_pieces(wide: Path, piece_bytes: int) -> None:
    pcm16 = mulaw.decode(spoken("seven, two") + quiet(600))
    assert heard(wide, pcm16, piece_bytes) == heard(SHIPPED_DIR / MODEL_NAME, pcm16, 1600) == ["seven", "two"]


@needs_voice
def test_an_engine_that_is_used_again_hears_the_same_at_16_khz(wide: Path) -> None:
    audio = spoken("seven, two") + quiet(600)
    engines = Engines(load_model(wide))
    heard_each_time = []
    for _ in range(3):
        recogniser = engines.recogniser(["seven", "two", "nine", "[unk]"])
        for at in range(0, len(audio), 800):
            recogniser.feed(at // 8, audio[at : at + 800])
        heard_each_time.append(recogniser.finish())
        recogniser.close()
    assert [word.text for word in heard_each_time[0][0].words] == ["seven", "two"]
    assert heard_each_time[0] == heard_each_time[1] == heard_each_time[2]


def test_the_folder_of_the_model_is_not_changed_and_nothing_of_ours_is_left(wide: Path) -> None:
    assert find_model(str(wide), wide.parent).rate_hz == 16000
    before = {file: file.read_bytes() for file in wide.rglob("*") if file.is_file()}
    with folder_for_telephone_audio(wide) as folder:
        assert folder != wide
        assert "--allow-upsample=true" in (folder / "conf" / "mfcc.conf").read_text()
        assert (folder / "am" / "final.mdl").read_bytes() == (wide / "am" / "final.mdl").read_bytes()
    assert not folder.exists()
    assert {file: file.read_bytes() for file in wide.rglob("*") if file.is_file()} == before


def test_a_model_of_8_khz_is_loaded_as_it_is() -> None:
    with folder_for_telephone_audio(SHIPPED_DIR / MODEL_NAME) as folder:
        assert folder == SHIPPED_DIR / MODEL_NAME
