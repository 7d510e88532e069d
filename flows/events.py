"""What happens to a call, in the past tense: the input of `advance`. Each event carries its instant."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec


class _Event(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    at: datetime


class CallStarted(_Event, frozen=True, kw_only=True):
    """A caller dialled us. `caller_number` is None where it is withheld."""

    call_sid: str
    caller_number: str | None
    office_number: str
    speech: bool


class SpeechChanged(_Event, frozen=True, kw_only=True):
    """Speech recognition came or went for this call."""

    available: bool


class KeysPressed(_Event, frozen=True, kw_only=True):
    """The caller entered keys; never empty."""

    keys: str


class Heard(_Event, frozen=True, kw_only=True):
    """The caller said something that fits the turn's grammar; `keys` is what the same answer is on the keypad.

    `sure` is False where the recogniser doubts: the caller is then asked to confirm.
    """

    keys: str
    text: str
    confidence: float
    sure: bool


class NoMatch(_Event, frozen=True, kw_only=True):
    """The caller said something that was not understood."""

    text: str


class NoInput(_Event, frozen=True, kw_only=True):
    """The caller stayed silent for as long as we listened."""


class LookupFound(_Event, frozen=True, kw_only=True):
    """The lookup found its row."""

    values: dict[str, str]


class LookupMissed(_Event, frozen=True, kw_only=True):
    """The lookup worked and found nothing."""


class LookupFailed(_Event, frozen=True, kw_only=True):
    """The lookup could not be done."""


class PersonFound(_Event, frozen=True, kw_only=True):
    """A person was reserved for this call."""

    person_id: str
    person_number: str


class NobodyFree(_Event, frozen=True, kw_only=True):
    """Every person is busy, away, or spoken for by someone who has waited longer."""


class TransferEnded(_Event, frozen=True, kw_only=True):
    """The transfer is over; `talked` tells whether the caller and the person were ever joined."""

    talked: bool


class CallbackPromised(_Event, frozen=True, kw_only=True):
    """The callback is booked and on record; `by` is the promised end of its window."""

    request_id: str
    by: datetime
    already_booked: bool


class CallbackRefused(_Event, frozen=True, kw_only=True):
    """The callback could not be booked."""

    reason: Literal["number", "store"]


class HungUp(_Event, frozen=True, kw_only=True):
    """The caller hung up."""


class Failed(_Event, frozen=True, kw_only=True):
    """Something at our end broke; the caller gets an apology and a person."""

    code: str


Event = (
    CallStarted
    | SpeechChanged
    | KeysPressed
    | Heard
    | NoMatch
    | NoInput
    | LookupFound
    | LookupMissed
    | LookupFailed
    | PersonFound
    | NobodyFree
    | TransferEnded
    | CallbackPromised
    | CallbackRefused
    | HungUp
    | Failed
)
