"""What happened in a call, as the steps and circumstances of a conversation that lets it happen again."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from flows import events
from flows.conversations.model import Step
from flows.engine.universal import PERSON
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
