"""A card number is keyed in, used within its turn, and is nowhere afterwards: not in Redis, logs, traces, addresses."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest
import redis
from signed import SID, SignedClient, action, settings_for, silence, spoken, tree, write_flow

from flows import engine, events
from ivr import logs
from ivr.redis_server import PrivateRedis
from ivr.services import Services, build, utc_now
from ivr.web.app import create_app

CARD = "4929123456781234"
FLOW = """
  first: {type: ask, prompt: Please key in your card number., answer: {type: digits, min: 16, max: 16},
          save_as: card, sensitive: true, next: find}
  find: {type: lookup, source: {type: csv, file: cards.csv}, where: {number: card}, save: {owner: owner},
         found: known, not_found: unknown, failed: person}
  known: {type: menu, prompt: "The card of the {owner} is known.", choices: [
          {key: "1", phrases: [goodbye], label: goodbye, to: done}]}
  unknown: {type: say, prompt: That card is not known here., next: first}
  person: {type: transfer, reason: a card}
  done: {type: end, prompt: Goodbye., outcome: solved}
"""


@pytest.fixture
def services(tmp_path: Path, redis_server: PrivateRedis, redis_client: redis.Redis) -> Services:
    (tmp_path / "cards.csv").write_text(f"number,owner\n{CARD},bakery\n")
    return build(settings_for(redis_server.url, flow_file=write_flow(tmp_path, FLOW), data_dir=tmp_path))


@pytest.fixture
def client(services: Services) -> SignedClient:
    return SignedClient(create_app(services).test_client())


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """Everything that the process logs, as it would be written."""
    written = io.StringIO()
    logs.configure("web", "debug", written)
    yield written
    logs.configure("tests", "warning")


def everything_in(client: redis.Redis) -> str:
    """All keys and values of a Redis server."""
    readers: dict[str, Callable[[str], object]] = {
        "string": client.get,
        "hash": client.hgetall,
        "list": lambda key: client.lrange(key, 0, -1),
        "set": client.smembers,
        "zset": lambda key: client.zrange(key, 0, -1),
    }
    return repr([(key, readers[str(client.type(key))](key)) for key in client.keys("*")])


def assert_nowhere(secret: str, redis_client: redis.Redis, log: io.StringIO, services: Services) -> None:
    kept = everything_in(redis_client)
    assert f"zh:call:{{{SID}}}" in kept
    trace = msgspec.json.encode(services.calls.trace(SID)).decode()
    for part in (secret, secret[:8], secret[-8:]):
        for where, text in (("Redis", kept), ("the log", log.getvalue()), ("the trace", trace)):
            assert part not in text, f"{part} is in {where}"


def test_a_card_number_reaches_the_lookup_and_is_nowhere_afterwards(
    client: SignedClient, services: Services, redis_client: redis.Redis, log: io.StringIO
) -> None:
    redis_client.set("zh:heartbeat:media", '{"languages": ["en"]}', ex=30)
    first = client.begin()
    assert "sensitive=1" in action(first)
    record = services.listening._redis.get(f"zh:listen:{{{SID}}}")
    assert '"grammar":null' in str(record), "it must not be said aloud"
    answered = client.press(first, CARD)
    assert "The card of the bakery" in spoken(answered)
    assert_nowhere(CARD, redis_client, log, services)
    assert services.calls.trace(SID)[-1]["hidden"], "the trace still tells that keys were pressed"


def test_a_card_number_that_is_not_known_or_too_short_is_nowhere_afterwards(
    client: SignedClient, services: Services, redis_client: redis.Redis, log: io.StringIO
) -> None:
    document = client.press(client.begin(), "4929123456785678")
    assert "not known here" in spoken(document)
    client.press(document, "492912345678")
    assert_nowhere("4929123456785678", redis_client, log, services)


def test_whoever_takes_over_the_turn_of_a_dead_process_asks_again(
    client: SignedClient, services: Services, redis_client: redis.Redis, log: io.StringIO
) -> None:
    """The first process dies after its claim; what it had claimed with is gone with it."""
    first = client.begin()
    keyed, lost = events.KeysPressed(at=utc_now(), keys=CARD), events.AnswerLost(at=utc_now())
    long_ago_ms = int(utc_now().timestamp() * 1000) - 60_000
    assert services.calls.begin(SID, 1, "the one who died", keyed, long_ago_ms, kept=lost).event == keyed
    assert_nowhere(CARD, redis_client, log, services)
    again = client.post(silence(first))
    assert "I lost that. Please key it in again" in spoken(again)
    assert "The card of the bakery" in spoken(client.press(again, CARD))
    assert_nowhere(CARD, redis_client, log, services)


def test_the_carriers_own_retry_goes_on_with_the_number(client: SignedClient, services: Services) -> None:
    first = client.begin()
    keyed, lost = events.KeysPressed(at=utc_now(), keys=CARD), events.AnswerLost(at=utc_now())
    services.calls.begin(SID, 1, "token", keyed, int(utc_now().timestamp() * 1000), kept=lost)
    retried = client.post(action(first), Digits=CARD, headers={"I-Twilio-Idempotency-Token": "token"})
    assert "The card of the bakery" in spoken(retried)


def test_without_redis_the_number_is_not_written_into_an_address_but_asked_for_again(
    client: SignedClient,
    services: Services,
    redis_client: redis.Redis,
    monkeypatch: pytest.MonkeyPatch,
    log: io.StringIO,
) -> None:
    first = client.begin()
    with monkeypatch.context() as patch:

        def fail(*_args: object, **_kwargs: object) -> None:
            raise redis.ConnectionError(f"could not send {CARD}")

        patch.setattr(services.redis, "execute_command", fail)
        held = client.press(first, CARD)
        for _ in range(2):
            assert CARD not in held.get_data(as_text=True)
            held = client.post(silence(held))
    again = client.post(silence(held))
    assert "I lost that. Please key it in again" in spoken(again)
    assert "The card of the bakery" in spoken(client.press(again, CARD))
    assert_nowhere(CARD, redis_client, log, services)


def test_a_fault_of_the_engine_does_not_tell_the_number(
    client: SignedClient,
    services: Services,
    redis_client: redis.Redis,
    monkeypatch: pytest.MonkeyPatch,
    log: io.StringIO,
) -> None:
    first = client.begin()

    def burst(*arguments: object) -> None:
        raise ValueError(f"{arguments}")

    monkeypatch.setattr(engine, "answer", burst)
    assert "something went wrong" in spoken(client.press(first, CARD))
    assert_nowhere(CARD, redis_client, log, services)
    assert "ValueError" in log.getvalue()


def test_a_failed_lookup_leads_to_a_person_who_does_not_get_the_number(
    client: SignedClient, services: Services, redis_client: redis.Redis, log: io.StringIO, tmp_path: Path
) -> None:
    first = client.begin()
    (tmp_path / "cards.csv").unlink()
    dial = tree(client.press(first, CARD)).find("Dial")
    assert dial is not None
    assert_nowhere(CARD, redis_client, log, services)


def test_a_process_that_dies_in_the_middle_of_the_turn_leaves_no_number_behind(
    client: SignedClient,
    services: Services,
    redis_client: redis.Redis,
    monkeypatch: pytest.MonkeyPatch,
    log: io.StringIO,
) -> None:
    first = client.begin()
    with monkeypatch.context() as patch:

        def die(*_arguments: object, **_named: object) -> bool:
            raise redis.ConnectionError("gone")

        patch.setattr(services.calls, "commit", die)
        client.press(first, CARD)
    assert "AnswerLost" in everything_in(redis_client), "the claim is there, and tells how to go on"
    assert_nowhere(CARD, redis_client, log, services)
