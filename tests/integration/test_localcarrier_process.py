"""The local carrier as a process of its own."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from localcarrier_app import ACCOUNT_SID, AGENT, AUTH_TOKEN, CALLER, SERVICE, response, running_app

from ivr.localcarrier.client import LocalCarrierClient
from ivr.localcarrier.script import Hear, Phone, Stay
from tests.patience import PATIENCE_S

COMMAND = [sys.executable, "-m", "ivr.localcarrier", "--account-sid", ACCOUNT_SID, "--auth-token", AUTH_TOKEN]


@contextmanager
def carrier_process(*options: str) -> Iterator[tuple[subprocess.Popen[str], LocalCarrierClient]]:
    process = subprocess.Popen([*COMMAND, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        base_url = process.stdout.readline().removeprefix("local carrier at ").strip()
        yield process, LocalCarrierClient(base_url, ACCOUNT_SID, AUTH_TOKEN)
    finally:
        process.kill()
        process.communicate()


def test_sigterm_ends_the_calls_tells_the_application_and_exits_with_0(tmp_path):
    log = tmp_path / "events.jsonl"
    options = ("--port", "0", "--fast-prompts", "--events", str(log), "--record", str(tmp_path))
    with running_app() as app, carrier_process(*options) as (process, client):
        app.documents["/voice"] = response('<Pause length="1"/>', "<Say>Hello.</Say>", '<Pause length="60"/>')
        client.wait_until_up()
        client.set_phone(AGENT, Phone())
        client.set_number(SERVICE, app.url("/voice"), status_callback=app.url("/status"))
        sid = client.place_call(from_number=CALLER, to_number=SERVICE, steps=(Hear("hello"), Stay()))
        client.wait_for_event("prompt_started", call_sid=sid)
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_S) == 0
        assert process.stderr is not None
        assert process.stderr.read() == ""
        assert app.to("/status")[0].params["CallStatus"] == "completed"
    assert '"kind":"call_closed"' in log.read_text()
    assert list(tmp_path.glob(f"*_{sid}.wav"))
    assert AUTH_TOKEN not in log.read_text()


def test_a_taken_port_is_one_clear_sentence_and_exit_status_1():
    with carrier_process("--port", "0") as (_process, client):
        port = client.base_url.rpartition(":")[2]
        second = subprocess.run([*COMMAND, "--port", port], capture_output=True, text=True, timeout=PATIENCE_S)
    assert second.returncode == 1
    sentence = f"port {port} of 127.0.0.1 is in use; stop the other program or choose another port with --port\n"
    assert second.stderr == sentence


def test_a_wrong_switch_is_named():
    wrong = subprocess.run([*COMMAND, "--switches", '{"speed": 1}'], capture_output=True, text=True, timeout=PATIENCE_S)
    assert wrong.returncode == 2
    assert "unknown field `speed`" in wrong.stderr
