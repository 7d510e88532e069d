"""An agent's calendar for calendar programs; the address is the secret."""

from __future__ import annotations

import hmac
from typing import Final

from flask import Blueprint, Response, abort, request
from werkzeug import Response as AnyResponse

from ivr.desk.calendar import calendar_of, calendar_secret
from ivr.desk.desk import desk_of
from ivr.desk.errors import DeskError
from ivr.redis_client import RedisError
from ivr.web.context import services

blueprint = Blueprint("calendar", __name__)

MAX_AGE_S: Final = 300


@blueprint.get("/calendar/<agent_id>/<secret>.ics")
def calendar(agent_id: str, secret: str) -> AnyResponse:
    """The booked callbacks of the agent's lines; 404 for a wrong address, whoever it names."""
    shared = services()
    if not hmac.compare_digest(calendar_secret(shared.settings, agent_id).encode(), secret.encode()):
        abort(404)
    try:
        body = calendar_of(desk_of(shared), agent_id)
    except DeskError:
        abort(404)
    except RedisError:
        return Response("try again", status=503, mimetype="text/plain", headers={"Retry-After": "60"})
    response = Response(body, mimetype="text/calendar")
    response.headers["Cache-Control"] = f"private, max-age={MAX_AGE_S}"
    response.headers["Content-Disposition"] = 'inline; filename="callbacks.ics"'
    response.add_etag()
    return response.make_conditional(request)
