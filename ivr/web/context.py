"""What a view needs of the application around it."""

from __future__ import annotations

import uuid
from typing import cast

from flask import Response, current_app, g, request

from ivr.documents import known_language
from ivr.prompt_making import Ahead
from ivr.services import Services


def services() -> Services:
    """The services of this application."""
    return cast(Services, current_app.extensions["services"])


def make_prompts_ahead() -> None:
    """Make the prompts of the flow that calls begin with now, where this application does so; costs a look-up."""
    ahead = cast("Ahead | None", current_app.extensions.get("ahead"))
    if ahead is not None:
        ahead.of(services().flows.last)


def twiml(document: str) -> Response:
    """A TwiML document as a response."""
    return Response(document, mimetype="text/xml")


def is_sensitive() -> bool:
    """Whether this request holds an answer that must not be stored, logged or carried on."""
    return request.args.get("sensitive") == "1"


def request_language() -> str:
    """The language of whoever listens, as far as this request alone can tell: nothing is read for it.

    A call that begins has no language in its address yet: it begins in its flow's first one.
    """
    written = request.args.get("lang")
    if written is None and request.endpoint == "voice.incoming":
        return services().flows.last.languages[0]
    return known_language(written)


def idempotency_token() -> str:
    """The name of this request: the carrier's retry of it has the same one.

    Source: https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides
    """
    if "token" not in g:
        # A carrier that sends none: one for this request, so that the way back to it after a fault names the same.
        given = request.values.get("token") or request.headers.get("I-Twilio-Idempotency-Token")
        g.token = given or uuid.uuid4().hex
    return cast(str, g.token)
