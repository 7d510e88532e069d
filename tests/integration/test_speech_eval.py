"""`ivr speech eval` with the shipped model: a voice's words, and people's where their recordings are."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from media_fixtures import MODEL_NAME, needs_model, needs_recordings, needs_voice, spoken
from typer.testing import CliRunner, Result

from ivr.cli import app
from speech import mulaw
from speech.digits import UNKNOWN_WORD
from speech.doubt import doubt_of
from speech.grammar import Digits, Grammar
from speech.interpretation import interpret
from speech.models import find_model
from speech.recorded import takes_of
from speech.resample import resample
from speech.trials import Outcome, Trial, hear_all
from tests import recordings
from tests.wave_files import wave_file

pytestmark = needs_model
KEYS = ["model", "files", "accuracy", "per_word", "oov_files", "oov_rejected", "strings", "strings_exact", "rtf"]
DIGITS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]

Ivr = Callable[..., Result]


@pytest.fixture
def ivr() -> Ivr:
    return lambda *arguments: CliRunner().invoke(app, ["speech", "eval", *map(str, arguments), "--model", MODEL_NAME])


def wav(audio: bytes) -> bytes:
    return wave_file(7, 8, audio)


def zipped(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as made:
        for name, content in files.items():
            made.writestr(name, content)
    return path


@needs_voice
def test_words_of_a_voice_are_heard_other_words_are_not_and_broken_files_are_named(ivr: Ivr, tmp_path: Path) -> None:
    files = {f"{word}/voice_1.wav": wav(spoken(word)) for word in ("one", "umbrella")}
    files["seven/voice_1.wav"] = wave_file(1, 16, resample(mulaw.decode(spoken("seven")), 8000, 16_000), rate=16_000)
    files |= {"one/voice_2.wav": b"RIFF", "seven/voice_2.wav": wave_file(17, 4, b"\xff" * 900)}
    found = ivr(zipped(tmp_path / "words.zip", files), "--strings", 4, "--length", 3, "--json")
    assert found.exit_code == 0, found.output
    answer = json.loads(found.stdout)
    assert list(answer) == KEYS
    assert (answer["model"], answer["files"], answer["accuracy"]) == (MODEL_NAME, 2, 1.0)
    assert answer["per_word"] == {"one": 1.0, "seven": 1.0}
    assert (answer["oov_files"], answer["oov_rejected"]) == (1, 1.0)
    assert (answer["strings"], answer["strings_exact"]) == (4, 1.0)
    assert 0 < answer["rtf"] < 1
    assert "one/voice_2.wav: cannot be heard: not a RIFF/WAVE file" in found.stderr
    assert "seven/voice_2.wav: cannot be heard: WAV format 17 with 4 bits" in found.stderr


@needs_voice
def test_the_table_tells_shares_intervals_and_what_was_heard_wrong(ivr: Ivr, tmp_path: Path) -> None:
    # The label is wrong, so that the model is.
    files = {"one/voice_1.wav": wav(spoken("one")), "two/voice_1.wav": wav(spoken("nine")), "nine/a_1.wav": b""}
    found = ivr(zipped(tmp_path / "words.zip", files))
    assert found.exit_code == 0, found.output
    assert "50.0 %" in found.stdout
    assert "two -> nine" in found.stdout
    assert "1 files left out" in found.stdout


@needs_voice
def test_noise_as_loud_as_speech_is_harder(ivr: Ivr, tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", {f"{word}/voice_1.wav": wav(spoken(word)) for word in DIGITS})
    quiet, noisy = (json.loads(ivr(path, "--json", *snr).stdout)["accuracy"] for snr in ((), ("--snr", "-20")))
    assert noisy < quiet


@pytest.mark.parametrize(
    ("content", "message"),
    [(None, "there is no such file"), (b"photo", "is no zip file"), (b"PK\5\6" + bytes(18), "is empty")],
)
def test_what_holds_no_recordings_is_one_message(ivr: Ivr, tmp_path: Path, content: bytes | None, message: str) -> None:
    path = tmp_path / "words.zip"
    if content is not None:
        path.write_bytes(content)
    found = ivr(path, "--json")
    assert found.exit_code == 1
    assert found.stdout == ""
    assert "words.zip" in found.stderr
    assert message in found.stderr
    assert "Traceback" not in found.output


def test_a_zip_with_nothing_but_broken_files_measures_nothing(ivr: Ivr, tmp_path: Path) -> None:
    found = ivr(zipped(tmp_path / "a.zip", {"one/a_1.wav": b"", "two/a_1.wav": b"RIFF"}), "--json")
    assert found.exit_code == 1
    answer = json.loads(found.stdout)
    assert (answer["files"], answer["accuracy"], answer["oov_rejected"], answer["rtf"]) == (0, None, None, None)


def test_silence_is_no_word(ivr: Ivr, tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", {"one/a_1.wav": wav(mulaw.SILENCE * 4000), "hush/a_1.wav": wav(b"\x7f" * 9000)})
    answer = json.loads(ivr(path, "--json").stdout)
    assert (answer["accuracy"], answer["oov_rejected"]) == (0.0, 1.0)


def test_a_model_and_a_word_that_are_not_there_are_named(ivr: Ivr, tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", {"one/a_1.wav": wav(b"\xff" * 800)})
    found = ivr(path, "--words", "one,xyzzy")
    assert (found.exit_code, "does not have: xyzzy" in found.stderr) == (1, True)
    found = CliRunner().invoke(app, ["speech", "eval", str(path), "--model", "nowhere"])
    assert (found.exit_code, "nowhere" in found.stderr) == (1, True)


def test_a_model_is_looked_for_where_the_env_file_says_that_models_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DATA_DIR", raising=False)
    (tmp_path / ".env").write_text("DATA_DIR=elsewhere\n")
    found = CliRunner().invoke(app, ["speech", "eval", "a.zip", "--model", "nowhere"])
    assert "elsewhere/models/nowhere" in found.stderr


@pytest.mark.parametrize("snr", ["nan", "inf", "-inf"])
def test_noise_that_is_no_number_of_decibels_is_refused(ivr: Ivr, tmp_path: Path, snr: str) -> None:
    found = ivr(zipped(tmp_path / "a.zip", {"one/a_1.wav": wav(b"\xff" * 800)}), "--snr", snr)
    assert (found.exit_code, "a number of decibels is wanted" in found.stderr) == (2, True)


def people(words: list[str], every: int) -> list[Trial]:
    takes = [take for take in takes_of([recordings.DIGITS], {}) if take.word in words and "nicolas" in take.speaker]
    return [Trial(said=(t.word,), speaker=t.speaker, parts=((t.archive, t.name),)) for t in takes[::every]]


def heard(trials: list[Trial], processes: int = 1) -> list[Outcome]:
    model = find_model(MODEL_NAME, Path("data"))
    return list(hear_all(model.path, [*DIGITS, UNKNOWN_WORD], trials, processes=processes))


@needs_voice
def test_noise_is_the_same_wherever_the_zip_lies(tmp_path: Path) -> None:
    name, sounds = "seven/voice_0.wav", []
    for folder in (tmp_path / "here", tmp_path / "elsewhere"):
        folder.mkdir()
        archive = zipped(folder / "words.zip", {name: wav(spoken("seven"))})
        trial = Trial(said=("seven",), speaker="voice", parts=((str(archive), name),))
        (outcome,) = hear_all(find_model(MODEL_NAME, Path("data")).path, [*DIGITS, UNKNOWN_WORD], [trial], snr_db=5.0)
        sounds.append((outcome.hypotheses, outcome.sound))
    assert sounds[0] == sounds[1]


@needs_recordings
def test_one_process_and_several_hear_the_same() -> None:
    trials = people(DIGITS, 15)
    alone, together = heard(trials), heard(trials, processes=2)
    assert [(o.trial, o.text, o.sound) for o in alone] == [(o.trial, o.text, o.sound) for o in together]


@needs_recordings
def test_repeated_digits_of_a_person_survive_doubt() -> None:
    takes = people(["two"], 1)
    number = Grammar(language="en", digits=Digits(min=3, max=3))
    thrice = [
        Trial(
            said=("two",) * 3,
            speaker="",
            parts=tuple(part for take in takes[at : at + 3] for part in take.parts),
            pauses_ms=(150, 250),
        )
        for at in range(0, 45, 3)
    ]
    doubt = doubt_of(find_model(MODEL_NAME, Path("data")).card.doubt)
    kept = 0
    for outcome in heard(thrice):
        found = interpret(number, outcome.hypotheses, doubt=doubt, sound=outcome.sound)
        if outcome.text == "two two two":
            assert found.value in ("222", None)
        kept += found.value == "222"
    assert kept >= 10
