"""Who asks: bearer tokens from API_TOKENS."""

from __future__ import annotations

import hashlib
import hmac
from typing import Final

from flask import g, request
from werkzeug import Response
from werkzeug.exceptions import NotFound

from ivr.settings import Settings
from ivr.web.api.problems import problem
from ivr.web.context import services

SCHEME: Final = "bearer"


def require_token() -> Response | None:
    """Let nobody in without a token; without API_TOKENS there is nothing here at all."""
    settings = services().settings
    if settings.api_tokens is None:
        return NotFound().get_response()
    name = name_of(settings, request.headers.get("Authorization", ""))
    if name is None:
        refused = problem(401, "unauthorised", "send a token of API_TOKENS as `Authorization: Bearer TOKEN`")
        refused.headers["WWW-Authenticate"] = 'Bearer realm="zerohold"'
        return refused
    g.token_name = name
    return None


def token_name() -> str:
    """The name of the token with which this request came."""
    return str(g.token_name)


def name_of(settings: Settings, authorization: str) -> str | None:
    """Whose token a header has; how long this takes tells nothing about any token."""
    scheme, _, given = authorization.partition(" ")
    digest = hashlib.sha256(given.strip().encode()).digest()
    found = None
    for name, token in tokens(settings).items():
        if hmac.compare_digest(hashlib.sha256(token.encode()).digest(), digest) and scheme.lower() == SCHEME:
            found = name
    return found


def tokens(settings: Settings) -> dict[str, str]:
    """The tokens by name."""
    if settings.api_tokens is None:
        return {}
    pairs = (pair.strip().partition(":") for pair in settings.api_tokens.get_secret_value().split(","))
    return {name: token for name, _, token in pairs}
