"""Small moves that every part of the engine makes."""

from __future__ import annotations

from typing import Literal

import msgspec

from flows import actions
from flows.state import CallState, Ended

Step = tuple[CallState, list[actions.Action]]
Outcome = Literal["solved", "unsolved", "transferred", "callback", "abandoned", "failed"]


def say(state: CallState, text: str) -> CallState:
    """Speak a text before whatever comes next."""
    return msgspec.structs.replace(state, pending=(*state.pending, text))


def flush(state: CallState) -> Step:
    """Turn what is still to be said into verbs, for a document that does not listen."""
    spoken: list[actions.Action] = [actions.Say(text=text, language=state.language) for text in state.pending]
    return msgspec.structs.replace(state, pending=()), spoken


def hang_up(state: CallState, outcome: Outcome) -> Step:
    """Say what is left to be said and end the call."""
    state, spoken = flush(state)
    return msgspec.structs.replace(state, stage=Ended(outcome=outcome)), [*spoken, actions.Hangup()]
