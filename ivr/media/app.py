"""The media process: everything wired together, from settings to a clean stop."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import signal
import sys
import time
from collections.abc import AsyncGenerator
from typing import Final

import structlog

from ivr.media.results import Results
from ivr.media.server import MediaServer
from ivr.media.tasks import end
from ivr.redis_client import RedisError, connect_async
from ivr.redis_listen import AsyncListenStore
from ivr.settings import Settings
from ivr.twilio_rest import Carrier
from ivr.twilio_signature import SignatureCheck
from speech.errors import SpeechError
from speech.models import Model, find_model
from speech.pool import ChildEvent, RecogniserPool

HEARTBEAT_EVERY_S: Final = 1.5

log = structlog.get_logger("ivr.media")


def run(settings: Settings) -> None:
    """Serve media sockets until SIGTERM or SIGINT; ends the process with a message where it cannot begin."""
    if settings.redis_url is None:
        sys.exit("media: REDIS_URL is not set; `ivr serve` sets it for the processes that it starts")
    try:
        model = find_model(settings.speech_model, settings.data_dir)
    except SpeechError as error:
        sys.exit(f"media: {error}")
    try:
        asyncio.run(_serve(settings, settings.redis_url, model))
    except OSError as error:
        if error.errno not in (errno.EADDRINUSE, errno.EADDRNOTAVAIL, errno.EACCES):
            raise
        where = f"{settings.media_host}:{settings.media_port}"
        sys.exit(f"media: cannot listen on {where} ({error.strerror}); set MEDIA_HOST and MEDIA_PORT to a free address")


async def _serve(settings: Settings, redis_url: str, model: Model) -> None:
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    async with running(settings, redis_url, model):
        await stopping.wait()
    log.info("media.stopped")


@contextlib.asynccontextmanager
async def running(settings: Settings, redis_url: str, model: Model) -> AsyncGenerator[MediaServer, None]:
    """The server and all that it needs, listening; raises `OSError` where the address cannot be had."""
    signature = SignatureCheck(settings.twilio_auth_token.get_secret_value())
    url = settings.media_socket_url

    def is_signed(header: str | None) -> bool:
        # Source: the carrier has been seen to sign the URL with a slash at its end.
        return any(signature.is_valid(candidate, {}, header) for candidate in (url, f"{url}/"))

    carrier = Carrier(
        settings.twilio_account_sid, settings.twilio_auth_token.get_secret_value(), settings.twilio_api_url
    )
    client = connect_async(redis_url)
    store = AsyncListenStore(client)
    pool = RecogniserPool({model.language or "": model.path}, settings.recogniser_children, _log_child)
    results = Results(store, carrier.redirect_call)
    media = MediaServer(store=store, pool=pool, models=[model], is_signed=is_signed, results=results)
    server = await media.start(settings.media_host, settings.media_port)
    log.info("media.listening", host=settings.media_host, port=settings.media_port, model=model.name)
    if model.language is None:
        log.warning("media.language_unknown", model=model.name, what_to_do='write {"language": "en"} in its model.json')
    try:
        async with pool, asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(_follow_changes(store, media)),
                group.create_task(_beat(store, pool, media, model)),
            ]
            try:
                yield media
            finally:
                await end(tasks)
                # The streams end first, while their recognisers and Redis are still there.
                server.close()
                await server.wait_closed()
                await results.stop()
    finally:
        server.close()
        await client.aclose()


async def _follow_changes(store: AsyncListenStore, media: MediaServer) -> None:
    async with contextlib.aclosing(store.changes()) as changes:
        async for call_sid in changes:
            media.wake(call_sid)


async def _beat(store: AsyncListenStore, pool: RecogniserPool, media: MediaServer, model: Model) -> None:
    """Say that we can listen, while we can, and in which language; calls ask for it before their first document."""
    languages = () if model.language is None else (model.language,)
    answered = True
    while True:
        try:
            if pool.ready:
                await store.beat(time.time(), media.streams, model.name, languages)
            if not answered:
                log.info("media.redis_is_back")
                media.wake(None)
            answered = True
        except RedisError as error:
            if answered:
                log.error("media.redis_is_gone", error=type(error).__name__)
            answered = False
        if pool.ready:
            await asyncio.sleep(HEARTBEAT_EVERY_S)
        else:
            await pool.wait_ready()


def _log_child(event: ChildEvent) -> None:
    if event.what == "ready":
        log.info("media.recogniser_ready", pid=event.pid)
    elif event.what in ("no_models", "no_child"):
        log.error("media.no_recogniser", pid=event.pid, what=event.what, detail=event.detail)
    else:
        say = log.info if event.what == "retired" else log.error
        say(
            "media.recogniser_gone",
            pid=event.pid,
            how=event.what,
            streams_lost=event.streams,
            streams_moved=event.moved,
            detail=event.detail,
        )
