"""`ivr prompts`, with the real voice of this machine."""

from __future__ import annotations

import json
import math
import os
import re
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from ivr import flow_prompts
from ivr.cli import app
from ivr.sound import espeak, levels
from speech import wav

FLOW = """
zerohold: 1
name: example
languages: [fa, en]
organisation: {fa: فروشگاه, en: the shop}
time_zone: Europe/London
country: GB
queue: shop
start: first
nodes:
  first: {type: say, prompt: {fa: به فروشگاه خوش آمدید., en: {audio: hello.wav, text: Welcome.}}, next: total}
  total: {type: say, prompt: {fa: "جمع: {5 + 4}.", en: "It is {5 + 4}."}, next: done}
  done: {type: end, prompt: {fa: خدانگهدار., en: Goodbye.}, outcome: solved}
"""
TONE = [round(3000 * math.sin(2 * math.pi * 500 * index / 16000)) for index in range(16000)]
needs_voice = pytest.mark.skipif(espeak.find_engine() is None, reason="no voice: apt-get install espeak-ng")


FEW = "import ivr.flow_prompts as p; p._of_edge = lambda *_: (); p._of_engine = p._of_edge; "


@pytest.fixture
def flow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A flow whose own sentences alone are looked at: ours are a hundred, and take half a minute to speak."""
    for name in ("_of_engine", "_of_edge"):
        monkeypatch.setattr(flow_prompts, name, lambda *_: ())
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "data"))
    monkeypatch.delenv("OWN_VOICE_LANGUAGES", raising=False)
    (tmp_path / "hello.wav").write_bytes(wav.mono_wav(struct.pack(f"<{len(TONE)}h", *TONE), 16000))
    path = tmp_path / "flow.yaml"
    path.write_text(FLOW, encoding="utf-8")
    return path


def prompts(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["prompts", *map(str, arguments)])


def unboxed(result: Result) -> str:
    """What a usage error says, without the frame around it."""
    return " ".join(result.stderr.replace("│", " ").split())


def listed(*arguments: object) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(prompts("list", "--json", *arguments).stdout)["prompts"]
    return found


def rendered(*arguments: object) -> dict[str, Any]:
    one: dict[str, Any] = json.loads(prompts("render", "--json", *arguments).stdout)["flows"][0]
    return one


@needs_voice
def test_what_is_missing_is_made_once_and_nothing_is_missing_then(flow: Path) -> None:
    missing = prompts("list", flow, "--missing")
    assert missing.exit_code == 1
    assert "first" in missing.stdout
    assert "خوش آمدید" in missing.stdout
    assert "ivr prompts render" in missing.stderr
    first = rendered(flow)
    assert first["made"] == 3, "two in Persian, and the recording"
    assert (first["there"], first["failed"]) == (0, [])
    again = rendered(flow)
    assert (again["made"], again["there"]) == (0, first["made"])
    after = prompts("list", flow, "--missing")
    assert (after.exit_code, after.stdout) == (0, "nothing is missing\n")
    for kept in (flow.parent / "data" / "prompts").iterdir():
        kept.write_bytes(b"broken")
    assert prompts("list", flow, "--missing").exit_code == 1


@needs_voice
def test_what_can_be_made_is_counted_as_it_is_made_equal_texts_once(flow: Path) -> None:
    flow.write_text(
        FLOW.replace("{fa: خدانگهدار., en: Goodbye.}", "{fa: به فروشگاه خوش آمدید., en: Goodbye.}"), encoding="utf-8"
    )
    assert len(listed(flow, "--missing")) == 2
    assert "1 sound can be made now: ivr prompts render" in prompts("list", flow, "--missing").stderr
    (flow.parent / "hello.wav").unlink()
    assert rendered(flow)["made"] == 1


@needs_voice
def test_all_sounds_are_telephone_sounds_of_one_loudness(flow: Path, tmp_path: Path) -> None:
    assert prompts("render", flow, "--out", tmp_path / "out").exit_code == 0
    files = sorted((tmp_path / "out").glob("*.wav"))
    names = {path.name for path in files}
    assert names == {"fa-first-prompt.wav", "fa-done-prompt.wav", "en-first-prompt.wav", "en-done-prompt.wav"}
    told = json.loads((tmp_path / "out" / "prompts.json").read_text(encoding="utf-8"))
    assert set(told) == names
    assert told["fa-done-prompt.wav"]["text"] == "خدانگهدار."
    for path in files:
        pcm16, rate_hz = wav.read_pcm16(path.read_bytes())
        assert rate_hz == 8000
        assert levels.active_level(levels.samples_of(pcm16)) == pytest.approx(levels.SPEECH_DBFS, abs=1.0), path.name
    assert not (tmp_path / "data").exists(), "a folder of one's own is the only one"


@needs_voice
def test_a_folder_is_brought_up_to_date_and_not_made_anew(flow: Path, tmp_path: Path) -> None:
    first = rendered(flow, "--out", tmp_path / "out", "--language", "en")
    flow.write_text(FLOW.replace("Goodbye.", "Thank you. Goodbye."), encoding="utf-8")
    second = rendered(flow, "--out", tmp_path / "out", "--language", "en")
    assert (second["made"], second["there"]) == (1, first["made"] - 1)
    assert rendered(flow, "--out", tmp_path / "out", "--language", "en", "--force")["made"] == first["made"]


def test_each_prompt_is_listed_with_who_says_it(flow: Path) -> None:
    by_place = {(row["node"], row["role"], row["language"]): row for row in listed(flow)}
    assert by_place["first", "prompt", "fa"]["by"] == "own voice"
    assert by_place["first", "prompt", "en"]["by"] == "recording"
    assert by_place["first", "prompt", "en"]["sound"] == "ready"
    assert by_place["done", "prompt", "en"] == {
        "node": "done",
        "role": "prompt",
        "language": "en",
        "by": "carrier",
        "sound": "-",
        "has_values": False,
        "text": "Goodbye.",
    }
    assert by_place["total", "prompt", "fa"]["sound"] == "in the call"


def test_a_language_is_given_to_our_own_voice_by_a_setting(flow: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OWN_VOICE_LANGUAGES", "fa,en")
    assert "carrier" not in {row["by"] for row in listed(flow)}
    monkeypatch.setenv("OWN_VOICE_LANGUAGES", "fa,klingon")
    refused = prompts("list", flow)
    assert refused.exit_code == 1
    assert "OWN_VOICE_LANGUAGES: must be languages" in str(refused.exception)


@pytest.mark.parametrize(
    ("content", "why"),
    [(None, "there is no such file"), (b"", "it is empty"), (b"a song", "not a RIFF"), (wav.mono_wav(b""), "no")],
)
def test_a_recording_that_cannot_be_played_is_missing_and_its_words_are_spoken(
    flow: Path, content: bytes | None, why: str
) -> None:
    recording = flow.parent / "hello.wav"
    recording.unlink()
    if content is not None:
        recording.write_bytes(content)
    row = next(row for row in listed(flow, "--missing") if row["node"] == "first" and row["language"] == "en")
    assert (row["by"], row["audio"], row["sound"]) == ("carrier", "hello.wav", "missing")
    assert why in row["problem"]
    shown = prompts("render", flow, "--language", "en")
    assert shown.exit_code == 1
    assert "hello.wav cannot be played" in shown.stderr


@pytest.mark.parametrize("command", ["list", "render"])
def test_a_flow_that_cannot_be_used_is_told_as_everywhere(flow: Path, command: str) -> None:
    flow.write_text(FLOW.replace("next: done", "next: dome"), encoding="utf-8")
    result = prompts(command, flow)
    assert result.exit_code == 1
    assert 'unknown node "dome"' in result.stderr
    assert prompts(command, flow.parent / "none.yaml").exit_code == 2


def test_a_language_that_the_flow_does_not_have_is_refused(flow: Path) -> None:
    result = prompts("render", flow, "--language", "ar")
    assert result.exit_code == 2
    assert "no language" in result.stderr


def test_a_language_that_one_of_several_flows_does_not_have_is_refused_before_anything_is_made(flow: Path) -> None:
    other = flow.parent / "other.yaml"
    other.write_text(
        re.sub(r"fa: [^,}]+, ", "", FLOW).replace("languages: [fa, en]", "languages: [en]"), encoding="utf-8"
    )
    result = prompts("render", flow, other, "--language", "fa")
    assert (result.exit_code, "no language" in result.stderr) == (2, True)
    assert not (flow.parent / "data").exists()
    assert prompts("list", other).exit_code == 0


def test_without_a_voice_it_is_said_what_to_install(flow: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(espeak, "find_engine", lambda: None)
    result = prompts("render", flow)
    assert result.exit_code == 1
    assert "apt-get install espeak-ng" in result.stderr
    assert "zerohold[espeak-gpl]" in result.stderr
    assert "apt-get install espeak-ng" in prompts("list", flow, "--missing").stderr


@needs_voice
def test_a_folder_that_cannot_be_written_to_is_said_and_not_a_traceback(flow: Path, tmp_path: Path) -> None:
    (tmp_path / "data").write_bytes(b"a file where the folder should be")
    result = prompts("render", flow)
    assert result.exit_code == 1
    assert "cannot be written to" in result.stderr


@pytest.mark.parametrize("place", ["taken", "taken/below"])
def test_a_folder_of_ones_own_that_is_a_file_is_refused_before_anything_is_spoken(
    flow: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    (tmp_path / "taken").write_bytes(b"a file where the folder should be")
    monkeypatch.setattr(espeak.CommandEngine, "speak", lambda *_: pytest.fail("it was spoken"))
    result = prompts("render", flow, "--out", tmp_path / place)
    assert (result.exit_code, "is a file, or lies below one" in unboxed(result)) == (2, True)
    assert "Errno" not in result.stderr


def test_a_folder_of_ones_own_that_cannot_be_made_or_written_to_is_refused(
    flow: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unmade = prompts("render", flow, "--out", "/proc/nowhere")
    assert (unmade.exit_code, "cannot be made" in unboxed(unmade)) == (2, True)
    monkeypatch.setattr(os, "access", lambda _path, mode: not mode & os.W_OK)  # root may write anywhere
    (tmp_path / "closed").mkdir()
    closed = prompts("render", flow, "--out", "closed")
    assert (closed.exit_code, "you may not write to closed; name another folder" in unboxed(closed)) == (2, True)


@needs_voice
def test_a_list_that_cannot_be_written_is_said_and_not_a_traceback(flow: Path, tmp_path: Path) -> None:
    (tmp_path / "out" / "prompts.json").mkdir(parents=True)
    result = prompts("render", flow, "--out", tmp_path / "out", "--language", "en")
    assert (result.exit_code, "prompts.json cannot be written: Is a directory" in result.stderr) == (1, True)


@needs_voice
def test_two_processes_that_render_the_same_at_once_come_to_the_same(flow: Path, tmp_path: Path) -> None:
    run = "import sys; from ivr.cli import main; sys.argv = ['ivr', *sys.argv[1:]]; main()"
    command = [sys.executable, "-c", FEW + run, "prompts", "render", str(flow), "--json"]
    both = [subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE) for _ in range(2)]
    told = [json.loads(process.communicate(timeout=300)[0])["flows"][0] for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert len({one["made"] + one["there"] for one in told}) == 1
    assert not list((tmp_path / "data" / "prompts").glob("*.part"))
    assert prompts("list", flow, "--missing").exit_code == 0
