"""What `web` and `media` say to each other through Redis, on a real server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
import redis.asyncio
from media_fixtures import needs_redis, private_redis

from ivr.redis_client import RedisError, connect, connect_async
from ivr.redis_listen import EXPECTED_KEY, AsyncListenStore, Heartbeat, ListenRecord, ListenStore
from ivr.redis_server import PrivateRedis
from speech.grammar import Digits, Grammar
from tests.patience import eventually

__all__ = ["private_redis"]
pytestmark = needs_redis

RECORD = ListenRecord(
    token="t",
    turn=4,
    turn_url="https://ivr.example/turn/4",
    grammar=Grammar(language="en", phrases={"agent": "person"}, digits=Digits(min=1, max=4)),
)


@pytest.fixture
def web(private_redis: PrivateRedis) -> Iterator[ListenStore]:
    client = connect(private_redis.url)
    yield ListenStore(client)
    client.close()


@pytest.fixture
async def client(private_redis: PrivateRedis) -> AsyncIterator[redis.asyncio.Redis]:
    made = connect_async(private_redis.url)
    yield made
    await made.aclose()


@pytest.fixture
def media(client: redis.asyncio.Redis) -> AsyncListenStore:
    return AsyncListenStore(client)


async def test_a_record_arrives_as_it_was_sent_and_lives_for_a_day(
    web: ListenStore, media: AsyncListenStore, client: redis.asyncio.Redis
) -> None:
    web.listen("CA1", RECORD)
    assert await media.record("CA1") == RECORD
    assert 86_000 < await client.ttl("zh:listen:{CA1}") <= 86_400
    assert await media.record("CA2") is None


async def test_a_record_that_cannot_be_read_is_none(media: AsyncListenStore, client: redis.asyncio.Redis) -> None:
    await client.set("zh:listen:{CA1}", '{"token": 7}')
    assert await media.record("CA1") is None


async def test_the_first_result_of_a_turn_stays(
    web: ListenStore, media: AsyncListenStore, client: redis.asyncio.Redis
) -> None:
    assert web.heard("CA1", 4) is None
    assert await media.store_heard("CA1", 4, {"intent": "person", "at": 1.5})
    assert not await media.store_heard("CA1", 4, {"intent": "order", "at": 2.5})
    assert web.heard("CA1", 4) == {"intent": "person", "at": 1.5}
    assert web.heard("CA1", 5) is None
    assert 3500 < await client.ttl("zh:heard:{CA1}:4") <= 3600


async def test_a_result_that_the_client_sent_twice_is_still_the_first(media: AsyncListenStore) -> None:
    assert await media.store_heard("CA1", 4, {"intent": "person", "at": 1.5})
    assert await media.store_heard("CA1", 4, {"intent": "person", "at": 1.5})


async def test_status_and_heartbeat_are_what_media_said_last(
    web: ListenStore, media: AsyncListenStore, client: redis.asyncio.Redis
) -> None:
    assert web.speech_status("CA1") is None
    await media.set_speech("CA1", "up")
    assert web.speech_status("CA1") == "up"
    await media.set_speech("CA1", "down")
    assert web.speech_status("CA1") == "down"
    assert not web.media_is_up()
    assert web.languages() == ()
    await media.beat(Heartbeat(at=1.0, streams=3, model="telephone-en", languages=("en",)))
    assert web.media_is_up()
    assert web.languages() == ("en",)
    assert await client.ttl("zh:heartbeat:media") <= 5


async def test_as_many_new_calls_are_heard_as_there_is_room_for_and_the_others_run_by_keys(
    web: ListenStore, media: AsyncListenStore
) -> None:
    assert web.admit("CA1") == ()
    await media.beat(Heartbeat(languages=("en", "ar"), places=2))
    assert [web.admit(f"CA{number}") for number in (1, 2, 3, 4)] == [("en", "ar"), ("en", "ar"), (), ()]
    # Asked again for the same call, as for a webhook that comes twice, the answer is the same.
    assert web.admit("CA2") == ("en", "ar")
    # Calls that are there go on whether there is room for another or not.
    assert web.languages() == ("en", "ar")


async def test_room_is_taken_until_the_stream_comes_and_given_back_where_it_does_not(
    web: ListenStore, media: AsyncListenStore, client: redis.asyncio.Redis
) -> None:
    await media.beat(Heartbeat(languages=("en",), places=1))
    assert web.admit("CA1") == ("en",)
    # Its stream has come: it counts among those that are there, and no longer among those that are expected.
    await media.beat(Heartbeat(languages=("en",), places=1), {"CA1"})
    assert web.admit("CA2") == ("en",)
    await media.beat(Heartbeat(languages=("en",), places=1))
    assert web.admit("CA3") == ()
    await client.zadd(EXPECTED_KEY, {"CA2": 1.0})
    assert web.admit("CA3") == ("en",)


async def test_where_nobody_counts_the_room_every_call_is_heard(web: ListenStore, media: AsyncListenStore) -> None:
    await media.beat(Heartbeat(languages=("en",)))
    assert [web.admit(f"CA{number}") for number in range(50)] == [("en",)] * 50


async def test_changes_begin_with_look_at_everything_and_then_name_calls(
    web: ListenStore, media: AsyncListenStore
) -> None:
    changes = media.changes()
    async with asyncio.timeout(10):
        assert await anext(changes) is None
        web.listen("CA1", RECORD)
        web.listen("CA2", RECORD)
        assert [await anext(changes), await anext(changes)] == ["CA1", "CA2"]
    await changes.aclose()


async def test_after_redis_was_away_everything_has_to_be_looked_at(
    web: ListenStore, media: AsyncListenStore, private_redis: PrivateRedis
) -> None:
    seen: list[str | None] = []

    async def follow() -> None:
        async for change in media.changes():
            seen.append(change)  # noqa: PERF401

    following = asyncio.create_task(follow())
    await eventually(lambda: seen == [None])
    private_redis.stop()
    with pytest.raises(RedisError):
        await media.record("CA1")
    private_redis.start()
    await eventually(lambda: seen.count(None) >= 2)
    await asyncio.to_thread(web.listen, "CA1", RECORD)
    await eventually(lambda: seen[-1] == "CA1")
    following.cancel()
