"""What hosts ask: is it alive, can it work, which version is it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, jsonify

from ivr import __version__
from ivr.redis_client import RedisError
from ivr.redis_listen import Heartbeat
from ivr.services import utc_now
from ivr.web.context import services

blueprint = Blueprint("health", __name__)


@blueprint.get("/livez")
def livez() -> Response:
    """This process answers."""
    return jsonify(status="ok")


@blueprint.get("/readyz")
def readyz() -> tuple[Response, int]:
    """Calls can be taken and promises kept: Redis answers, a worker ticks, clocks agree, the store
    has forgotten nothing that it did, a recogniser has its model.

    Where SPEECH_MODEL is "none" the calls are to run by keys, and nothing is asked of speech. Beside the checks stands
    how the promises stand, why a worker does not dial, and how busy the recognisers are: where there is no room for one
    more call, that one runs by keys, and we are ready all the same.
    """
    shared = services()
    checks = {
        "redis": _holds(lambda: bool(shared.redis.ping())),
        "worker": _holds(shared.heartbeats.worker_is_up),
        "ledger": _holds(lambda: shared.heartbeats.why_idle("ledger") is None),
        "clock": _holds(lambda: shared.clock.compare().agrees and shared.heartbeats.why_idle("clock") is None),
    }
    if shared.settings.speech_models:
        checks["model"] = _holds(shared.listening.media_is_up)
    ready = all(checks.values())
    status = "ready" if ready else "not ready"
    return jsonify(status=status, checks=checks, **_standing()), 200 if ready else 503


def _standing() -> dict[str, Any]:
    shared = services()
    try:
        figures, idle = shared.standing.figures(utc_now()), shared.heartbeats.why_idle("clock")
        forgot, not_copied = shared.heartbeats.why_idle("ledger"), shared.heartbeats.why_not_copied()
        ahead_s = round(shared.clock.compare().ahead_s, 3)
        beat = shared.listening.heartbeat()
    except RedisError:
        return {}
    return {
        "promises": {"open": figures.open, "overdue": figures.overdue},
        "ledger": {
            "pages": figures.pages,
            "unsealed": figures.unsealed,
            "not_copied": not_copied,
            "idle_worker": forgot,
        },
        "clock": {"web_ahead_s": ahead_s, "idle_worker": idle},
        "durability": shared.settings.durability,
        "speech": _speech(beat),
    }


def _speech(beat: Heartbeat | None) -> dict[str, Any] | None:
    if beat is None:
        return None
    return {
        "languages": list(beat.languages),
        "streams": beat.streams,
        "places": beat.places,
        "recognisers": beat.recognisers,
        "late_ms": beat.late_ms,
        "busy": round(beat.busy, 3),
    }


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
