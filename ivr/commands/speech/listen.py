"""`ivr speech listen`: a file heard as a live call would be, with its events."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Annotated, Final

import msgspec
import typer

from ivr.commands.common import out
from ivr.commands.speech.common import model_named, told
from ivr.commands.speech.hearing import (
    DigitsOption,
    FileArgument,
    JsonOption,
    LengthOption,
    ModelOption,
    PhrasesOption,
    audio_of,
    grammar_of,
    listed_phrases,
    seconds,
)
from speech import mulaw
from speech.doubt import doubt_of
from speech.echo import EchoGate
from speech.endpointing import DEFAULT_END_OF_SPEECH_MS, NoiseFloor, SpeechStarted, timers_for
from speech.grammar import Grammar
from speech.listening import (
    Dismissed,
    Event,
    Finished,
    Listener,
    PartialHeard,
    hear,
    hear_end,
    interpreter,
)
from speech.models import Model
from speech.recognition import Heard, Hypothesis

# As the media process cuts a call's audio.
CHUNK_MS: Final = 100
CHUNK_BYTES: Final = CHUNK_MS * mulaw.BYTES_PER_MS


def register(app: typer.Typer) -> None:
    """Add the command to its group."""
    app.command()(listen)


def listen(
    file: FileArgument,
    model: ModelOption = None,
    phrases: PhrasesOption = None,
    *,
    digits: DigitsOption = False,
    length: LengthOption = None,
    realtime: Annotated[bool, typer.Option("--realtime", help="As fast as it is spoken.")] = False,
    prompt_ms: Annotated[
        int, typer.Option(metavar="MS", min=0, help="A prompt plays for so long at first, and its echo is no speech.")
    ] = 0,
    end_of_speech_ms: Annotated[
        int, typer.Option(metavar="MS", min=100, max=10_000, help="The silence that ends a sentence.")
    ] = DEFAULT_END_OF_SPEECH_MS,
    as_json: JsonOption = False,
) -> None:
    """Hear a file as a live call is heard, and print the events with their media times, in JSON one a line.

    After each answer the next one is listened for, as in a call where every turn asks the same.
    """
    with told():
        audio = audio_of(file)
        found = model_named(model)
        grammar = grammar_of(found, phrases, digits=digits, length=length)
        ear = _Ear(found, listed_phrases(found, grammar))

    async def run() -> None:
        async for event in events_of(
            found, grammar, ear, audio, prompt_ms=prompt_ms, end_of_speech_ms=end_of_speech_ms, realtime=realtime
        ):
            if as_json:
                typer.echo(msgspec.json.encode(event).decode())
            else:
                out.print(told_as(event), markup=False, soft_wrap=True)

    asyncio.run(run())


class _Ear:
    """A recogniser of this process."""

    def __init__(self, model: Model, phrases: list[str]) -> None:
        from speech.vosk_recogniser import Recogniser, load_model

        self._recogniser = Recogniser(load_model(model.path), phrases)

    async def feed(self, media_ms: int, mulaw: bytes) -> Heard:
        return self._recogniser.feed(media_ms, mulaw)

    async def finish(self) -> list[Hypothesis]:
        return self._recogniser.finish()


async def events_of(
    model: Model,
    grammar: Grammar,
    ear: _Ear,
    audio: bytes,
    *,
    prompt_ms: int,
    end_of_speech_ms: int,
    realtime: bool,
) -> AsyncIterator[Event]:
    """The events of mu-law audio, as they come."""
    noise, echo, timers = NoiseFloor(), EchoGate(), timers_for(end_of_speech_ms)
    interpret = interpreter(doubt_of(model.card.doubt))

    def new_listener(left_ms: int) -> Listener:
        return Listener(grammar, interpret=interpret, timers=timers, noise=noise, echo=echo, prompt_ms=max(0, left_ms))

    listener = new_listener(prompt_ms)
    began_s = time.monotonic()
    for at in range(0, len(audio), CHUNK_BYTES):
        piece = audio[at : at + CHUNK_BYTES]
        at_ms = at // mulaw.BYTES_PER_MS
        if realtime:
            # It has been spoken when its last sample has come.
            await asyncio.sleep(max(0.0, (at_ms + CHUNK_MS) / 1000 - (time.monotonic() - began_s)))
        for event in await hear(listener, ear, at_ms, piece):
            yield event
        if listener.wants == "nothing":
            listener = new_listener(prompt_ms - at_ms - CHUNK_MS)
    for event in await hear_end(listener, ear):
        yield event


def told_as(event: Event) -> str:
    """An event as a line for people; the time is when it was known."""
    if isinstance(event, Finished):
        found = event.interpretation
        meant = f"{found.intent} {found.value or ''}".strip() if found.intent is not None else "not understood"
        when = f"from {event.speech_started_ms} to {event.speech_ended_ms} ms"
        waited_ms = event.committed_ms - event.speech_ended_ms
        others = f"; or: {', '.join(event.alternatives)}" if event.alternatives else ""
        return (
            f"{seconds(event.at_ms)}  answer: {meant} ({found.band}, {found.confidence:.2f}): {found.text!r} {when}, "
            f"known {waited_ms} ms later ({event.reason}){others}"
        )
    if isinstance(event, SpeechStarted):
        return f"{seconds(event.at_ms)}  speech began"
    if isinstance(event, PartialHeard):
        return f"{seconds(event.at_ms)}  heard so far: {' '.join(event.words)}"
    if isinstance(event, Dismissed):
        return f"{seconds(event.at_ms)}  no answer: {event.why}, from {event.speech_started_ms} ms"
    return f"{seconds(event.at_ms)}  end of the audio"
