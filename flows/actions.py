"""What a call does next, in the imperative: verbs that the caller perceives, and effects that the shell performs."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from flows.events import Value
from flows.expressions import QueueState
from flows.sources import Source


class _Action(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    pass


# ---------------------------------------------------------------- verbs


class Say(_Action, frozen=True, kw_only=True):
    """Speak a text."""

    text: str
    language: str


class Play(_Action, frozen=True, kw_only=True):
    """Play a recorded prompt: a file of the flow or an https address; `text` is what it says."""

    audio: str
    text: str
    language: str


Sound = Say | Play


class DigitRange(msgspec.Struct, frozen=True, kw_only=True):
    """How many spoken digits fit."""

    min: int
    max: int


class Grammar(msgspec.Struct, frozen=True, kw_only=True):
    """What may be said at this turn: phrase -> the keys that it stands for, and whether a number of digits fits.

    `examples` are the sentences of an open question, `{slot}` marks and all: sentence -> keys.
    """

    language: str
    phrases: dict[str, str]
    digits: DigitRange | None = None
    examples: dict[str, str] = {}
    end_of_speech_ms: int = 800


class Collect(_Action, frozen=True, kw_only=True):
    """Speak a prompt that can be interrupted, and listen for keys and, where `grammar` is set, for speech.

    `max_keys` ends the input at once when reached. The no-input clock runs from the end of the prompt, the other one
    from key to key. A `sensitive` answer must not be stored, logged or traced.
    """

    prompts: tuple[Sound, ...]
    max_keys: int
    no_input_s: int
    between_digits_s: int
    grammar: Grammar | None
    sensitive: bool = False


class Record(_Action, frozen=True, kw_only=True):
    """Speak a prompt and record a message; any key ends it."""

    prompts: tuple[Sound, ...]
    max_s: int
    no_input_s: int


class Transfer(_Action, frozen=True, kw_only=True):
    """Ring a person, brief them, and join the two when they accept."""

    person_id: str
    person_number: str
    whisper: str | None = None


class Hangup(_Action, frozen=True, kw_only=True):
    """End the call."""


# ---------------------------------------------------------------- effects


class Lookup(_Action, frozen=True, kw_only=True):
    """Look in `source` for what fits `where`, and answer with the values of `save` (value -> column or path).

    Answers LookupFound, LookupMissed or LookupFailed.
    """

    source: Source
    where: dict[str, Value]
    save: dict[str, str]
    timeout_s: float


class AskQueue(_Action, frozen=True, kw_only=True):
    """How does a queue stand; answers QueueKnown."""

    queue: str


class SendText(_Action, frozen=True, kw_only=True):
    """Send a text message; answers TextSent or TextFailed."""

    number: str
    text: str


class RecogniseCaller(_Action, frozen=True, kw_only=True):
    """Who is calling: what this number has confirmed lately, and what it is promised; answers CallerRecognised.

    The first effect of a call whose number is known. A dial that is pending for this number is withdrawn.
    """

    number: str


class AskSlots(_Action, frozen=True, kw_only=True):
    """Which windows can be promised in a queue and a language; answers SlotsKnown.

    `since` is the earliest instant at which one may start; None for as soon as there is any. `number` is the one that
    will be called, as far as it is known: its own clock counts too.
    """

    queue: str
    language: str
    since: datetime | None = None
    number: str | None = None


class SeekPerson(_Action, frozen=True, kw_only=True):
    """Reserve a person for this call; answers PersonFound or NobodyFree.

    With `person_id`, that agent alone. `waiting` keeps the place in line; `tried` names the people who missed this
    call already. The place counts from `arrived_at`, less `head_start_s`, which the rule `priority` gives.
    `promise_id` is the open promise whose place this caller takes: `arrived_at` is that promise's then.
    """

    queue: str
    language: str
    waiting: bool
    arrived_at: datetime
    tried: tuple[str, ...]
    person_id: str | None = None
    head_start_s: int = 0
    priority: str | None = None
    promise_id: str | None = None


class RequestCallback(_Action, frozen=True, kw_only=True):
    """Book a callback, between `starts` and `ends` or as soon as possible.

    A number has one open promise for each `topic`. `caller_number` is who asks, None where it is withheld;
    `own_number` tells whether that is also the number to be called. Answers CallbackPromised or CallbackRefused.
    """

    queue: str
    language: str
    topic: str
    number: str
    caller_number: str | None
    own_number: bool
    arrived_at: datetime
    dossier: dict[str, Any]
    starts: datetime | None = None
    ends: datetime | None = None
    head_start_s: int = 0
    priority: str | None = None


class MovePromise(_Action, frozen=True, kw_only=True):
    """Give an open promise another window, None and None for as soon as possible.

    Answers CallbackPromised with `moved`, or CallbackRefused.
    """

    request_id: str
    starts: datetime | None = None
    ends: datetime | None = None


class CancelPromise(_Action, frozen=True, kw_only=True):
    """Take back an open promise; answers PromiseCancelled, or CallbackRefused where it is open no more."""

    request_id: str


class LeaveLine(_Action, frozen=True, kw_only=True):
    """Give up the place in line that `SeekPerson` kept; answers nothing."""

    queue: str


class Decide(_Action, frozen=True, kw_only=True):
    """Which way out of the present node? Answered within the engine, by expressions; a proof answers with every way.

    `queue` is how the queue stands that the expressions speak of.
    """

    queue: QueueState | None = None


Verb = Say | Play | Collect | Record | Transfer | Hangup
Effect = (
    Lookup
    | AskQueue
    | SendText
    | RecogniseCaller
    | AskSlots
    | SeekPerson
    | RequestCallback
    | MovePromise
    | CancelPromise
    | LeaveLine
)
Action = Verb | Effect | Decide
