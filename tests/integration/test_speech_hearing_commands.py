"""`ivr speech transcribe` and `ivr speech listen`: a file in, words and events out, and clear errors."""

from __future__ import annotations

import json
import wave
from pathlib import Path
from typing import Any

import pytest
from media_fixtures import MODEL_NAME, needs_model, needs_voice, quiet, spoken
from typer.testing import CliRunner, Result

from ivr.cli import app
from ivr.commands.speech import transcribe
from speech import mulaw
from speech.recognition import Hypothesis, Word

pytestmark = needs_model


@pytest.fixture(autouse=True)
def somewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SPEECH_MODEL", raising=False)
    monkeypatch.delenv("DATA_DIR", raising=False)


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["speech", *map(str, arguments)])


def wav(path: Path, audio: bytes) -> Path:
    with wave.open(str(path), "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(mulaw.RATE_HZ)
        writer.writeframes(mulaw.decode(audio))
    return path


def lines(result: Result) -> list[dict[str, Any]]:
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


@needs_voice
def test_a_file_is_transcribed_with_times_and_digits(tmp_path: Path) -> None:
    file = wav(tmp_path / "number.wav", spoken("five, one, eight, two") + quiet(300))
    result = run("transcribe", file, "--digits", "--json")
    (found,) = lines(result)
    assert (found["text"], found["digits"], found["model"]) == ("five one eight two", "5182", MODEL_NAME)
    first, *_ = found["pieces"][0][0]["words"]
    assert 600 <= first["start_ms"] < first["end_ms"] < 2000
    plain = run("transcribe", file, "--digits")
    assert plain.stdout.startswith("five one eight two\nas digits: 5182\n")


@needs_voice
def test_repeated_digits_all_count(tmp_path: Path) -> None:
    audio = b"".join(spoken("two") + quiet(100) for _ in range(3)) + quiet(500)
    file = wav(tmp_path / "twos.wav", audio)
    assert lines(run("transcribe", file, "--digits", "--json"))[0]["digits"] == "222"
    events = lines(run("listen", file, "--digits", "--length", "3", "--json"))
    assert [event["interpretation"]["value"] for event in events if event["type"] == "Finished"] == ["222"]


@pytest.mark.parametrize(
    ("length", "digits"), [((), "51"), (("--length", "2"), "51"), (("--length", "3"), "518"), (("--length", "4"), None)]
)
def test_where_the_number_of_digits_is_known_the_likeliest_of_so_many_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, length: tuple[str, ...], digits: str | None
) -> None:
    said = ("five one", "five [unk] one", "five one eight", "nine one eight")
    heard = [Hypothesis(tuple(Word(word, 1.0, 0, 100) for word in text.split()), -n) for n, text in enumerate(said)]
    monkeypatch.setattr(transcribe, "heard_in", lambda *_: iter([tuple(heard)]))
    file = wav(tmp_path / "quiet.wav", quiet(500))
    assert lines(run("transcribe", file, "--digits", *length, "--json"))[0]["digits"] == digits


@pytest.mark.parametrize("command", ["transcribe", "listen"])
def test_a_number_of_digits_goes_with_digits_alone(tmp_path: Path, command: str) -> None:
    refused = run(command, wav(tmp_path / "quiet.wav", quiet(500)), "--length", "3")
    assert (refused.exit_code, "it goes with --digits" in refused.stderr) == (2, True)


def test_speech_that_is_switched_off_is_said_with_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPEECH_MODEL", "none")
    file = wav(tmp_path / "quiet.wav", quiet(500))
    refused = run("transcribe", file)
    assert (refused.exit_code, "speech is switched off (SPEECH_MODEL=none)" in refused.stderr) == (1, True)
    assert run("transcribe", file, "--model", MODEL_NAME).exit_code == 0


@needs_voice
def test_a_long_file_is_transcribed_in_pieces_and_nothing_is_lost(tmp_path: Path) -> None:
    audio = b"".join(spoken(word) + quiet(4500) for word in ("five", "nine", "three", "two", "one"))
    found = lines(run("transcribe", wav(tmp_path / "long.wav", audio), "--digits", "--json"))[0]
    assert found["text"] == "five nine three two one"
    assert len(found["pieces"]) > 1
    assert found["duration_ms"] > 25_000


@needs_voice
def test_raw_mulaw_and_phrases(tmp_path: Path) -> None:
    file = tmp_path / "agent.ul"
    file.write_bytes(spoken("agent") + quiet(500))
    assert lines(run("transcribe", file, "--phrases", "Agent, yes,no", "--json"))[0]["text"] == "agent"


@needs_voice
def test_a_file_is_listened_to_with_events_in_media_time(tmp_path: Path) -> None:
    file = wav(tmp_path / "two.wav", spoken("agent") + quiet(1500) + spoken("yes") + quiet(1500))
    events = lines(run("listen", file, "--phrases", "agent,yes,no", "--json"))
    kinds = [event["type"] for event in events if event["type"] != "PartialHeard"]
    assert kinds == ["SpeechStarted", "Finished", "SpeechStarted", "Finished", "Ended"]
    meant = [event["interpretation"]["intent"] for event in events if event["type"] == "Finished"]
    assert meant == ["agent", "yes"]
    times = [event.get("at_ms", event.get("committed_ms")) for event in events if event["type"] != "SpeechStarted"]
    assert times == sorted(times)
    told = run("listen", file, "--phrases", "agent,yes,no").stdout
    assert "speech began" in told
    assert "answer: agent (accept" in told
    assert "end of the audio" in told


@needs_voice
def test_what_a_prompt_returns_is_no_answer_and_real_time_takes_its_time(tmp_path: Path) -> None:
    echo = bytes(mulaw.CODES[mulaw.LINEAR[code] // 16 & 0xFFFF] for code in spoken("agent"))
    file = wav(tmp_path / "echo.wav", echo + quiet(600))
    events = lines(run("listen", file, "--phrases", "agent", "--prompt-ms", "9000", "--realtime", "--json"))
    assert [event["type"] for event in events] == ["Ended"]


@pytest.mark.parametrize("command", ["transcribe", "listen"])
def test_what_is_no_audio_is_told_in_one_line(tmp_path: Path, command: str) -> None:
    (tmp_path / "empty.wav").touch()
    (tmp_path / "text.txt").write_text("hello")
    (tmp_path / "broken.wav").write_bytes(b"RIFF\x00\x00\x00\x00WAVEfmt ")
    wav(tmp_path / "none.wav", b"")
    for name, problem in (
        ("empty.wav", "is empty"),
        ("text.txt", "is no audio"),
        ("broken.wav", "broken.wav: "),
        ("none.wav", "none.wav"),
        ("missing.wav", "No such file"),
        (".", "directory"),
    ):
        result = run(command, tmp_path / name)
        assert result.exit_code == 1
        assert problem in result.stderr, name
        assert result.stderr.count("\n") == 1


def test_an_unknown_model_and_unknown_words_are_told(tmp_path: Path) -> None:
    file = wav(tmp_path / "quiet.wav", quiet(500))
    unknown = run("transcribe", file, "--model", "nothing-at-all")
    assert unknown.exit_code == 1
    assert "there is no speech model 'nothing-at-all'" in unknown.stderr
    words = run("listen", file, "--phrases", "zeppelin")
    assert words.exit_code == 1
    assert "knows none of this: zeppelin" in words.stderr
    some = run("transcribe", file, "--phrases", "zeppelin,agent")
    assert some.exit_code == 0
    assert "does not know: zeppelin" in some.stderr
    assert some.stdout == "no word was heard\n"
