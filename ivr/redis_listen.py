"""What `web` tells `media` to listen for, and what `media` has heard: one contract in Redis, both sides.

    zh:listen:{CALL_SID}      web -> media   the turn that the call is in: token, turn, URL, grammar; 24 h
    zh:listen (channel)       web -> media   the SID of a call whose record changed
    zh:heard:{CALL_SID}:TURN  media -> web   the interpretation of that turn; the first one stays; 1 h
    zh:speaking:{CALL_SID}    media -> web   the turn in which the caller has begun to speak; 6 s
    zh:speech:{CALL_SID}      media -> web   "up" or "down"; 24 h
    zh:heartbeat:media        media -> web   there while at least one recogniser is ready: its languages, and how many
                                             more calls it has room for; 5 s
    zh:expected:{zh:heartbeat:media}         the calls that took such a room and whose streams have not come yet

The braces are part of the keys: they are Redis Cluster's hash tag.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, Collection
from typing import Any, Final, Literal, cast

import msgspec
import redis
import redis.asyncio

from speech.endpointing import DEFAULT_END_OF_SPEECH_MS
from speech.grammar import Grammar

CHANNEL: Final = "zh:listen"
HEARTBEAT_KEY: Final = "zh:heartbeat:media"
EXPECTED_KEY: Final = f"zh:expected:{{{HEARTBEAT_KEY}}}"
LISTEN_TTL_S: Final = 24 * 3600
HEARD_TTL_S: Final = 3600
SPEAKING_TTL_S: Final = 6
HEARTBEAT_TTL_S: Final = 5
# Source: ours. The carrier opens a stream within a second of the document that asks for it, or not at all.
EXPECTED_FOR_S: Final = 5.0
PING_EVERY_S: Final = 2.0
SILENT_FOR_S: Final = 8.0
RECONNECT_FIRST_S: Final = 0.1
RECONNECT_LAST_S: Final = 2.0

SpeechStatus = Literal["up", "down"]


class ListenRecord(msgspec.Struct, frozen=True, kw_only=True):
    """The turn that a call is in: `grammar` is None where nothing is listened for.

    `token` must equal the stream's parameter; `turn_url` is what the carrier is asked to fetch after a result.
    `end_of_speech_ms` is the silence that ends a sentence in this turn. `prompt_ms` is for how long, at the most, the
    turn's prompt may play before and while we listen; 0 where that is not known.
    """

    token: str
    turn: int
    turn_url: str
    grammar: Grammar | None = None
    end_of_speech_ms: int = DEFAULT_END_OF_SPEECH_MS
    prompt_ms: int = 0


def _listen_key(call_sid: str) -> str:
    return f"zh:listen:{{{call_sid}}}"


def _heard_key(call_sid: str, turn: int) -> str:
    return f"zh:heard:{{{call_sid}}}:{turn}"


def _speaking_key(call_sid: str) -> str:
    return f"zh:speaking:{{{call_sid}}}"


def _speech_key(call_sid: str) -> str:
    return f"zh:speech:{{{call_sid}}}"


class Heartbeat(msgspec.Struct, frozen=True, kw_only=True):
    """How a media process stands. `at` is in seconds since the epoch; `model` names the models with commas between.

    `places` is how many more calls there is room for (None: nobody counts); `late_ms` is how far the recognisers are
    behind, `busy` the share of their time that is used, `cost` what a second of audio takes of one of them, in seconds.
    """

    at: float = 0.0
    streams: int = 0
    model: str = ""
    languages: tuple[str, ...] = ()
    places: int | None = None
    recognisers: int = 0
    late_ms: int = 0
    busy: float = 0.0
    cost: float = 0.0


class ListenStore:
    """The side of `web`: threads, and a client from `ivr.redis_client.connect`.

    Every method raises `redis.RedisError` where the server does not answer.
    """

    def __init__(self, client: redis.Redis) -> None:
        self._redis = client

    def listen(self, call_sid: str, record: ListenRecord) -> None:
        """Say what this call's turn listens for; idempotent. To be called when the turn is committed."""
        pipe = self._redis.pipeline(transaction=True)
        pipe.set(_listen_key(call_sid), msgspec.json.encode(record), ex=LISTEN_TTL_S)
        pipe.publish(CHANNEL, call_sid)
        pipe.execute()

    def heard(self, call_sid: str, turn: int) -> dict[str, Any] | None:
        """The interpretation of what was said in this turn as plain JSON values; None where nothing was."""
        raw = cast("str | None", self._redis.get(_heard_key(call_sid, turn)))
        return None if raw is None else cast("dict[str, Any]", msgspec.json.decode(raw))

    def is_speaking(self, call_sid: str, turn: int) -> bool:
        """Whether the caller began to speak in this turn a moment ago, and what they said is not known yet."""
        return self._redis.get(_speaking_key(call_sid)) == str(turn)

    def speech_status(self, call_sid: str) -> SpeechStatus | None:
        """Whether this call is being listened to; None before its stream has come."""
        raw = cast("str | None", self._redis.get(_speech_key(call_sid)))
        return cast("SpeechStatus", raw) if raw in ("up", "down") else None

    def media_is_up(self) -> bool:
        """Whether a media process with a ready recogniser reported within the last five seconds."""
        return bool(self._redis.exists(HEARTBEAT_KEY))

    def heartbeat(self) -> Heartbeat | None:
        """What that process reported last."""
        raw = cast("str | None", self._redis.get(HEARTBEAT_KEY))
        return None if raw is None else msgspec.json.decode(raw, type=Heartbeat)

    def languages(self) -> tuple[str, ...]:
        """The languages that can be heard now; none without such a process."""
        beat = self.heartbeat()
        return () if beat is None else beat.languages

    def admit(self, call_sid: str) -> tuple[str, ...]:
        """The languages that a new call can be heard in; none where there is no room for it. Idempotent.

        The room is taken until the call's stream comes, so that no two calls are promised the same.
        """
        beat = self.heartbeat()
        if beat is None or not beat.languages or beat.places is None:
            return () if beat is None else beat.languages
        now_s = time.time()
        pipe = self._redis.pipeline(transaction=True)
        pipe.zremrangebyscore(EXPECTED_KEY, "-inf", now_s - EXPECTED_FOR_S)
        pipe.zadd(EXPECTED_KEY, {call_sid: now_s}, nx=True)
        pipe.zrank(EXPECTED_KEY, call_sid)
        rank = pipe.execute()[-1]
        if rank is not None and rank < beat.places:
            return beat.languages
        self._redis.zrem(EXPECTED_KEY, call_sid)
        return ()


