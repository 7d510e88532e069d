"""Speech from eSpeak NG: the `espeak-ng` command, else the library of the optional `espeakng_loader` package.

Both run outside this process: a native crash costs one prompt, never the carrier.
"""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
import threading
from typing import Final, Protocol

import msgspec

from speech.resample import resample
from speech.wav import WavError, read_pcm16

RATE_HZ: Final = 8000
DEFAULT_RATE_WPM: Final = 165
_TIMEOUT_S: Final = 20.0
# What to do where there is no engine.
MISSING: Final = "install espeak-ng (apt-get install espeak-ng), or zerohold[espeak-gpl]"

# What the vendor's voices and languages are nearest to in eSpeak NG.
_LANGUAGES: Final = {"arb": "ar", "ar-ae": "ar", "ar-xa": "ar", "en-gb": "en-gb", "en-us": "en-us"}
_WOMEN: Final = ("woman", "alice", "joanna", "salli", "amy", "emma", "ruth", "zeina", "hala", "olivia", "niamh")


class VoiceError(Exception):
    """The engine failed to speak; the next prompt may well succeed."""

    code = "voice"
    retryable = True


class Speech(msgspec.Struct, frozen=True):
    """What to speak; `voice` is one of eSpeak NG, `pitch` is 0 to 99.

    With `phonemes`, what stands in `[[` and `]]` is the engine's own phonemes; else it is text like any other.
    """

    text: str
    voice: str
    rate_wpm: int = DEFAULT_RATE_WPM
    pitch: int = 50
    phonemes: bool = False


class Engine(Protocol):
    """Something that speaks; may be called from any thread, and blocks."""

    name: str

    def speak(self, speech: Speech) -> tuple[bytes, int]:
        """Return 16-bit mono samples and their rate in Hz; raises `VoiceError`."""

    def close(self) -> None:
        """Free what the engine holds."""


def voice_for(voice: str, language: str) -> str:
    """Return the eSpeak NG voice for a `<Say>`'s voice and language: the accent, and whether a woman speaks."""
    base = language.lower()
    base = _LANGUAGES.get(base, base)
    if base.startswith("en-") and base not in ("en-gb", "en-us"):
        base = "en-gb"
    feminine = any(name in voice.lower() for name in _WOMEN)
    return f"{base}+f3" if feminine else base


def synthesise(text: str, voice: str, language: str, rate_wpm: int, *, pitch: int = 50, engine: Engine) -> bytes:
    """Return `text` as 16-bit mono samples at 8 kHz; blocks, raises `VoiceError`.

    `voice` is a voice of eSpeak NG, or empty to take the one for `language`.
    """
    pcm16, rate_hz = engine.speak(Speech(text, voice or voice_for("", language), rate_wpm, pitch))
    return resample(pcm16, rate_hz, RATE_HZ)


def _input(speech: Speech) -> bytes:
    """The command always reads phonemes in brackets; half a pair of surrogates is nothing to speak."""
    text = speech.text if speech.phonemes else speech.text.replace("[[", "[ [")
    return text.encode(errors="ignore")


def find_engine() -> Engine | None:
    """Return the engine of this machine, or None where neither the command nor the library is installed."""
    command = shutil.which("espeak-ng")
    if command is not None:
        return CommandEngine(command)
    if importlib.util.find_spec("espeakng_loader") is not None:
        return LibraryEngine()
    return None


class CommandEngine:
    """Runs `espeak-ng` once for each prompt."""

    name = "espeak-ng command"

    def __init__(self, command: str) -> None:
        self._command = command

    def speak(self, speech: Speech) -> tuple[bytes, int]:
        """Return 16-bit mono samples and their rate in Hz; raises `VoiceError`."""
        options = ["-v", speech.voice, "-s", str(speech.rate_wpm), "-p", str(speech.pitch)]
        if not speech.text.strip():
            return b"", RATE_HZ  # it would answer without a WAV header
        try:
            done = subprocess.run(
                [self._command, *options, "--stdin", "--stdout"],
                input=_input(speech),
                capture_output=True,
                timeout=_TIMEOUT_S,
                check=True,
            )
            return read_pcm16(done.stdout)
        except (OSError, subprocess.SubprocessError, WavError) as error:
            raise VoiceError(f"espeak-ng could not speak with voice {speech.voice}: {error}") from error

    def close(self) -> None:
        """Nothing to free."""


class LibraryEngine:
    """Keeps one child process with the library; starts a new one after a crash."""

    name = "espeak-ng library"

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None

    def speak(self, speech: Speech) -> tuple[bytes, int]:
        """Return 16-bit mono samples and their rate in Hz; raises `VoiceError`."""
        with self._lock:
            child = self._running_child()
            # A library that hangs must not hold this thread for ever: the pipe ends with the child.
            watchdog = threading.Timer(_TIMEOUT_S, child.kill)
            watchdog.start()
            try:
                return self._ask(child, speech)
            except (OSError, msgspec.DecodeError) as error:
                child.kill()
                raise VoiceError(f"the speech library died while it spoke: {error}") from error
            finally:
                watchdog.cancel()

    def close(self) -> None:
        """End the child process."""
        with self._lock:
            if self._child is not None:
                self._child.kill()
                self._child.communicate()
                self._child = None

    def _running_child(self) -> subprocess.Popen[bytes]:
        if self._child is None or self._child.poll() is not None:
            command = [sys.executable, "-m", "ivr.sound.espeak_child"]
            self._child = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
            )
        return self._child

    @staticmethod
    def _ask(child: subprocess.Popen[bytes], speech: Speech) -> tuple[bytes, int]:
        if child.stdin is None or child.stdout is None:
            raise OSError("the child has no pipes")
        speech = msgspec.structs.replace(speech, text=speech.text.encode(errors="ignore").decode())
        child.stdin.write(msgspec.json.encode(speech) + b"\n")
        child.stdin.flush()
        answer = msgspec.json.decode(child.stdout.readline(), type=Answer)
        if answer.error:
            raise VoiceError(answer.error)
        pcm16 = child.stdout.read(answer.length_bytes)
        if len(pcm16) != answer.length_bytes:
            raise OSError("the child ended in mid-sentence")
        return pcm16, answer.rate_hz


class Answer(msgspec.Struct, frozen=True):
    """The line with which the child announces `length_bytes` of samples, or says why there are none."""

    rate_hz: int = 0
    length_bytes: int = 0
    error: str = ""
