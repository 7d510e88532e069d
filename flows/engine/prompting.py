"""From what the operator wrote to what this caller hears: the language, and the values in it."""

from __future__ import annotations

from datetime import date, datetime
from typing import cast

from flows import actions
from flows.expressions import Environment, QueueState
from flows.expressions.templates import fill
from flows.model import Flow
from flows.parts import LocalText, Prompt, Recording, in_language
from flows.state import CallState


def environment_of(flow: Flow, state: CallState, queue: QueueState | None = None) -> Environment:
    """What expressions and templates of the present node can see."""
    local: datetime = state.at.astimezone(flow.zone)
    parameters = state.frames[-1].parameters if state.frames else {}
    return Environment(
        values={**state.values, **parameters},
        at=local,
        language=state.language,
        caller_number=state.caller_number,
        speech=state.language in state.speech,
        hours=flow.hours,
        holidays=flow.holidays,
        queue=queue,
    )


def today_of(flow: Flow, state: CallState) -> date:
    """The day it is at the office."""
    return state.at.astimezone(flow.zone).date()


def sound(flow: Flow, state: CallState, prompt: Prompt) -> actions.Sound:
    """A prompt as it is heard; raises `EvaluationError` where a value is missing."""
    form = cast("str | Recording", in_language(prompt, state.language))
    if isinstance(form, Recording):
        return actions.Play(audio=form.audio, text=filled(flow, state, form.text), language=state.language)
    return actions.Say(text=filled(flow, state, form), language=state.language)


def local_text(flow: Flow, state: CallState, text: LocalText) -> str:
    """A label, reason or message in the caller's language, filled."""
    return filled(flow, state, in_language(text, state.language))


def filled(flow: Flow, state: CallState, template: str) -> str:
    """A template with this call's values; one without values costs nothing."""
    if "{" not in template and "}" not in template:
        return template
    return fill(template, environment_of(flow, state), state.language)
