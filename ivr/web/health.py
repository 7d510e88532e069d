"""What hosts ask: is it alive, can it work, which version is it."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, Response, jsonify

from ivr import __version__
from ivr.redis_client import RedisError
from ivr.settings import NO_SPEECH
from ivr.web.context import services

blueprint = Blueprint("health", __name__)


@blueprint.get("/livez")
def livez() -> Response:
    """This process answers."""
    return jsonify(status="ok")


@blueprint.get("/readyz")
def readyz() -> tuple[Response, int]:
    """Calls can be taken and promises kept: Redis answers, a worker ticks, and a recogniser has its model.

    Where SPEECH_MODEL is "none" the calls are to run by keys, and nothing is asked of speech.
    """
    shared = services()
    checks = {
        "redis": _holds(lambda: bool(shared.redis.ping())),
        "worker": _holds(shared.heartbeats.worker_is_up),
    }
    if shared.settings.speech_model != NO_SPEECH:
        checks["model"] = _holds(shared.listening.media_is_up)
    ready = all(checks.values())
    return jsonify(status="ready" if ready else "not ready", checks=checks), 200 if ready else 503


@blueprint.get("/version")
def version() -> Response:
    """The version, and the revision of the flow that new calls get."""
    flow = services().flows.current
    return jsonify(version=__version__, flow=flow.name, revision=flow.revision)


def _holds(check: Callable[[], bool]) -> bool:
    try:
        return check()
    except RedisError:
        return False
