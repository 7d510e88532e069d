"""The media process as a whole: how it begins, how it ends, and what it leaves behind."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from media_fixtures import ACCOUNT_SID, AUTH_TOKEN, MODEL_NAME, free_port, needs_model, needs_redis, private_redis

from ivr.redis_client import connect
from ivr.redis_listen import HEARTBEAT_KEY, ListenStore
from ivr.redis_server import PrivateRedis
from tests.patience import PATIENCE_S, until

__all__ = ["private_redis"]
pytestmark = [needs_model, needs_redis]

PROGRAM = "from ivr.media.app import run; from ivr.settings import load_settings; run(load_settings(_env_file=None))"
Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start(private_redis: PrivateRedis, tmp_path: Path) -> Iterator[Start]:
    started: list[subprocess.Popen[str]] = []

    def make(**changes: str) -> subprocess.Popen[str]:
        env = os.environ | {
            "TWILIO_ACCOUNT_SID": ACCOUNT_SID,
            "TWILIO_AUTH_TOKEN": AUTH_TOKEN,
            "CALLER_ID_NUMBER": "+14155550100",
            "PERSON_NUMBER": "+14155550101",
            "PUBLIC_URL": "https://ivr.example",
            "REDIS_URL": private_redis.url,
            "MEDIA_PORT": str(free_port()),
            "DATA_DIR": str(tmp_path),
            "SPEECH_MODEL": MODEL_NAME,
            "RECOGNISER_CHILDREN": "2",
            **changes,
        }
        process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM], env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        started.append(process)
        return process

    yield make
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def store(private_redis: PrivateRedis) -> Iterator[ListenStore]:
    client = connect(private_redis.url)
    yield ListenStore(client)
    client.close()


def children_of(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def recognisers_of(pid: int) -> list[int]:
    """The process with the models, and the recognisers that it has forked."""
    return [process for server in children_of(pid) for process in (server, *children_of(server))]


def is_gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_cleanly_with_its_recognisers(start: Start, store: ListenStore, how: signal.Signals) -> None:
    process = start()
    until(store.media_is_up)
    until(lambda: len(recognisers_of(process.pid)) == 3)
    children = recognisers_of(process.pid)
    process.send_signal(how)
    output, _ = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0, output
    assert "Traceback" not in output
    assert all(is_gone(child) for child in children)


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="looks for processes in /proc")
def test_a_killed_process_leaves_no_recogniser_and_no_heartbeat(start: Start, store: ListenStore) -> None:
    process = start()
    until(store.media_is_up)
    until(lambda: len(recognisers_of(process.pid)) == 3)
    children = recognisers_of(process.pid)
    process.kill()
    process.wait()
    until(lambda: all(is_gone(child) for child in children))
    until(lambda: not store.media_is_up())


def test_a_port_that_is_taken_is_named_and_what_to_set(start: Start) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        process = start(MEDIA_PORT=str(port))
        output, _ = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 1
    assert f"cannot listen on 127.0.0.1:{port}" in output
    assert "MEDIA_PORT" in output
    assert "Traceback" not in output


def test_a_model_that_is_not_there_is_named_and_what_to_set(start: Start) -> None:
    process = start(SPEECH_MODEL="no-such-model")
    output, _ = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 1
    assert "no speech model 'no-such-model'" in output
    assert "Traceback" not in output


def test_it_starts_without_redis_and_says_that_it_is_up_when_redis_comes(
    start: Start, store: ListenStore, private_redis: PrivateRedis
) -> None:
    private_redis.stop()
    process = start()
    until(lambda: len(recognisers_of(process.pid)) == 3)
    private_redis.start()
    until(store.media_is_up)
    assert process.poll() is None


def test_the_heartbeat_names_the_model_and_runs_out_by_itself(
    start: Start, store: ListenStore, private_redis: PrivateRedis
) -> None:
    start()
    until(store.media_is_up)
    client = connect(private_redis.url)
    beat = str(client.get(HEARTBEAT_KEY))
    assert f'"model":"{MODEL_NAME}"' in beat
    assert '"streams":0' in beat
    assert 0 < client.ttl(HEARTBEAT_KEY) <= 5
    client.close()
