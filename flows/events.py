"""What happens to a call, in the past tense: the input of `advance`. Each event carries its instant."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

Value = str | int | float | bool | None


class _Event(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    at: datetime


class CallStarted(_Event, frozen=True, kw_only=True):
    """A caller dialled us. `caller_number` is None where it is withheld; `speech` lists the languages we can hear."""

    call_sid: str
    caller_number: str | None
    office_number: str
    speech: tuple[str, ...]


class SpeechChanged(_Event, frozen=True, kw_only=True):
    """Speech recognition came or went for this call; `speech` lists the languages that can be heard now."""

    speech: tuple[str, ...]


# ---------------------------------------------------------------- from the caller


class KeysPressed(_Event, frozen=True, kw_only=True):
    """The caller entered keys; never empty."""

    keys: str


class Heard(_Event, frozen=True, kw_only=True):
    """The caller said something that fits the turn's grammar; `keys` is what the same answer is on the keypad.

    `sure` is False where the recogniser doubts: the caller is then asked to confirm. `slots` are the values that an
    open question's sentence held, as the keys that they are on the keypad; `alternatives` is what it might have been.
    """

    keys: str
    text: str
    confidence: float
    sure: bool
    slots: dict[str, str] = {}
    alternatives: tuple[str, ...] = ()


class NoMatch(_Event, frozen=True, kw_only=True):
    """The caller said something that was not understood."""

    text: str
    alternatives: tuple[str, ...] = ()


class NoInput(_Event, frozen=True, kw_only=True):
    """The caller stayed silent for as long as we listened."""


class AnswerLost(_Event, frozen=True, kw_only=True):
    """The caller answered, and what they answered is gone: a sensitive answer is not kept over a fault."""


class Recorded(_Event, frozen=True, kw_only=True):
    """The caller left a message; `keys` is what ended it, where a key did."""

    url: str
    duration_s: int
    keys: str = ""


class HungUp(_Event, frozen=True, kw_only=True):
    """The caller hung up."""


# ---------------------------------------------------------------- from the shell


class LookupFound(_Event, frozen=True, kw_only=True):
    """The lookup found its row."""

    values: dict[str, Value]


class LookupMissed(_Event, frozen=True, kw_only=True):
    """The lookup worked and found nothing."""


class LookupFailed(_Event, frozen=True, kw_only=True):
    """The lookup could not be done."""


class OpenPromise(msgspec.Struct, frozen=True, kw_only=True):
    """A callback that is booked: until `by`, from `starts` on where it has a window; `words` as in CallbackPromised."""

    request_id: str
    queue: str
    number: str
    arrived_at: datetime
    by: datetime
    starts: datetime | None = None
    reason: str | None = None
    words: tuple[str, ...] = ()


class CallerRecognised(_Event, frozen=True, kw_only=True):
    """Who is calling: values that this number confirmed lately, none of them sensitive, and its open promise."""

    values: dict[str, Value] = {}
    promise: OpenPromise | None = None


class Slot(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """A window in which a callback can be promised."""

    starts: datetime
    ends: datetime


class SlotsKnown(_Event, frozen=True, kw_only=True):
    """Every window that can be promised, in order; there may be none, or hundreds."""

    slots: tuple[Slot, ...] = ()


class QueueKnown(_Event, frozen=True, kw_only=True):
    """How a queue stands now."""

    waiting: int
    free_agents: int
    wait_minutes: int


class TextSent(_Event, frozen=True, kw_only=True):
    """The text message is on its way."""


class TextFailed(_Event, frozen=True, kw_only=True):
    """The text message could not be sent."""


class PersonFound(_Event, frozen=True, kw_only=True):
    """A person was reserved for this call."""

    person_id: str
    person_number: str


class NobodyFree(_Event, frozen=True, kw_only=True):
    """Every person is busy, away, or spoken for by someone who has waited longer.

    `position` is the caller's place in line, 1 for the next one; the expected wait is a window in minutes. Each is
    None where nobody knows. `offers_callback` is False where no more callbacks can be promised.
    """

    position: int | None = None
    wait_from_minutes: int | None = None
    wait_to_minutes: int | None = None
    offers_callback: bool = True


class TransferEnded(_Event, frozen=True, kw_only=True):
    """The transfer is over; `talked` tells whether the caller and the person were ever joined."""

    talked: bool


class CallbackPromised(_Event, frozen=True, kw_only=True):
    """The callback is booked and on record, for the window up to `by`; `starts` is None for as soon as possible.

    `words` are what the return call will say first, in the caller's language; `moved` tells that an open promise got
    this time.
    """

    request_id: str
    by: datetime
    already_booked: bool
    starts: datetime | None = None
    words: tuple[str, ...] = ()
    moved: bool = False


class PromiseCancelled(_Event, frozen=True, kw_only=True):
    """The open promise was taken back."""


RefusalReason = Literal["number", "not_allowed", "own", "quota", "full", "closed", "gone", "store"]


class CallbackRefused(_Event, frozen=True, kw_only=True):
    """The callback could not be booked, moved or cancelled.

    | reason | what it means |
    |---|---|
    | number | this cannot be a telephone number |
    | not_allowed | its country or kind is not called, or whoever has it does not want to be called |
    | own | it is one of our own |
    | quota | too many promises for this caller or this number |
    | full | the time was given to somebody else meanwhile |
    | closed | no time can be kept |
    | gone | the promise is open no more |
    | store | it could not be put on record |
    """

    reason: RefusalReason


class Failed(_Event, frozen=True, kw_only=True):
    """Something at our end broke; the caller gets an apology and a person."""

    code: str


class Decided(_Event, frozen=True, kw_only=True):
    """The engine's own: this way out of a branch was decided for, counted from 0."""

    way: int


CallerEvent = KeysPressed | Heard | NoMatch | NoInput | AnswerLost | Recorded
Event = (
    CallStarted
    | SpeechChanged
    | KeysPressed
    | Heard
    | NoMatch
    | NoInput
    | AnswerLost
    | Recorded
    | HungUp
    | LookupFound
    | LookupMissed
    | LookupFailed
    | CallerRecognised
    | SlotsKnown
    | QueueKnown
    | TextSent
    | TextFailed
    | PersonFound
    | NobodyFree
    | TransferEnded
    | CallbackPromised
    | PromiseCancelled
    | CallbackRefused
    | Failed
)
