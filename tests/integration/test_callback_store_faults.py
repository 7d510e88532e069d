"""The store on a Redis that is full, read-only, restarted, emptied of its scripts, or one of a cluster."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
import redis

from callbacks import lifecycle_events as events
from callbacks.errors import FormatError
from callbacks.model import FORMAT, Waiter
from callbacks.redis_store import PREFIX, RedisStore
from callbacks.rules import Policy
from callbacks.service import Callbacks
from callbacks.store import Change, QuotaUse, Talk, Versioned
from ivr.redis_client import connect
from ivr.redis_server import PrivateRedis, find_binary
from tests.wishes import CUSTOMER, NOW, book, london, person, record

POLICY = Policy()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[PrivateRedis]:
    """A server of this test alone: it is about to be ill-treated."""
    if find_binary() is None:
        pytest.skip("there is no redis-server")
    made = PrivateRedis(tmp_path)
    made.start()
    yield made
    made.stop()


@pytest.fixture
def client(server: PrivateRedis) -> Iterator[redis.Redis]:
    made = connect(server.url)
    yield made
    made.close()


def dump(client: redis.Redis) -> dict[str, object]:
    """All that is in a database."""
    return {str(key): client.dump(key) for key in sorted(client.keys("*"))}


def binary(server: PrivateRedis) -> redis.Redis:
    return redis.Redis.from_url(server.url)


def fill(client: redis.Redis) -> None:
    client.config_set("maxmemory-policy", "noeviction")
    client.config_set("maxmemory", "1")


def test_a_full_redis_refuses_a_change_and_nothing_is_half_written(server: PrivateRedis, client: redis.Redis) -> None:
    store = RedisStore(client, POLICY)
    callbacks = Callbacks(store, POLICY, london)
    callbacks.agents.put(person())
    first = book(callbacks)
    before = dump(binary(server))
    fill(client)
    with pytest.raises(redis.RedisError, match="maxmemory"):
        book(callbacks, "k2", "+442079460124")
    with pytest.raises(redis.RedisError, match="maxmemory"):
        callbacks.claims.claim(NOW)
    with pytest.raises(redis.RedisError, match="maxmemory"):
        callbacks.apply(first.id, events.Cancelled(at=NOW))
    assert dump(binary(server)) == before
    client.config_set("maxmemory", "0")
    assert callbacks.claims.claim(NOW) is not None, "and the promise is kept as soon as there is room"


def test_on_a_full_redis_what_is_over_can_be_forgotten(server: PrivateRedis, client: redis.Redis) -> None:
    store = RedisStore(client, POLICY)
    store.commit(Change(commit_id="x", request=Versioned(record(starts_at=NOW), 0)))
    fill(client)
    store.forget(["cb1"])
    assert client.keys("*") == [f"{PREFIX}:lines"]


def test_a_redis_that_only_reads_refuses_a_change_and_still_answers(
    server: PrivateRedis, client: redis.Redis, tmp_path_factory: pytest.TempPathFactory
) -> None:
    callbacks = Callbacks(RedisStore(client, POLICY), POLICY, london)
    first = book(callbacks)
    before = dump(binary(server))
    # A replica of nobody: it has lost its master, and keeps what it has.
    client.config_set("replica-serve-stale-data", "yes")
    client.replicaof("127.0.0.1", "1")
    with pytest.raises(redis.RedisError, match="read only"):
        book(callbacks, "k2", "+442079460124")
    with pytest.raises(redis.RedisError, match="read only"):
        callbacks.store.keep_place("shop/en", Waiter(call_sid="CA1", rank_at=NOW), NOW)
    known = callbacks.store.request(first.id)
    assert known is not None
    assert known.record == first
    assert dump(binary(server)) == before
    client.replicaof("NO", "ONE")
    assert book(callbacks, "k2", "+442079460124").state == "waiting"


def test_a_redis_that_was_restarted_between_two_calls_is_found_again(server: PrivateRedis, client: redis.Redis) -> None:
    callbacks = Callbacks(RedisStore(client, POLICY), POLICY, london)
    callbacks.agents.put(person())
    first = book(callbacks)
    server.stop()
    with pytest.raises((redis.RedisError, OSError)):
        callbacks.claims.claim(NOW)
    server.start()
    claimed = callbacks.claims.claim(NOW)
    assert claimed is not None
    assert (claimed.id, claimed.fence) == (first.id, 1)


def test_a_redis_that_has_lost_its_scripts_is_given_them_again(client: redis.Redis) -> None:
    callbacks = Callbacks(RedisStore(client, POLICY), POLICY, london)
    book(callbacks)
    client.script_flush()
    assert book(callbacks, "k2", "+442079460124").state == "waiting"


def test_a_reply_that_is_lost_on_the_way_is_asked_for_again_and_happens_once(
    client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connection breaks after the script has run: the client opens another one and sends it again."""
    callbacks = Callbacks(RedisStore(client, POLICY), POLICY, london)
    book(callbacks, "k0", "+442079460125")
    read = redis.connection.Connection.read_response
    unix_read = redis.connection.UnixDomainSocketConnection.read_response
    assert read is unix_read
    lost: list[object] = []

    def read_and_lose(self: redis.connection.Connection, *args: object, **kwargs: object) -> object:
        answer = read(self, *args, **kwargs)
        if answer == "done" and not lost:
            lost.append(answer)
            self.disconnect()
            raise redis.ConnectionError("the connection broke")
        return answer

    monkeypatch.setattr(redis.connection.AbstractConnection, "read_response", read_and_lose)
    request = book(callbacks)
    assert lost == ["done"]
    assert callbacks.store.backlog("shop") == 2
    known = callbacks.store.request(request.id)
    assert known is not None
    assert known.version == 1


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[redis.Redis]:
    """A cluster of one node with all slots: like any cluster, it refuses whatever touches keys of two of them."""
    program = find_binary()
    if program is None:
        pytest.skip("there is no redis-server")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = {"port": port, "cluster-enabled": "yes", "cluster-port": free_port(), "dir": tmp_path, "save": ""}
    arguments = [str(part) for name, value in options.items() for part in (f"--{name}", value)]
    process = subprocess.Popen([program, *arguments], stdout=subprocess.DEVNULL)
    made = redis.Redis(
        port=port, decode_responses=True, retry=redis.retry.Retry(redis.backoff.ConstantBackoff(0.1), 50)
    )
    try:
        made.execute_command("CLUSTER", "ADDSLOTSRANGE", 0, 16383)
        while "cluster_state:ok" not in str(made.execute_command("CLUSTER", "INFO")):
            pass
        yield made
    finally:
        made.close()
        process.terminate()
        process.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_on_a_cluster_every_script_and_every_transaction_stays_in_one_slot(cluster: redis.Redis) -> None:
    with pytest.raises(redis.RedisError, match="slot"):
        cluster.eval("return 1", 2, "one", "another")
    store = RedisStore(cluster, POLICY)
    callbacks = Callbacks(store, POLICY, london)
    callbacks.agents.put(person())
    store.keep_place("shop/en", Waiter(call_sid="CA1", rank_at=NOW + timedelta(hours=1)), NOW)
    store.keep_place("shop/en", Waiter(call_sid="CA2", rank_at=NOW), NOW + timedelta(hours=1))
    window = NOW.replace(hour=14, minute=0)
    soon, far = book(callbacks), book(callbacks, "k2", "+442079460124", starts=window)
    assert callbacks.claims.claim(NOW) is not None
    callbacks.apply(soon.id, events.AgentDeclined(at=NOW, fence=1))
    assert callbacks.promises.recognise(CUSTOMER, "CA9", NOW)
    callbacks.promises.call_over(CUSTOMER, "CA9", NOW)
    callbacks.promises.move(far.id, window + timedelta(hours=1), NOW)
    callbacks.promises.cancel(far.id, NOW)
    for request in callbacks.store.requests(10):
        store.forget([request.id])
    store.leave_line("shop/en", "CA2")
    store.remove_agent("desk")
    quota = QuotaUse(key="x", limit=1, kept_s=60)
    change = Change(commit_id="x", agent=Versioned(person(), 0), quotas=(quota,), talk=Talk(queue="shop", seconds=1))
    assert store.commit(change) == "done"
    assert {str(key)[: len(PREFIX)] for key in cluster.keys("*")} == {PREFIX}


def test_a_record_of_a_later_release_is_not_touched(redis_client: redis.Redis) -> None:
    store = RedisStore(redis_client, POLICY)
    booked = book(Callbacks(store, POLICY, london))
    key = f"zh:{{cb}}:request:{booked.id}"
    stored = msgspec.json.decode(str(redis_client.hget(key, "d")))
    redis_client.hset(key, "d", msgspec.json.encode({**stored, "format": FORMAT + 1}).decode())
    with pytest.raises(FormatError, match="upgrade"):
        store.request(booked.id)
