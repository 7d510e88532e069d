"""What `ivr doctor` says about speech models."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from flows.model import Flow
from ivr.commands import doctor
from ivr.commands.doctor import Finding
from ivr.settings import Settings
from speech.models import FST_MAGIC, KALDI_MAGIC


def make_model(data_dir: Path, name: str, language: str | None, *, network_bytes: int = 100) -> None:
    path = data_dir / "models" / name
    files = {
        "am/final.mdl": KALDI_MAGIC + bytes(network_bytes),
        "conf/mfcc.conf": b"--sample-frequency=16000\n",
        "conf/model.conf": b"--beam=13\n",
        "graph/HCLr.fst": FST_MAGIC,
        "graph/Gr.fst": FST_MAGIC,
        "graph/words.txt": b"<eps> 0\nyes 1\nno 2\n[unk] 3\n",
        "model.json": json.dumps({"language": language}).encode(),
    }
    for file, content in files.items():
        (path / file).parent.mkdir(parents=True, exist_ok=True)
        (path / file).write_bytes(content)


def findings(data_dir: Path, speech_model: str, *languages: str, running: bool = False) -> list[Finding]:
    settings = Settings(
        _env_file=None,
        twilio_account_sid="AC" + "0" * 32,
        twilio_auth_token="t" * 32,
        caller_id_number="+442079460000",
        person_number="+442079460999",
        public_url="http://127.0.0.1:8080",
        data_dir=data_dir,
        speech_model=speech_model,
    )
    flow = Flow.model_validate(
        {
            "zerohold": 1,
            "name": "mine",
            "languages": languages or ("en",),
            "organisation": "the shop",
            "time_zone": "Asia/Tehran",
            "country": "IR",
            "queue": "shop",
            "start": "bye",
            "nodes": {"bye": {"type": "end", "prompt": "x", "outcome": "solved"}},
        }
    )
    return list(doctor._speech(settings, flow, running=running))


@pytest.fixture
def free(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "available_bytes", lambda: 1_000_000)


def test_each_model_is_named_with_its_language_rate_words_and_memory(tmp_path: Path) -> None:
    make_model(tmp_path, "mine-en", "en")
    make_model(tmp_path, "mine-ar", "ar", network_bytes=500_000)
    first, second = findings(tmp_path, "mine-en, mine-ar", "en", "ar")
    assert (first.state, second.state) == ("ok", "ok")
    assert first.detail.startswith("mine-en hears 2 words of en at 16000 Hz, and takes about 0 MB of memory")
    assert "about 2 MB" in second.detail


def test_a_language_of_the_flow_that_no_model_hears_is_warned_of(tmp_path: Path) -> None:
    make_model(tmp_path, "mine-en", "en")
    warning = findings(tmp_path, "mine-en", "en", "ar", "fa")[-1]
    assert warning.state == "warning"
    assert "no model hears ar, fa: such calls run by keys alone; see `ivr speech models`" in warning.detail


def test_a_model_of_an_unknown_language_is_warned_of_with_what_to_write(tmp_path: Path) -> None:
    make_model(tmp_path, "mine", None)
    warning = findings(tmp_path, "mine")[0]
    assert warning.state == "warning"
    assert 'write {"language": "en"} into ' in warning.detail


@pytest.mark.usefixtures("free")
def test_a_model_that_memory_does_not_allow_is_warned_of_and_its_language_runs_by_keys(tmp_path: Path) -> None:
    make_model(tmp_path, "mine-en", "en")
    make_model(tmp_path, "large-ar", "ar", network_bytes=300_000)
    ok, left_out, deaf = findings(tmp_path, "mine-en,large-ar", "en", "ar")
    assert [each.state for each in (ok, left_out, deaf)] == ["ok", "warning", "warning"]
    assert left_out.detail.startswith("large-ar needs 1 MB of memory, and 1 MB are free for all models")
    assert "no model hears ar" in deaf.detail
    # Where the system runs, it is loaded already.
    assert {each.state for each in findings(tmp_path, "mine-en,large-ar", "en", "ar", running=True)} == {"ok"}


def test_every_model_that_is_missing_or_broken_is_told_and_calls_run_by_keys(tmp_path: Path) -> None:
    (tmp_path / "models" / "empty").mkdir(parents=True)
    told = findings(tmp_path, "nope,empty")
    assert [each.state for each in told] == ["warning", "warning"]
    assert all(each.detail.startswith("calls run by keys alone: ") for each in told)


def test_speech_that_is_switched_off_is_as_it_should_be(tmp_path: Path) -> None:
    assert [each.state for each in findings(tmp_path, "none")] == ["ok"]
