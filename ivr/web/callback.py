"""The webhooks of a callback attempt. Each names the request and the fence; the lifecycle decides what still holds."""

from __future__ import annotations

from typing import Final

import structlog
from flask import Blueprint, Response, request
from werkzeug.exceptions import HTTPException

from callbacks import lifecycle
from callbacks.dossier import whisper
from callbacks.errors import IllegalEventError
from callbacks.model import CallbackRequest, LegName
from callbacks.policy import unreached_reason
from callbacks.service import holder_of
from ivr import twilio_twiml
from ivr.services import utc_now
from ivr.web.context import request_language, services, twiml
from ivr.web.faults import colleague_hears, customer_hears
from ivr.web.voice import ENDED

log = structlog.get_logger()
blueprint = Blueprint("callback", __name__, url_prefix="/callback")


def _hears(error: Exception) -> Response | HTTPException:
    """At one of these addresses it is a customer who listens."""
    return customer_hears(error) if request.endpoint == "callback.answer" else colleague_hears(error)


blueprint.register_error_handler(Exception, _hears)

ANSWER_TIMEOUT_S: Final = 10
DISPOSITIONS: Final = {"1": "solved", "2": "follow_up", "3": "voicemail"}


@blueprint.post("/offer")
def offer() -> Response:
    """The agent's phone was picked up: say who is waiting and why; 1 takes the callback."""
    record = _current("agent_dialling")
    if record is None:
        return _too_late()
    return twiml(
        twilio_twiml.press_one(
            twilio_twiml.english("This is a callback.", whisper(record.dossier), "To be connected, press 1."),
            action=_url("accept"),
            timeout_s=ANSWER_TIMEOUT_S,
        )
    )


@blueprint.post("/accept")
def accept() -> Response:
    """The agent pressed a key."""
    if request.values.get("Digits") != "1":
        _apply(lifecycle.AgentDeclined(at=utc_now(), fence=_fence()))
        return twiml(twilio_twiml.say_and_hang_up(twilio_twiml.english("All right. Goodbye.")))
    accepted = _apply(lifecycle.AgentAccepted(at=utc_now(), fence=_fence(), sid=request.form["CallSid"]))
    if accepted is None and not _is_leg_of_this_attempt("agent"):
        return _too_late()
    return twiml(
        twilio_twiml.join_conference(
            twilio_twiml.english("Thank you. I am calling the customer."), room=_room(), action=_url("wrap-up")
        )
    )


@blueprint.post("/agent-status")
def agent_status() -> Response:
    """The agent's leg is over: whatever they had not finished goes on without them."""
    if request.form.get("CallStatus") in ENDED:
        left = _apply(lifecycle.AgentLeft(at=utc_now(), fence=_fence()))
        record = left or _read()
        if record is not None and record.attempt is not None and record.fence == _fence():
            services().callbacks.release_agent(record.attempt.agent_id, holder_of(record), utc_now())
        if left is not None and left.state == "promised" and left.attempt is not None:
            customer_leg = left.attempt.customer_leg
            if customer_leg is not None and customer_leg.sid is not None:
                services().beside(services().dialler.hang_up, customer_leg.sid)
    return twiml(twilio_twiml.nothing())


@blueprint.post("/answer")
def answer() -> Response:
    """The customer's phone was picked up. The last line of defence: only one attempt may bridge."""
    answered = _apply(lifecycle.CustomerAnswered(at=utc_now(), fence=_fence(), sid=request.form["CallSid"]))
    if answered is None and _is_leg_of_this_attempt("customer"):
        answered = _current("talking")
    if answered is None:
        return twiml(services().documents.of_last_sentence("callback_not_needed", request_language()))
    return twiml(services().documents.of_customer(answered.dossier, room=_room()))


@blueprint.post("/customer-status")
def customer_status() -> Response:
    """The customer's leg is over: they talked, or were not reached."""
    call_status = request.form.get("CallStatus", "")
    if call_status in ENDED:
        reason = unreached_reason(call_status)
        unreached = _apply(lifecycle.CustomerUnreached(at=utc_now(), fence=_fence(), reason=reason))
        if unreached is not None:
            services().beside(services().dialler.let_agent_go, unreached)
        else:
            _apply(lifecycle.CustomerLeft(at=utc_now(), fence=_fence()))
    return twiml(twilio_twiml.nothing())


@blueprint.post("/unreached")
def unreached() -> Response:
    """The agent hears that nobody answered."""
    record = _read()
    again = record is not None and record.state == "promised"
    then = "We will try again later. Goodbye." if again else "Goodbye."
    return twiml(twilio_twiml.say_and_hang_up(twilio_twiml.english("The customer did not answer.", then)))


@blueprint.post("/wrap-up")
def wrap_up() -> Response:
    """The conversation is over: the agent says how it ended."""
    if _current("talking") is None and _current("wrap_up") is None:
        return twiml(twilio_twiml.say_and_hang_up(twilio_twiml.english("Goodbye.")))
    return twiml(
        twilio_twiml.press_one(
            twilio_twiml.english(
                "How did it end? If it is solved, press 1. To follow up, press 2. For a voicemail, press 3."
            ),
            action=_url("disposition"),
            timeout_s=ANSWER_TIMEOUT_S,
        )
    )


@blueprint.post("/disposition")
def disposition() -> Response:
    """The agent pressed a disposition."""
    code = DISPOSITIONS.get(request.values.get("Digits", ""), lifecycle.TALKED)
    _apply(lifecycle.Disposed(at=utc_now(), fence=_fence(), code=code))
    return twiml(twilio_twiml.say_and_hang_up(twilio_twiml.english("Thank you. Goodbye.")))


def _fence() -> int:
    return request.args.get("fence", 0, type=int)


def _read() -> CallbackRequest | None:
    known = services().callbacks.store.request(request.args.get("request", ""))
    return known.record if known is not None else None


def _current(state: str) -> CallbackRequest | None:
    """The request, if it is in this state and under this fence."""
    record = _read()
    return record if record is not None and record.state == state and record.fence == _fence() else None


def _is_leg_of_this_attempt(name: LegName) -> bool:
    """Whether this webhook is a second one of the leg that is on record: it gets the first one's answer."""
    record = _read()
    if record is None or record.fence != _fence() or record.attempt is None:
        return False
    if record.state not in {"agent_ready", "customer_dialling", "talking"}:
        return False
    leg = record.attempt.agent_leg if name == "agent" else record.attempt.customer_leg
    return leg is not None and leg.sid == request.form["CallSid"]


def _apply(event: lifecycle.Event) -> CallbackRequest | None:
    """Note what happened; None where it no longer fits, which is expected of what comes late or twice."""
    request_id = request.args.get("request", "")
    try:
        after = services().callbacks.apply(request_id, event)
    except IllegalEventError as error:
        log.info("event ignored", request_id=request_id, event_type=type(event).__name__, why=str(error))
        return None
    log.info("callback", request_id=request_id, event_type=type(event).__name__, state=after.state, fence=after.fence)
    return after


def _url(step: str) -> str:
    return services().urls.callback(step, request.args.get("request", ""), _fence())


def _room() -> str:
    """Both legs of one attempt meet in a conference of their own."""
    return f"{request.args.get('request', '')}-{_fence()}"


def _too_late() -> Response:
    return twiml(twilio_twiml.say_and_hang_up(twilio_twiml.english("This callback is taken care of already. Goodbye.")))
