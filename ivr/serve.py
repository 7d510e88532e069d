"""`ivr serve`: everything on one machine, for development and small installations."""

from __future__ import annotations

import signal
import threading

import structlog

from flows.loader import load_flow
from ivr import logs
from ivr.processes import PROCESSES, Supervisor, check_port_free
from ivr.redis_client import connect
from ivr.redis_durability import check as check_durability
from ivr.redis_flows import PublishedFlow
from ivr.redis_publications import Publications
from ivr.redis_server import PrivateRedis
from ivr.settings import Settings
from speech.errors import SpeechError
from speech.models import find_models

log = structlog.get_logger()

WATCH_EVERY_S = 1.0


def run(settings: Settings) -> None:
    """Run until SIGTERM, SIGINT or SIGHUP. Raises before anything starts where something is wrong."""
    logs.configure("serve", settings.log_level)
    if settings.flow_name is None:
        load_flow(settings.flow_file)
    check_port_free(settings.web_host, settings.web_port, "WEB_PORT")
    check_port_free(settings.media_host, settings.media_port, "MEDIA_PORT")
    stop = threading.Event()
    # The processes have sessions of their own: a closed terminal (SIGHUP) would end us alone.
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: stop.set())

    redis = None
    environment = {}
    if settings.redis_url is None:
        redis = PrivateRedis(settings.data_dir, settings.durability)
        redis.start()
        environment["REDIS_URL"] = redis.url
    supervisor = Supervisor(environment)
    try:
        check_durability(connect(environment.get("REDIS_URL", settings.redis_url or "")), settings.durability)
        if settings.flow_name is not None:
            PublishedFlow(
                Publications(connect(environment.get("REDIS_URL", settings.redis_url or ""))), settings.flow_name
            )
        for name, arguments in PROCESSES.items():
            if name != "media" or _can_hear(settings):
                supervisor.start(name, arguments)
        log.info("serving", public_url=settings.public_url, media_url=settings.media_socket_url)
        while not stop.wait(WATCH_EVERY_S):
            supervisor.watch()
            if redis is not None and not redis.alive:
                log.error("redis-server ended; starting it again")
                redis.start()
    finally:
        supervisor.stop()
        if redis is not None:
            redis.stop()


def _can_hear(settings: Settings) -> bool:
    if not settings.speech_models:
        return False
    try:
        find_models(settings.speech_models, settings.data_dir)
    except SpeechError as error:
        log.warning("no speech: calls run by keys alone", why=str(error))
        return False
    return True
