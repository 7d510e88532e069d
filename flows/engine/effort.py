"""The effort budget: errors, repeats and time that a call may cost before a person is offered at once."""

from __future__ import annotations

from typing import Final

import msgspec

from flows.model import Flow
from flows.state import AskingSlot, AtNode, CallState, Confirming, Spent

# The stages in which the caller works through the flow; elsewhere a person or a promise is in hand already.
WORKING: Final = (AtNode, AskingSlot, Confirming)


def is_spent(flow: Flow, state: CallState) -> bool:
    """Whether this caller has borne enough."""
    if not isinstance(state.stage, WORKING):
        return False
    spent, budget = state.spent, flow.effort
    seconds = (state.at - spent.since).total_seconds()
    return spent.errors >= budget.errors or spent.repeats >= budget.repeats or seconds >= budget.seconds


def with_error(state: CallState) -> CallState:
    """One more silence or misunderstanding."""
    return msgspec.structs.replace(state, spent=msgspec.structs.replace(state.spent, errors=state.spent.errors + 1))


def with_repeat(state: CallState) -> CallState:
    """One more wish to hear something again."""
    return msgspec.structs.replace(state, spent=msgspec.structs.replace(state.spent, repeats=state.spent.repeats + 1))


def renewed(state: CallState) -> CallState:
    """A person was offered and declined: the budget begins anew."""
    return msgspec.structs.replace(state, spent=Spent(since=state.at))
