"""What a call does next, in the imperative: verbs that the caller perceives, and effects that the shell performs."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec


class _Action(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    pass


# ---------------------------------------------------------------- verbs


class Say(_Action, frozen=True, kw_only=True):
    """Speak a text."""

    text: str
    language: str


class DigitRange(msgspec.Struct, frozen=True, kw_only=True):
    """How many spoken digits fit."""

    min: int
    max: int


class Grammar(msgspec.Struct, frozen=True, kw_only=True):
    """What may be said at this turn: phrase -> the key that it stands for, and whether a number of digits fits."""

    language: str
    phrases: dict[str, str]
    digits: DigitRange | None = None


class Collect(_Action, frozen=True, kw_only=True):
    """Speak a prompt that can be interrupted, and listen for keys and, where `grammar` is set, for speech.

    `max_keys` ends the input at once when reached; `timeout_s` counts from the end of the prompt, and from key to key.
    """

    prompts: tuple[Say, ...]
    max_keys: int
    timeout_s: int
    grammar: Grammar | None


class Transfer(_Action, frozen=True, kw_only=True):
    """Ring a person, brief them, and join the two when they accept."""

    person_id: str
    person_number: str


class Hangup(_Action, frozen=True, kw_only=True):
    """End the call."""


# ---------------------------------------------------------------- effects


class Lookup(_Action, frozen=True, kw_only=True):
    """Find the row of `file` whose columns equal `where`; answers LookupFound, LookupMissed or LookupFailed."""

    file: str
    where: dict[str, str]
    save: dict[str, str]


class SeekPerson(_Action, frozen=True, kw_only=True):
    """Reserve a person for this call; answers PersonFound or NobodyFree.

    `waiting` keeps the place in line; `tried` names the people who missed this call already.
    """

    queue: str
    waiting: bool
    arrived_at: datetime
    tried: tuple[str, ...]


class RequestCallback(_Action, frozen=True, kw_only=True):
    """Book a callback; answers CallbackPromised or CallbackRefused."""

    queue: str
    number: str
    arrived_at: datetime
    dossier: dict[str, Any]


class LeaveLine(_Action, frozen=True, kw_only=True):
    """Give up the place in line that `SeekPerson` kept; answers nothing."""

    queue: str


Verb = Say | Collect | Transfer | Hangup
Effect = Lookup | SeekPerson | RequestCallback | LeaveLine
Action = Verb | Effect
