"""The caller's webhooks: the call that comes in, its turns, its end."""

from __future__ import annotations

import re
import uuid
from threading import Timer
from typing import Any, Final

import structlog
from flask import Blueprint, Response, request

from callbacks.numbers import WITHHELD
from flows import events
from flows.engine.universal import PERSON, REPEAT
from flows.model import Flow
from flows.state import CallState, WithPerson
from ivr import twilio_twiml
from ivr.services import Services, utc_now
from ivr.web.context import idempotency_token, is_sensitive, make_prompts_ahead, request_language, services, twiml
from ivr.web.faults import caller_hears

log = structlog.get_logger()
blueprint = Blueprint("voice", __name__, url_prefix="/voice")
blueprint.register_error_handler(Exception, caller_hears)

_NUMBER: Final = re.compile(r"\+[1-9]\d{6,14}")
_KEYS: Final = re.compile(r"[0-9*#]{1,32}")
# From the end of a call to the webhook with its recording.
MESSAGE_WITHIN_S: Final = 10.0
ENDED: Final = frozenset({"completed", "busy", "failed", "no-answer", "canceled"})


@blueprint.post("/incoming")
def incoming() -> Response:
    """A caller dialled us."""
    caller_number = request.form.get("From", "")
    known = bool(_NUMBER.fullmatch(caller_number)) and caller_number not in WITHHELD
    document = services().turns.start(
        request.form["CallSid"], caller_number if known else None, request.form.get("To", "")
    )
    make_prompts_ahead()
    return twiml(document)


@blueprint.post("/turn")
def turn() -> Response:
    """The answer to a turn: keys, speech, silence, or the end of a transfer."""
    call_sid = request.form["CallSid"]
    number, by = request.args.get("turn", ""), request.args.get("by", "")
    turns = services().turns
    if request.form.get("CallStatus") in ENDED:
        if by == "recorded" and number.isdecimal():
            # Who hangs up after the message has left it.
            turns.take(call_sid, int(number), _recorded(), f"{idempotency_token()}:message")
        _call_over(
            services(), call_sid, talked=request.form.get("DialBridged", "").lower() == "true", dropped=_is_dropped()
        )
        return twiml(twilio_twiml.nothing())
    event = _event(call_sid, number, by)
    document = None
    if event is None or not number.isdecimal():
        document = turns.current(call_sid)
    else:
        if by == "silence":
            document = turns.listen_on(call_sid, int(number), request.args.get("patience", 0, type=int))
        elif by == "skip" and request.values.get("Digits") not in (PERSON, REPEAT):
            document = turns.record_now(call_sid, int(number))
        document = document or turns.take(call_sid, int(number), event, idempotency_token(), sensitive=is_sensitive())
    if document is None:
        # The record is gone, or never was: begin anew rather than hang up on a caller.
        log.warning("turn of an unknown call", call_sid=call_sid)
        return incoming()
    return twiml(document)


def _event(call_sid: str, number: str, by: str) -> events.Event | None:
    """What happened, as the engine knows it; None where the present document is the answer."""
    match by:
        case "keys" | "skip":
            keys = request.values.get("Digits", "")
            if keys and not _KEYS.fullmatch(keys):
                return events.NoMatch(at=utc_now(), text="")
            return events.KeysPressed(at=utc_now(), keys=keys) if keys else events.NoInput(at=utc_now())
        case "silence":
            return events.NoInput(at=utc_now())
        case "lost":
            return events.AnswerLost(at=utc_now())
        case "recorded":
            return _recorded()
        case "speech":
            return _heard(services().listening.heard(call_sid, int(number)) if number.isdecimal() else None)
        case "transfer":
            return _transfer_ended(call_sid)
        case _:
            return None


def _recorded() -> events.Event:
    """Source: https://www.twilio.com/docs/voice/twiml/record: Digits is the key that ended it, or "hangup"."""
    keys = request.values.get("Digits", "")
    return events.Recorded(
        at=utc_now(),
        url=request.values.get("RecordingUrl", ""),
        duration_s=request.values.get("RecordingDuration", 0, type=int),
        keys=keys if _KEYS.fullmatch(keys) else "",
    )


def _heard(heard: dict[str, Any] | None) -> events.Event | None:
    if heard is None:
        return None
    if heard["intent"] is None:
        return events.NoMatch(at=utc_now(), text=heard["text"], alternatives=tuple(heard.get("alternatives", ())))
    return events.Heard(
        at=utc_now(),
        keys=heard["value"] or heard["intent"],
        text=heard["text"],
        confidence=heard["confidence"],
        sure=heard["band"] == "accept",
        alternatives=tuple(heard.get("alternatives", ())),
    )


