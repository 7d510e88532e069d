"""What an `expect` step asks, held against the call as it stands."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Protocol

from flows import actions
from flows.conversations.model import Expect, ExpectedCallback, Scalar
from flows.conversations.world import Booked, StepError
from flows.events import Value
from flows.model import Flow
from flows.state import CallState, Ended


class Observed(Protocol):
    """What can be seen of a call."""

    flow: Flow
    state: CallState
    heard: tuple[str, ...]
    verbs: tuple[actions.Verb, ...]

    @property
    def sent(self) -> tuple[str, ...]: ...
    @property
    def booked(self) -> Booked | None: ...


def check(expect: Expect, call: Observed) -> None:
    """Raise `StepError` for the first thing that is not so."""
    _check_heard(expect, call.heard)
    state = call.state
    if expect.node is not None and expect.node != state.node:
        unknown = "" if expect.node in call.flow.all_nodes else ", which the flow does not have"
        raise StepError(f'the call stands at "{state.node}", not at "{expect.node}"{unknown}')
    if expect.language is not None and expect.language != state.language:
        raise StepError(f"the call is in {state.language}, not in {expect.language}")
    if expect.values is not None:
        _check_values(expect.values, {**state.values, **(state.frames[-1].parameters if state.frames else {})})
    if expect.sent is not None and not any(_flat(expect.sent) in _flat(text) for text in call.sent):
        sent = "\n".join(f"  {text}" for text in call.sent) or "  none"
        raise StepError(f"no such text message was sent: {expect.sent}\nSent were:\n{sent}")
    _check_transfer(expect, call.verbs)
    if expect.callback is not None:
        _check_callback(expect.callback, call.booked, call.flow)
    if expect.outcome is not None:
        outcome = state.stage.outcome if isinstance(state.stage, Ended) else None
        if outcome is None:
            raise StepError(f'the call still goes on, at "{state.node}"; expected was its end: {expect.outcome}')
        if outcome != expect.outcome:
            raise StepError(f"the call ended as {outcome}, not as {expect.outcome}")


def _check_heard(expect: Expect, heard: tuple[str, ...]) -> None:
    text, position = _flat(" ".join(heard)), 0
    for wanted in _texts(expect.prompt):
        found = text.find(_flat(wanted), position)
        if found < 0:
            late = _flat(wanted) in text
            raise StepError("was heard, but earlier" if late else "was not heard", expected=wanted)
        position = found + len(_flat(wanted))
    for unwanted in _texts(expect.no_prompt):
        if _flat(unwanted) in text:
            raise StepError(f"was heard, and should not be: {unwanted}")


def _check_values(expected: dict[str, Scalar], values: dict[str, Value]) -> None:
    for name, wanted in expected.items():
        found = values.get(name)
        if isinstance(found, bool) is not isinstance(wanted, bool) or found != wanted:
            raise StepError(f"{name} is {_shown(found)}, not {_shown(wanted)}")


def _check_transfer(expect: Expect, verbs: tuple[actions.Verb, ...]) -> None:
    if expect.transfer is None and expect.whisper is None:
        return
    transfer = verbs[-1] if verbs else None
    if not isinstance(transfer, actions.Transfer):
        raise StepError("nobody is being rung")
    if expect.transfer is not None and expect.transfer not in (transfer.person_id, transfer.person_number):
        raise StepError(f"{transfer.person_id} is being rung, not {expect.transfer}")
    if expect.whisper is not None and _flat(expect.whisper) not in _flat(transfer.whisper or ""):
        raise StepError(f"the whisper is: {transfer.whisper or 'none'}\nexpected was: {expect.whisper}")


def _check_callback(expected: bool | ExpectedCallback, booked: Booked | None, flow: Flow) -> None:
    if expected is False:
        if booked is not None:
            raise StepError(f"a callback is booked, on {booked.number}; expected was none")
        return
    if booked is None:
        raise StepError("no callback is booked")
    if expected is True:
        return
    starts = None if booked.starts is None else booked.starts.astimezone(flow.zone).replace(tzinfo=None)
    found = {"number": booked.number, "queue": booked.queue, "starts": starts, "soon": starts is None}
    for name, value in found.items():
        wanted = getattr(expected, name)
        if wanted is not None and wanted != value:
            raise StepError(f"the callback: {name} is {_shown(value)}, not {_shown(wanted)}")


def _texts(given: str | tuple[str, ...] | None) -> Iterable[str]:
    return () if given is None else (given,) if isinstance(given, str) else given


def _flat(text: str) -> str:
    return " ".join(text.split())


def _shown(value: Scalar | dt.datetime) -> str:
    if value is None:
        return "not set"
    if isinstance(value, bool):
        return "true" if value else "false"
    return f'"{value}"' if isinstance(value, str) else str(value)
