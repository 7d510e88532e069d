"""What a scripted person does on the phone: the steps of callers and agents, and the phones that agents own.

Scripts travel as JSON: every step is an object whose key `do` names it, e.g. `{"do": "press", "keys": "1"}`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

import msgspec

DEFAULT_HEAR_TIMEOUT_S: Final = 20.0


class Hear(msgspec.Struct, frozen=True, tag_field="do", tag="hear", forbid_unknown_fields=True):
    """Wait until a prompt that contains `text` has started to play to this person.

    Only prompts after the one that was matched last are looked at. Case and runs of white space do not
    matter. For a `<Play>` the text is its URL. What the person at the other end of a bridge or conference says
    counts as well. After `timeout_s` without it the script fails and the person hangs up.
    """

    text: str
    regex: bool = False
    timeout_s: float = DEFAULT_HEAR_TIMEOUT_S


class HearEnd(msgspec.Struct, frozen=True, tag_field="do", tag="hear_end", forbid_unknown_fields=True):
    """Wait until the prompt that contains `text` has been played to its end; one that was cut does not count.

    After `Hear` of the same prompt it waits for the end of that one.
    """

    text: str
    regex: bool = False
    timeout_s: float = DEFAULT_HEAR_TIMEOUT_S


class Wait(msgspec.Struct, frozen=True, tag_field="do", tag="wait", forbid_unknown_fields=True):
    """Do nothing for `ms` milliseconds of call time."""

    ms: int


class Say(msgspec.Struct, frozen=True, tag_field="do", tag="say", forbid_unknown_fields=True):
    """Speak `text` with a synthesised voice and wait until it is spoken.

    `voice` is one of eSpeak NG (`en-gb-scotland`, `en-gb+f3`), `rate_wpm` words per minute, `pitch` 0 to 99.
    """

    text: str
    voice: str = "en-gb-scotland"
    rate_wpm: int = 160
    pitch: int = 50


class Play(msgspec.Struct, frozen=True, tag_field="do", tag="play", forbid_unknown_fields=True):
    """Speak the WAV file at `path` (16-bit PCM or mu-law); `text` is what it says, for the log and `Hear`."""

    path: str
    text: str = ""


class Press(msgspec.Struct, frozen=True, tag_field="do", tag="press", forbid_unknown_fields=True):
    """Press `keys` (0-9, `*`, `#`, A-D) one after the other, `gap_ms` apart."""

    keys: str
    gap_ms: int = 120


class HangUp(msgspec.Struct, frozen=True, tag_field="do", tag="hang_up", forbid_unknown_fields=True):
    """End the call."""


class LoseLine(msgspec.Struct, frozen=True, tag_field="do", tag="lose_line", forbid_unknown_fields=True):
    """The line breaks: the call ends with the status `failed`, also in the middle of a talk."""


class Stay(msgspec.Struct, frozen=True, tag_field="do", tag="stay", forbid_unknown_fields=True):
    """Stay on the line until the other side ends the call. The end of a script means the same."""


Step = Hear | HearEnd | Wait | Say | Play | Press | HangUp | LoseLine | Stay

Kind = Literal["human", "machine", "fax", "unknown"]


class Answerer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who or what answers a phone, as machine detection hears it.

    `greeting_ms` is how long the first words last; None is the usual: 800 for a person, 6000 for a machine. `beeps`
    is about the end of a machine's greeting. `taken_for` is a wrong verdict on purpose, e.g. a human taken for a
    machine.
    """

    kind: Kind = "human"
    greeting_ms: int | None = None
    beeps: bool = True
    taken_for: Kind | None = None


Behaviour = Literal["answer", "busy", "no_answer", "failed"]


class Phone(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a phone takes one call: whether it answers, after how long, and what its owner does then.

    `answer_after_ms` is also the time until a busy signal or a failure.
    """

    behaviour: Behaviour = "answer"
    answer_after_ms: int = 500
    steps: tuple[Step, ...] = ()
    answerer: Answerer = Answerer()


def voicemail(greeting: str, *, answer_after_ms: int = 500, stays_ms: int = 20_000) -> Phone:
    """Return a phone that answers, plays its greeting, presses nothing and hangs up `stays_ms` later."""
    steps = (Say(greeting), Wait(stays_ms), HangUp())
    return Phone(answer_after_ms=answer_after_ms, steps=steps, answerer=Answerer("machine"))


def decode_steps(document: bytes | str) -> tuple[Step, ...]:
    """Read a script from JSON; raises `msgspec.ValidationError` with the path of the offending step."""
    return msgspec.json.decode(document, type=tuple[Step, ...])


def encode_steps(steps: Sequence[Step]) -> bytes:
    """Write a script as JSON, as `decode_steps` reads it."""
    return msgspec.json.encode(list(steps))
