"""A worker and its journal: the ledger is copied, and nobody is dialled on a store that has forgotten what it did."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from pydantic import SecretStr
from signed import settings_for
from structlog.testing import capture_logs
from typer.testing import CliRunner, Result

from callbacks import lifecycle_events as events
from callbacks.booking import Promise
from callbacks.dispatch import Dispatcher, LegStatus
from callbacks.journal import Journal
from callbacks.model import Agent, CallbackRequest, Leg
from callbacks.redis_keys import UNSEALED
from callbacks.redis_ledger import RedisLedger
from ivr.bookkeeping import FILLING_UP, Bookkeeping
from ivr.cli import app
from ivr.demo.installation import around_the_clock
from ivr.desk.ledger import audit, journal_path, keyring_of
from ivr.processes import free_port
from ivr.redis_durability import DurabilityError
from ivr.redis_server import PrivateRedis
from ivr.services import build, utc_now
from ivr.settings import EXAMPLE_FLOW, Settings
from ivr.web.app import create_app
from ivr.worker import Tick
from tests import wishes

KEPT, LOST = "+442079460124", "+442079460125"


class Phones:
    """A carrier on which everybody's phone rings; it notes for which callbacks."""

    def __init__(self) -> None:
        self.rung: list[str] = []

    def ring_agent(self, request: CallbackRequest) -> str:
        self.rung.append(request.id)
        return f"CAagent{request.fence}"

    def ring_customer(self, request: CallbackRequest) -> str:  # noqa: ARG002
        raise AssertionError("no agent has accepted")

    def find_leg(self, leg: Leg) -> str | None:  # noqa: ARG002
        return None

    def leg_status(self, sid: str) -> LegStatus:  # noqa: ARG002
        return "talking"

    def hang_up(self, sid: str) -> None: ...

    def let_agent_go(self, request: CallbackRequest) -> None: ...

    def apologise(self, request: CallbackRequest) -> None: ...

    def tell(self, request: CallbackRequest, ends: datetime) -> str | None: ...


class Installation:
    """One installation in a folder; its worker does something when it is told to."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.redis = PrivateRedis(folder / "data")
        self.redis.start()
        flow = around_the_clock(EXAMPLE_FLOW, folder / "flow")
        self.settings = settings_for(self.redis.url, flow_file=flow, data_dir=folder / "data")
        self.phones = Phones()
        self.start_worker()
        self.add_agent()

    def start_worker(self) -> None:
        services = build(self.settings)
        dispatcher = Dispatcher(services.callbacks, self.phones)
        self.services = msgspec.structs.replace(services, dispatcher=dispatcher)
        self.bookkeeping = Bookkeeping(self.services)
        self.tick = Tick(self.services, self.bookkeeping)

    def stop_worker(self) -> None:
        self.bookkeeping.close()
        self.services.background.shutdown()
        self.services.redis.close()

    def stop(self) -> None:
        self.stop_worker()
        self.redis.stop()

    def backup(self) -> Path:
        """What Redis has on its disk, as an operator's backup has it."""
        kept = self._folder / "backup"
        self.redis.stop()
        shutil.copytree(self._folder / "data" / "redis", kept)
        self.redis.start()
        return kept

    def restore(self, kept: Path) -> None:
        """Put the backup back while nothing runs, and start everything again."""
        self.stop()
        shutil.rmtree(self._folder / "data" / "redis")
        shutil.copytree(kept, self._folder / "data" / "redis")
        self.redis.start()
        self.start_worker()

    def add_agent(self) -> None:
        agent = Agent(id="desk", name="desk", number="+442079460100", queues=("shop",), idle_since=utc_now())
        self.services.callbacks.agents.put(agent)

    def book(self, number: str) -> str:
        wanted = wishes.wish(number, number, arrived_at=utc_now())
        promised = self.services.callbacks.promises.book(wanted, utc_now())
        assert isinstance(promised, Promise), promised
        return promised.request.id

    def keep(self, request_id: str) -> None:
        """The worker rings, the agent accepts, they talk, and it is solved."""
        self.tick()
        assert self.phones.rung[-1] == request_id
        now = utc_now()
        for event in (
            events.AgentAccepted(at=now, fence=1, sid="CAagent1"),
            events.CustomerDialled(at=now, fence=1),
            events.LegCreated(at=now, fence=1, leg="customer", sid="CAcustomer1"),
            events.CustomerAnswered(at=now, fence=1, sid="CAcustomer1"),
            events.CustomerLeft(at=now + timedelta(minutes=1), fence=1),
            events.Disposed(at=now + timedelta(minutes=1), fence=1, code="solved"),
        ):
            self.services.callbacks.apply(request_id, event)

    def record(self, request_id: str) -> CallbackRequest | None:
        known = self.services.callbacks.store.request(request_id)
        return None if known is None else known.record

    def readiness(self) -> dict[str, Any]:
        told = create_app(self.services).test_client().get("/readyz").json
        assert told is not None
        return dict(told)

    def ivr(self, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> Result:
        for name in ("twilio_account_sid", "caller_id_number", "person_number", "public_url", "redis_url", "data_dir"):
            monkeypatch.setenv(name.upper(), str(getattr(self.settings, name)))
        monkeypatch.setenv("TWILIO_AUTH_TOKEN", self.settings.twilio_auth_token.get_secret_value())
        return CliRunner().invoke(app, list(arguments))


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Installation]:
    installation = Installation(tmp_path)
    yield installation
    installation.stop()


