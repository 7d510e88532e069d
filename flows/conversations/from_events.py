"""What happened in a call, as the steps and circumstances of a conversation that lets it happen again."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any, Final

from flows import events
from flows.conversations.model import Step
from flows.engine.universal import PERSON
from flows.model import Flow
from flows.parts import LANGUAGES

_WHOLE: Final[dict[tuple[str, ...], str]] = {LANGUAGES: "up", (): "down"}
_LOOKUPS: Final = {events.LookupMissed: "not_found", events.LookupFailed: "failed"}


def step_of(event: object) -> Step | None:
    """The step for an event; None for what a conversation says beforehand, as the answers of the shell."""
    match event:
        case events.KeysPressed(keys=keys):
            given: dict[str, Any] = {"presses": keys}
        case events.Heard(keys=keys, text=text, sure=sure, slots=slots):
            given = {"says": {"text": text, "means": keys, "unsure": not sure, "slots": slots}}
        case events.NoMatch():
            given = {"says_something_else": True}
        case events.NoInput():
            given = {"stays_silent": True}
        case events.Recorded(duration_s=duration_s, keys=keys):
            given = {"presses": keys} if keys and (keys == PERSON or not duration_s) else {"records": duration_s}
        case events.SpeechChanged(speech=speech):
            given = {"speech": _WHOLE.get(speech, list(speech))}
        case events.AnswerLost():
            given = {"breaks": "answer"}
        case events.Failed():
            given = {"breaks": "call"}
        case events.TransferEnded(talked=talked):
            given = {"person": "talks" if talked else "misses"}
        case events.HungUp():
            given = {"hangs_up": True}
        case _:
            return None
    return Step.model_validate(given)


def local(flow: Flow, at: dt.datetime) -> dt.datetime:
    """An instant as a conversation writes it: in the flow's zone, to the second."""
    return at.astimezone(flow.zone).replace(tzinfo=None, microsecond=0)


def promise_fields(flow: Flow, promise: events.OpenPromise) -> dict[str, Any]:
    """The callback that a caller has, as the circumstances of a conversation."""
    return {
        "queue": promise.queue,
        "number": promise.number,
        "starts": None if promise.starts is None else local(flow, promise.starts),
        "by": local(flow, promise.by),
        "arrived_at": local(flow, promise.arrived_at),
        "reason": promise.reason,
        "words": promise.words,
    }


def line_fields(event: events.NobodyFree) -> dict[str, Any]:
    """Where a caller stands in line, as the circumstances of a conversation."""
    low, high = event.wait_from_minutes, event.wait_to_minutes
    return {
        "position": event.position,
        "wait_minutes": None if low is None or high is None else (low, high),
        "callback": event.offers_callback,
    }


def lookups_of(answers: Iterable[tuple[str, object]]) -> dict[str, Any]:
    """What each lookup finds, one time after the other, from (node, answer) in order; other answers are left out."""
    found: dict[str, list[Any]] = {}
    for node, answer in answers:
        match answer:
            case events.LookupFound(values=values):
                found.setdefault(node, []).append({"found": values})
            case events.LookupMissed() | events.LookupFailed():
                found.setdefault(node, []).append(_LOOKUPS[type(answer)])
    return found
