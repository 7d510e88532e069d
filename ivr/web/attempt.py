"""What the webhooks of a callback attempt have in common: each names the request, the fence and the offer it is of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import structlog
from flask import Response, request

from callbacks import lifecycle
from callbacks import lifecycle_events as events
from callbacks.errors import IllegalEventError
from callbacks.model import CallbackRequest, Leg, LegName
from ivr import twilio_twiml
from ivr.services import utc_now
from ivr.web.context import services, twiml

log = structlog.get_logger()

# The carrier's answer comes within that, or does not matter: a webhook is answered within two seconds.
ASKED_FOR_S: Final = 1.0
# The states in which a leg is in the conference, or about to be: an agent who declined is not.
JOINED: Final[dict[LegName, frozenset[str]]] = {
    "agent": frozenset({"agent_ready", "customer_dialling", "talking"}),
    "customer": frozenset({"customer_ready", "agent_joining", "talking"}),
}


def fence() -> int:
    """The fence that this webhook acts under."""
    return request.args.get("fence", 0, type=int)


def offer_number() -> int:
    """The offer to an agent that this webhook is of."""
    return request.args.get("offer", 1, type=int)


def read() -> CallbackRequest | None:
    """The request, whatever has become of it."""
    known = services().callbacks.store.request(request.args.get("request", ""))
    return known.record if known is not None else None


def current(*states: str) -> CallbackRequest | None:
    """The request, if it is in one of these states and under this fence."""
    record = read()
    return record if record is not None and record.state in states and record.fence == fence() else None


def is_present_offer(record: CallbackRequest) -> bool:
    """Whether this webhook is of the offer that counts."""
    return record.fence == fence() and record.attempt is not None and record.attempt.offer == offer_number()


def is_own_leg(record: CallbackRequest | None, name: LegName) -> bool:
    """Whether this webhook is of the leg that is on record under this fence."""
    if record is None or record.fence != fence() or record.attempt is None:
        return False
    leg = record.attempt.agent_leg if name == "agent" else record.attempt.customer_leg
    return leg is not None and leg.sid == request.form["CallSid"]


def answered_before(name: LegName) -> CallbackRequest | None:
    """The request, where this webhook is a second one of a leg that goes on: it gets the first one's answer."""
    record = read()
    if record is None or record.state not in JOINED[name] or not is_own_leg(record, name):
        return None
    return record if name == "customer" or is_present_offer(record) else None


def apply(event: events.Event) -> CallbackRequest | None:
    """Note what happened; None where it no longer fits, which is expected of what comes late or twice."""
    request_id = request.args.get("request", "")
    try:
        after = services().callbacks.apply(request_id, event)
    except IllegalEventError as error:
        log.info("event ignored", request_id=request_id, event_type=type(event).__name__, why=str(error))
        return None
    log.info("callback", request_id=request_id, event_type=type(event).__name__, state=after.state, fence=after.fence)
    _note_conversation(event, after)
    return after


def _note_conversation(event: events.Event, after: CallbackRequest) -> None:
    if after.state == "talking" and isinstance(event, events.AgentAccepted | events.CustomerAnswered):
        services().after_call.talked_back(services().flows.current, after)


def other_is_gone(leg: Leg | None) -> bool:
    """Whether the other one has left, so that nobody is joined with silence."""
    return _asked(services().dialler.is_gone, leg)


def other_was_cut_off(leg: Leg | None) -> bool:
    """Whether the other one's line broke: their own webhook may be late, or lost."""
    return _asked(services().dialler.was_cut_off, leg)


def _asked(question: Callable[[Leg | None], bool], leg: Leg | None) -> bool:
    """What the carrier says, if it says it in time."""
    asked = services().background.submit(question, leg)
    try:
        return asked.result(ASKED_FOR_S)
    except TimeoutError:
        return False


def agent_url(step: str) -> str:
    """The next step of the agent's leg."""
    return services().urls.callback(step, request.args.get("request", ""), fence(), offer=offer_number())


def room() -> str:
    """Both legs of one attempt meet in a conference of their own."""
    return f"{request.args.get('request', '')}-{fence()}"


def why_not(*, unreached: bool = False) -> Response:
    """The agent hears why there is no conversation; `unreached` where they had accepted and waited for the customer."""
    record = read()
    if record is None:
        reason = "This callback is not known any more."
    elif record.disposition == lifecycle.CANCELLED:
        reason = "The customer has cancelled."
    elif record.held_by_call is not None:
        reason = "The customer is calling us."
    elif unreached:
        reason = _unreached(record)
    else:
        reason = "This callback is taken care of already."
    return twiml(twilio_twiml.say_and_hang_up(twilio_twiml.english(reason, "Goodbye.")))


def _unreached(record: CallbackRequest) -> str:
    if record.attempt is not None and record.attempt.customer_leg is None:
        return "The customer cannot be called just now. We will try later."
    minutes = round((record.due_at - utc_now()).total_seconds() / 60)
    if record.state != "scheduled" or minutes < 1:
        return "The customer did not answer." + (" We will try again." if record.is_open else "")
    return f"The customer did not answer. We will try again in {minutes} {'minute' if minutes == 1 else 'minutes'}."
