"""Redis is full, read-only or away in the middle of a promise; how it syncs; and whose clock counts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
import redis
from driven_office import DESK
from signed import CALLER, SignedClient, settings_for, silence, spoken
from structlog.testing import capture_logs

from callbacks.errors import DialError
from callbacks.model import Agent, CallbackRequest
from ivr.redis_client import connect
from ivr.redis_clock import MOST_SKEW_S, SharedClock
from ivr.redis_contexts import Contexts
from ivr.redis_durability import DurabilityError, check, shortcomings
from ivr.redis_server import PrivateRedis
from ivr.services import Services, build, utc_now
from ivr.web.app import create_app
from ivr.worker import Tick
from tests.acceptance.conftest import impatient_flow


@pytest.fixture
def services(redis_server: PrivateRedis, redis_client: redis.Redis, tmp_path: Path) -> Services:
    assert redis_client.dbsize() == 0
    made = build(settings_for(redis_server.url, flow_file=impatient_flow(tmp_path), data_dir=tmp_path / "data"))
    made.callbacks.agents.put(
        Agent(id="desk", name="desk", number=DESK, queues=("shop",), state="away", idle_since=utc_now())
    )
    return made


@pytest.fixture
def client(services: Services) -> SignedClient:
    return SignedClient(create_app(services).test_client())


@pytest.fixture
def refusing(redis_client: redis.Redis) -> Iterator[dict[str, Callable[[], object]]]:
    """Ways in which the server refuses to write, and what ends them."""

    def mend() -> None:
        redis_client.config_set("maxmemory", 0)
        redis_client.execute_command("REPLICAOF", "NO", "ONE")

    yield {
        "full": lambda: redis_client.config_set("maxmemory", 1),
        "read-only": lambda: redis_client.execute_command("REPLICAOF", "127.0.0.1", "1"),
        "mend": mend,
    }
    mend()


def to_the_yes(client: SignedClient) -> Any:
    """A caller who is about to say yes to the number that is to be called."""
    offer = client.press(client.begin(), "0")
    return client.press(offer, "1")


@pytest.mark.parametrize("how", ["full", "read-only"])
def test_a_caller_hears_that_a_promise_could_not_be_stored_and_how_to_go_on(
    client: SignedClient,
    services: Services,
    refusing: dict[str, Callable[[], object]],
    monkeypatch: pytest.MonkeyPatch,
    how: str,
) -> None:
    confirm = to_the_yes(client)
    book = services.callbacks.promises.book

    def book_then_mend(*arguments: Any) -> Any:
        refusing[how]()
        try:
            return book(*arguments)
        finally:
            refusing["mend"]()

    monkeypatch.setattr(services.callbacks.promises, "book", book_then_mend)
    refused = client.press(confirm, "1")
    assert "I could not book the callback" in spoken(refused)
    assert "press" in spoken(refused)
    assert services.callbacks.store.requests(5) == []
    assert services.redis.llen("zh:{cb}:unsealed") == 0
    assert services.callbacks.store.backlog("shop") == 0
    monkeypatch.undo()
    again = client.press(
        client.press(client.begin(CallSid="CA" + "2" * 32), "0", CallSid="CA" + "2" * 32), "1", CallSid="CA" + "2" * 32
    )
    assert "It is booked" in spoken(client.press(again, "1", CallSid="CA" + "2" * 32))


def test_a_promise_whose_reply_was_lost_is_found_and_not_denied(
    client: SignedClient, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The turn is made once more under the same keys."""
    confirm = to_the_yes(client)
    book, times = services.callbacks.promises.book, []

    def book_and_lose_the_reply(*arguments: Any) -> Any:
        times.append(1)
        promised = book(*arguments)
        if len(times) == 1:
            raise redis.ConnectionError("the connection broke")
        return promised

    monkeypatch.setattr(services.callbacks.promises, "book", book_and_lose_the_reply)
    patience = client.press(confirm, "1")
    assert "One moment" in spoken(patience)
    assert "It is booked" in spoken(client.post(silence(patience)))
    assert len(services.callbacks.store.requests(5)) == 1


