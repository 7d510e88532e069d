"""Every request from the carrier is signed, or it is refused."""

from __future__ import annotations

from typing import Final

import structlog
from flask import Response, abort, request

from ivr.twilio_signature import SignatureCheck
from ivr.web.context import services

log = structlog.get_logger()

# Hosts ask these without a signature; they tell nothing about anybody. And the carrier fetches sound anonymously: of
# prompts, the address is the secret; of a flow's recordings, every caller hears them.
# Source: https://www.twilio.com/docs/voice/twiml/play
OPEN_ENDPOINTS: Final = frozenset({"health.livez", "health.readyz", "health.version", "sound.prompt", "sound.audio"})

# Who may ask these is known by a token of their own, which they check themselves.
OWN_AUTHENTICATION: Final = frozenset({"api", "calendar"})


def require_signature() -> Response | None:
    """Refuse with 403 what was not signed with our auth token for the public URL."""
    open_to_all = request.endpoint is None or request.endpoint in OPEN_ENDPOINTS
    if open_to_all or request.blueprint in OWN_AUTHENTICATION:
        return None
    settings = services().settings
    check = SignatureCheck(settings.twilio_auth_token.get_secret_value())
    # The address as the carrier knows it, not as a proxy passed it on; Flask adds a bare "?" where there is no query.
    url = settings.public_url + request.full_path.removesuffix("?")
    if check.is_valid(url, request.form, request.headers.get("X-Twilio-Signature")):
        return None
    log.warning("signature refused", path=request.path, remote=request.remote_addr)
    abort(403)
