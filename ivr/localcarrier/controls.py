"""What tests do to a carrier: place calls, set up phones, inject faults. `control` offers it over HTTP."""

from __future__ import annotations

from collections.abc import Sequence

from ivr.localcarrier.exchange import Exchange
from ivr.localcarrier.leg import DocumentRequest, Handling, Leg
from ivr.localcarrier.life import inbound
from ivr.localcarrier.person import Person
from ivr.localcarrier.script import Step
from ivr.localcarrier.status_webhooks import StatusSubscription
from ivr.localcarrier.wire import CallView, InboundCall


class ControlError(Exception):
    """A request that cannot be done; `status` says why in the words of HTTP."""

    code = "local_carrier_control"
    retryable = False

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def place_call(exchange: Exchange, call: InboundCall) -> CallView:
    """Let a scripted person call a number of the account; raises `ControlError` 404 for another number."""
    number = exchange.numbers.get(call.to_number)
    if number is None:
        known = ", ".join(exchange.numbers) or "none"
        raise ControlError(404, f"{call.to_number} is not a number here (known: {known})")
    status = None
    if number.status_callback is not None:
        status = StatusSubscription(number.status_callback, number.status_callback_method)
    first = DocumentRequest(number.voice_url, number.voice_method, purpose="answer")
    leg = Leg(
        exchange,
        direction="inbound",
        from_number=call.from_number,
        to_number=call.to_number,
        handling=Handling(first, number.fallback_url, number.fallback_method, status),
        extra=call.extra,
    )
    exchange.in_background(inbound(leg, Person.of(leg), call.steps))
    return view(leg)


def leg_of(exchange: Exchange, sid: str) -> Leg:
    """Return a leg; raises `ControlError` 404 where there is none."""
    leg = exchange.legs.get(sid)
    if leg is None:
        raise ControlError(404, f"there is no call {sid}")
    return leg


def hang_up(exchange: Exchange, sid: str) -> None:
    """Let the person on this leg hang up now."""
    leg_of(exchange, sid).end("person")


def drop_line(exchange: Exchange, sid: str) -> None:
    """Break the line of this leg now: its status becomes `failed`, also in the middle of a talk."""
    leg_of(exchange, sid).lose_line()


def act(exchange: Exchange, sid: str, steps: Sequence[Step]) -> None:
    """Let the person on this leg do `steps` next; raises `ControlError` 409 after the end."""
    leg = leg_of(exchange, sid)
    if leg.ended:
        raise ControlError(409, f"{leg.sid} has ended")
    Person.of(leg).follow(steps)


def drop_media(exchange: Exchange, sid: str | None) -> int:
    """Break the media sockets of one leg, or of all; returns how many were open."""
    legs = list(exchange.live.values()) if sid is None else [leg_of(exchange, sid)]
    return sum(stream.drop() for leg in legs for stream in list(leg.streams))


def view(leg: Leg) -> CallView:
    """Return a leg as the control API shows it."""
    return CallView(
        sid=leg.sid,
        direction=leg.direction,
        from_number=leg.from_number,
        to_number=leg.to_number,
        status=leg.status,
        created_at=leg.created_at,
        parent_call_sid=leg.parent.sid if leg.parent is not None else None,
        answered_at=leg.answered_at,
        ended_at=leg.ended_at,
        ended_by=leg.ended_by,
        script_done=leg.script_done,
        script_error=leg.script_error,
        recording=leg.recording,
    )
