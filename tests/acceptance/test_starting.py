"""What goes wrong before the first call: said plainly, at once."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.patience import PATIENCE_S

ROOT = Path(__file__).resolve().parents[2]
GOOD = {
    "TWILIO_ACCOUNT_SID": "AC" + "0" * 32,
    "TWILIO_AUTH_TOKEN": "0" * 32,
    "CALLER_ID_NUMBER": "+442079460000",
    "PERSON_NUMBER": "+442079460999",
    "PUBLIC_URL": "http://127.0.0.1:8080",
}


def ivr(*arguments: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command in an empty folder, with this environment alone."""
    clean = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return subprocess.run(
        [sys.executable, "-m", "ivr", *arguments],
        cwd=folder,
        env={**clean, "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )


def test_all_missing_settings_are_reported_at_once(tmp_path: Path) -> None:
    ended = ivr("serve", folder=tmp_path)
    assert ended.returncode == 1
    for name in GOOD:
        assert f"{name}: is not set" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_all_bad_settings_are_reported_at_once_and_secrets_are_not_repeated(tmp_path: Path) -> None:
    bad = {
        **GOOD,
        "TWILIO_ACCOUNT_SID": "hello",
        "CALLER_ID_NUMBER": "12",
        "WEB_PORT": "99999",
        "REDIS_URL": "http://x",
        "TWILIO_AUTH_TOKEN": "secretsecret",
    }
    ended = ivr("serve", folder=tmp_path, **bad)
    assert ended.returncode == 1
    for name in ("TWILIO_ACCOUNT_SID", "CALLER_ID_NUMBER", "WEB_PORT", "REDIS_URL"):
        assert f"{name}: " in ended.stderr
    assert "secretsecret" not in ended.stdout + ended.stderr


def test_plain_http_is_refused_for_a_public_host(tmp_path: Path) -> None:
    ended = ivr("serve", folder=tmp_path, **{**GOOD, "PUBLIC_URL": "http://ivr.example.org"})
    assert ended.returncode == 1
    assert "PUBLIC_URL must start with https://" in ended.stderr


@pytest.mark.parametrize("variable", ["WEB_PORT", "MEDIA_PORT"])
def test_a_port_in_use_is_one_sentence_that_names_the_variable(tmp_path: Path, variable: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ended = ivr("serve", folder=tmp_path, **{**GOOD, variable: str(port)})
    assert ended.returncode == 1
    assert ended.stderr.strip().splitlines()[-1] == (
        f"port {port} on 127.0.0.1 is in use: stop what listens there, or set {variable}"
    )


def test_a_flow_with_a_typo_keeps_the_system_from_starting_and_shows_the_line(tmp_path: Path) -> None:
    flow = tmp_path / "mine.yaml"
    good = (ROOT / "flows" / "examples" / "orders.yaml").read_text()
    flow.write_text(good.replace("to: hours", "to: huors"))
    line = good[: good.index("to: hours")].count("\n") + 1
    for command in (["serve"], ["flow", "lint", "mine.yaml"]):
        ended = ivr(*command, folder=tmp_path, **{**GOOD, "FLOW_FILE": "mine.yaml"})
        assert ended.returncode == 1
        assert f"mine.yaml:{line}:9: " in ended.stderr
        assert "did you mean hours?" in ended.stderr


def test_doctor_says_what_is_missing_and_what_to_do(tmp_path: Path) -> None:
    ended = ivr("doctor", folder=tmp_path)
    assert ended.returncode == 1
    assert "PERSON_NUMBER: is not set (see .env.example)" in ended.stdout
    assert "ok speech: telephone-en hears " in ended.stdout  # and goes on with what needs no carrier
    assert "ok flow: " in ended.stdout
    assert "MEDIA_PORT: 8081" in ended.stdout
    assert "DURABILITY" not in ended.stdout  # which needs one: the ledger's key is the carrier's token
    good = ivr(
        "doctor", folder=tmp_path, **{**GOOD, "SPEECH_MODEL": "none", "WEB_PORT": "18080", "MEDIA_PORT": "18081"}
    )
    assert good.returncode == 0, good.stdout
    bad = ivr("doctor", folder=tmp_path, **{**GOOD, "WEB_PORT": "x"})
    assert (bad.returncode, bad.stderr) == (1, "")
    assert bad.stdout.startswith("!! settings: WEB_PORT: ")
    missing = ivr("doctor", folder=tmp_path, **{**GOOD, "SPEECH_MODEL": "no-such-model"})
    assert "calls run by keys alone" in missing.stdout


def test_the_example_environment_file_is_a_working_one(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text((ROOT / ".env.example").read_text())
    assert "settings: " in ivr("doctor", folder=tmp_path).stdout
    assert "!! settings" not in ivr("doctor", folder=tmp_path).stdout