def test_after_a_restore_nobody_is_called_twice_and_lost_promises_are_back(
    place: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = place.book(KEPT)
    place.bookkeeping()
    backup = place.backup()
    place.keep(kept)
    place.add_agent()
    lost = place.book(LOST)
    place.bookkeeping()
    assert place.phones.rung == [kept]

    place.restore(backup)
    record = place.record(kept)
    assert record is not None
    assert (record.state, place.record(lost)) == ("waiting", None), "by this store, the wrong one would be dialled"
    with capture_logs() as logged:
        place.tick()
        assert place.phones.rung == [kept], "nobody is dialled before the store is filled up"
        assert place.readiness()["ledger"]["idle_worker"] == FILLING_UP
        assert place.readiness()["checks"]["ledger"] is False
        place.bookkeeping()
        place.tick()
    assert place.phones.rung == [kept, lost]
    assert [record["event"] for record in logged] == [
        "the worker cannot work and keeps trying",
        "the store has lost what the journal knows, and is being filled up",
        "the store is filled up",
    ]
    assert place.readiness()["checks"]["ledger"] is True
    record = place.record(kept)
    assert record is not None
    assert (record.state, record.disposition, record.dials) == ("ended", "solved", 1)

    place.bookkeeping()
    audited = place.ivr(monkeypatch, "callbacks", "audit", "--json")
    assert audited.exit_code == 0, audited.output
    found = json.loads(audited.output)
    assert (found["promises"], found["kept"], found["open"]) == (2, 1, 1)
    assert "Recovered" in place.ivr(monkeypatch, "callbacks", "ledger").output


def test_an_emptied_store_is_filled_up_before_anybody_is_dialled(place: Installation) -> None:
    lost = place.book(LOST)
    place.bookkeeping()
    place.services.redis.flushall()
    place.bookkeeping()
    place.add_agent()
    place.tick()
    assert place.phones.rung == [lost]


def test_while_another_worker_fills_the_store_up_nobody_dials(place: Installation, tmp_path: Path) -> None:
    place.book(LOST)
    elsewhere = msgspec.structs.replace(place.services, settings=other_folder(place.settings, tmp_path))
    Tick(elsewhere, Bookkeeping(elsewhere))
    place.services.heartbeats.worker_is_idle("ledger", FILLING_UP)
    Tick(elsewhere, Bookkeeping(elsewhere))()
    assert place.phones.rung == []
    place.services.heartbeats.worker_may_dial("ledger")
    Tick(elsewhere, Bookkeeping(elsewhere))()
    assert len(place.phones.rung) == 1


def test_a_store_that_is_another_installations_is_left_alone(place: Installation, tmp_path: Path) -> None:
    """REDIS_URL or DATA_DIR was mistaken: the promises of the one must not be mixed with those of the other."""
    place.book(KEPT)
    place.bookkeeping()
    place.services.redis.flushall()
    other = place.book(LOST)
    elsewhere = msgspec.structs.replace(place.services, settings=other_folder(place.settings, tmp_path))
    Bookkeeping(elsewhere)()
    with capture_logs() as logged:
        for _ in range(2):
            place.bookkeeping()
            place.tick()
    assert place.phones.rung == []
    assert [request.id for request in place.services.callbacks.store.requests(10)] == [other]
    (said,) = logged
    assert "have nothing in common" in said["fault"]
    assert "ivr callbacks recover" in said["fault"]
    # The first of the two ways out that are named there.
    journal_path(place.settings).rename(tmp_path / "away")
    place.bookkeeping()
    place.add_agent()
    place.tick()
    assert place.phones.rung == [other]


def test_a_history_that_went_another_way_later_is_put_right(place: Installation, tmp_path: Path) -> None:
    kept = place.book(KEPT)
    place.bookkeeping()
    backup = place.backup()
    place.keep(kept)
    place.bookkeeping()
    place.restore(backup)
    place.services.redis.rpush(UNSEALED, '{"event":"Noted","at":"2026-03-02T10:30:00Z"}')
    elsewhere = msgspec.structs.replace(place.services, settings=other_folder(place.settings, tmp_path))
    Bookkeeping(elsewhere)()
    place.bookkeeping()
    place.add_agent()
    place.tick()
    assert place.phones.rung == [kept]
    record = place.record(kept)
    assert record is not None
    assert record.disposition == "solved"


def test_without_a_journal_promises_are_sealed_and_kept_and_health_says_what_is_missing(place: Installation) -> None:
    wanted = place.book(KEPT)
    path = journal_path(place.settings)
    path.mkdir()
    with capture_logs() as logged:
        for _ in range(2):
            place.bookkeeping()
            place.tick()
        told = place.readiness()["ledger"]
        path.rmdir()
        place.bookkeeping()
    assert place.phones.rung == [wanted]
    assert told["pages"] > 0
    assert "IsADirectoryError" in told["not_copied"]
    assert [record["event"] for record in logged] == [
        "the ledger is not copied into the journal; tried again and again"
    ]
    assert Journal(path).head() == RedisLedger(place.services.redis).head()


def test_a_journal_that_cannot_be_read_keeps_nobody_from_being_called(place: Installation) -> None:
    wanted = place.book(KEPT)
    journal_path(place.settings).write_bytes(b"no database" * 1000)
    place.bookkeeping()
    place.tick()
    assert place.phones.rung == [wanted]


def test_a_new_key_seals_and_the_old_one_still_verifies(place: Installation) -> None:
    place.book(KEPT)
    place.bookkeeping()
    changes = {"ledger_key": SecretStr("k" * 40), "ledger_keys_old": place.settings.twilio_auth_token}
    renewed = place.settings.model_copy(update=changes)
    assert keyring_of(renewed).current != keyring_of(place.settings).current
    place.services = msgspec.structs.replace(place.services, settings=renewed)
    place.bookkeeping.close()
    place.bookkeeping = Bookkeeping(place.services)
    place.book(LOST)
    place.bookkeeping()
    assert audit(place.services, utc_now()).is_clean
    forgot = msgspec.structs.replace(place.services, settings=renewed.model_copy(update={"ledger_keys_old": None}))
    assert not audit(forgot, utc_now()).is_clean


def other_folder(settings: Settings, folder: Path) -> Settings:
    """Another machine's settings for the same installation."""
    return settings.model_copy(update={"data_dir": folder / "elsewhere"})


# ---------------------------------------------------------------- what `ivr doctor` says of them


def test_doctor_looks_at_redis_and_the_ledger(place: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    place.book(KEPT)
    said = place.ivr(monkeypatch, "doctor").output
    assert "no worker has kept a journal" in said
    place.bookkeeping()
    said = place.ivr(monkeypatch, "doctor").output
    assert "fast: a promise is on disk within a second" in said
    assert "this machine and Redis agree on the time" in said
    assert "1 page, 0 not sealed yet; the journal here is a copy of it" in said
    place.services.redis.config_set("maxmemory-policy", "allkeys-lru")
    place.services.redis.flushall()
    ended = place.ivr(monkeypatch, "doctor")
    assert ended.exit_code == 1
    assert "maxmemory-policy noeviction" in ended.output
    assert "by the journal the store is behind" in ended.output


def test_doctor_says_what_a_broken_journal_means(place: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    journal_path(place.settings).write_bytes(b"no database" * 1000)
    said = place.ivr(monkeypatch, "doctor").output
    assert "promises are kept, but not copied" in said


def test_web_does_not_start_on_a_server_that_keeps_less_than_it_should(
    place: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[object] = []
    monkeypatch.setattr("os.execv", lambda *arguments: started.append(arguments))
    monkeypatch.setenv("WEB_PORT", str(free_port()))
    assert place.ivr(monkeypatch, "web").exit_code == 0
    assert len(started) == 1
    monkeypatch.setenv("DURABILITY", "safe")
    refused = place.ivr(monkeypatch, "web")
    assert isinstance(refused.exception, DurabilityError)
    assert len(started) == 1
