"""Fetches a leg's next document: MIME rules, errors, the fallback URL.

Source: https://www.twilio.com/docs/voice/twiml (response handling), https://www.twilio.com/docs/errors/12300
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import urljoin, urlsplit

import msgspec

from ivr.localcarrier import verbs as v
from ivr.localcarrier.audio_files import AudioError
from ivr.localcarrier.leg import DocumentRequest
from ivr.localcarrier.twiml import TwimlError, parse_twiml
from ivr.localcarrier.webhook import Reply, WebhookError

if TYPE_CHECKING:
    from ivr.localcarrier.leg import Leg

APOLOGY: Final = "We're sorry, an application error has occurred. Goodbye."
_XML_TYPES: Final = {"text/xml", "application/xml", "text/html"}


class DocumentError(Exception):
    """A document cannot be had or run; `code` is the vendor's, `url` the one at fault."""

    retryable = False

    def __init__(self, code: int, message: str, url: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.url = url


class Loaded(msgspec.Struct, frozen=True):
    """A document, where it came from (None for inline TwiML), and audio that was the whole answer."""

    document: v.Document
    url: str | None = None
    audio: bytes | None = None

    def resolve(self, url: str) -> str:
        """Return an absolute URL; raises `DocumentError` 15004 for a relative one in inline TwiML."""
        if urlsplit(url).scheme:
            return url
        if self.url is None:
            raise DocumentError(15004, f"the relative URL {url} has nothing to be relative to")
        return urljoin(self.url, url)


async def load(leg: Leg, request: DocumentRequest) -> Loaded:
    """Fetch and parse; raises `DocumentError`. Warnings go to the call's notifications."""
    if request.twiml is not None:
        return _parsed(leg, request.twiml, None)
    if urlsplit(request.url).scheme not in ("http", "https"):
        raise DocumentError(11100, f"{request.url!r} is not an http or https URL", request.url)
    params = {**leg.parameters(), **request.params}
    try:
        reply = await leg.exchange.webhooks.send(
            request.purpose,
            request.url,
            params,
            method=request.method,
            call_sid=leg.sid,
            cookies=leg.cookies,
        )
    except WebhookError as error:
        raise DocumentError(error.code, str(error), error.url) from error
    return await _read(leg, reply)


async def _read(leg: Leg, reply: Reply) -> Loaded:
    kind = reply.content_type.partition(";")[0].strip().lower()
    if kind in _XML_TYPES:
        return _parsed(leg, reply.body, reply.url)
    if kind.startswith("audio/"):
        try:
            audio = await leg.exchange.audio.decode(reply.body, reply.content_type, reply.url)
        except AudioError as error:
            raise DocumentError(error.code, str(error), reply.url) from error
        return Loaded(v.Document(), reply.url, audio)
    if kind == "text/plain":
        try:
            return Loaded(parse_twiml(reply.body), reply.url)
        except TwimlError:
            text = reply.body.decode("utf-8", "replace")
            return Loaded(v.Document((v.Say(text), v.Hangup())), reply.url)
    raise DocumentError(12300, f"Content-Type {reply.content_type!r} is not one of TwiML", reply.url)


def _parsed(leg: Leg, body: bytes | str, url: str | None) -> Loaded:
    try:
        document = parse_twiml(body)
    except TwimlError as error:
        raise DocumentError(error.code, f"line {error.line}: {error}", url or "") from error
    for warning in document.warnings:
        message = f"line {warning.line}: {warning.message}"
        leg.exchange.notice("warning", leg.sid, warning.code, message, url or "")
    return Loaded(document, url)
