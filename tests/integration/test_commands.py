"""The commands that people type, on real Redis."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import redis
from typer.testing import CliRunner, Result

from callbacks.booking import Promise
from callbacks.clerk import Clerk
from callbacks.journal import Journal
from callbacks.model import CallbackRequest
from callbacks.redis_ledger import RedisLedger
from callbacks.redis_store import RedisStore
from callbacks.rules import Policy
from callbacks.service import Callbacks
from ivr.cli import app
from ivr.desk.ledger import journal_path, keyring_of
from ivr.redis_server import PrivateRedis, RedisServerError, private_url
from ivr.services import utc_now
from ivr.settings import load_settings
from tests import wishes

Ivr = Callable[..., Result]
CUSTOMER = wishes.CUSTOMER


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


@pytest.fixture
def callbacks(redis_client: redis.Redis) -> Callbacks:
    policy = Policy()
    return Callbacks(RedisStore(redis_client, policy), policy, wishes.london)


def booked(callbacks: Callbacks, *, at: datetime | None = None, **changes: Any) -> CallbackRequest:
    """A promise that was made at an instant, now unless it is given."""
    at = at or utc_now()
    promised = callbacks.promises.book(wishes.wish(**{"arrived_at": at, **changes}), at)
    assert isinstance(promised, Promise), promised
    return promised.request


def seal(client: redis.Redis, callbacks: Callbacks, journal: Journal | None = None) -> None:
    """What a worker does every second."""
    clerk = Clerk(RedisLedger(client), callbacks.store, keyring_of(load_settings()), journal or Journal(":memory:"))
    assert clerk.tick(utc_now()) == "whole"


def test_agents_are_added_listed_sent_away_and_removed(ivr: Ivr) -> None:
    assert "nobody yet" in ivr("agents", "list").output
    assert ivr("agents", "add", "desk", "--name", "Front desk", "--number", "020 7946 0100").exit_code == 0
    listed = ivr("agents", "list").output
    assert "Front desk" in listed
    assert "…0100" in listed
    assert "7946 0100" not in listed
    assert "+442079460100" in ivr("agents", "list", "--full-numbers").output
    assert ivr("agents", "state", "desk", "away").exit_code == 0
    assert "away" in ivr("agents", "list").output
    assert "on a break" in ivr("agents", "state", "desk", "break").output
    assert ivr("agents", "remove", "desk").exit_code == 0
    assert "nobody yet" in ivr("agents", "list").output


def test_an_agent_who_is_changed_keeps_what_is_not_given(ivr: Ivr) -> None:
    ivr("agents", "add", "desk", "--name", "Front desk", "--number", "020 7946 0100", "--language", "en")
    ivr("agents", "shift", "desk", "mon-fri 09:00-17:00", "--off", "2026-12-24")
    assert ivr("agents", "add", "desk", "--name", "Back desk", "--per-hour", "6").exit_code == 0
    shown = ivr("agents", "shift", "desk").output
    assert "Back desk works mon-fri 09:00-17:00 (Europe/London)" in shown
    assert "2026-12-24" in shown
    assert "days off" not in ivr("agents", "shift", "desk", "--back", "2026-12-24").output
    assert "whenever they are available" in ivr("agents", "shift", "desk", "").output


def test_an_agent_who_is_in_a_call_is_not_removed(ivr: Ivr, callbacks: Callbacks) -> None:
    ivr("agents", "add", "desk", "--name", "Front desk", "--number", "020 7946 0100")
    now = utc_now()
    assert callbacks.agents.reserve(
        queue="shop", language="en", call_sid="CA1", rank_at=now, waiting=False, lease_s=60, now=now
    )
    refused = ivr("agents", "remove", "desk")
    assert refused.exit_code == 1
    assert "ivr agents state desk away" in refused.output
    assert callbacks.store.agent("desk") is not None


def test_shifts_that_put_promises_at_risk_say_which(ivr: Ivr) -> None:
    ivr("agents", "add", "desk", "--name", "Front desk", "--number", "020 7946 0100")
    window = json.loads(ivr("callbacks", "slots", "--json").output)["slots"][30]
    booked = ivr("callbacks", "book", CUSTOMER, "--when", window["starts"])
    assert booked.exit_code == 0, booked.output
    quiet = ivr("agents", "shift", "desk", "mon-sun 00:00-24:00")
    assert "at risk" not in quiet.output
    changed = ivr("agents", "shift", "desk", "", "--off", window["starts"][:10])
    assert changed.exit_code == 0
    assert "1 booked callback is at risk" in changed.output
    assert f"{window['words']} in shop/en: 1 promised, 0 can be kept" in changed.output


@pytest.mark.parametrize(
    "arguments",
    [
        ("agents", "add", "desk", "--name", "x", "--number", "12"),
        ("agents", "add", "desk", "--name", "x"),
        ("agents", "add", "a desk", "--name", "x", "--number", "020 7946 0100"),
        ("agents", "state", "nobody", "away"),
        ("agents", "shift", "nobody"),
        ("agents", "calendar", "nobody"),
        ("agents", "remove", "nobody"),
        ("callbacks", "show", "cbnone"),
        ("callbacks", "cancel", "cbnone"),
        ("callbacks", "move", "cbnone", "asap"),
        ("callbacks", "book", "12"),
        ("callbacks", "list", "--number", "12345"),
        ("callbacks", "do-not-call", "remove", "+442079460123"),
        ("callbacks", "recover"),
    ],
)
def test_what_cannot_be_done_is_said_and_is_not_a_success(ivr: Ivr, arguments: tuple[str, ...]) -> None:
    done = ivr(*arguments)
    assert done.exit_code == 1
    assert done.output.strip()
    assert isinstance(done.exception, SystemExit), done.exception


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("agents", "state", "desk", "asleep"), ("asleep", "available, break, away")),
        (("agents", "shift", "desk", "monday"), ('"monday" is not a shift', "mon-fri 09:00-12:30")),
        (("agents", "shift", "desk", "--off", "tomorrow"), ("add_days_off",)),
        (("agents", "add", "desk", "--zone", "London"), ('"London" is not a time zone',)),
        (("callbacks", "list", "--state", "lost"), ("lost", "scheduled, waiting")),
        (("callbacks", "list", "--queue", "nothing"), ("nothing", "shop")),
        (("callbacks", "list", "--after", "x"), ('"next"',)),
        (("callbacks", "book", "+442079460123", "--when", "soon"), ('"soon" is not a time', "tomorrow 09:00")),
        (("callbacks", "book", "+442079460123", "--language", "fa"), ("fa", "en")),
        (("callbacks", "book", "+442079460123", "--agent", "nobody"), ("nobody", "desk")),
        (("callbacks", "book", "+442079460000"), ("our own",)),
        (("callbacks", "book", "+33142685300"), ("not called",)),
        (("callbacks", "audit", "--expect", "1"), ("SEQ:HASH",)),
    ],
)
def test_words_that_are_not_known_are_answered_with_those_that_are(
    ivr: Ivr, arguments: tuple[str, ...], words: tuple[str, ...]
) -> None:
    ivr("agents", "add", "desk", "--name", "Front desk", "--number", "020 7946 0100")
    done = ivr(*arguments)
    assert done.exit_code == 1
    assert all(word in done.output for word in words), done.output


def test_callbacks_are_listed_shown_with_their_dossier_and_cancelled(ivr: Ivr, callbacks: Callbacks) -> None:
    dossier = {"reason": "an order", "said": [{"text": "four eight two one", "by": "voice"}]}
    request = booked(callbacks, dossier=dossier)
    listed = ivr("callbacks", "list").output
    assert request.id in listed
    assert "…0123" in listed
    assert "9460123" not in listed
    assert CUSTOMER in ivr("callbacks", "list", "--full-numbers").output
    shown = ivr("callbacks", "show", request.id).output
    assert "four eight two one" in shown
    assert request.salt not in shown
    assert ivr("callbacks", "cancel", request.id).exit_code == 0
    assert ivr("callbacks", "cancel", request.id).exit_code == 1
    assert "cancelled" in ivr("callbacks", "list").output
    entries = [json.loads(line) for line in ivr("callbacks", "ledger").output.splitlines()]
    assert [entry["event"] for entry in entries] == ["Promised", "Cancelled"]


def test_a_list_has_what_was_asked_for_page_by_page(ivr: Ivr, callbacks: Callbacks) -> None:
    first, second, third = (
        booked(callbacks, key=f"k{last}", number=f"+44207946012{last}", caller_number=None) for last in (1, 2, 3)
    )
    callbacks.promises.cancel(second.id, utc_now())

    def ids(*options: str) -> list[str]:
        listed = json.loads(ivr("callbacks", "list", "--json", *options).output)
        return [each["id"] for each in listed["callbacks"]]

    assert ids() == [third.id, second.id, first.id]
    assert ids("--open") == [third.id, first.id]
    assert ids("--state", "ended") == [second.id]
    assert ids("--number", "0121") == [first.id]
    assert ids("--number", "020 7946 0122") == [second.id]
    assert ids("--queue", "shop", "--since", "2000-01-01") == [third.id, second.id, first.id]
    assert ids("--since", (utc_now() + timedelta(hours=1)).isoformat()) == []
    page = json.loads(ivr("callbacks", "list", "--json", "--limit", "2").output)
    assert [each["id"] for each in page["callbacks"]] == [third.id, second.id]
    assert ids("--after", page["next"]) == [first.id]
    callbacks.store.forget([second.id])
    assert ids("--after", page["next"]) == [first.id]


def test_the_list_tells_the_window_of_a_callback_by_the_offices_clock_and_who_is_late(
    ivr: Ivr, callbacks: Callbacks
) -> None:
    ivr("agents", "add", "desk", "--name", "Front desk", "--number", "020 7946 0100")
    window = json.loads(ivr("callbacks", "slots", "--json").output)["slots"][40]
    ivr("callbacks", "book", CUSTOMER, "--when", window["starts"], "--reason", "an order")
    booked(callbacks, key="late", number="+442079460124", at=utc_now() - timedelta(days=1))
    listed = ivr("callbacks", "list").output
    assert window["words"] in listed
    assert "waits for its time" in listed
    assert "overdue" in listed
    assert "as soon as possible, by" in listed


def test_a_callback_is_booked_by_hand_and_moved_only_to_a_window_that_can_be_kept(ivr: Ivr) -> None:
    ivr("agents", "add", "desk", "--name", "Front desk", "--number", "020 7946 0100")
    done = json.loads(ivr("callbacks", "book", "020 7946 0123", "--reason", "an order", "--json").output)
    assert done["callback"]["order"] == "customer_first"
    assert done["callback"]["dossier"]["booked_by"] == "command line"
    again = ivr("callbacks", "book", CUSTOMER)
    assert "has one already" in again.output
    request_id = done["callback"]["id"]
    windows = json.loads(ivr("callbacks", "slots", "--json").output)["slots"]
    moved = ivr("callbacks", "move", request_id, windows[20]["starts"])
    assert windows[20]["words"] in moved.output
    at = datetime.fromisoformat(windows[20]["starts"]) + timedelta(minutes=7)
    refused = ivr("callbacks", "move", request_id, at.isoformat())
    assert refused.exit_code == 1
    assert "nothing can be promised for that time" in refused.output
    assert "the nearest that can: " in refused.output
    assert "as soon as possible" in ivr("callbacks", "move", request_id, "asap").output


def test_who_is_on_the_do_not_call_list_is_not_promised_anything(ivr: Ivr) -> None:
    ivr("agents", "add", "desk", "--name", "Front desk", "--number", "020 7946 0100")
    assert "no number" in ivr("callbacks", "do-not-call", "list").output
    assert ivr("callbacks", "do-not-call", "add", "020 7946 0123").exit_code == 0
    assert "…0123" in ivr("callbacks", "do-not-call", "list").output
    assert CUSTOMER in ivr("callbacks", "do-not-call", "list", "--full-numbers").output
    assert ivr("callbacks", "book", CUSTOMER).exit_code == 1
    assert ivr("callbacks", "do-not-call", "remove", CUSTOMER).exit_code == 0
    assert ivr("callbacks", "book", CUSTOMER).exit_code == 0


def test_the_audit_finds_a_whole_ledger_whole_and_a_meddled_record_not(
    ivr: Ivr, callbacks: Callbacks, redis_client: redis.Redis
) -> None:
    first = booked(callbacks)
    seal(redis_client, callbacks)
    booked(callbacks, key="k2", number="+442079460124")
    found = ivr("callbacks", "audit")
    assert found.exit_code == 0, found.output
    assert "the ledger is whole" in found.output
    assert "1 not sealed yet" in found.output
    as_json = json.loads(ivr("callbacks", "audit", "--json").output)
    assert (as_json["promises"], as_json["open"]) == (2, 2)
    head = f"{as_json['head']['seq']}:{as_json['head']['hash']}"
    assert head in found.output
    assert ivr("callbacks", "audit", "--expect", head).exit_code == 0
    assert ivr("callbacks", "audit", "--expect", f"1:{'0' * 64}").exit_code == 1
    key = f"zh:{{cb}}:request:{first.id}"
    record = json.loads(str(redis_client.hget(key, "d")))
    redis_client.hset(key, "d", json.dumps({**record, "connects": 1, "state": "ended", "disposition": "talked"}))
    found = ivr("callbacks", "audit")
    assert found.exit_code == 1
    assert f"{first.id}: state is ended, the ledger says" in found.output


def test_the_ledger_prints_sealed_entries_before_those_that_are_not(
    ivr: Ivr, callbacks: Callbacks, redis_client: redis.Redis
) -> None:
    request = booked(callbacks)
    seal(redis_client, callbacks)
    callbacks.promises.cancel(request.id, utc_now())
    entries = [json.loads(line) for line in ivr("callbacks", "ledger").output.splitlines()]
    assert [entry["event"] for entry in entries] == ["Promised", "Cancelled"]


def test_a_store_that_lost_a_promise_gets_it_back_from_the_journal(
    ivr: Ivr, callbacks: Callbacks, redis_client: redis.Redis
) -> None:
    settings = load_settings()
    settings.data_dir.mkdir()
    journal = Journal(journal_path(settings))
    request = booked(callbacks)
    seal(redis_client, callbacks, journal)
    assert "nothing to recover" in ivr("callbacks", "recover").output
    redis_client.flushall()
    assert ivr("callbacks", "audit").exit_code == 1
    recovered = ivr("callbacks", "recover")
    assert recovered.exit_code == 0, recovered.output
    assert "1 page and 1 callback" in recovered.output
    assert request.id in ivr("callbacks", "list").output
    assert ivr("callbacks", "audit").exit_code == 0


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
