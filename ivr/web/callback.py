"""The webhooks of a callback attempt. Each names the request and the fence; the lifecycle decides what still holds."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

import structlog
from flask import Blueprint, Response, request
from werkzeug.exceptions import HTTPException

from callbacks import lifecycle
from callbacks import lifecycle_events as events
from callbacks.committing import holder_of
from callbacks.dossier import whisper
from callbacks.errors import IllegalEventError
from callbacks.model import CallbackRequest, LegName
from callbacks.policy import unreached_reason
from callbacks.rules import QueueRules
from ivr import twilio_twiml
from ivr.services import utc_now
from ivr.web.context import request_language, services, twiml
from ivr.web.faults import colleague_hears, customer_hears
from ivr.web.voice import ENDED

log = structlog.get_logger()
blueprint = Blueprint("callback", __name__, url_prefix="/callback")


CUSTOMER_STEPS: Final = frozenset({"callback.answer", "callback.prove", "callback.no_proof", "callback.nobody_came"})
IN_CONVERSATION: Final = frozenset({"agent_ready", "customer_dialling", "customer_ready", "agent_joining", "talking"})
ANSWER_TIMEOUT_S: Final = 10
# Long enough for a greeting of a machine to end while we listen for the key.
PROOF_TIMEOUT_S: Final = 12


def _hears(error: Exception) -> Response | HTTPException:
    """At some of these addresses it is a customer who listens."""
    return customer_hears(error) if request.endpoint in CUSTOMER_STEPS else colleague_hears(error)


blueprint.register_error_handler(Exception, _hears)


# ---------------------------------------------------------------- the agent


@blueprint.post("/offer")
def offer() -> Response:
    """The agent's phone was picked up: say who is waiting and why; 1 takes the callback."""
    record = _current("agent_dialling") or _current("agent_joining")
    if record is None or not _is_present_offer(record):
        return _too_late()
    waits = "A customer is on the line." if record.state == "agent_joining" else "This is a callback."
    return twiml(
        twilio_twiml.press_one(
            twilio_twiml.english(waits, whisper(record.dossier), "To be connected, press 1."),
            action=_url("accept"),
            timeout_s=ANSWER_TIMEOUT_S,
        )
    )


@blueprint.post("/accept")
def accept() -> Response:
    """The agent pressed a key."""
    if request.values.get("Digits") != "1":
        _apply(events.AgentDeclined(at=utc_now(), fence=_fence(), offer=_offer()))
        return twiml(twilio_twiml.say_and_hang_up(twilio_twiml.english("All right. Goodbye.")))
    sid = request.form["CallSid"]
    accepted = _apply(events.AgentAccepted(at=utc_now(), fence=_fence(), offer=_offer(), sid=sid))
    if accepted is None and _is_leg_of_this_attempt("agent"):
        accepted = _read()
    if accepted is None:
        return _too_late()
    then = "I am connecting you." if accepted.order == "customer_first" else "I am calling the customer."
    return twiml(
        twilio_twiml.join_conference(twilio_twiml.english("Thank you.", then), room=_room(), action=_url("wrap-up"))
    )


@blueprint.post("/agent-status")
def agent_status() -> Response:
    """The agent's leg is over: whatever they had not finished goes on without them."""
    call_status = request.form.get("CallStatus")
    if call_status in ENDED:
        dropped = call_status == "failed"
        left = _apply(events.AgentLeft(at=utc_now(), fence=_fence(), offer=_offer(), dropped=dropped))
        record = left or _read()
        if record is not None and record.attempt is not None and record.fence == _fence():
            services().callbacks.agents.release(record.attempt.agent_id, holder_of(record), utc_now())
        if left is not None and left.state == "waiting" and left.attempt is not None:
            customer_leg = left.attempt.customer_leg
            if customer_leg is not None and customer_leg.sid is not None:
                services().beside(services().dialler.hang_up, customer_leg.sid)
    return twiml(twilio_twiml.nothing())


@blueprint.post("/unreached")
def unreached() -> Response:
    """The agent hears that the customer will not come."""
    record = _read()
    if record is not None and record.state == "ended" and record.disposition == lifecycle.CANCELLED:
        return twiml(twilio_twiml.say_and_hang_up(twilio_twiml.english("The customer has cancelled. Goodbye.")))
    if record is not None and record.held_by_call is not None:
        return twiml(twilio_twiml.say_and_hang_up(twilio_twiml.english("The customer is calling us. Goodbye.")))
    then = "We will try again later. Goodbye." if record is not None and record.is_open else "Goodbye."
    return twiml(twilio_twiml.say_and_hang_up(twilio_twiml.english("The customer did not answer.", then)))


@blueprint.post("/wrap-up")
def wrap_up() -> Response:
    """The conversation is over: the agent says how it ended, in the queue's own dispositions."""
    record = _current("talking") or _current("wrap_up")
    if record is None:
        return twiml(twilio_twiml.say_and_hang_up(twilio_twiml.english("Goodbye.")))
    rules = services().callbacks.rules_of(record.queue)
    choices = [f"For {rule.label}, press {key}." for key, rule in sorted(rules.dispositions.items())]
    return twiml(
        twilio_twiml.press_one(
            twilio_twiml.english("How did it end?", *choices),
            action=_url("disposition"),
            timeout_s=ANSWER_TIMEOUT_S,
        )
    )


