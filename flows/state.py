"""Where a call stands: one serialisable value."""

from __future__ import annotations

from datetime import datetime
from typing import Final, Literal, Union

import msgspec

from flows.actions import Sound
from flows.events import Value

STATE_VERSION: Final = 2


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """Something the caller told us: the agent reads it, and nobody asks for it again."""

    node: str
    text: str
    by: Literal["keys", "voice"]
    confidence: float | None = None


class Frame(msgspec.Struct, frozen=True, kw_only=True):
    """A subflow that is running: the node that called it, and what its parameters are."""

    node: str
    parameters: dict[str, Value]


class Visit(msgspec.Struct, frozen=True, kw_only=True):
    """A question that was asked, for "back"."""

    node: str
    frames: tuple[Frame, ...] = ()


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """A time in which a callback can be booked."""

    starts: datetime
    ends: datetime


# ---------------------------------------------------------------- stages


class _Stage(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    pass


class AtNode(_Stage, frozen=True, kw_only=True):
    """At the current node, waiting for the caller or for the node's effect."""


class AskingSlot(_Stage, frozen=True, kw_only=True):
    """At an open question whose intent is known, asking for a value that it needs.

    `given` is what the sentence said already about the slots that are still to come, as keys.
    """

    intent: str
    slot: str
    given: dict[str, str] = {}


class Confirming(_Stage, frozen=True, kw_only=True):
    """An answer was understood and is read back, to be confirmed; `over` is where it was given.

    `slots` is what else the sentence said; `day` is the ISO date that the keys of a date mean, which depends on the
    day and the language in which they were given.
    """

    keys: str
    said: Said
    day: str | None = None
    over: AtNode | AskingSlot = AtNode()
    slots: dict[str, str] = {}


class OfferingPerson(_Stage, frozen=True, kw_only=True):
    """The call has become too much of an effort: a person is offered, or to go on with `over`."""

    over: AtNode | AskingSlot | Confirming = AtNode()


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


class ChoosingWindow(_Stage, frozen=True, kw_only=True):
    """The caller chooses the time of a callback."""

    windows: tuple[Window, ...]


class EnteringNumber(_Stage, frozen=True, kw_only=True):
    """The caller is asked for the number to call back."""

    window: Window | None = None


class ConfirmingNumber(_Stage, frozen=True, kw_only=True):
    """The number to call back is read out, to be confirmed."""

    number: str
    window: Window | None = None


class Booking(_Stage, frozen=True, kw_only=True):
    """The callback is being booked; the shell will answer at once."""

    number: str
    window: Window | None = None


class Ended(_Stage, frozen=True, kw_only=True):
    """The call has its outcome."""

    outcome: Literal["solved", "unsolved", "transferred", "callback", "abandoned", "failed"]


Question = (
    AtNode
    | AskingSlot
    | Confirming
    | OfferingPerson
    | OfferingCallback
    | WaitingInLine
    | ChoosingWindow
    | EnteringNumber
    | ConfirmingNumber
)


class ChoosingLanguage(_Stage, frozen=True, kw_only=True):
    """The caller chooses a language; `over` is what goes on afterwards, None at the beginning of a call."""

    over: Question | None = None


class Helping(_Stage, frozen=True, kw_only=True):
    """The universal words are explained; each has a key here. `over` is the question that goes on afterwards."""

    over: Question


Stage = Union[Question, ChoosingLanguage, Helping, SeekingPerson, WithPerson, Booking, Ended]  # noqa: UP007

# The stages of the way to a person: the engine's own, the same at every node and in every flow.
ON_THE_WAY: Final = (
    SeekingPerson,
    WithPerson,
    OfferingCallback,
    WaitingInLine,
    ChoosingWindow,
    EnteringNumber,
    ConfirmingNumber,
    Booking,
)


def beneath(stage: Stage) -> Stage:
    """The stage over which help is given or a language is chosen; else the stage itself."""
    while isinstance(stage, Helping | ChoosingLanguage) and stage.over is not None:
        stage = stage.over
    return stage


class Spent(msgspec.Struct, frozen=True, kw_only=True):
    """The caller's effort since a person was last offered."""

    since: datetime
    errors: int = 0
    repeats: int = 0


class CallState(msgspec.Struct, frozen=True, kw_only=True):
    """The whole state of one call between two turns.

    `at` is the instant of the last event. `silences` and `mismatches` count at the present question, and `missed` is
    the last of them. `pending` is what is still to be spoken before the caller is listened to; `last_heard` is what
    the caller heard before the present question was first asked, so that "repeat" repeats the answer and not the
    question alone; `trail` is the questions so far, for "back"; `keyed_at` is when several keys were last taken for an
    answer; `walked` is how far the call went since the caller
    last did something; `tried` names the people who could not take the call; `queue`, `person_id` and `whisper` are
    what a transfer asked for.
    """

    version: int = STATE_VERSION
    revision: str
    call_sid: str
    caller_number: str | None
    office_number: str
    started_at: datetime
    at: datetime
    language: str
    speech: tuple[str, ...]
    node: str
    stage: Stage = AtNode()
    frames: tuple[Frame, ...] = ()
    silences: int = 0
    mismatches: int = 0
    missed: Literal["no_input", "no_match"] | None = None
    spent: Spent
    walked: int = 0
    keyed_at: datetime | None = None
    reason: str | None = None
    values: dict[str, Value] = {}
    said: tuple[Said, ...] = ()
    path: tuple[str, ...] = ()
    trail: tuple[Visit, ...] = ()
    pending: tuple[Sound, ...] = ()
    last_heard: tuple[Sound, ...] = ()
    queue: str
    person_id: str | None = None
    whisper: str | None = None
    tried: tuple[str, ...] = ()
    promise_id: str | None = None

    @property
    def misses(self) -> int:
        """How often in a row the present question was not answered."""
        return self.silences + self.mismatches