@pytest.mark.parametrize("how", ["full", "read-only"])
def test_while_nothing_can_be_written_callers_get_a_person(
    client: SignedClient, refusing: dict[str, Callable[[], object]], how: str
) -> None:
    confirm = to_the_yes(client)
    refusing[how]()
    answer = client.press(confirm, "1")
    for _ in range(4):
        assert answer.status_code == 200
        answer = client.post(silence(answer))
    assert "I will put you through to a person" in spoken(answer)


def test_each_value_of_a_number_is_fresh_from_its_own_instant(redis_client: redis.Redis) -> None:
    contexts, day, now = Contexts(redis_client), timedelta(hours=24), utc_now()
    contexts.keep(CALLER, {"order_number": "4821", "town": "Leeds"}, now, day)
    contexts.keep(CALLER, {"town": "York"}, now + timedelta(hours=12), day)
    assert contexts.values(CALLER, now + timedelta(hours=23), day) == {"order_number": "4821", "town": "York"}
    assert contexts.values(CALLER, now + timedelta(hours=25), day) == {"town": "York"}
    assert contexts.values(CALLER, now + timedelta(hours=23), timedelta(hours=1)) == {}
    contexts.keep(CALLER, {}, now, day, wrong=["town"])
    assert contexts.values(CALLER, now, day) == {"order_number": "4821"}
    assert 0 < redis_client.ttl(f"zh:context:{{{CALLER}}}:values") <= day.total_seconds()
    contexts.keep("+442079460124", {"town": "Hull"}, now, timedelta(0))
    assert contexts.export("+442079460124") == {}


# ---------------------------------------------------------------- durability


def test_the_private_server_syncs_as_the_mode_says(tmp_path: Path) -> None:
    safe = PrivateRedis(tmp_path, "safe")
    safe.start()
    try:
        client = connect(safe.url)
        assert client.config_get("appendfsync") == {"appendfsync": "always"}
        check(client, "safe")
        check(client, "fast")
    finally:
        safe.stop()


def test_a_server_that_keeps_less_than_it_should_is_named_with_what_to_do(redis_client: redis.Redis) -> None:
    check(redis_client, "fast")
    with pytest.raises(
        DurabilityError, match=r"DURABILITY is safe: .* syncs its file everysec; set `appendfsync always`"
    ):
        check(redis_client, "safe")
    redis_client.config_set("appendonly", "no")
    redis_client.config_set("maxmemory-policy", "allkeys-lru")
    try:
        words = [each.words for each in shortcomings(redis_client, "fast")]
        with pytest.raises(DurabilityError, match=r"appendonly yes.*maxmemory-policy noeviction"):
            check(redis_client, "safe")
    finally:
        redis_client.config_set("maxmemory-policy", "noeviction")
        redis_client.config_set("appendonly", "yes")
    assert len(words) == 2
    assert "would throw promises away" in words[1]


def test_a_server_that_does_not_say_how_it_syncs_is_not_trusted(
    redis_server: PrivateRedis, redis_client: redis.Redis
) -> None:
    redis_client.execute_command("ACL", "SETUSER", "guest", "on", ">secret", "~*", "+@all", "-config")
    guest = connect(redis_server.url.replace("unix://", "unix://guest:secret@"))
    try:
        with pytest.raises(DurabilityError, match=r"does not tell how it syncs.*or set DURABILITY=fast"):
            check(guest, "safe")
    finally:
        guest.close()
        redis_client.execute_command("ACL", "DELUSER", "guest")


# ---------------------------------------------------------------- the clock


def skewed(services: Services, seconds: float) -> Services:
    clock = SharedClock(services.redis, now=lambda: utc_now() + timedelta(seconds=seconds))
    return msgspec.structs.replace(services, clock=clock)


