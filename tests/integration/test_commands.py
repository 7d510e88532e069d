"""The commands that people type, on real Redis."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import redis
from typer.testing import CliRunner, Result

from callbacks.policy import Policy
from callbacks.redis_store import RedisStore
from callbacks.service import Callbacks
from ivr.cli import app
from ivr.redis_server import PrivateRedis, RedisServerError, private_url
from ivr.services import utc_now

Ivr = Callable[..., Result]


@pytest.fixture
def ivr(redis_server: PrivateRedis, redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Ivr:
    assert redis_client.dbsize() == 0
    settings = {
        "TWILIO_ACCOUNT_SID": "AC" + "0" * 32,
        "TWILIO_AUTH_TOKEN": "t" * 32,
        "CALLER_ID_NUMBER": "+442079460000",
        "PERSON_NUMBER": "+442079460999",
        "PUBLIC_URL": "http://127.0.0.1:8080",
        "REDIS_URL": redis_server.url,
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: CliRunner().invoke(app, list(arguments))


def test_agents_are_added_listed_sent_away_and_removed(ivr: Ivr) -> None:
    assert "nobody yet" in ivr("agents", "list").output
    assert ivr("agents", "add", "desk", "--name", "Front desk", "--number", "020 7946 0100").exit_code == 0
    listed = ivr("agents", "list").output
    assert "Front desk" in listed
    assert "…0100" in listed
    assert "7946 0100" not in listed
    assert ivr("agents", "state", "desk", "away").exit_code == 0
    assert "away" in ivr("agents", "list").output
    assert ivr("agents", "remove", "desk").exit_code == 0
    assert "nobody yet" in ivr("agents", "list").output


@pytest.mark.parametrize(
    "arguments",
    [
        ("agents", "add", "desk", "--name", "x", "--number", "12"),
        ("agents", "state", "nobody", "away"),
        ("agents", "state", "desk", "asleep"),
        ("agents", "remove", "nobody"),
        ("callbacks", "show", "cbnone"),
        ("callbacks", "cancel", "cbnone"),
    ],
)
def test_what_cannot_be_done_is_said_and_is_not_a_success(ivr: Ivr, arguments: tuple[str, ...]) -> None:
    done = ivr(*arguments)
    assert done.exit_code != 0
    assert not isinstance(done.exception, Exception), done.exception


def test_callbacks_are_listed_shown_with_their_dossier_and_cancelled(ivr: Ivr, redis_client: redis.Redis) -> None:
    policy = Policy()
    callbacks = Callbacks(RedisStore(redis_client, policy), policy)
    dossier = {"reason": "an order", "said": [{"text": "four eight two one", "by": "voice"}]}
    request = callbacks.promise(
        key="k", number="+442079460123", queue="shop", dossier=dossier, arrived_at=utc_now(), now=utc_now()
    ).request
    listed = ivr("callbacks", "list").output
    assert request.id in listed
    assert "…0123" in listed
    assert "four eight two one" in ivr("callbacks", "show", request.id).output
    assert ivr("callbacks", "cancel", request.id).exit_code == 0
    assert ivr("callbacks", "cancel", request.id).exit_code == 1
    entries = [json.loads(line) for line in ivr("callbacks", "ledger").output.splitlines()]
    assert [entry["event"] for entry in entries] == ["Promised", "Cancelled"]


def test_the_list_tells_the_time_that_a_caller_chose_for_their_callback(ivr: Ivr, redis_client: redis.Redis) -> None:
    policy = Policy()
    now = datetime(2026, 1, 5, 22, 0, tzinfo=UTC)
    starts, ends = now + timedelta(hours=14), now + timedelta(hours=16)
    Callbacks(RedisStore(redis_client, policy), policy).promise(
        key="k", number="+442079460123", queue="shop", dossier={}, arrived_at=now, now=now, starts=starts, ends=ends
    )
    listed = ivr("callbacks", "list").output
    assert "2026-01-06 12:00" in listed
    assert "2026-01-06 14:00" in listed


def test_a_private_server_keeps_its_data_and_serves_one_installation(tmp_path: Path) -> None:
    server = PrivateRedis(tmp_path)
    server.start()
    try:
        assert private_url(tmp_path) == server.url
        with pytest.raises(RedisServerError, match="another Zerohold"):
            PrivateRedis(tmp_path).start()
        client = redis.Redis.from_url(server.url)
        client.set("kept", "yes")
        client.close()
    finally:
        server.stop()
    assert private_url(tmp_path) is None
    again = PrivateRedis(tmp_path)
    again.start()
    try:
        assert redis.Redis.from_url(again.url, decode_responses=True).get("kept") == "yes"
    finally:
        again.stop()


def test_without_any_redis_server_the_error_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ivr.redis_server.find_binary", lambda: None)
    with pytest.raises(RedisServerError, match="apt-get install redis-server"):
        PrivateRedis(tmp_path).start()
