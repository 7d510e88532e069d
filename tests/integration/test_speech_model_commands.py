"""`ivr speech models` and `ivr speech install`, as operators type them, on a machine without any other settings."""

from __future__ import annotations

import hashlib
import json
import re
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from test_speech_install import NAME, contents, zipped
from typer.testing import CliRunner, Result
from zip_server import zip_server

from ivr.cli import app
from ivr.commands.speech import install as command
from ivr.commands.speech.activation import activate
from speech import install as installing
from speech.models import SHIPPED_DIR

Speech = Callable[..., Result]
ARABIC = "vosk-model-small-ar-0.3"
ENGLISH = "vosk-model-small-en-us-0.15"

pytestmark = pytest.mark.skipif(not (SHIPPED_DIR / "telephone-en").is_dir(), reason="the shipped model is not there")


@pytest.fixture
def speech(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Speech:
    monkeypatch.delenv("SPEECH_MODEL", raising=False)
    monkeypatch.chdir(tmp_path)
    # Loading a model takes a second each time; libvosk itself has its tests beside this file.
    monkeypatch.setattr(installing, "try_out", lambda *_: None)
    return lambda *arguments: CliRunner().invoke(app, ["speech", *arguments])


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> str:
    file = tmp_path_factory.mktemp("zips") / "model.zip"
    file.write_bytes(zipped(contents(), "any-folder/"))
    return str(file)


def listed(speech: Speech) -> dict[str, Any]:
    return dict(json.loads(speech("models", "--json").stdout))


def test_models_lists_what_is_here_and_what_there_is(speech: Speech) -> None:
    told = speech("models")
    assert told.exit_code == 0
    for words in ("telephone-en", "in use: SPEECH_MODEL=telephone-en", ENGLISH, "Apache-2.0", "cannot be used"):
        assert words in told.stdout
    found = listed(speech)
    here = next(each for each in found["installed"] if each["name"] == "telephone-en")
    assert (here["language"], here["rate_hz"], here["active"], here["shipped"]) == ("en", 8000, True, True)
    able = here["recogniser"]
    assert (able["language"], able["phrase_lists"], able["partials"], able["word_times"]) == ("en", True, True, True)
    assert able["alternatives"] > 1
    assert here["words"] == len(json.loads(speech("lexicon", "words", "--json").stdout))
    assert {each["language"] for each in found["available"]} == {"en", "ar", "fa"}
    usable = {each["name"]: each["usable"] for each in found["available"]}
    assert (usable[ENGLISH], usable["vosk-model-en-us-0.22"]) == (True, False)


def test_models_says_what_is_wrong_with_a_folder_that_is_no_model(speech: Speech, tmp_path: Path) -> None:
    album = tmp_path / "data" / "models" / "holiday"
    album.mkdir(parents=True)
    (album / "beach.jpg").write_bytes(b"\xff\xd8\xff")
    told = speech("models")
    assert told.exit_code == 0
    assert "holiday is no speech model" in told.stdout
    problem = next(each for each in listed(speech)["installed"] if each["name"] == "holiday")
    assert "beach.jpg" in problem["problem"]


def test_a_model_that_is_named_and_missing_is_listed_with_what_to_do(
    speech: Speech, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPEECH_MODEL", "nope")
    missing = listed(speech)["installed"][0]
    assert (missing["name"], missing["active"]) == ("nope", True)
    assert "there is no speech model 'nope'" in missing["problem"]


def test_without_an_env_file_install_prints_the_line_to_set(speech: Speech, archive: str, tmp_path: Path) -> None:
    told = speech("install", ARABIC, "--from", archive)
    assert told.exit_code == 0, told.output
    said = rf"{ARABIC} is installed in data/models/{ARABIC} \(ar, 8000 Hz, \d+ words; licence: not stated\)"
    assert re.search(said, told.stdout)
    assert f"SPEECH_MODEL=telephone-en,{ARABIC}\n" in told.stdout
    assert not (tmp_path / ".env").exists()
    assert ARABIC in [each["name"] for each in listed(speech)["installed"]]
    assert ARABIC in [each["name"] for each in listed(speech)["available"] if each["installed"]]


def test_with_an_env_file_install_names_the_model_there_and_other_languages_keep_theirs(
    speech: Speech, archive: str, tmp_path: Path
) -> None:
    env = tmp_path / ".env"
    env.write_text("# mine\nSPEECH_MODEL=telephone-en\nLOG_LEVEL=debug\n")
    assert f".env now says SPEECH_MODEL=telephone-en,{ARABIC}" in speech("install", ARABIC, "--from", archive).stdout
    assert f".env now says SPEECH_MODEL={ENGLISH},{ARABIC}" in speech("install", ENGLISH, "--from", archive).stdout
    assert env.read_text() == f"# mine\nSPEECH_MODEL={ENGLISH},{ARABIC}\nLOG_LEVEL=debug\n"
    assert [each["name"] for each in listed(speech)["installed"] if each["active"]] == [ENGLISH, ARABIC]


def test_an_env_file_that_cannot_be_written_is_said_with_the_line_to_set(
    speech: Speech, archive: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".env").write_text("LOG_LEVEL=debug\n")

    def refused(_value: str) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(command, "activate", refused)
    told = speech("install", ARABIC, "--from", archive)
    assert (told.exit_code, ".env cannot be written: Permission denied" in told.stderr) == (0, True)
    assert f"set this where `ivr` is started:\nSPEECH_MODEL=telephone-en,{ARABIC}\n" in told.stdout


def test_no_activate_leaves_the_env_file_as_it_is(speech: Speech, archive: str, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("LOG_LEVEL=debug\n")
    told = speech("install", ARABIC, "--from", archive, "--no-activate")
    assert f"SPEECH_MODEL=telephone-en,{ARABIC}" in told.stdout
    assert (tmp_path / ".env").read_text() == "LOG_LEVEL=debug\n"


def test_what_the_environment_sets_is_not_written_over_in_a_file_that_does_not_count(
    speech: Speech, archive: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".env").write_text("LOG_LEVEL=debug\n")
    monkeypatch.setenv("SPEECH_MODEL", "telephone-en")
    told = speech("install", ARABIC, "--from", archive)
    assert f"set this where `ivr` is started:\nSPEECH_MODEL=telephone-en,{ARABIC}\n" in told.stdout
    assert (tmp_path / ".env").read_text() == "LOG_LEVEL=debug\n"


def test_a_model_of_an_unknown_language_is_installed_and_not_put_to_use(
    speech: Speech, archive: str, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text("LOG_LEVEL=debug\n")
    told = speech("install", "branch", "--from", archive)
    assert told.exit_code == 0
    assert 'write {"language": "en"}, or what it hears, into data/models/branch/model.json' in told.stdout
    assert (tmp_path / ".env").read_text() == "LOG_LEVEL=debug\n"


def test_speech_that_is_switched_off_stays_off(speech: Speech, archive: str, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("SPEECH_MODEL=none\n")
    told = speech("install", ARABIC, "--from", archive)
    assert f"speech is switched off; to use it, set SPEECH_MODEL={ARABIC}" in told.stdout
    assert (tmp_path / ".env").read_text() == "SPEECH_MODEL=none\n"


def test_installing_twice_says_so_and_is_no_failure(speech: Speech, archive: str) -> None:
    speech("install", ARABIC, "--from", archive)
    again = speech("install", ARABIC, "--from", archive)
    assert (again.exit_code, "is installed already" in again.stdout) == (0, True)
    shipped = speech("install", "telephone-en")
    assert (shipped.exit_code, "came with this installation" in shipped.stdout) == (0, True)


def test_install_downloads_from_a_mirror(speech: Speech, archive: str) -> None:
    content = Path(archive).read_bytes()
    with zip_server() as server:
        server.files[f"/{NAME}.zip"] = content
        server.put_list({"name": NAME, "md5": hashlib.md5(content).hexdigest()})  # noqa: S324
        told = speech("install", NAME, "--mirror", f"{server.url}/")
    assert told.exit_code == 0, told.output
    assert f"{NAME} is installed" in told.stdout


def test_what_cannot_be_installed_is_one_message_and_exit_status_1(speech: Speech, tmp_path: Path) -> None:
    (tmp_path / "x.zip").write_bytes(b"<html>")
    told = speech("install", ARABIC, "--from", "x.zip")
    assert (told.exit_code, told.stdout) == (1, "")
    assert "the archive is damaged, or cut short" in told.stderr
    assert "Traceback" not in told.output
    refused = speech("install", "vosk-model-fa-0.5")
    assert (refused.exit_code, "Take vosk-model-small-fa-0.42" in refused.stderr) == (1, True)


def test_an_interrupted_install_says_that_it_can_go_on(
    speech: Speech, archive: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "install_model", interrupted)
    told = speech("install", ARABIC, "--from", archive)
    assert (told.exit_code, "the same command goes on from there" in told.stderr) == (130, True)


def test_the_env_file_keeps_its_mode_its_order_and_everything_else(tmp_path: Path) -> None:
    env = tmp_path / "real"
    env.write_text("TWILIO_AUTH_TOKEN=secret\nexport speech_model=old\nSPEECH_MODEL=older\n#SPEECH_MODEL=x\nLAST=1")
    env.chmod(0o600)
    (tmp_path / ".env").symlink_to(env)
    activate("a,b", tmp_path / ".env")
    assert env.read_text() == "TWILIO_AUTH_TOKEN=secret\nSPEECH_MODEL=a,b\n#SPEECH_MODEL=x\nLAST=1\n"
    assert stat.S_IMODE(env.stat().st_mode) == 0o600
    assert (tmp_path / ".env").is_symlink()
    assert sorted(path.name for path in tmp_path.iterdir()) == [".env", "real"]
    env.write_text("LAST=1")
    activate("c", env)
    assert env.read_text() == "LAST=1\nSPEECH_MODEL=c\n"