@pytest.mark.parametrize("seconds", [-3600.0, -2.5, 2.5, 86400.0])
def test_a_worker_whose_clock_is_wrong_dials_nobody_and_says_so_once(services: Services, seconds: float) -> None:
    off = skewed(services, seconds)
    ticks: list[object] = []
    tick = Tick(msgspec.structs.replace(off, dispatcher=Counting(ticks)))  # type: ignore[arg-type]
    with capture_logs() as logged:
        for _ in range(3):
            tick()
    assert ticks == []
    assert [record["event"] for record in logged] == ["the worker cannot work and keeps trying"]
    ready = SignedClient(create_app(services).test_client()).web.get("/readyz")
    assert ready.json is not None
    assert ready.json["checks"]["clock"] is False
    assert "ahead of Redis" in ready.json["clock"]["idle_worker"]


def test_a_worker_dials_by_a_clock_that_is_a_little_off(services: Services) -> None:
    ticks: list[object] = []
    off = skewed(services, MOST_SKEW_S - 0.5)
    Tick(msgspec.structs.replace(off, dispatcher=Counting(ticks)))()  # type: ignore[arg-type]
    assert len(ticks) == 1


class Counting:
    """A dispatcher that only counts."""

    def __init__(self, ticks: list[object]) -> None:
        self._ticks = ticks

    def dispatch_due(self, now: object) -> int:
        self._ticks.append(now)
        return 0


# ---------------------------------------------------------------- the last look before a phone rings


def claimed(client: SignedClient, services: Services) -> CallbackRequest:
    """A callback for which an agent was reserved, and nobody has been rung yet."""
    client.press(to_the_yes(client), "1")
    services.callbacks.agents.put(Agent(id="desk", name="desk", number=DESK, queues=("shop",), idle_since=utc_now()))
    request = services.callbacks.claims.claim(utc_now())
    assert request is not None
    return request


def test_a_worker_that_slept_after_its_claim_does_not_dial(client: SignedClient, services: Services) -> None:
    request = claimed(client, services)
    assert request.attempt is not None
    assert request.attempt.agent_leg is not None
    slept = msgspec.structs.replace(
        request.attempt.agent_leg, intended_at=request.attempt.agent_leg.intended_at - timedelta(seconds=10)
    )
    attempt = msgspec.structs.replace(request.attempt, agent_leg=slept)
    with pytest.raises(DialError, match="too old") as refused:
        services.dialler.ring_agent(msgspec.structs.replace(request, attempt=attempt))
    assert not refused.value.unknown_outcome
    # The carrier of these settings cannot be reached: that a fresh intent is tried shows in what it cannot tell.
    with pytest.raises(DialError, match="could not be reached") as tried:
        services.dialler.ring_agent(request)
    assert tried.value.unknown_outcome


def test_no_customer_is_rung_outside_the_calling_hours_whoever_decided_it(
    client: SignedClient, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = claimed(client, services)
    assert request.attempt is not None
    leg = request.attempt.agent_leg
    dialled = msgspec.structs.replace(request, attempt=msgspec.structs.replace(request.attempt, customer_leg=leg))
    monkeypatch.setattr(services.callbacks.claims, "may_ring", lambda *_: False)
    with pytest.raises(DialError, match="calling hours") as refused:
        services.dialler.ring_customer(dialled)
    assert not refused.value.unknown_outcome


def test_hosts_see_open_promises_and_those_that_nobody_looks_after(client: SignedClient, services: Services) -> None:
    client.press(to_the_yes(client), "1")
    told = client.web.get("/readyz").json
    assert told is not None
    assert told["promises"] == {"open": 1, "overdue": 0}
    assert told["ledger"]["unsealed"] == 1
    assert told["durability"] == "fast"
    services.redis.zadd("zh:{cb}:lease", {"cb0": utc_now().timestamp() - 60})
    told = client.web.get("/readyz").json
    assert told is not None
    assert told["promises"]["overdue"] == 1
