"""What the commands that hear a file share: its audio, the model, and what may be said in it."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated, Final

import typer

from ivr.commands.common import err
from speech import mulaw
from speech.digits import UNKNOWN_WORD, digit_words
from speech.errors import SpeechError
from speech.grammar import Digits, Grammar, unknown_words, vosk_phrases
from speech.models import Model
from speech.wav import KNOWN, WavError, read_wav

# How files of mu-law samples without any header are called.
RAW_SUFFIXES: Final = (".ul", ".ulaw", ".mulaw", ".raw", ".pcmu")
MOST_DIGITS: Final = 32
# With more words than this, a list of all of them is no list.
MOST_WORDS_LISTED: Final = 500

FileArgument = Annotated[Path, typer.Argument(metavar="FILE", help=f"A WAV file ({KNOWN}), or raw mu-law at 8 kHz.")]
ModelOption = Annotated[str | None, typer.Option(help="The model: its name or folder; else the first of SPEECH_MODEL.")]
PhrasesOption = Annotated[
    str | None, typer.Option(metavar="A,B,C", help="Listen for these phrases; else for every word of the model.")
]
DigitsOption = Annotated[bool, typer.Option("--digits", help="Listen for digits.")]
LengthOption = Annotated[
    int | None, typer.Option(min=1, max=MOST_DIGITS, help="With --digits: how many; else any number of them.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="As JSON, for programs.")]


class NoAudioError(SpeechError):
    """The file is missing, empty or no audio; the message says which, and what can be read."""

    code = "speech.no_audio"


class NothingToHearError(SpeechError):
    """The model knows nothing of what is to be listened for; the message says what."""

    code = "speech.nothing_to_hear"


def audio_of(path: Path) -> bytes:
    """Mu-law audio at 8 kHz of a file; raises `NoAudioError`."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise NoAudioError(f"{path} cannot be read: {error.strerror}") from None
    if not content:
        raise NoAudioError(f"{path} is empty")
    if content[:4] == b"RIFF":
        try:
            audio = read_wav(content)
        except WavError as error:
            raise NoAudioError(f"{path}: {error}") from None
        if not audio:
            raise NoAudioError(f"{path} holds no audio")
        return audio
    if path.suffix.lower() in RAW_SUFFIXES:
        return content
    raise NoAudioError(
        f"{path} is no audio that can be read: a WAV file ({KNOWN}), or mu-law samples at 8 kHz without a header in a "
        f"file that is called {', '.join('*' + suffix for suffix in RAW_SUFFIXES)}"
    )


def grammar_of(model: Model, phrases: str | None, *, digits: bool, length: int | None) -> Grammar:
    """What may be said: every phrase means itself. Raises `NothingToHearError` where the model knows none of it."""
    if length is not None and not digits:
        raise typer.BadParameter("it goes with --digits", param_hint="--length")
    language = model.language or ""
    listed = [" ".join(phrase.lower().split()) for phrase in (phrases or "").split(",") if phrase.strip()]
    if not listed and not digits:
        listed = model.words
    if digits and not digit_words(language):
        raise NothingToHearError(f"no digits are known for the language of {model.name} ({language or 'unknown'})")
    counts = Digits(min=length or 1, max=length or MOST_DIGITS) if digits else None
    grammar = Grammar(language=language, phrases={phrase: phrase for phrase in listed}, digits=counts)
    unknown = unknown_words(grammar, model.vocabulary)
    if unknown and vosk_phrases(grammar, model.vocabulary) == [UNKNOWN_WORD]:
        raise NothingToHearError(f"the model {model.name} knows none of this: {', '.join(unknown)}")
    if unknown:
        err.print(f"the model {model.name} does not know: {', '.join(unknown)}", markup=False, soft_wrap=True)
    return grammar


def listed_phrases(model: Model, grammar: Grammar) -> list[str]:
    """The recogniser's list; empty, for all that the model knows, where a list of all words would be too long."""
    if len(grammar.phrases) > MOST_WORDS_LISTED and grammar.digits is None:
        return []
    return vosk_phrases(grammar, model.vocabulary)


def seconds(ms: float) -> str:
    """Media time as it is printed."""
    return f"{ms / 1000:8.2f} s"


def duration_ms(audio: bytes) -> int:
    """How long mu-law audio is, rounded up."""
    return math.ceil(len(audio) / mulaw.BYTES_PER_MS)
