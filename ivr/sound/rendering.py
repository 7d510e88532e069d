"""Sound files as calls play them: texts that are spoken, and recordings, all as loud as each other, at 8 kHz."""

from __future__ import annotations

import hashlib
from typing import Final

import msgspec

from ivr.sound import espeak, levels, reading
from speech import wav
from speech.resample import resample

# To be raised whenever the same text or recording would come out in another way: sounds that were kept are made anew.
FORMAT: Final = 2
VOICES: Final = {"en": "en-gb", "ar": "ar", "fa": "fa"}
# Words a minute. Arabic words are long, and Persian listeners find the voice hard to follow.
RATES_WPM: Final = {"en": 160, "ar": 140, "fa": 150}
# Longer recordings are music: they are played as they are.
MOST_LEVELLED_S: Final = 120
# Of a text within the limit of characters; more is a text of no words.
MOST_SPOKEN_S: Final = 600


class Recipe(msgspec.Struct, frozen=True):
    """All that decides how a text comes out."""

    text: str
    language: str
    voice: str
    rate_wpm: int
    level_dbfs: float = levels.SPEECH_DBFS
    format: int = FORMAT


def key_of(text: str, language: str) -> str:
    """The name under which the sound of a text is kept: 64 hexadecimal digits."""
    recipe = Recipe(text=text, language=language, voice=VOICES[language], rate_wpm=RATES_WPM[language])
    return hashlib.sha256(msgspec.json.encode(recipe)).hexdigest()


def key_of_recording(content: bytes) -> str:
    """The name under which the telephone's form of a recording is kept."""
    how = f"recording {FORMAT} {levels.SPEECH_DBFS}\n".encode()
    return hashlib.sha256(how + content).hexdigest()


def spoken(engine: espeak.Engine, text: str, language: str) -> bytes:
    """The sound of a text as a WAV file; a text that says nothing is a moment of silence.

    Blocks; raises `espeak.VoiceError`.
    """
    if len(text) > reading.MAX_CHARACTERS:
        raise espeak.VoiceError(f"a text of {len(text):,} characters is too long to be spoken")
    pcm16 = bytearray()
    for part in reading.readings(text, language):
        samples, rate_hz = engine.speak(
            espeak.Speech(part.text, VOICES[part.language], RATES_WPM[part.language], phonemes=True)
        )
        if len(samples) > 2 * rate_hz * MOST_SPOKEN_S:
            raise espeak.VoiceError("a text would take more than ten minutes to say")
        pcm16 += resample(samples, rate_hz, levels.RATE_HZ)
    return wav.mono_wav(levels.telephone(bytes(pcm16)) or bytes(2 * levels.RATE_HZ * levels.TAIL_MS // 1000))


def recorded(content: bytes) -> bytes:
    """The telephone's form of a WAV file: mono, 8 kHz, trimmed, as loud as all; a long one stays as it is.

    Raises `wav.WavError` for a file that cannot be played, one without a sound too.
    """
    pcm16, rate_hz = wav.read_pcm16(content)
    if len(pcm16) > 2 * rate_hz * MOST_LEVELLED_S:
        return content
    made = levels.telephone(resample(pcm16, rate_hz, levels.RATE_HZ))
    if not made:
        raise wav.WavError("nothing is heard in it")
    return wav.mono_wav(made)


def recording_problem(content: bytes) -> str | None:
    """Why a WAV file cannot be played; None for one that can."""
    try:
        pcm16, _ = wav.read_pcm16(content)
    except wav.WavError as error:
        return str(error)
    return None if any(pcm16) else "nothing is heard in it"
