"""Who is trained on: decided by speaker, and the same on every machine."""

import zipfile
from pathlib import Path

import pytest

from speech.training import speakers
from speech.training.recordings import recordings_of


def make_zip(path: Path, names: list[str]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, b"")
    return path


def test_a_speaker_is_on_one_side_whatever_the_word_or_take(tmp_path):
    people = [f"{n:08x}" for n in range(300)]
    names = [f"{word}/{who}_{take}.wav" for who in people for word in ("one", "up") for take in (0, 1)]
    path = make_zip(tmp_path / "crowd.zip", names)
    held_out = {r.speaker for r in recordings_of(path, speakers.is_development)}
    trained = {r.speaker for r in recordings_of(path, lambda s: not speakers.is_development(s))}
    assert not held_out & trained
    assert held_out | trained == set(people)
    assert 0.10 < len(held_out) / len(people) < 0.20


def test_the_draw_does_not_depend_on_the_machine_or_on_other_speakers():
    drawn = [who for who in ("0135f3f2", "019fa366", "00b01445", "spk06", "spk01") if speakers.is_development(who)]
    assert drawn == ["0135f3f2", "019fa366", "spk06"]


def test_one_of_the_four_digit_speakers_is_kept_out():
    known = ["george", "jackson", "nicolas", "yweweler"]
    assert [who for who in known if speakers.is_development(who)] == ["nicolas"]


@pytest.mark.parametrize(
    ("voice", "held_out"),
    [
        ("espeak-en-us", False),
        ("espeak-en-us+m1", False),
        ("espeak-en-us+m8", True),
        ("espeak-en-gb+Mike", True),
        ("espeak-en-gb-scotland", True),
        ("espeak-en-gb-scotland+m1", True),
        ("flite-slt", False),
        ("flite-rms", True),
        ("festival-kal_diphone", False),
        ("espeak-de+m1", False),
        ("espeak-nl", True),
        ("espeak-nl+m1", True),
        ("festival-czech_dita", False),
        ("festival-suopuhe_lj", True),
    ],
)
def test_synthetic_voices_are_kept_out_by_accent_and_by_variant(voice, held_out):
    assert speakers.is_development(voice) is held_out


def test_names_with_underscores_keep_their_speaker(tmp_path):
    path = make_zip(tmp_path / "v.zip", ["four_two/festival-cmu_us_slt_arctic_hts_75x0.wav", "readme.txt"])
    (only,) = recordings_of(path, lambda speaker: True)
    assert (only.said, only.speaker) == ("four_two", "festival-cmu_us_slt_arctic_hts")