@blueprint.post("/disposition")
def disposition() -> Response:
    """The agent pressed a disposition."""
    record = _read()
    if record is not None:
        _apply(disposed(services().callbacks.rules_of(record.queue), _fence(), request.values.get("Digits", "")))
    return twiml(twilio_twiml.say_and_hang_up(twilio_twiml.english("Thank you. Goodbye.")))


def disposed(rules: QueueRules, fence: int, key: str) -> events.Disposed:
    """What a key in wrap-up means; a key that the queue does not know means that they talked."""
    now, rule = utc_now(), rules.dispositions.get(key)
    if rule is None:
        return events.Disposed(at=now, fence=fence, code=lifecycle.TALKED)
    again_at = None if rule.again_minutes is None else now + timedelta(minutes=rule.again_minutes)
    return events.Disposed(
        at=now, fence=fence, code=rule.code, again_at=again_at, rescue=rule.rescue, machine=rule.machine
    )


# ---------------------------------------------------------------- the customer


@blueprint.post("/answer")
def answer() -> Response:
    """The customer's phone was picked up. The last line of defence: only one attempt may bridge."""
    answered = _apply(events.CustomerAnswered(at=utc_now(), fence=_fence(), sid=request.form["CallSid"]))
    if answered is None and _is_leg_of_this_attempt("customer"):
        answered = _read()
    if answered is None:
        return _not_needed()
    if answered.state == "customer_proving":
        return twiml(
            services().documents.of_proof(
                answered,
                action=_customer_url(answered, "prove"),
                otherwise=_customer_url(answered, "no-proof"),
                timeout_s=PROOF_TIMEOUT_S,
            )
        )
    return twiml(services().documents.of_customer(answered, room=_room()))


@blueprint.post("/prove")
def prove() -> Response:
    """Whoever picked up pressed a key: 1 is a person who waits for this call."""
    if request.values.get("Digits") != "1":
        return no_proof()
    proved = _apply(events.CustomerProved(at=utc_now(), fence=_fence()))
    if proved is None and _is_leg_of_this_attempt("customer"):
        proved = _read()
    if proved is None:
        return _not_needed()
    return twiml(services().documents.of_waiting_customer(proved, room=_room()))


@blueprint.post("/no-proof")
def no_proof() -> Response:
    """Nobody pressed 1: a machine, or somebody who does not want this call. The last time, a message is left."""
    record = _current("customer_proving")
    if record is None:
        return _not_needed()
    rules = services().callbacks.rules_of(record.queue)
    ended = _apply(events.CustomerUnreached(at=utc_now(), fence=_fence(), reason="machine"))
    if ended is not None and not ended.is_open and rules.last_message:
        return twiml(services().documents.of_message(record))
    return twiml(twilio_twiml.say_and_hang_up([]))


@blueprint.post("/nobody-came")
def nobody_came() -> Response:
    """A customer who waited in the conference hears that nobody is free."""
    record = _read()
    return _not_needed() if record is None else twiml(services().documents.of_apology(record))


@blueprint.post("/customer-status")
def customer_status() -> Response:
    """The customer's leg is over: they talked, or were not reached."""
    call_status = request.form.get("CallStatus", "")
    if call_status in ENDED:
        record = _read()
        picked_up = call_status == "completed" and record is not None and record.state == "customer_proving"
        reason = "machine" if picked_up else unreached_reason(call_status)
        gone = _apply(events.CustomerUnreached(at=utc_now(), fence=_fence(), reason=reason))
        if gone is not None:
            services().beside(services().dialler.let_agent_go, gone)
        else:
            _apply(events.CustomerLeft(at=utc_now(), fence=_fence(), dropped=call_status == "failed"))
    return twiml(twilio_twiml.nothing())


# ---------------------------------------------------------------- what is on record


def _fence() -> int:
    return request.args.get("fence", 0, type=int)


def _offer() -> int:
    return request.args.get("offer", 1, type=int)


def _is_present_offer(record: CallbackRequest) -> bool:
    return record.attempt is not None and record.attempt.offer == _offer()


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
    if record is None or record.fence != _fence() or record.attempt is None or record.state not in IN_CONVERSATION:
        return False
    leg = record.attempt.agent_leg if name == "agent" else record.attempt.customer_leg
    return leg is not None and leg.sid == request.form["CallSid"]


def _apply(event: events.Event) -> CallbackRequest | None:
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
    return services().urls.callback(step, request.args.get("request", ""), _fence(), offer=_offer())


def _customer_url(record: CallbackRequest, step: str) -> str:
    return services().urls.callback_answer(record.id, record.fence, language=record.language, step=step)


def _room() -> str:
    """Both legs of one attempt meet in a conference of their own."""
    return f"{request.args.get('request', '')}-{_fence()}"


def _not_needed() -> Response:
    return twiml(services().documents.of_last_sentence("callback_not_needed", request_language()))


def _too_late() -> Response:
    return twiml(twilio_twiml.say_and_hang_up(twilio_twiml.english("This callback is taken care of already. Goodbye.")))
