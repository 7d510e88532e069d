"""Recordings and synthetic voices as takes, by speaker."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from speech.training.lexicon import GARBAGE, LEXICON
from speech.training.other_words import TRAINED
from speech.training.recordings import HELD_OUT_ARABIC, read_files, recordings_of
from speech.training.speakers import is_development

BLOCK_SAMPLES = 240  # 30 ms, one network output


@dataclass(frozen=True)
class Take:
    """One file: the units spoken (`[unk]` words as GBG), the samples in [-1, 1], and where the speech is.

    speech: first and last block (30 ms) that is not much quieter than the loudest.
    """

    words: tuple[str, ...]
    samples: np.ndarray
    speech: tuple[int, int]


def speech_blocks(samples: np.ndarray) -> tuple[int, int]:
    """Return the first and one past the last 30 ms block above 12 % of the loudest block's level."""
    whole = len(samples) // BLOCK_SAMPLES * BLOCK_SAMPLES
    level = np.sqrt((samples[:whole].reshape(-1, BLOCK_SAMPLES) ** 2).mean(1))
    loud = np.flatnonzero(level > 0.12 * level.max(initial=0))
    return (int(loud[0]), int(loud[-1]) + 1) if len(loud) else (0, max(1, len(level)))


def training_takes(path: Path, *, foreign: bool = False) -> dict[str, list[Take]]:
    """Read the takes of all training speakers of one zip, by speaker.

    Args:
        path: a zip of `WORD/SPEAKER_TAKE.wav` files; `A_B/...` holds the words A and B in one breath.
        foreign: all of it is garbage to the model, whatever the folder is called.
    """
    speakers: dict[str, list[Take]] = {}
    files = recordings_of(path, lambda speaker: not is_development(speaker))
    files = [r for r in files if not (foreign and r.said in HELD_OUT_ARABIC)]
    for recording, wav in read_files(path, files):
        samples, _ = soundfile.read(io.BytesIO(wav), dtype="float32")
        words: tuple[str, ...]
        if foreign:
            samples = samples[600:-600]
            words = (GARBAGE,)
        else:
            words = tuple(w if w in LEXICON else GARBAGE for w in recording.said.split("_"))
            if words == (GARBAGE,) and recording.said not in TRAINED:
                continue
        speakers.setdefault(recording.speaker, []).append(Take(words, samples, speech_blocks(samples)))
    return speakers
