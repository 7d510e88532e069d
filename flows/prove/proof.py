"""What a proof says."""

from __future__ import annotations

from typing import Final

import msgspec

from flows.events import Decided, Event

# Each promise: what it is called, and what it says of every reachable state.
PROMISES: Final[dict[str, str]] = {
    "person-one-key-away": "one key leads to a person, or to the choice between waiting and a callback",
    "no-dead-end": "something is heard or done after every event, and the call can still end",
    "no-endless-loop": "nothing goes round and round without the caller",
    "keypad-alone": "whatever speech can reach, the keypad alone can reach, and finish",
    "exit-offered-soon": "the exit is offered within a minute of speech",
    "no-fault": "the engine never fails",
}


class EffortSpent(msgspec.Struct, frozen=True):
    """The caller has borne as much as the flow's budget allows."""


class Remembered(msgspec.Struct, frozen=True):
    """What is asked now was answered in an earlier call, and is asked about in fewer words."""


Happened = Event | Decided | EffortSpent | Remembered


class Happening(msgspec.Struct, frozen=True):
    """One step of a call: at which node, and what happened there."""

    node: str
    event: Happened


class Failure(msgspec.Struct, frozen=True):
    """A promise that does not hold, and the shortest call that shows it."""

    promise: str
    node: str
    message: str
    language: str
    speech: bool
    call: tuple[Happening, ...]


class Proof(msgspec.Struct, frozen=True):
    """What was explored, and what does not hold.

    `seconds_to_exit` is the most speech, in seconds, that a caller hears before the exit is offered; at `slowest_node`.
    """

    revision: str
    states: int
    transitions: int
    questions: int
    seconds_to_exit: float
    slowest_node: str
    failures: tuple[Failure, ...]

    @property
    def holds(self) -> bool:
        """Whether every promise holds."""
        return not self.failures
