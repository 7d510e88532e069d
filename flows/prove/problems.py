"""What a proof found, as problems of the flow's file."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from flows.document import Document
from flows.model import INSIDE
from flows.problems import Problem
from flows.prove.proof import Failure, Proof

# How many steps of the shortest call a message tells; the whole call is a test that `ivr flow prove` writes.
STEPS_TOLD: Final = 6


def problems_of(document: Document, proof: Proof) -> list[Problem]:
    """Each failure at the node where it shows; the rule is `proof:` and the name of the promise."""
    return [_problem(document, failure) for failure in proof.failures]


def _problem(document: Document, failure: Failure) -> Problem:
    subflow, _, name = failure.node.rpartition(INSIDE)
    path = ("subflows", subflow, "nodes", name) if subflow else ("nodes", name)
    line, column = document.where(path)
    return Problem(
        file=document.file,
        line=line,
        column=column,
        rule=f"proof:{failure.promise}",
        message=f'node "{failure.node}": {failure.message}; {told(failure)}',
        end_column=document.text.end_column(path),
    )


def told(failure: Failure) -> str:
    """The shortest call in a few words."""
    steps = [told_step(happening.event) for happening in failure.call]
    shown = [step for step in steps if step is not None][-STEPS_TOLD:]
    return f"the call: {', '.join(shown)}" if shown else "at the beginning of the call"


def told_step(event: object) -> str | None:
    """What happened in one step, as an operator would tell it; None for what is not worth telling."""
    return _TOLD[type(event).__name__](event)


_TOLD: Final[dict[str, Callable[[Any], str | None]]] = {
    "KeysPressed": lambda event: f"presses {event.keys}",
    "Heard": lambda event: f'says "{event.text}"' + ("" if event.sure else " indistinctly"),
    "NoMatch": lambda _: "says something else",
    "NoInput": lambda _: "stays silent",
    "AnswerLost": lambda _: "the answer is lost",
    "Recorded": lambda event: f"leaves a message of {event.duration_s} s",
    "HungUp": lambda _: "hangs up",
    "LookupFound": lambda _: "the lookup finds something",
    "LookupMissed": lambda _: "the lookup finds nothing",
    "LookupFailed": lambda _: "the lookup fails",
    "CallerRecognised": lambda event: None if event.promise is None else "a callback is booked",
    "SlotsKnown": lambda event: None if event.slots else "no time is free",
    "QueueKnown": lambda _: None,
    "TextSent": lambda _: "the text message is sent",
    "TextFailed": lambda _: "the text message cannot be sent",
    "PersonFound": lambda _: "a person is found",
    "NobodyFree": lambda _: "nobody is free",
    "TransferEnded": lambda event: "they talk" if event.talked else "the person does not answer",
    "CallbackPromised": lambda _: "the callback is booked",
    "PromiseCancelled": lambda _: "the callback is cancelled",
    "CallbackRefused": lambda _: "the callback cannot be booked",
    "SpeechChanged": lambda event: "speech comes back" if event.speech else "speech goes down",
    "Decided": lambda event: f"way {event.way + 1} out",
    "Failed": lambda _: "a fault",
    "Remembered": lambda _: "it was told in an earlier call",
    "EffortSpent": lambda _: "the caller's effort is spent",
}