class AsyncListenStore:
    """The side of `media`: the event loop, and a client from `ivr.redis_client.connect_async`.

    Every method but `changes` raises `redis.RedisError` where the server does not answer.
    """

    def __init__(self, client: redis.asyncio.Redis) -> None:
        self._redis = client

    async def record(self, call_sid: str) -> ListenRecord | None:
        """The call's present record; None where there is none, or none that we can read."""
        raw = await self._redis.get(_listen_key(call_sid))
        if raw is None:
            return None
        try:
            return msgspec.json.decode(raw, type=ListenRecord)
        except msgspec.DecodeError:
            return None

    async def store_heard(self, call_sid: str, turn: int, heard: dict[str, Any]) -> bool:
        """Store the result of a turn; False where the turn has another result already."""
        key, value = _heard_key(call_sid, turn), msgspec.json.encode(heard).decode()
        if await self._redis.set(key, value, nx=True, ex=HEARD_TTL_S):
            return True
        # The client sends a command again when the answer to the first was lost: then what is there is ours.
        return bool(await self._redis.get(key) == value)

    async def set_speaking(self, call_sid: str, turn: int) -> None:
        """Say that the caller has begun to speak: a silence that the carrier reports now is none."""
        await self._redis.set(_speaking_key(call_sid), turn, ex=SPEAKING_TTL_S)

    async def set_speech(self, call_sid: str, status: SpeechStatus) -> None:
        """Say whether this call is being listened to."""
        await self._redis.set(_speech_key(call_sid), status, ex=LISTEN_TTL_S)

    async def beat(self, beat: Heartbeat, arrived: Collection[str] = ()) -> None:
        """Say that a recogniser is ready, and how things stand; `arrived` are the calls whose streams `beat` counts."""
        pipe = self._redis.pipeline(transaction=True)
        pipe.set(HEARTBEAT_KEY, msgspec.json.encode(beat), ex=HEARTBEAT_TTL_S)
        if arrived:
            pipe.zrem(EXPECTED_KEY, *arrived)
        await pipe.execute()

    async def changes(self) -> AsyncGenerator[str | None, None]:
        """The SIDs of calls whose record changed, for ever; None where changes may have been missed.

        None comes after every subscription, so also first of all. Redis gone is not an error here: it tries again.
        """
        wait_s = RECONNECT_FIRST_S
        while True:
            with contextlib.suppress(redis.RedisError, OSError):
                async with self._redis.pubsub() as subscription:
                    await subscription.subscribe(CHANNEL)
                    async for change in _messages(subscription):
                        wait_s = RECONNECT_FIRST_S
                        yield change
            await asyncio.sleep(wait_s)
            wait_s = min(2 * wait_s, RECONNECT_LAST_S)


async def _messages(subscription: Any) -> AsyncGenerator[str | None, None]:
    """The messages of one subscription; raises `ConnectionError` of redis when the server fell silent.

    The client subscribes again by itself after a broken connection; its confirmation tells us that we missed some.
    """
    loop = asyncio.get_running_loop()
    last_sign = loop.time()
    while True:
        message = await subscription.get_message(timeout=PING_EVERY_S)
        if message is None:
            if loop.time() - last_sign > SILENT_FOR_S:
                raise redis.ConnectionError("the subscription fell silent")
            await subscription.ping()
            continue
        last_sign = loop.time()
        if message["type"] == "subscribe":
            yield None
        elif message["type"] == "message":
            yield str(message["data"])
