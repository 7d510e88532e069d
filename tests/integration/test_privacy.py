"""What is known of a number, handed out and deleted: after that, no byte of it is left in Redis or in the journal."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import redis
import time_machine
from typer.testing import CliRunner, Result

from callbacks import lifecycle_events as events
from callbacks.clerk import Clerk
from callbacks.journal import Journal
from callbacks.model import CallbackRequest
from callbacks.redis_ledger import RedisLedger
from ivr.cli import app
from ivr.desk.ledger import journal_path, keyring_of
from ivr.desk.privacy import forget_old
from ivr.redis_prompts import PromptText, PromptTexts
from ivr.redis_server import PrivateRedis
from ivr.services import Services, build, utc_now
from ivr.settings import load_settings
from ivr.web.app import create_app
from ivr.worker import Housekeeping
from tests import wishes
from tests.integration.signed import CALLER, OFFICE, PERSON, PUBLIC_URL, SID, TOKEN, SignedClient

OTHER = "+442079460124"
NATIONAL = "2079460123"
Ivr = Callable[..., Result]


@pytest.fixture
def services(
    redis_server: PrivateRedis, redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Services:
    assert redis_client.dbsize() == 0
    settings = {
        "TWILIO_ACCOUNT_SID": "AC" + "0" * 32,
        "TWILIO_AUTH_TOKEN": TOKEN,
        "TWILIO_API_URL": "http://127.0.0.1:1",
        "CALLER_ID_NUMBER": OFFICE,
        "PERSON_NUMBER": PERSON,
        "PUBLIC_URL": PUBLIC_URL,
        "REDIS_URL": redis_server.url,
        "DATA_DIR": str(tmp_path / "data"),
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    return build(load_settings())


@pytest.fixture
def ivr(services: Services) -> Ivr:
    return lambda *arguments: CliRunner().invoke(app, list(arguments))


def call(services: Services, number: str = CALLER, sid: str = SID, *, over: bool = True) -> None:
    """Somebody calls, presses a key and, unless they stay, hangs up."""
    client = SignedClient(create_app(services).test_client())
    first = client.begin(From=number, CallSid=sid)
    client.press(first, "1", From=number, CallSid=sid)
    if over:
        client.post("/voice/status", From=number, CallSid=sid, CallStatus="completed", CallDuration="9")


def book(services: Services, key: str, number: str = CALLER, **changes: Any) -> CallbackRequest:
    wanted = {"arrived_at": utc_now(), "dossier": {"call_sid": SID, "caller_number": number, "reason": "an order"}}
    return wishes.book(services.callbacks, key, number, **{**wanted, **changes})


def clerk_of(services: Services) -> Clerk:
    journal = Journal(journal_path(services.settings))
    return Clerk(RedisLedger(services.redis), services.callbacks.store, keyring_of(services.settings), journal)


def everything_in(client: redis.Redis) -> dict[str, str]:
    """Every key with all that it holds, as text."""
    read: dict[str, Callable[[str], Any]] = {
        "string": client.get,
        "hash": client.hgetall,
        "list": lambda key: client.lrange(key, 0, -1),
        "set": client.smembers,
        "zset": lambda key: client.zrange(key, 0, -1, withscores=True),
    }
    return {str(key): str(read[str(client.type(key))](str(key))) for key in client.scan_iter()}


def holding(client: redis.Redis, digits: str) -> list[str]:
    return sorted(key for key, value in everything_in(client).items() if digits in key or digits in value)


def live_a_life(services: Services) -> list[str]:
    """Leave something of a caller in every place there is; the ids of their callbacks."""
    call(services)
    now = utc_now()
    services.contexts.keep(CALLER, {"order": "4821"}, now, timedelta(hours=24))
    services.contexts.talked(CALLER, "desk", timedelta(hours=24))
    services.redis.set(f"zh:text:{SID}:3:0", "sent")
    PromptTexts(services.redis).keep({"0" * 32: PromptText("0 20 79 46 01 23", "fa")})
    (services.settings.data_dir / "prompts").mkdir(exist_ok=True)
    (services.settings.data_dir / "prompts" / f"{'0' * 32}.wav").write_bytes(b"x")
    ended = book(services, "one", topic="one")
    services.callbacks.promises.cancel(ended.id, now)
    still_open = book(services, "two", topic="two")
    for_another = book(services, "three", OTHER, caller_number=CALLER, topic="three")
    return [ended.id, still_open.id, for_another.id]


def test_an_export_has_all_of_it(services: Services, ivr: Ivr) -> None:
    ids = live_a_life(services)
    clerk_of(services).tick(utc_now())
    exported = json.loads(ivr("privacy", "export", "020 7946 0123").output)
    assert exported["number"] == CALLER
    assert [each["id"] for each in exported["callbacks"]] == ids
    assert "4821" in json.dumps(exported["context"]["values"]["order"])
    assert exported["context"]["agent_id"] == "desk"
    assert [each["call_sid"] for each in exported["calls"]] == [SID]
    assert exported["calls"][0]["record"]["state"]["caller_number"] == CALLER
    assert exported["calls"][0]["turns"]
    assert exported["calls"][0]["trace"]
    assert exported["texts"] == {f"zh:text:{SID}:3:0": "sent"}
    assert exported["prompts"] == ["0" * 32]
    assert len(exported["quotas"]) == 2
    assert exported["do_not_call"] is False
    assert {each["id"] for each in exported["journal"]} == set(ids[1:])
    assert {entry["id"] for entry in exported["ledger"]} == set(ids)


def test_after_a_deletion_nothing_in_redis_and_no_byte_of_the_journal_has_the_number(
    services: Services, ivr: Ivr, redis_client: redis.Redis
) -> None:
    ids = live_a_life(services)
    clerk = clerk_of(services)
    clerk.tick(utc_now())
    another = book(services, "four", OTHER, topic="four", caller_number=OTHER)
    call(services, OTHER, "CA" + "9" * 32)
    assert len(holding(redis_client, NATIONAL)) >= 8
    deleted = ivr("privacy", "delete", CALLER, "--yes")
    assert deleted.exit_code == 0, deleted.output
    assert f"cancelled: {ids[1]}, {ids[2]}" in deleted.output
    assert "3 callbacks, 1 call," in deleted.output
    assert holding(redis_client, NATIONAL) == []
    assert [key for key in everything_in(redis_client) if SID in key] == []
    for request_id in ids:
        assert all(key == "zh:{cb}:unsealed" for key in holding(redis_client, request_id)), request_id
    assert not any((services.settings.data_dir / "prompts").glob("*.wav"))
    for path in services.settings.data_dir.glob("journal.sqlite*"):
        assert NATIONAL.encode() not in path.read_bytes(), path
    # And nobody else's.
    assert services.callbacks.store.request(another.id) is not None
    assert services.calls.read("CA" + "9" * 32) is not None
    # The worker's next copy brings nothing back, and the ledger still adds up.
    assert clerk.tick(utc_now()) == "whole"
    for path in services.settings.data_dir.glob("journal.sqlite*"):
        assert NATIONAL.encode() not in path.read_bytes(), path
    audited = ivr("callbacks", "audit")
    assert audited.exit_code == 0, audited.output


def test_a_deletion_asks_first_and_says_what_it_would_do(
    services: Services, ivr: Ivr, redis_client: redis.Redis
) -> None:
    live_a_life(services)
    before = everything_in(redis_client)
    asked = ivr("privacy", "delete", CALLER)
    assert asked.exit_code == 1
    assert "3 callbacks (2 promised and not over), 1 call," in asked.output
    assert "--yes" in asked.output
    assert everything_in(redis_client) == before


def test_a_deletion_says_what_stays_and_why(services: Services, ivr: Ivr, redis_client: redis.Redis) -> None:
    live_a_life(services)
    ivr("callbacks", "do-not-call", "add", CALLER)
    said = ivr("privacy", "delete", CALLER, "--yes").output
    assert "the ledger's entries: they name no number" in said
    assert "on the do-not-call list" in said
    assert "backups" in said
    assert holding(redis_client, NATIONAL) == ["zh:{cb}:do_not_call"]
    assert services.callbacks.store.on_do_not_call(CALLER)


def test_doing_it_again_finds_nothing(services: Services, ivr: Ivr) -> None:
    live_a_life(services)
    assert ivr("privacy", "delete", CALLER, "--yes").exit_code == 0
    again = ivr("privacy", "delete", CALLER, "--yes")
    assert (again.exit_code, again.output.strip()) == (0, "nothing is known of that number")
    assert json.loads(ivr("privacy", "export", CALLER).output)["callbacks"] == []


def test_a_deletion_that_stopped_in_the_middle_is_finished_by_the_next(
    services: Services, ivr: Ivr, redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    live_a_life(services)

    def stops(*_: object) -> None:
        raise redis.ConnectionError("gone")

    with monkeypatch.context() as broken:
        broken.setattr("callbacks.redis_store.RedisStore.forget", stops)
        assert ivr("privacy", "delete", CALLER, "--yes").exit_code == 1
    assert holding(redis_client, NATIONAL)
    assert ivr("privacy", "delete", CALLER, "--yes").exit_code == 0
    assert holding(redis_client, NATIONAL) == []
    assert ivr("callbacks", "audit").exit_code == 0


def test_nothing_is_deleted_while_they_talk_with_somebody_in_a_callback(
    services: Services, ivr: Ivr, redis_client: redis.Redis
) -> None:
    request, now = book(services, "one"), utc_now()
    agent = {"agent_id": "desk", "agent_number": "+442079460100"}
    if request.state == "scheduled":  # at night
        services.callbacks.apply(request.id, events.CameDue(at=now))
    services.callbacks.apply(request.id, events.Claimed(at=now, **agent))
    services.callbacks.apply(request.id, events.AgentAccepted(at=now, fence=1, sid="CA2"))
    services.callbacks.apply(request.id, events.CustomerDialled(at=now, fence=1))
    services.callbacks.apply(request.id, events.CustomerAnswered(at=now, fence=1, sid="CA3"))
    refused = ivr("privacy", "delete", CALLER, "--yes")
    assert refused.exit_code == 1
    assert "run this again after it" in refused.output
    assert services.callbacks.store.request(request.id) is not None


def test_a_call_that_goes_on_is_left_alone_and_named(services: Services, ivr: Ivr) -> None:
    call(services, over=False)
    said = ivr("privacy", "delete", CALLER, "--yes").output
    assert "a call that seems to go on just now" in said
    assert services.calls.read(SID) is not None


def test_an_agents_own_phone_is_named_and_stays(services: Services, ivr: Ivr) -> None:
    ivr("agents", "add", "desk", "--name", "Front desk", "--number", CALLER)
    said = ivr("privacy", "delete", CALLER, "--yes").output
    assert "ivr agents remove desk" in said
    assert services.callbacks.store.agent("desk") is not None


def test_a_call_in_which_the_number_was_keyed_in_as_people_do_goes_too_and_words_of_others_are_named(
    services: Services, ivr: Ivr, redis_client: redis.Redis
) -> None:
    call(services, OTHER)
    stored = str(redis_client.hget(f"zh:call:{{{SID}}}", "record"))
    redis_client.hset(f"zh:call:{{{SID}}}", "record", stored.replace(OTHER, "02079460123"))
    of_another = book(services, "one", OTHER, caller_number=OTHER, dossier={"values": {"ring": "020 7946 0123"}})
    named = book(services, "two", "+442079460125", caller_number=None, dossier={"values": {"ring": "02079460123"}})
    said = ivr("privacy", "delete", CALLER, "--yes").output
    assert f"in 1 callback of theirs: {named.id}" in said
    assert redis_client.exists(f"zh:call:{{{SID}}}") == 0
    assert services.callbacks.store.request(named.id) is not None
    assert services.callbacks.store.request(of_another.id) is not None


@pytest.mark.parametrize("arguments", [("export", "12"), ("delete", "nobody", "--yes")])
def test_what_is_no_number_is_refused(services: Services, ivr: Ivr, arguments: tuple[str, ...]) -> None:
    refused = ivr("privacy", *arguments)
    assert refused.exit_code == 1
    assert "no number" in refused.output


# ---------------------------------------------------------------- what goes by itself


def ended_at(services: Services, key: str, when: datetime) -> str:
    """A callback that was cancelled then."""
    number = f"+4420794601{len(key):02}"
    request = wishes.book(services.callbacks, key, number, arrived_at=when)
    services.callbacks.promises.cancel(request.id, when)
    return request.id


def test_the_housekeeping_forgets_callbacks_that_ended_longer_ago_than_they_are_kept(
    services: Services, ivr: Ivr, redis_client: redis.Redis
) -> None:
    now = utc_now()
    old = ended_at(services, "o", now - timedelta(days=91))
    young = ended_at(services, "yy", now - timedelta(days=89))
    waiting = wishes.book(services.callbacks, "www", "+442079460199", arrived_at=now - timedelta(days=400))
    Housekeeping(services)()
    store = services.callbacks.store
    assert store.request(old) is None
    assert store.request(young) is not None
    assert store.request(waiting.id) is not None
    assert all(key == "zh:{cb}:unsealed" for key in holding(redis_client, old))
    clerk_of(services).tick(now)
    audited = ivr("callbacks", "audit")
    assert audited.exit_code == 0, audited.output


def test_a_worker_whose_clock_is_not_that_of_redis_forgets_nothing(services: Services) -> None:
    young = ended_at(services, "yy", utc_now() - timedelta(days=1))
    with time_machine.travel(utc_now() + timedelta(days=365), tick=False):
        Housekeeping(services)()
    assert services.callbacks.store.request(young) is not None


def test_two_workers_that_forget_at_the_same_time_spoil_nothing(
    services: Services, ivr: Ivr, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = utc_now()
    ids = [ended_at(services, "x" * count, now - timedelta(days=100 + count)) for count in range(1, 8)]
    store = services.callbacks.store
    listed = store.ended_before(now, 100)
    assert forget_old(services, now) == len(ids)
    # Another one that had read the same ids before.
    answers = [listed, []]
    with monkeypatch.context() as late:
        late.setattr(type(store), "ended_before", lambda *_: answers.pop(0))
        forget_old(services, now)
    clerk_of(services).tick(now)
    assert ivr("callbacks", "audit").exit_code == 0
