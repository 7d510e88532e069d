"""Where a result goes: into Redis first, and then the carrier is asked to fetch the turn."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, TypeVar

import msgspec
import structlog

from ivr.media.session import Utterance
from ivr.redis_client import RedisError
from ivr.redis_listen import AsyncListenStore, ListenRecord
from ivr.twilio_rest import CarrierError

REDIS_TRIES: Final = 3
RETRY_AFTER_S: Final = 0.2
# Source: ours. Asking takes 0.1 to 0.3 s; a carrier that lets us wait for six must not hold up other calls' results.
THREADS: Final = 16
STOP_WITHIN_S: Final = 4.0

T = TypeVar("T")

log = structlog.get_logger("ivr.media")


async def retry(ask: Callable[[], Awaitable[T]]) -> T:
    """Ask Redis, and again after a moment; raises `redis.RedisError` in the end."""
    for _ in range(REDIS_TRIES - 1):
        try:
            return await ask()
        except RedisError:
            await asyncio.sleep(RETRY_AFTER_S)
    return await ask()


class Results:
    """Delivers results beside the streams that they come from, so that they outlive them.

    `redirect` makes the carrier fetch a URL for a call; it runs in a thread, raises `CarrierError`, and answers False
    where the call is over.
    """

    def __init__(self, store: AsyncListenStore, redirect: Callable[[str, str], bool]) -> None:
        self._store = store
        self._redirect = redirect
        self._deliveries: set[asyncio.Task[None]] = set()
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="redirect")

    def report(
        self, call_sid: str, record: ListenRecord, utterance: Utterance, turn_now: Callable[[], int | None]
    ) -> None:
        """Deliver the result of the turn that `record` describes; `turn_now` answers the call's turn, where known."""
        self._beside(self._deliver(call_sid, record, utterance, turn_now))

    def report_start(self, call_sid: str, record: ListenRecord) -> None:
        """Let web know that the caller has begun to speak in this turn."""
        self._beside(self._note_start(call_sid, record.turn))

    def _beside(self, work: Coroutine[Any, Any, None]) -> None:
        delivery = asyncio.create_task(work)
        self._deliveries.add(delivery)
        delivery.add_done_callback(self._deliveries.discard)

    async def _note_start(self, call_sid: str, turn: int) -> None:
        try:
            await self._store.set_speaking(call_sid, turn)
        except RedisError as error:
            # The worst that follows is a prompt that begins while the caller speaks.
            log.warning("media.start_lost", call_sid=call_sid, turn=turn, error=type(error).__name__)

    async def stop(self) -> None:
        """Wait a little for the results that are on their way."""
        if self._deliveries:
            await asyncio.wait(self._deliveries, timeout=STOP_WITHIN_S)
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _deliver(
        self, call_sid: str, record: ListenRecord, utterance: Utterance, turn_now: Callable[[], int | None]
    ) -> None:
        heard = _heard(utterance)
        try:
            first = await retry(lambda: self._store.store_heard(call_sid, record.turn, heard))
        except RedisError as error:
            log.error("media.result_lost", call_sid=call_sid, turn=record.turn, error=type(error).__name__)
            return
        if not first:
            log.info("media.result_is_second", call_sid=call_sid, turn=record.turn)
            return
        if turn_now() not in (record.turn, None):
            # A key was faster. Fetching the turn's URL now would cut the prompt of the next one.
            log.info("media.result_is_late", call_sid=call_sid, turn=record.turn)
            return
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        try:
            done = await loop.run_in_executor(self._threads, self._redirect, call_sid, record.turn_url)
        except CarrierError as error:
            log.error("media.redirect_failed", call_sid=call_sid, turn=record.turn, error=str(error))
            return
        except Exception:
            log.exception("media.redirect_failed", call_sid=call_sid, turn=record.turn)
            return
        took_ms = round(1000 * (loop.time() - began_s))
        log.info("media.redirected", call_sid=call_sid, turn=record.turn, call_is_over=not done, took_ms=took_ms)


def _heard(utterance: Utterance) -> dict[str, Any]:
    """What the flow's side reads: plain values."""
    return {
        **msgspec.to_builtins(utterance.interpretation),
        "speech_ended_ms": utterance.speech_ended_ms,
        "committed_ms": utterance.committed_ms,
        "early": utterance.early,
        "alternatives": list(utterance.alternatives),
        "at": time.time(),
    }
