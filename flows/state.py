"""Where a call stands: one serialisable value."""

from __future__ import annotations

from datetime import datetime
from typing import Final, Literal

import msgspec

STATE_VERSION: Final = 1


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """Something the caller told us: the agent reads it, and nobody asks for it again."""

    node: str
    text: str
    by: Literal["keys", "voice"]
    confidence: float | None = None


class _Stage(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    pass


class AtNode(_Stage, frozen=True, kw_only=True):
    """At the current node, waiting for the caller or for the node's effect."""


class Confirming(_Stage, frozen=True, kw_only=True):
    """An answer was understood and is read back, to be confirmed."""

    keys: str
    said: Said


class SeekingPerson(_Stage, frozen=True, kw_only=True):
    """A person is sought; the shell will answer at once."""


class WithPerson(_Stage, frozen=True, kw_only=True):
    """A person is being rung or is talking with the caller."""

    person_id: str


class OfferingCallback(_Stage, frozen=True, kw_only=True):
    """Nobody is free: the caller is asked to choose between a callback and waiting."""


class WaitingInLine(_Stage, frozen=True, kw_only=True):
    """The caller chose to wait; `rounds` counts how often we have looked again."""

    rounds: int


class EnteringNumber(_Stage, frozen=True, kw_only=True):
    """The caller is asked for the number to call back."""


class ConfirmingNumber(_Stage, frozen=True, kw_only=True):
    """The number to call back is read out, to be confirmed."""

    number: str


class Booking(_Stage, frozen=True, kw_only=True):
    """The callback is being booked; the shell will answer at once."""

    number: str


class Ended(_Stage, frozen=True, kw_only=True):
    """The call has its outcome."""

    outcome: Literal["solved", "unsolved", "transferred", "callback", "abandoned", "failed"]


Stage = (
    AtNode
    | Confirming
    | SeekingPerson
    | WithPerson
    | OfferingCallback
    | WaitingInLine
    | EnteringNumber
    | ConfirmingNumber
    | Booking
    | Ended
)


class CallState(msgspec.Struct, frozen=True, kw_only=True):
    """The whole state of one call between two turns.

    `pending` is what is still to be spoken before the caller is listened to; `last_heard` is what the caller
    heard before the present question, so that "repeat" repeats the answer and not the question alone; `tried`
    names the people who could not take the call.
    """

    version: int = STATE_VERSION
    revision: str
    call_sid: str
    caller_number: str | None
    office_number: str
    started_at: datetime
    language: str
    speech: bool
    node: str
    stage: Stage = AtNode()
    misses: int = 0
    reason: str | None = None
    values: dict[str, str] = {}
    said: tuple[Said, ...] = ()
    path: tuple[str, ...] = ()
    pending: tuple[str, ...] = ()
    last_heard: tuple[str, ...] = ()
    tried: tuple[str, ...] = ()
    promise_id: str | None = None
