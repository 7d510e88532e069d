"""The webhooks of the agent's leg of a callback attempt. The lifecycle decides what still holds."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

import structlog
from flask import Blueprint, Response, request

from callbacks import lifecycle
from callbacks import lifecycle_events as events
from callbacks.committing import holder_of
from callbacks.dossier import whisper
from callbacks.model import CallbackRequest
from callbacks.rules import QueueRules
from ivr import twilio_twiml
from ivr.services import utc_now
from ivr.web import attempt
from ivr.web.context import services, twiml
from ivr.web.faults import colleague_hears
from ivr.web.voice import ENDED

log = structlog.get_logger()
blueprint = Blueprint("callback", __name__, url_prefix="/callback")
blueprint.register_error_handler(Exception, colleague_hears)

ANSWER_TIMEOUT_S: Final = 10


@blueprint.post("/offer")
def offer() -> Response:
    """The agent's phone was picked up: say who waits, and why; 1 takes the callback. A voicemail presses nothing.

    The carrier asks here again where the answer to a later step was lost: then they go on where they were.
    """
    record = attempt.current("agent_dialling", "agent_joining")
    accepted = attempt.answered_before("agent")
    if accepted is not None:
        return _joined(accepted)
    if record is None and attempt.current("wrap_up") is not None:
        return wrap_up()
    if record is None or not attempt.is_present_offer(record):
        return attempt.why_not()
    waits = "A customer is on the line." if record.state == "agent_joining" else "This is a callback."
    promised = services().wordings.promised(record, utc_now())
    return twiml(
        twilio_twiml.press_one(
            twilio_twiml.english(waits, whisper(record.dossier), promised, "To be connected, press 1."),
            action=attempt.agent_url("accept"),
            timeout_s=ANSWER_TIMEOUT_S,
            otherwise=attempt.agent_url("not-taken"),
        )
    )


@blueprint.post("/accept")
def accept() -> Response:
    """The agent pressed a key."""
    fence, offer = attempt.fence(), attempt.offer_number()
    if request.values.get("Digits") != "1":
        attempt.apply(events.AgentDeclined(at=utc_now(), fence=fence, offer=offer))
        return twiml(twilio_twiml.say_and_hang_up(twilio_twiml.english("All right. Goodbye.")))
    waits = attempt.current("agent_joining")
    if waits is not None and waits.attempt is not None and attempt.other_is_gone(waits.attempt.customer_leg):
        gone = events.CustomerUnreached(at=utc_now(), fence=fence, reason="no-answer")
        if attempt.apply(gone) is not None:
            return attempt.why_not(unreached=True)
    accepted = attempt.apply(
        events.AgentAccepted(at=utc_now(), fence=fence, offer=offer, sid=request.form["CallSid"])
    ) or attempt.answered_before("agent")
    return attempt.why_not() if accepted is None else _joined(accepted)


def _joined(accepted: CallbackRequest) -> Response:
    """Into the conference: the customer is there, or about to be rung."""
    then = "I am connecting you." if accepted.order == "customer_first" else "I am calling the customer."
    return twiml(
        twilio_twiml.join_conference(
            twilio_twiml.english("Thank you.", then), room=attempt.room(), action=attempt.agent_url("wrap-up")
        )
    )


@blueprint.post("/not-taken")
def not_taken() -> Response:
    """The offer was heard to its end, and no key came.

    Where the record has them in the conference already (their key was lost, and came a second time while they heard
    the offer again), they never were: the customer hears an apology, and is called again.
    """
    fence, offer = attempt.fence(), attempt.offer_number()
    if attempt.apply(events.AgentDeclined(at=utc_now(), fence=fence, offer=offer)) is None:
        left = attempt.apply(events.AgentLeft(at=utc_now(), fence=fence, offer=offer, dropped=True))
        if left is not None:
            services().beside(services().dialler.apologise, left)
    return twiml(twilio_twiml.say_and_hang_up(twilio_twiml.english("All right. Goodbye.")))


@blueprint.post("/agent-status")
def agent_status() -> Response:
    """The agent's leg is over: whatever they had not finished goes on without them."""
    call_status = request.form.get("CallStatus")
    if call_status in ENDED:
        fence, offer = attempt.fence(), attempt.offer_number()
        talking = attempt.current("talking")
        with_customer = None if talking is None or talking.attempt is None else talking.attempt.customer_leg
        dropped = call_status == "failed" or attempt.other_was_cut_off(with_customer)
        left = attempt.apply(events.AgentLeft(at=utc_now(), fence=fence, offer=offer, dropped=dropped))
        record = left or attempt.read()
        # An agent of an earlier offer is free since that ended; the name under which the next one is held is the same.
        if record is not None and record.attempt is not None and attempt.is_present_offer(record):
            services().callbacks.agents.release(record.attempt.agent_id, holder_of(record), utc_now())
        if left is not None and left.state == "waiting" and left.attempt is not None:
            customer_leg = left.attempt.customer_leg
            if customer_leg is not None and customer_leg.sid is not None:
                services().beside(services().dialler.hang_up, customer_leg.sid)
    return twiml(twilio_twiml.nothing())


@blueprint.post("/unreached")
def unreached() -> Response:
    """The agent hears that the customer will not come."""
    return attempt.why_not(unreached=True)


@blueprint.post("/wrap-up")
def wrap_up() -> Response:
    """The conversation is over: the agent says how it ended, in the queue's own dispositions."""
    record = attempt.current("talking", "wrap_up")
    if record is None:
        return attempt.why_not()
    rules = services().callbacks.rules_of(record.queue)
    choices = [f"For {rule.label}, press {key}." for key, rule in sorted(rules.dispositions.items())]
    return twiml(
        twilio_twiml.press_one(
            twilio_twiml.english("How did it end?", *choices),
            action=attempt.agent_url("disposition"),
            timeout_s=ANSWER_TIMEOUT_S,
        )
    )


@blueprint.post("/disposition")
def disposition() -> Response:
    """The agent pressed a disposition."""
    record = attempt.read()
    if record is not None:
        attempt.apply(
            disposed(services().callbacks.rules_of(record.queue), attempt.fence(), request.values.get("Digits", ""))
        )
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
