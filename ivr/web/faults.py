"""The catch-all below the voice routes: a caller never hears an error."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlencode

import structlog
from flask import Response, request
from werkzeug.exceptions import HTTPException

from ivr import twilio_twiml
from ivr.logs import where
from ivr.redis_calls import UnreadableCallError
from ivr.web.context import idempotency_token, is_sensitive, request_language, services, twiml

log = structlog.get_logger()

# A restarted Redis is back within seconds: the caller waits so often, this long, and then gets a person.
TRIES: Final = 4
PAUSE_S: Final = 2
SAID: Final = ("Digits", "DialBridged", "DialCallStatus", "RecordingUrl", "RecordingDuration")


def caller_hears(error: Exception) -> Response | HTTPException:
    """Ask the caller for a moment's patience and try the same request again; at last, a sentence and a person."""
    if isinstance(error, HTTPException) and error.code == 403:
        return error
    if is_sensitive():
        # Without the error's own words, which may hold what the caller keyed in.
        log.error("voice request failed", path=request.path, error=type(error).__name__, where=where(error))
    else:
        log.error("voice request failed", path=request.path, error=f"{type(error).__name__}: {error}", exc_info=error)
    again = _count(request.args.get("again")) + 1
    documents, language = services().documents, request_language()
    # What another version wrote stays unreadable, however long the caller waits.
    if again > TRIES or isinstance(error, UnreadableCallError):
        return twiml(documents.of_fault(language))
    return twiml(documents.of_patience(_same_request(again), language, pause_s=PAUSE_S, first=again == 1))


def customer_hears(error: Exception) -> Response | HTTPException:
    """The same for a customer whom we have rung: who is called has asked for nobody, and is called again."""
    if isinstance(error, HTTPException) and error.code == 403:
        return error
    log.error("customer request failed", path=request.path, error=f"{type(error).__name__}: {error}", exc_info=error)
    again = _count(request.args.get("again")) + 1
    documents, language = services().documents, request_language()
    if again > TRIES:
        return twiml(documents.of_last_sentence("fault_callback", language))
    return twiml(documents.of_patience(_same_request(again), language, pause_s=PAUSE_S, first=again == 1))


def colleague_hears(error: Exception) -> Response | HTTPException:
    """The same for people of ours, who are asked to hold and then told."""
    if isinstance(error, HTTPException) and error.code == 403:
        return error
    log.error("agent request failed", path=request.path, error=f"{type(error).__name__}: {error}", exc_info=error)
    again = _count(request.args.get("again")) + 1
    if again <= TRIES:
        return twiml(twilio_twiml.hold(_same_request(again), pause_s=PAUSE_S))
    return twiml(
        twilio_twiml.say_and_hang_up(twilio_twiml.english("Sorry, something is wrong at our end. We will call again."))
    )


def _same_request(again: int) -> str:
    """This request's address, with what its form said: a redirect would lose the keys.

    A sensitive answer is lost rather than written into an address: the caller is asked again.
    """
    said = {name: request.form[name] for name in SAID if name in request.form}
    if is_sensitive():
        said = {"by": "lost"}
    query = {**request.args.to_dict(), **said, "again": str(again), "token": idempotency_token()}
    return f"{services().settings.public_url}{request.path}?{urlencode(query)}"


def _count(text: str | None) -> int:
    return int(text) if text is not None and text.isdecimal() else 0
