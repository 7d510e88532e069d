"""The child process around the eSpeak NG shared library: one JSON line in, one JSON line and samples out.

Run by `espeak.LibraryEngine` as `python -m ivr.sound.espeak_child`.
Source: eSpeak NG, src/include/espeak-ng/speak_lib.h
"""

from __future__ import annotations

import ctypes
import sys
from typing import Any, Final

import espeakng_loader
import msgspec

from ivr.sound.espeak import Answer, Speech

_SYNCHRONOUS: Final = 2  # AUDIO_OUTPUT_SYNCHRONOUS
_RATE: Final = 1  # espeakRATE
_PITCH: Final = 3  # espeakPITCH
_CHARACTERS: Final = 1  # POS_CHARACTER
_UTF8: Final = 1  # espeakCHARS_UTF8
_PHONEMES: Final = 0x100  # espeakPHONEMES
_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)


class _Library:
    def __init__(self) -> None:
        self._samples: list[bytes] = []
        self._library: Any = ctypes.CDLL(espeakng_loader.get_library_path())
        data = str(espeakng_loader.get_data_path()).encode()
        self.rate_hz = int(self._library.espeak_Initialize(_SYNCHRONOUS, 0, data, 0))
        if self.rate_hz <= 0:
            raise OSError("espeak_Initialize failed")
        self._callback = _Callback(self._collect)  # kept: the library holds only its address
        self._library.espeak_SetSynthCallback(self._callback)

    def _collect(self, samples: Any, count: int, _events: Any) -> int:
        if samples and count > 0:
            self._samples.append(ctypes.string_at(samples, 2 * count))
        return 0

    def speak(self, speech: Speech) -> bytes:
        base, plus, variant = speech.voice.partition("+")
        # The command knows British English by its language tag, the library only by its file name.
        named = ("en" if base == "en-gb" else base) + plus + variant
        if self._library.espeak_SetVoiceByName(named.encode()) != 0:
            raise ValueError(f"there is no voice {speech.voice}")
        self._library.espeak_SetParameter(_RATE, speech.rate_wpm, 0)
        self._library.espeak_SetParameter(_PITCH, speech.pitch, 0)
        text = speech.text.encode()
        self._samples = []
        flags = _UTF8 | (_PHONEMES if speech.phonemes else 0)
        size = ctypes.c_size_t(len(text) + 1)
        result = self._library.espeak_Synth(text, size, 0, _CHARACTERS, 0, flags, None, None)
        if result != 0:
            raise ValueError(f"espeak_Synth returned {result}")
        return b"".join(self._samples)


def main() -> None:
    """Answer requests until the parent closes the pipe."""
    library = _Library()
    out = sys.stdout.buffer
    for line in sys.stdin.buffer:
        try:
            pcm16 = library.speak(msgspec.json.decode(line, type=Speech))
            answer = Answer(library.rate_hz, len(pcm16))
        except (ValueError, OSError) as error:
            pcm16, answer = b"", Answer(error=str(error))
        out.write(msgspec.json.encode(answer) + b"\n" + pcm16)
        out.flush()


if __name__ == "__main__":
    main()
