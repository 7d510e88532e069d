"""The media process: everything wired together, from settings to a clean stop."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import signal
import sys
import time
from collections.abc import AsyncGenerator, Sequence
from typing import Final

import msgspec
import structlog

from ivr.media.results import Results
from ivr.media.server import MediaServer
from ivr.media.tasks import end
from ivr.redis_client import RedisError, connect_async
from ivr.redis_listen import AsyncListenStore, Heartbeat
from ivr.settings import Settings
from ivr.twilio_rest import Carrier
from ivr.twilio_signature import SignatureCheck
from speech.admission import limits_for
from speech.errors import SpeechError
from speech.memory import available_bytes
from speech.models import Model, ModelNotFoundError, ModelUnusableError, find_models, models_that_fit
from speech.pool import ChildEvent, RecogniserPool, Recycling

HEARTBEAT_EVERY_S: Final = 1.5
# Source: ours. Long enough for a sentence that has begun; with what follows, a stop takes less than `ivr serve` waits.
DRAIN_WITHIN_S: Final = 3.0

log = structlog.get_logger("ivr.media")


def run(settings: Settings) -> None:
    """Serve media sockets until SIGTERM or SIGINT; ends the process with a message where it cannot begin."""
    if settings.redis_url is None:
        sys.exit("media: REDIS_URL is not set; `ivr serve` sets it for the processes that it starts")
    try:
        models = loadable(settings)
    except SpeechError as error:
        sys.exit(f"media: {error}")
    try:
        asyncio.run(_serve(settings, settings.redis_url, models))
    except OSError as error:
        if error.errno not in (errno.EADDRINUSE, errno.EADDRNOTAVAIL, errno.EACCES):
            raise
        where = f"{settings.media_host}:{settings.media_port}"
        sys.exit(f"media: cannot listen on {where} ({error.strerror}); set MEDIA_HOST and MEDIA_PORT to a free address")


def loadable(settings: Settings) -> tuple[Model, ...]:
    """The models that SPEECH_MODEL names and that fit into memory; raises `SpeechError` where there is none.

    They are in memory once, however many recognisers there are.
    """
    if not settings.speech_models:
        raise ModelNotFoundError("SPEECH_MODEL is none: calls run by keys alone, and there is nothing to listen with")
    free_bytes = available_bytes()
    models, left_out = models_that_fit(find_models(settings.speech_models, settings.data_dir), free_bytes)
    for model in left_out:
        log.error(
            "media.model_left_out",
            model=model.name,
            language=model.language,
            needs_mb=model.resident_bytes >> 20,
            free_mb=None if free_bytes is None else free_bytes >> 20,
        )
    if not models:
        raise ModelUnusableError("no speech model fits into memory: " + ", ".join(model.name for model in left_out))
    return models


async def _serve(settings: Settings, redis_url: str, models: Sequence[Model]) -> None:
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    async with running(settings, redis_url, models):
        await stopping.wait()
    log.info("media.stopped")


@contextlib.asynccontextmanager
async def running(settings: Settings, redis_url: str, models: Sequence[Model]) -> AsyncGenerator[MediaServer, None]:
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
    pool = RecogniserPool(
        {model.language or "": model.path for model in models},
        settings.recogniser_children,
        _log_child,
        limits=limits_for(settings.recogniser_load),
        recycling=Recycling(growth_bytes=settings.recogniser_memory_mb << 20),
    )
    results = Results(store, carrier.redirect_call)
    media = MediaServer(store=store, pool=pool, models=models, is_signed=is_signed, results=results)
    server = await media.start(settings.media_host, settings.media_port)
    log.info("media.listening", host=settings.media_host, port=settings.media_port, model=_names(models))
    for model in models:
        if model.language is None:
            what_to_do = 'write {"language": "en"} in its model.json'
            log.warning("media.language_unknown", model=model.name, what_to_do=what_to_do)
    try:
        async with pool, asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(_follow_changes(store, media)),
                group.create_task(_beat(store, pool, media, models)),
            ]
            try:
                yield media
            finally:
                await media.drain(DRAIN_WITHIN_S)
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


async def _beat(store: AsyncListenStore, pool: RecogniserPool, media: MediaServer, models: Sequence[Model]) -> None:
    """Say that we can listen, while we can, to how many more and in which languages.

    Calls ask for it before their first document, so that it is said at once where the answer changes.
    """
    answered, had_room = True, True
    while True:
        pool.admission_changed.clear()
        if pool.ready and had_room != (pool.places > 0):
            had_room = not had_room
            say = log.info if had_room else log.warning
            say("media.has_room" if had_room else "media.is_full", **msgspec.to_builtins(pool.figures()))
        try:
            if pool.ready:
                arrived = media.arrived()
                await store.beat(_heartbeat(pool, media, models), arrived)
            if not answered:
                log.info("media.redis_is_back")
                media.wake(None)
            answered = True
        except RedisError as error:
            if answered:
                log.error("media.redis_is_gone", error=type(error).__name__)
            answered = False
        if pool.ready:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(HEARTBEAT_EVERY_S):
                    await pool.admission_changed.wait()
        else:
            await pool.wait_ready()


def _heartbeat(pool: RecogniserPool, media: MediaServer, models: Sequence[Model]) -> Heartbeat:
    figures = pool.figures()
    languages = tuple(model.language for model in models if model.language is not None)
    return Heartbeat(
        at=time.time(),
        streams=media.streams,
        model=_names(models),
        # Calls that are there go on by keys from their next turn on, when we are about to stop.
        languages=() if media.draining else languages,
        places=figures.places,
        recognisers=figures.children,
        late_ms=round(1000 * figures.late_s),
        busy=round(figures.busy / max(1, figures.children), 3),
        cost=round(figures.cost, 4),
    )


def _names(models: Sequence[Model]) -> str:
    return ",".join(model.name for model in models)


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
