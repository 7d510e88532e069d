"""Works out from the event log how long a caller waited for an answer."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from ivr.localcarrier.wire import Event

_DOCUMENTS = {"answer", "gather", "redirect", "update", "dial", "fallback"}


class TurnLatency(msgspec.Struct, frozen=True):
    """The wait after one utterance of the caller: from the end of its sound to what followed.

    `to_document_s`: until the next document had arrived; `to_prompt_s`: until its first prompt began to play.
    None: nothing of the kind followed before the caller spoke again.
    """

    text: str
    to_document_s: float | None
    to_prompt_s: float | None


def turn_latencies(events: Iterable[Event], call_sid: str) -> list[TurnLatency]:
    """Return one entry for each utterance of the person on this leg, in order.

    A prompt that begins before a new document has arrived belongs to the turn before, and does not count.
    """
    found: list[TurnLatency] = []
    spoken: Event | None = None
    document: Event | None = None
    prompt: Event | None = None

    def close() -> None:
        if spoken is not None:
            waits = [None if event is None else event.at - spoken.at for event in (document, prompt)]
            found.append(TurnLatency(str(spoken["text"]), waits[0], waits[1]))

    for event in events:
        if event.call_sid != call_sid:
            continue
        if event.kind == "speech_ended":
            close()
            spoken, document, prompt = event, None, None
        elif spoken is None or prompt is not None:
            continue
        elif event.kind == "webhook_response" and event["purpose"] in _DOCUMENTS and document is None:
            document = event
        elif event.kind == "prompt_started" and document is not None:
            prompt = event
    close()
    return found
