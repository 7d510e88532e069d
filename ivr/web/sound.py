"""The sound files that documents play: prompts that we speak ourselves, and the recordings of flows."""

from __future__ import annotations

import re
from typing import Final

import structlog
from flask import Blueprint, Response, abort, request
from werkzeug.exceptions import HTTPException

from ivr.documents import FALLBACK_LANGUAGE
from ivr.sound.way_on import way_on
from ivr.web.context import services

log = structlog.get_logger()
blueprint = Blueprint("sound", __name__)

# The name of a prompt is a hash of its text, so that its sound never changes.
PROMPT_AGE_S: Final = 24 * 3600
# A recording may be replaced without the flow's own file changing.
AUDIO_AGE_S: Final = 300
_NAME: Final = re.compile(r"[0-9a-f]{32}")
_REVISION: Final = re.compile(r"[0-9a-f]{8,64}")


@blueprint.errorhandler(Exception)
def instead(error: Exception) -> Response | HTTPException:
    """The way to a person, where the sound cannot be had just now; what is not to be had at all stays refused.

    The carrier would end the call for a file that is not there, and silence would leave the caller alone.
    """
    if isinstance(error, HTTPException):
        return error
    log.error("a caller hears the way to a person instead", path=request.path, error=f"{type(error).__name__}: {error}")
    name = str((request.view_args or {}).get("name", ""))
    language = services().prompts.language_of(name) or FALLBACK_LANGUAGE
    return Response(way_on(language), mimetype="audio/wav", headers={"Cache-Control": "no-store"})


@blueprint.get("/prompt/<string(length=32):name>.wav")
def prompt(name: str) -> Response:
    """The sound of a text that was part of a document; 404 for any other name."""
    if not _NAME.fullmatch(name):
        abort(404)
    content = services().prompts.sound(name)
    if content is None:
        abort(404)
    return _sound(content, "audio/wav", PROMPT_AGE_S)


@blueprint.get("/audio/<revision>/<path:file>")
def audio(revision: str, file: str) -> Response:
    """A file that a prompt of this revision of a flow names; 404 for any other file."""
    if not _REVISION.fullmatch(revision):
        abort(404)
    flow = services().flows.find(revision)
    if flow is None or not services().audio.is_named_by(flow, file):
        abort(404)
    made = services().audio.telephone(file)
    if made is None:
        abort(404)
    return _sound(*made, AUDIO_AGE_S)


def _sound(content: bytes, kind: str, age_s: int) -> Response:
    response = Response(content, mimetype=kind)
    response.cache_control.max_age = age_s
    response.add_etag()
    response.make_conditional(request, accept_ranges=True, complete_length=len(content))
    return response
