"""Where a call stands: one serialisable value."""

from __future__ import annotations

from datetime import date, datetime
from typing import Final, Literal, Union

import msgspec

from flows.actions import Sound
from flows.events import OpenPromise, Slot, Value

STATE_VERSION: Final = 3


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


class Plan(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A callback that is being arranged.

    `slot` is the chosen window, None for as soon as possible. `agreed` tells that the caller has said yes to a
    callback: who hangs up then gets it all the same. `soon` tells that as soon as possible may be offered. `moves`
    tells that this is another time for the promise that they have; `at_start`, that the flow has not begun yet;
    `own_refused`, that the number which calls is not to be called. `number` is the other one that was keyed in, where
    the time for it has to be chosen again. `hours` names the opening hours of a node.
    """

    slot: Slot | None = None
    agreed: bool = False
    soon: bool = True
    moves: bool = False
    at_start: bool = False
    own_refused: bool = False
    number: str | None = None
    hours: str | None = None


# ---------------------------------------------------------------- stages


class _Stage(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    pass


class Recognising(_Stage, frozen=True, kw_only=True):
    """The call begins: the shell will answer at once who is calling."""


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
    day and the language in which they were given. `remembered` tells that it was given in an earlier call.
    """

    keys: str
    said: Said
    day: str | None = None
    over: AtNode | AskingSlot = AtNode()
    slots: dict[str, str] = {}
    remembered: bool = False


class OfferingPerson(_Stage, frozen=True, kw_only=True):
    """The call has become too much of an effort: a person is offered, or to go on with `over`."""

    over: AtNode | AskingSlot | Confirming = AtNode()


class SeekingPerson(_Stage, frozen=True, kw_only=True):
    """A person is sought; the shell will answer at once."""


class WithPerson(_Stage, frozen=True, kw_only=True):
    """A person is being rung or is talking with the caller."""

    person_id: str


class OfferingCallback(_Stage, frozen=True, kw_only=True):
    """Nobody is free: the caller is asked to choose between a callback and waiting.

    `times` tells whether a chosen time is offered as well; `kept` whether the callback is one that they have already;
    `position` is the place in line that they have heard.
    """

    times: bool = True
    kept: bool = False
    position: int | None = None


class WaitingInLine(_Stage, frozen=True, kw_only=True):
    """The caller waits; `rounds` counts how often we have looked again.

    `position` is their place as it was last known, `told` as they last heard it; 1 is next. `callback` tells whether
    a callback is offered, `kept` whether they have one already.
    """

    rounds: int
    position: int | None = None
    told: int | None = None
    callback: bool = True
    kept: bool = False


class AskingSlots(_Stage, frozen=True, kw_only=True):
    """The shell will answer at once which times can be promised; on `day` alone, where the caller has chosen one."""

    plan: Plan = Plan()
    day: date | None = None


class ChoosingDay(_Stage, frozen=True, kw_only=True):
    """The caller chooses the day of a callback; `page` counts from 0."""

    days: tuple[date, ...]
    page: int = 0
    plan: Plan = Plan()


class ChoosingPart(_Stage, frozen=True, kw_only=True):
    """The caller chooses a part of the day; `slots` are those of the whole day."""

    slots: tuple[Slot, ...]
    plan: Plan = Plan()


class ChoosingSlot(_Stage, frozen=True, kw_only=True):
    """The caller chooses a window; `of_day` tells that they have chosen its day."""

    slots: tuple[Slot, ...]
    page: int = 0
    of_day: bool = False
    plan: Plan = Plan()


class EnteringNumber(_Stage, frozen=True, kw_only=True):
    """The caller is asked for the number to call back."""

    plan: Plan = Plan()


class ConfirmingNumber(_Stage, frozen=True, kw_only=True):
    """The number to call back is read out, to be confirmed."""

    number: str
    plan: Plan = Plan()


class Booking(_Stage, frozen=True, kw_only=True):
    """The callback is being booked; the shell will answer at once."""

    number: str
    plan: Plan = Plan()


class TellingPromise(_Stage, frozen=True, kw_only=True):
    """The caller is told which callback they have: keep, move or cancel it, or speak now.

    `at_start` tells that the flow has not begun yet.
    """

    at_start: bool = False


class ConfirmingCancel(_Stage, frozen=True, kw_only=True):
    """The caller is asked whether the callback is to be cancelled indeed."""

    at_start: bool = False


class Cancelling(_Stage, frozen=True, kw_only=True):
    """The callback is being cancelled; the shell will answer at once."""

    at_start: bool = False


class Moving(_Stage, frozen=True, kw_only=True):
    """The callback gets another time; the shell will answer at once."""

    plan: Plan


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
    | ChoosingDay
    | ChoosingPart
    | ChoosingSlot
    | EnteringNumber
    | ConfirmingNumber
    | TellingPromise
    | ConfirmingCancel
)


class ChoosingLanguage(_Stage, frozen=True, kw_only=True):
    """The caller chooses a language; `over` is what goes on afterwards, None at the beginning of a call."""

    over: Question | None = None


class Helping(_Stage, frozen=True, kw_only=True):
    """The universal words are explained; each has a key here. `over` is the question that goes on afterwards."""

    over: Question


Stage = Union[  # noqa: UP007
    Question,
    ChoosingLanguage,
    Helping,
    Recognising,
    SeekingPerson,
    WithPerson,
    AskingSlots,
    Booking,
    Moving,
    Cancelling,
    Ended,
]

# The stages of the way to a person: the engine's own, the same at every node and in every flow.
ON_THE_WAY: Final = (
    SeekingPerson,
    WithPerson,
    OfferingCallback,
    WaitingInLine,
    AskingSlots,
    ChoosingDay,
    ChoosingPart,
    ChoosingSlot,
    EnteringNumber,
    ConfirmingNumber,
    Booking,
    TellingPromise,
    ConfirmingCancel,
    Cancelling,
    Moving,
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
    what a transfer asked for. `topic` is what the call is about, by the name of a node or intent. `remembered` names
    the values that are known from an earlier call alone. `promise` is the open callback of this caller, `promise_id`
    the one that was booked, moved or kept in this call; `in_its_place` tells that they take the promise's place now.
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
    topic: str | None = None
    values: dict[str, Value] = {}
    remembered: tuple[str, ...] = ()
    said: tuple[Said, ...] = ()
    path: tuple[str, ...] = ()
    trail: tuple[Visit, ...] = ()
    pending: tuple[Sound, ...] = ()
    last_heard: tuple[Sound, ...] = ()
    queue: str
    person_id: str | None = None
    whisper: str | None = None
    tried: tuple[str, ...] = ()
    promise: OpenPromise | None = None
    promise_id: str | None = None
    in_its_place: bool = False

    @property
    def misses(self) -> int:
        """How often in a row the present question was not answered."""
        return self.silences + self.mismatches
