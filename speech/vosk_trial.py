"""`python -m speech.vosk_trial FOLDER`: has libvosk load a model and hear a second of audio, with a list and without.

A process of its own, since what libvosk does with a broken model may be to end the process, or not to come back.
"""

from __future__ import annotations

import json
import math
import struct
import sys
from pathlib import Path
from typing import Final

import vosk

from speech.models import read_model
from speech.upsampling import TELEPHONE_RATE_HZ
from speech.vosk_models import load_model

PIECE_SAMPLES: Final = 800


def hum() -> bytes:
    """A second that is not silent: a rising tone, 16-bit PCM at 8 kHz."""
    samples = (
        round(8000 * math.sin(2 * math.pi * (200 + at / 10) * at / TELEPHONE_RATE_HZ))
        for at in range(TELEPHONE_RATE_HZ)
    )
    return struct.pack(f"<{TELEPHONE_RATE_HZ}h", *samples)


def try_out(folder: Path) -> None:
    """Raises `Exception` where the model does not do what a call needs of it."""
    words, audio, model = sorted(read_model(folder).vocabulary)[:3], hum(), load_model(folder)
    phrases = json.dumps([*words, "[unk]"], ensure_ascii=False)
    # Without a list it uses graph/Gr.fst, which nothing else would read: it may be cut short.
    for recogniser in (
        vosk.KaldiRecognizer(model, TELEPHONE_RATE_HZ, phrases),
        vosk.KaldiRecognizer(model, TELEPHONE_RATE_HZ),
    ):
        for at in range(0, len(audio), 2 * PIECE_SAMPLES):
            recogniser.AcceptWaveform(audio[at : at + 2 * PIECE_SAMPLES])
        json.loads(recogniser.FinalResult())["text"]


if __name__ == "__main__":
    try_out(Path(sys.argv[1]))
