"""Prompts made ahead: once for each revision, by one process at a time, and never to the harm of a call."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from flows.loader import load_flow
from ivr import flow_prompts, prompt_making
from ivr.prompt_files import PromptFiles
from ivr.prompt_making import Ahead, make, plan
from ivr.sound.espeak import Speech, VoiceError
from tests.patience import PATIENCE_S

EXAMPLES = Path(__file__).resolve().parents[3] / "flows" / "examples"
CLINIC = EXAMPLES / "clinic" / "clinic.yaml"


class Voice:
    """Speaks a twentieth of a second; `fails` from so many texts on."""

    name = "scripted"

    def __init__(self, fails: int = 10_000) -> None:
        self.spoken: list[str] = []
        self._fails = fails

    def speak(self, speech: Speech) -> tuple[bytes, int]:
        self.spoken.append(speech.text)
        if len(self.spoken) > self._fails:
            raise VoiceError("hoarse")
        return b"\x00\x10\x00\xf0" * 200, 8000

    def close(self) -> None:
        """Nothing to free."""


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("_of_engine", "_of_edge"):
        monkeypatch.setattr(flow_prompts, name, lambda *_: ())
    monkeypatch.setattr(prompt_making, "REST", 0.001)


def ahead_of(flow_file: Path, voice: Voice | None, folder: Path) -> Ahead:
    ahead = Ahead(voice, PromptFiles(folder), flow_file.parent, frozenset({"fa"}))
    for _ in range(2):
        ahead.of(load_flow(flow_file))
    for thread in threading.enumerate():
        if thread.name == "prompts-ahead":
            thread.join(PATIENCE_S)
    return ahead


def test_the_prompts_of_a_revision_are_made_once_by_however_many_processes(tmp_path: Path) -> None:
    one, other = Voice(), Voice()
    ahead_of(CLINIC, one, tmp_path)
    ahead_of(CLINIC, other, tmp_path)
    assert len(one.spoken) > 20
    assert other.spoken == []
    assert len(list(tmp_path.glob("*.wav"))) == len(one.spoken)


def test_a_flow_that_the_carrier_speaks_alone_makes_nothing(tmp_path: Path) -> None:
    voice = Voice()
    ahead_of(EXAMPLES / "orders.yaml", voice, tmp_path / "sounds")
    assert voice.spoken == []
    assert not (tmp_path / "sounds").exists()


def test_without_a_voice_or_a_folder_nothing_happens(tmp_path: Path) -> None:
    ahead_of(CLINIC, None, tmp_path / "sounds")
    (tmp_path / "file").write_bytes(b"")
    ahead_of(CLINIC, Voice(), tmp_path / "file")


def test_what_fails_is_told_with_its_reason_and_the_rest_is_made(tmp_path: Path) -> None:
    planned = [one for one in plan(load_flow(CLINIC), CLINIC.parent, {"fa"}, "fa") if one.is_made]
    made = make(Voice(fails=5), PromptFiles(tmp_path), planned, CLINIC.parent)
    assert made.made == 5
    assert {failure.why for failure in made.failures} == {"hoarse"}
    again = make(Voice(), PromptFiles(tmp_path), planned, CLINIC.parent)
    assert (again.there, again.made, again.failures) == (5, len(made.failures), ())
