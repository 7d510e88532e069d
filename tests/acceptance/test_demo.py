"""The demo: the main job, end to end, on real audio. What `make demo` runs."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import wave
from pathlib import Path

import pytest

from ivr.processes import check_port_free
from ivr.redis_server import find_binary, private_url
from ivr.sound.espeak import find_engine
from tests.patience import PATIENCE_S

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.skipif(find_binary() is None, reason="no redis-server: apt-get install redis-server")
def test_a_demo_that_is_told_to_stop_leaves_no_process_behind(tmp_path: Path) -> None:
    demo = subprocess.Popen(
        [sys.executable, "-m", "ivr", "demo", "--json"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert demo.stdout is not None
    assert demo.stdout.readline(), "the first call has begun"
    (folder,) = tmp_path.glob("zerohold-*")
    demo.terminate()
    assert demo.wait(PATIENCE_S) == 128 + signal.SIGTERM
    demo.stdout.close()
    assert private_url(folder / "data") is None, "the private Redis was stopped and took back its address"
    carrier_log = (folder / "logs" / "localcarrier.log").read_text()
    port = int(carrier_log.split("http://127.0.0.1:")[1].split()[0])
    check_port_free("127.0.0.1", port, "PORT")


@pytest.mark.skipif(find_engine() is None, reason="no voice: apt-get install espeak-ng, or pip install espeakng-loader")
@pytest.mark.skipif(find_binary() is None, reason="no redis-server: apt-get install redis-server")
def test_everything_in_the_demo_really_happens_and_can_be_listened_to(tmp_path: Path) -> None:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("TWILIO_", "REDIS_"))}
    ended = subprocess.run(
        [sys.executable, "-m", "ivr", "demo", "--json", "--record", str(tmp_path / "calls")],
        cwd=tmp_path,
        env={**clean, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=6 * PATIENCE_S,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout[-3000:] + ended.stderr
    lines = [json.loads(line) for line in ended.stdout.splitlines()]
    summary = lines[-1]
    assert (summary["ok"], summary["calls"], summary["promises_kept"]) == (True, 5, 1)
    assert 0 < summary["turn_latency_ms"]["p50"] <= summary["turn_latency_ms"]["max"]
    heard = {line["heard"] for line in lines[:-1] if line["kind"] == "heard"}
    assert {"order", "four eight two one", "one two three four", "yes", "no", "agent"} <= heard
    recordings = sorted((tmp_path / "calls").glob("*.wav"))
    assert len(recordings) == 7, "four callers, the agent twice, the customer"
    for recording in recordings:
        with wave.open(str(recording)) as call:
            assert (call.getnchannels(), call.getframerate(), call.getsampwidth()) == (2, 8000, 2)
            frames = call.readframes(call.getnframes())
        assert any(frames[2::4]), f"nothing to be heard in {recording.name}"
