"""Small moves that every part of the engine makes."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

import msgspec

from flows import actions
from flows.messages import message
from flows.state import CallState, Ended

Step = tuple[CallState, list[actions.Action]]
Outcome = Literal["solved", "unsolved", "transferred", "callback", "abandoned", "failed"]


def say(state: CallState, *sounds: actions.Sound) -> CallState:
    """Let the caller hear something before whatever comes next."""
    return msgspec.structs.replace(state, pending=(*state.pending, *sounds))


def say_message(state: CallState, name: str, **values: str) -> CallState:
    """The same for a sentence of the engine's own."""
    return say(state, sentence(state.language, name, **values))


@lru_cache(maxsize=4096)
def sentence(language: str, name: str, **values: str) -> actions.Say:
    """A sentence of the engine's own, to be spoken."""
    return actions.Say(text=message(language, name, **values), language=language)


def flush(state: CallState) -> Step:
    """Turn what is still to be said into verbs, for a document that does not listen."""
    return msgspec.structs.replace(state, pending=()), list(state.pending)


def hang_up(state: CallState, outcome: Outcome) -> Step:
    """Say what is left to be said and end the call."""
    state, spoken = flush(state)
    return msgspec.structs.replace(state, stage=Ended(outcome=outcome)), [*spoken, actions.Hangup()]
