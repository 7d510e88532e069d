"""The webhooks of the customer's leg of a callback attempt: last line of defence, as only one attempt may bridge.

Who is called first proves to be a person by pressing 1. Machine detection only says how long to wait for that, and
what to do where nobody pressed it; it never keeps a person who did from being joined, and never joins anybody.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

import structlog
from flask import Blueprint, Response, request

from callbacks import lifecycle_events as events
from callbacks.model import CallbackRequest, UnreachedReason
from callbacks.policy import unreached_reason
from ivr import twilio_twiml
from ivr.documents import known_language
from ivr.redis_client import RedisError
from ivr.redis_hints import Hint
from ivr.services import utc_now
from ivr.web import attempt
from ivr.web.context import request_language, services, twiml
from ivr.web.faults import customer_hears
from ivr.web.voice import ENDED

log = structlog.get_logger()
blueprint = Blueprint("customer", __name__, url_prefix="/callback")
blueprint.register_error_handler(Exception, customer_hears)

# A person presses the key within that after the greeting. Whoever did not, and is no machine as far as the carrier can
# tell, is greeted once more: they may have looked for the keys.
PROOF_TIMEOUT_S: Final = 5
GREETINGS: Final = 2


@blueprint.post("/answer")
def answer() -> Response:
    """The customer's phone was picked up."""
    waited_for = attempt.current("customer_dialling")
    if (
        waited_for is not None
        and waited_for.attempt is not None
        and attempt.other_is_gone(waited_for.attempt.agent_leg)
    ):
        left = events.AgentLeft(at=utc_now(), fence=attempt.fence(), offer=waited_for.attempt.offer)
        if (without_agent := attempt.apply(left)) is not None:
            return twiml(services().documents.of_apology(without_agent))
    event = events.CustomerAnswered(at=utc_now(), fence=attempt.fence(), sid=request.form["CallSid"])
    answered = attempt.apply(event) or attempt.answered_before("customer")
    if answered is None:
        return _not_needed()
    if answered.state == "customer_proving":
        return _asked_for_proof(answered, 1)
    if answered.state != "talking":
        # A second request of somebody who has pressed 1 already.
        return twiml(services().documents.of_waiting_customer(answered, room=attempt.room()))
    return twiml(services().documents.of_customer(answered, room=attempt.room()))


@blueprint.post("/prove")
def prove() -> Response:
    """Whoever picked up pressed a key: 1 is a person who waits for this call."""
    if request.values.get("Digits") != "1":
        return _nobody(GREETINGS)
    if not attempt.is_own_leg(attempt.read(), "customer"):
        # Two legs to one phone, by a fault of the carrier's: the one that answered last is on record.
        return _not_needed()
    event = events.CustomerProved(at=utc_now(), fence=attempt.fence())
    proved = attempt.apply(event) or attempt.answered_before("customer")
    if proved is None:
        return _not_needed()
    return twiml(services().documents.of_waiting_customer(proved, room=attempt.room()))


@blueprint.post("/no-proof")
def no_proof() -> Response:
    """Nobody pressed a key, so far."""
    return _nobody(request.args.get("asked", GREETINGS, type=int))


@blueprint.post("/machine")
def machine() -> Response:
    """What machine detection heard. It is kept, and nothing is done: whoever is about to press 1 is not interrupted."""
    services().hints.note(request.args.get("request", ""), attempt.fence(), request.form.get("AnsweredBy", ""))
    return twiml(twilio_twiml.nothing())


@blueprint.post("/nobody-came")
def nobody_came() -> Response:
    """A customer who waited in the conference hears that nobody is free."""
    record = attempt.read()
    return _not_needed() if record is None else twiml(services().documents.of_apology(record))


@blueprint.post("/late")
def late() -> Response:
    """A call that tells of a new time, and ends. Needs no more than the promise."""
    record = attempt.read()
    if record is None or not record.is_open:
        return _not_needed()
    ends = datetime.fromtimestamp(request.args.get("ends", 0, type=int), UTC)
    return twiml(services().documents.of_delay(record, services().wordings.spoken(record, ends, utc_now())))


@blueprint.post("/customer-status")
def customer_status() -> Response:
    """The customer's leg is over: they talked, or were not reached."""
    call_status = request.form.get("CallStatus", "")
    if call_status in ENDED:
        record, fence, now = attempt.read(), attempt.fence(), utc_now()
        picked_up = call_status == "completed" and record is not None and record.state == "customer_proving"
        reason = _reason(_hint()) if picked_up else unreached_reason(call_status)
        gone = attempt.apply(events.CustomerUnreached(at=now, fence=fence, reason=reason))
        if gone is not None:
            services().beside(services().dialler.let_agent_go, gone)
        else:
            attempt.apply(events.CustomerLeft(at=now, fence=fence, dropped=call_status == "failed"))
    return twiml(twilio_twiml.nothing())


# ---------------------------------------------------------------- helpers


def _asked_for_proof(record: CallbackRequest, asked: int) -> Response:
    language = known_language(record.language)
    return twiml(
        services().documents.of_proof(
            record,
            action=services().urls.callback_answer(record.id, record.fence, language=language, step="prove"),
            otherwise=services().urls.callback_proof(record.id, record.fence, asked, language=language),
            timeout_s=PROOF_TIMEOUT_S,
        )
    )


def _nobody(asked: int) -> Response:
    """Nobody pressed 1: ask once more, unless it is a machine; then it was no answer. The last time, a message is left.

    A second request of the same leg gets the answer of the first.
    """
    record, hint = attempt.read(), _hint()
    if record is None or not attempt.is_own_leg(record, "customer"):
        return _not_needed()
    if record.state == "customer_proving":
        if asked < GREETINGS and hint not in {"machine", "fax"}:
            return _asked_for_proof(record, asked + 1)
        event = events.CustomerUnreached(at=utc_now(), fence=attempt.fence(), reason=_reason(hint))
        record = attempt.apply(event) or attempt.read() or record
    if record.state in attempt.JOINED["customer"]:
        # The key was pressed in the same moment, and came first.
        return twiml(services().documents.of_waiting_customer(record, room=attempt.room()))
    leaves_message = services().callbacks.rules_of(record.queue).last_message and hint in {"machine", "unknown"}
    if record.disposition == "unreached" and leaves_message:
        return twiml(services().documents.of_message(record))
    return twiml(twilio_twiml.say_and_hang_up([]))


def _hint() -> Hint:
    """Who answered, as far as anybody can tell; without Redis nobody can."""
    try:
        return services().hints.of(request.args.get("request", ""), attempt.fence())
    except RedisError as error:
        log.warning("no hint of who answered", error=type(error).__name__)
        return "unknown"


def _reason(hint: Hint) -> UnreachedReason:
    """How a call that was picked up, and got no key, is counted; a person who pressed none was not to be reached."""
    return "no-answer" if hint == "human" else "machine"


def _not_needed() -> Response:
    return twiml(services().documents.of_last_sentence("callback_not_needed", request_language()))