def _transfer_ended(call_sid: str) -> events.Event:
    """Source: DialBridged is the safe test; after a declined whisper DialCallStatus varies.

    https://www.twilio.com/docs/voice/twiml/dial
    """
    talked = request.values.get("DialBridged", "false").lower() == "true"
    state = _state(services(), call_sid)
    if state is not None and isinstance(state.stage, WithPerson):
        _release(services(), state.call_sid, state.stage.person_id, missed=not talked)
        if talked:
            services().after_call.talked(_flow(services(), state), state, state.stage.person_id)
    return events.TransferEnded(at=utc_now(), talked=talked)


def _release(shared: Services, call_sid: str, person_id: str, *, missed: bool) -> bool:
    """Free the person who was reserved for this call, if they still are; whether they have talked with the caller.

    The end of their own leg, which frees them too, may have been reported before.
    """
    holder = f"call:{call_sid}"
    shared.callbacks.agents.release(person_id, holder, utc_now(), missed=missed)
    agent = shared.callbacks.store.agent(person_id)
    return agent is not None and agent.record.talked_for == holder


def _call_over(shared: Services, call_sid: str, *, talked: bool, dropped: bool) -> None:
    """The caller is gone. The end of the call and the end of a transfer are reported in any order, maybe both twice."""
    state = _state(shared, call_sid)
    if state is not None and isinstance(state.stage, WithPerson):
        person_id, flow = state.stage.person_id, _flow(shared, state)
        talked = _release(shared, call_sid, person_id, missed=False) or talked
        if talked and dropped:
            shared.after_call.dropped(flow, state, person_id)
        elif talked:
            shared.after_call.talked(flow, state, person_id)
    if talked:
        shared.turns.end(call_sid, events.TransferEnded(at=utc_now(), talked=True), uuid.uuid4().hex)
    shared.turns.end(call_sid, events.HungUp(at=utc_now()), uuid.uuid4().hex)
    # Last: who hangs up after a yes to a callback has it booked by that.
    state = _state(shared, call_sid)
    if state is not None:
        shared.after_call.over(state)


def _is_dropped() -> bool:
    """Whether the caller's leg has ended by nobody's will."""
    return request.form.get("CallStatus") == "failed"


def _state(shared: Services, call_sid: str) -> CallState | None:
    known = shared.calls.read(call_sid)
    return None if known is None else known[1].state


def _flow(shared: Services, state: CallState) -> Flow:
    return shared.flows.of_revision(state.revision)


@blueprint.post("/status")
def status() -> Response:
    """The carrier tells how the caller's leg is doing."""
    if request.form.get("CallStatus") in ENDED:
        call_sid = request.form["CallSid"]
        if services().turns.is_recording(call_sid):
            _end_unless_a_message_comes(services(), call_sid)
        else:
            _call_over(services(), call_sid, talked=False, dropped=_is_dropped())
    return twiml(twilio_twiml.nothing())


def _end_unless_a_message_comes(shared: Services, call_sid: str) -> None:
    """Who hangs up while we record may have left a message, of which the recording's own webhook tells, in any order.

    Nothing is lost where this process ends before: the call is over, and only its record does not say so.
    """

    def end() -> None:
        shared.beside(_silently_over, shared, call_sid)

    timer = Timer(MESSAGE_WITHIN_S, end)
    timer.daemon = True
    timer.start()


def _silently_over(shared: Services, call_sid: str) -> None:
    _call_over(shared, call_sid, talked=False, dropped=False)


@blueprint.post("/last-resort")
def last_resort() -> Response:
    """The person who is rung when something is broken has rung off, or did not answer. Needs no Redis."""
    if request.values.get("DialBridged", "").lower() == "true" or request.form.get("CallStatus") in ENDED:
        return twiml(twilio_twiml.nothing())
    return twiml(services().documents.of_last_sentence("nobody_reached", request_language()))


@blueprint.post("/stream")
def stream() -> Response:
    """The carrier tells how the fork of the caller's audio is doing."""
    if request.form.get("StreamEvent") == "stream-error":
        log.warning("media stream failed", call_sid=request.form.get("CallSid"), error=request.form.get("StreamError"))
    return twiml(twilio_twiml.nothing())
