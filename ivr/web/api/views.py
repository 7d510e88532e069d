"""The views of the API: a request is read, asked of the desk, and answered; what the desk refuses is a problem."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

import msgspec
import structlog
from flask import Blueprint, Response, request
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule

from callbacks.errors import ConflictError
from ivr.desk.desk import desk_of
from ivr.desk.errors import DeskError
from ivr.desk.inputs import read
from ivr.masking import mask_number, mask_numbers
from ivr.redis_client import RedisError
from ivr.web.api import openapi
from ivr.web.api.problems import STATUS_OF, problem
from ivr.web.api.routes import ROUTES, Asked, Route
from ivr.web.api.tokens import require_token, token_name
from ivr.web.context import services

log = structlog.get_logger()

blueprint = Blueprint("api", __name__, url_prefix=openapi.BASE)
blueprint.before_request(require_token)

ANY_METHOD: Final = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
# Source: draft-ietf-httpapi-idempotency-key-header says that it is a string; ours is short and visible.
KEY: Final = re.compile(r'"?([!#-~]{1,200})"?')
ETAG: Final = re.compile(r'"(\d{1,15})"')


class MalformedError(Exception):
    """A request that is none of this API's, before anything was asked of the desk."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        super().__init__(detail)
        self.status, self.code, self.detail = status, code, detail


def _view(route: Route) -> Callable[..., Response]:
    def view(**path: str) -> Response:
        shared = services()
        asked = Asked(
            services=shared,
            desk=desk_of(shared),
            by=token_name(),
            path=path,
            query=_query(route),
            body=_body(route),
            version=_version(route),
            key=_key(route),
        )
        answer = route.answer(asked)
        response = Response(msgspec.json.encode(answer.value), status=answer.status, mimetype="application/json")
        if answer.version is not None:
            response.headers["ETag"] = f'"{answer.version}"'
        if answer.location is not None:
            response.headers["Location"] = answer.location
        if route.method != "GET":
            about = {name: mask_number(value) if name == "number" else value for name, value in path.items()}
            log.info("desk", by=token_name(), did=route.name, status=answer.status, made=answer.location, **about)
        return response

    return view


def _query(route: Route) -> Any:
    given = request.args.to_dict(flat=False)
    for name, values in given.items():
        if len(values) > 1:
            raise MalformedError(400, "malformed", f'"{name}" is given {len(values)} times')
    if route.query is None:
        if given:
            raise DeskError("invalid", f'"{next(iter(given))}" is not asked for here')
        return None
    return read(route.query, {name: values[0] for name, values in given.items()}, texts=True)


def _body(route: Route) -> Any:
    if route.body is None:
        return None
    if request.mimetype != "application/json":
        raise MalformedError(415, "not_json", "send the body as Content-Type: application/json")
    try:
        given = msgspec.json.decode(request.get_data())
    except msgspec.DecodeError as error:
        raise MalformedError(400, "malformed", f"the body is not JSON: {error}") from None
    if not isinstance(given, dict):
        raise MalformedError(400, "malformed", "the body must be a JSON object")
    return read(route.body, given)


def _version(route: Route) -> int | None:
    given = request.headers.get("If-Match")
    if given is None or not route.is_versioned or given.strip() == "*":
        return None
    found = ETAG.fullmatch(given.strip())
    if found is None:
        raise MalformedError(400, "malformed", 'If-Match must be the one ETag that was read, such as "3"')
    return int(found[1])


def _key(route: Route) -> str | None:
    given = request.headers.get("Idempotency-Key")
    if given is None or not route.takes_key:
        return None
    found = KEY.fullmatch(given.strip())
    if found is None:
        raise MalformedError(400, "malformed", "Idempotency-Key must have 1 to 200 visible characters")
    return found[1]


for _route in ROUTES:
    blueprint.add_url_rule(
        _route.path, _route.name, _view(_route), methods=[_route.method], provide_automatic_options=False
    )

_PATHS: Final = Map([Rule(route.path, methods=[route.method], endpoint=route.name) for route in ROUTES])


@blueprint.get("/openapi.json", provide_automatic_options=False)
def openapi_document() -> Response:
    """The API, for programs that write programs."""
    return Response(openapi.text(), mimetype="application/json")


@blueprint.route("/", defaults={"rest": ""}, methods=ANY_METHOD, provide_automatic_options=False)
@blueprint.route("/<path:rest>", methods=ANY_METHOD, provide_automatic_options=False)
def nothing(rest: str) -> Response:
    """Whatever else is asked for under this address."""
    allowed = sorted(_PATHS.bind("").allowed_methods(f"/{rest}"))
    if rest == "openapi.json":
        allowed = ["GET"]
    if not allowed:
        return problem(404, "not_found", f"there is nothing at {request.path}; see {openapi.BASE}/openapi.json")
    refused = problem(405, "method_not_allowed", f"{request.method} is not possible there", allowed=tuple(allowed))
    refused.headers["Allow"] = ", ".join(allowed)
    return refused


@blueprint.errorhandler(DeskError)
def desk_refused(error: DeskError) -> Response:
    """What the desk did not do."""
    return problem(STATUS_OF[error.code], error.code, error.detail, allowed=error.allowed)


@blueprint.errorhandler(MalformedError)
def malformed(error: MalformedError) -> Response:
    """What was not understood."""
    return problem(error.status, error.code, error.detail)


@blueprint.errorhandler(ConflictError)
def busy(error: ConflictError) -> Response:
    """Others kept changing it."""
    return problem(503, "busy", f"others are at it: {error}")


@blueprint.errorhandler(RedisError)
def no_store(error: RedisError) -> Response:
    """Whether a change was made is not known: the same request again, with the same key, finds out."""
    log.error("api: the store does not answer", path=mask_numbers(request.path), error=type(error).__name__)
    return problem(503, "store", "the store does not answer; send the same request again, with its Idempotency-Key")


@blueprint.errorhandler(HTTPException)
def http(error: HTTPException) -> Response:
    """What Flask itself refuses."""
    status = error.code or 500
    return problem(status, "too_large" if status == 413 else "malformed", str(error.description))


@blueprint.errorhandler(Exception)
def fault(error: Exception) -> Response:
    """Our fault: the log has it, the answer does not."""
    log.error("api: fault", path=mask_numbers(request.path), error=type(error).__name__, exc_info=error)
    return problem(500, "internal", "this is our fault; the log says more")
