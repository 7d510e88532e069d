"""The webhooks of a person's leg while a caller waits on the line: the whisper, their answer, their end."""

from __future__ import annotations

import structlog
from flask import Blueprint, Response, request

from callbacks.dossier import whisper as whisper_text
from flows import actions
from flows.engine.dossier import dossier_of
from flows.state import WithPerson
from ivr import twilio_twiml
from ivr.redis_client import RedisError
from ivr.services import utc_now
from ivr.web.context import services, twiml
from ivr.web.faults import colleague_hears

log = structlog.get_logger()
blueprint = Blueprint("agent", __name__, url_prefix="/agent")
blueprint.register_error_handler(Exception, colleague_hears)

ANSWER_TIMEOUT_S = 10


@blueprint.post("/whisper")
def whisper() -> Response:
    """Who is on the line and why; 1 takes the call. Without an answer the leg ends: a voicemail presses nothing."""
    call_sid, person_id = request.args["call"], request.args["person"]
    known = services().calls.read(call_sid)
    if known is None or not _is_with(known[1].state.stage, person_id):
        return twiml(twilio_twiml.say_and_hang_up(twilio_twiml.english("The caller is no longer there. Goodbye.")))
    state = known[1].state
    dossier = dossier_of(services().flows.of_revision(state.revision), state)
    own = [] if state.whisper is None else [actions.Say(text=state.whisper, language=state.language)]
    return twiml(
        services().documents.whisper(
            [*twilio_twiml.english("A caller is on the line."), *own, *twilio_twiml.english(whisper_text(dossier))],
            revision=state.revision,
            action=services().urls.whisper_answer(call_sid, person_id),
            timeout_s=ANSWER_TIMEOUT_S,
        )
    )


@blueprint.post("/number-whisper")
def number_whisper() -> Response:
    """The flow's own whisper, at a number that is no agent's; then the two are joined."""
    try:
        known = services().calls.read(request.args["call"])
    except RedisError as error:
        log.error("a whisper was left out", error=type(error).__name__)
        known = None
    whispered = None if known is None else known[1].state.whisper
    if known is None or whispered is None:
        return twiml(twilio_twiml.nothing())
    own = actions.Say(text=whispered, language=known[1].state.language)
    return twiml(services().documents.number_whisper([own], revision=known[1].state.revision))


@blueprint.post("/whisper-answer")
def whisper_answer() -> Response:
    """1 joins the two; anything else leaves the caller to somebody else."""
    call_sid, person_id = request.args["call"], request.args["person"]
    if request.values.get("Digits") != "1":
        return twiml(twilio_twiml.say_and_hang_up(twilio_twiml.english("All right. Goodbye.")))
    services().callbacks.agents.joined(person_id, call_sid, request.form["CallSid"], utc_now())
    return twiml(twilio_twiml.nothing())


@blueprint.post("/status")
def status() -> Response:
    """The person's leg is over."""
    call_sid, person_id = request.args["call"], request.args["person"]
    missed = request.form.get("CallStatus") != "completed"
    services().callbacks.agents.release(person_id, f"call:{call_sid}", utc_now(), missed=missed)
    return twiml(twilio_twiml.nothing())


def _is_with(stage: object, person_id: str) -> bool:
    return isinstance(stage, WithPerson) and stage.person_id == person_id
