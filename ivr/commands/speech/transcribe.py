"""`ivr speech transcribe`: what is said in a file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

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
    duration_ms,
    grammar_of,
    listed_phrases,
    seconds,
)
from speech import mulaw
from speech.digits import to_digits
from speech.grammar import Grammar
from speech.recognition import Hypothesis

CHUNK_BYTES: Final = 100 * mulaw.BYTES_PER_MS
# A long file is cut where no word has come for a second, or else by force: a recogniser keeps a minute's words.
CUT_FROM_MS: Final = 20_000
CUT_AT_MS: Final = 50_000
PAUSE_MS: Final = 1000


class Transcript(msgspec.Struct, frozen=True, kw_only=True):
    """What is said in a file; `digits` is None where it is no number, and `pieces` has what else each may be."""

    file: str
    model: str
    duration_ms: int
    text: str
    digits: str | None
    pieces: list[tuple[Hypothesis, ...]]


def register(app: typer.Typer) -> None:
    """Add the command to its group."""
    app.command()(transcribe)


def transcribe(
    file: FileArgument,
    model: ModelOption = None,
    phrases: PhrasesOption = None,
    *,
    digits: DigitsOption = False,
    length: LengthOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print the words that are said in a file, with their times and how sure the recogniser is of each."""
    with told():
        audio = audio_of(file)
        found = model_named(model)
        grammar = grammar_of(found, phrases, digits=digits, length=length)
        pieces = list(heard_in(found.path, listed_phrases(found, grammar), audio))
    transcript = _transcript(file, found.name, grammar, audio, pieces)
    if as_json:
        typer.echo(msgspec.json.encode(transcript).decode())
    else:
        _print(transcript)


def heard_in(model_dir: Path, phrases: Sequence[str], audio: bytes) -> Iterator[tuple[Hypothesis, ...]]:
    """What may be said in each piece of mu-law audio, the likeliest first; pieces without any word are left out."""
    from speech.vosk_recogniser import Recogniser, load_model

    recogniser = Recogniser(load_model(model_dir), phrases)
    began_ms = changed_ms = 0
    words: list[str] = []
    for at in range(0, len(audio), CHUNK_BYTES):
        now_ms = (at + CHUNK_BYTES) // mulaw.BYTES_PER_MS
        heard = recogniser.feed(at // mulaw.BYTES_PER_MS, audio[at : at + CHUNK_BYTES]).words
        if heard != words:
            words, changed_ms = heard, now_ms
        pause = now_ms - began_ms > CUT_FROM_MS and now_ms - changed_ms > PAUSE_MS
        if pause or now_ms - began_ms > CUT_AT_MS:
            yield from _said(recogniser.finish())
            words, began_ms, changed_ms = [], now_ms, now_ms
    yield from _said(recogniser.finish())


def _said(hypotheses: list[Hypothesis]) -> Iterator[tuple[Hypothesis, ...]]:
    if hypotheses:
        yield tuple(hypotheses)


def _transcript(
    file: Path, model: str, grammar: Grammar, audio: bytes, pieces: list[tuple[Hypothesis, ...]]
) -> Transcript:
    words = [word.text for piece in pieces for word in piece[0].words]
    return Transcript(
        file=str(file),
        model=model,
        duration_ms=duration_ms(audio),
        text=" ".join(words),
        digits=_digits(grammar, words, pieces),
        pieces=pieces,
    )


def _digits(grammar: Grammar, words: Sequence[str], pieces: Sequence[tuple[Hypothesis, ...]]) -> str | None:
    """The digits that the words say; where it is known how many there are, the likeliest number of so many."""
    said = to_digits(grammar.language, words)
    count = grammar.digits.min if grammar.digits is not None and grammar.digits.min == grammar.digits.max else None
    if count is None or (said is not None and len(said) == count):
        return said
    others = pieces[0] if len(pieces) == 1 else ()
    numbers = (to_digits(grammar.language, [word.text for word in other.words]) for other in others)
    return next((number for number in numbers if number is not None and len(number) == count), None)


def _print(transcript: Transcript) -> None:
    out.print(transcript.text or "no word was heard", markup=False, soft_wrap=True)
    if transcript.digits is not None:
        out.print(f"as digits: {transcript.digits}", markup=False, soft_wrap=True)
    for piece in transcript.pieces:
        for word in piece[0].words:
            out.print(
                f"{seconds(word.start_ms)} {seconds(word.end_ms)}  {word.confidence:4.2f}  {word.text}", markup=False
            )
        for other in piece[1:]:
            text = " ".join(word.text for word in other.words) or "no word"
            out.print(f"{'or, by':>21} {other.score - piece[0].score:5.1f}  {text}", markup=False, soft_wrap=True)
