"""The sound files that documents play: prompts that we speak ourselves, and the recordings of flows."""

from __future__ import annotations

import re
from typing import Final

import structlog
from flask import Blueprint, Response, abort, request, send_file
from werkzeug.exceptions import HTTPException

from ivr.flow_audio import CONTENT_TYPES
from ivr.sound import wav
from ivr.web.context import services

log = structlog.get_logger()
blueprint = Blueprint("sound", __name__)

# The name of a prompt is a hash of its text, so that its sound never changes.
PROMPT_AGE_S: Final = 24 * 3600
# A recording may be replaced without the flow's own file changing.
AUDIO_AGE_S: Final = 300
# Instead of a prompt that cannot be rendered: the carrier would end the call for a file that is not there.
SILENCE: Final = wav.mono_wav(bytes(2 * 8000))
_REVISION: Final = re.compile(r"[0-9a-f]{8,64}")


@blueprint.errorhandler(Exception)
def silence(error: Exception) -> Response | HTTPException:
    """A second of nothing, where the sound cannot be had just now; what is not to be had at all stays refused."""
    if isinstance(error, HTTPException):
        return error
    log.error("a caller hears silence", path=request.path, error=f"{type(error).__name__}: {error}")
    return Response(SILENCE, mimetype="audio/wav", headers={"Cache-Control": "no-store"})


@blueprint.get("/prompt/<string(length=32):name>.wav")
def prompt(name: str) -> Response:
    """The sound of a text that was part of a document; 404 for any other name."""
    if not re.fullmatch(r"[0-9a-f]{32}", name):
        abort(404)
    path = services().prompts.file(name)
    if path is None:
        abort(404)
    return send_file(path.resolve(), mimetype="audio/wav", conditional=True, max_age=PROMPT_AGE_S)


@blueprint.get("/audio/<revision>/<path:file>")
def audio(revision: str, file: str) -> Response:
    """A file that a prompt of this revision of a flow names; 404 for any other file."""
    if not _REVISION.fullmatch(revision):
        abort(404)
    flow = services().flows.find(revision)
    path = services().audio.path(file)
    if flow is None or path is None or not services().audio.is_named_by(flow, file):
        abort(404)
    kind = CONTENT_TYPES[path.suffix.lower()]
    return send_file(path, mimetype=kind, conditional=True, max_age=AUDIO_AGE_S)
