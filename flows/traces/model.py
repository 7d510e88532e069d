"""A trace: the turns of one call.

A trace holds no phone number and no sensitive value, and still replays: see `flows.traces.masking`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final, Literal

import msgspec

from flows.events import Event, Value

TRACE_VERSION: Final = 1
# The fault of a turn that has no more to tell than that it was made.
NOT_TRACED: Final = "trace"

Kind = Literal[
    "universal",  # a word or key that is always on
    "choice",  # a way out of a menu
    "intent",  # what an open question found out
    "value",  # a typed answer
    "engine",  # an answer to a question of the engine's own
    "not_in_grammar",
    "out_of_range",
    "silence",
    "other",  # nothing that was to be matched: a hang-up, a message, a fault
]


class Match(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Why an answer meant what it meant, or why it meant nothing.

    `phrase` is the entry of the turn's grammar that was said, `keys` what it stands for; `meaning` is the universal
    word, the label, the intent or the name of the value; `phrases` are all phrases of a choice, `to` is where it leads.
    """

    kind: Kind
    phrase: str | None = None
    keys: str | None = None
    meaning: str | None = None
    phrases: tuple[str, ...] = ()
    to: str | None = None


class Decision(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Which way a branch went: its cases' expressions in order, and the values that they saw.

    `way` counts from 0; behind the last case it is "otherwise". Without cases: a question whose answer was known.
    """

    node: str
    way: int
    cases: tuple[str, ...] = ()
    saw: dict[str, Value] = {}


class Answered(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An effect of a node and what the shell answered; `about` is the source, the queue, or whatever it was about."""

    node: str
    effect: str
    about: str
    answer: Event | None
    took_ms: float = 0.0


class Spoken(msgspec.Struct, frozen=True, kw_only=True):
    """Something that was said to the caller."""

    text: str
    language: str


class Turn(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One turn: what happened, where, what it meant, and what came of it.

    `node`, `stage`, `slot` and `misses` are where the call stood before; `to_node` and `to_stage` are where it stood
    then. `hidden` tells that the keys in `event` only stand in for a sensitive answer. `speech` lists the languages
    that could be heard. `faults` are the codes of what broke.
    """

    number: int
    event: Event
    flow: str
    revision: str
    language: str
    to_node: str
    to_stage: str
    to_language: str
    node: str = ""
    stage: str = ""
    slot: str = ""
    misses: int = 0
    hidden: bool = False
    match: Match = Match(kind="other")
    speech: tuple[str, ...] = ()
    decisions: tuple[Decision, ...] = ()
    answered: tuple[Answered, ...] = ()
    values: dict[str, Value] = {}
    forgotten: tuple[str, ...] = ()
    nodes: tuple[str, ...] = ()
    spoken: tuple[Spoken, ...] = ()
    outcome: str | None = None
    faults: tuple[str, ...] = ()
    took_ms: float = 0.0

    @property
    def at(self) -> datetime:
        """When it happened."""
        return self.event.at


class Trace(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One call. `outcome` is None where the trace stops before the call's end; `failures` says what went wrong."""

    version: int = TRACE_VERSION
    call_sid: str
    flow: str
    revision: str
    started_at: datetime
    turns: tuple[Turn, ...]
    outcome: str | None = None
    failures: tuple[str, ...] = ()

    @property
    def replayable(self) -> tuple[Turn, ...]:
        """The turns up to the call's end, to the first one in another revision, or to one that could not be traced."""
        turns: list[Turn] = []
        for turn in self.turns:
            if turn.stage == "Ended" or turn.revision != self.revision or NOT_TRACED in turn.faults:
                break
            turns.append(turn)
        return tuple(turns)

    @property
    def ended_at(self) -> datetime:
        """When the last thing happened."""
        return self.turns[-1].at
