"""Which recordings doubt is fitted on, and under which lists."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

pytest.importorskip("numpy", reason="the extra training is not installed")

from speech.model_card import Card
from speech.models import Model
from speech.training.doubt_trials import Kind, is_person, kinds_of, no_speech
from speech.training.recordings import ARABIC_ZIP, COMMANDS_ZIP, DIGITS_ZIP
from speech.training.speakers import DEVELOPMENT_DIGIT_SPEAKERS, is_development

HELD_OUT, TRAINED = DEVELOPMENT_DIGIT_SPEAKERS[0], "george"
STRANGERS = [f"{number:08x}" for number in range(60)]
WORDS = frozenset({"one", "two", "nine", "up", "yes", "no", "agent", "call", "[unk]"})


def zipped(path: Path, words: list[str], speakers: list[str]) -> None:
    with zipfile.ZipFile(path, "w") as made:
        for word in words:
            for speaker in speakers:
                made.writestr(f"{word}/{speaker}_0.wav", b"")


@pytest.fixture
def kinds(tmp_path: Path) -> list[Kind]:
    zipped(tmp_path / DIGITS_ZIP, ["one", "two", "nine"], [HELD_OUT, TRAINED])
    zipped(tmp_path / COMMANDS_ZIP, ["one", "up", "left"], STRANGERS)
    zipped(tmp_path / ARABIC_ZIP, ["one", "yes"], STRANGERS)
    zipped(tmp_path / "voices.zip", ["one", "yes", "call", "banana", "hello"], ["espeak-en-us+m8", "espeak-en-us+m1"])
    model = Model(name="x", language="en", path=tmp_path, rate_hz=8000, vocabulary=WORDS, card=Card())
    return kinds_of(model, tmp_path, [tmp_path / "voices.zip"], most=50)


def test_nobody_who_was_trained_on_is_heard(kinds: list[Kind]) -> None:
    speakers = {trial.speaker.partition(":")[2] for kind in kinds for trial in kind.trials if ":" in trial.speaker}
    assert speakers
    assert all(is_development(speaker) for speaker in speakers)
    assert {HELD_OUT, "espeak-en-us+m8"} <= speakers
    assert not {TRAINED, "espeak-en-us+m1"} & speakers


def test_what_is_listed_is_on_the_list_and_other_speech_is_not(kinds: list[Kind]) -> None:
    for kind in kinds:
        foreign = kind.name.startswith("foreign")
        for trial in kind.trials:
            on_the_list = " ".join(trial.said) in kind.phrases
            assert on_the_list == kind.listed or (foreign and not kind.listed), kind.name


def test_synthetic_words_that_training_hears_are_no_words_never_heard(kinds: list[Kind]) -> None:
    said = {trial.said for kind in kinds if "never heard" in kind.name for trial in kind.trials}
    assert said == {("banana",)}


def test_each_list_has_only_words_of_the_model(kinds: list[Kind]) -> None:
    for kind in kinds:
        assert kind.phrases
        assert set(kind.phrases) <= WORDS - {"[unk]"}


def test_there_are_listed_words_other_words_noise_and_no_speech(kinds: list[Kind]) -> None:
    names = {kind.name for kind in kinds}
    assert {"digits", "synthetic yes and no", "own words, digit list", "no speech, digit list"} <= names
    assert {kind.snr_db for kind in kinds} == {None, 15.0}


def test_people_are_told_from_machines() -> None:
    assert is_person("a.zip:nicolas")
    assert not is_person("voices.zip:espeak-en-us+m8")
    assert not is_person("noise 3")


def test_a_line_without_speech_is_more_than_silence() -> None:
    audios = list(no_speech())
    assert len(audios) > 30
    assert len(set(audios)) == len(audios)
    assert list(no_speech()) == audios
