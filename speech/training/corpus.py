"""Recordings and synthetic voices as takes, by speaker."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from speech.lexicon.units import GARBAGE, WORD_TABLES
from speech.training.recordings import read_files, recordings_of
from speech.training.spoken import key_of

BLOCK_SAMPLES = 240  # 30 ms, one network output


@dataclass(frozen=True)
class Take:
    """One file: what was said (as `spoken` names it), the samples in [-1, 1], and where the speech is.

    speech: first and last block (30 ms) that is not much quieter than the loudest.
    """

    words: tuple[str, ...]
    samples: np.ndarray
    speech: tuple[int, int]


Takes = dict[str, list[Take]]


def speech_blocks(samples: np.ndarray) -> tuple[int, int]:
    """Return the first and one past the last 30 ms block above 12 % of the loudest block's level."""
    whole = len(samples) // BLOCK_SAMPLES * BLOCK_SAMPLES
    level = np.sqrt((samples[:whole].reshape(-1, BLOCK_SAMPLES) ** 2).mean(1))
    loud = np.flatnonzero(level > 0.12 * level.max(initial=0))
    return (int(loud[0]), int(loud[-1]) + 1) if len(loud) else (0, max(1, len(level)))


def read_takes(path: Path, keep: Callable[[str], bool], names: Callable[[str], tuple[str, ...] | None]) -> Takes:
    """Read a zip of `WORD/SPEAKER_TAKE.wav` files, by speaker.

    Args:
        path: the zip; `A_B/...` holds the words A and B in one breath.
        keep: which speakers.
        names: what a folder's files say, as `spoken` names it; None leaves them out.
    """
    speakers: Takes = {}
    said = {r.said: names(r.said) for r in recordings_of(path, keep)}
    for recording, wav in read_files(path, [r for r in recordings_of(path, keep) if said[r.said] is not None]):
        samples, _ = soundfile.read(io.BytesIO(wav), dtype="float32")
        words = said[recording.said] or ()
        if words == (GARBAGE,):
            samples = _trimmed(samples)
        speakers.setdefault(recording.speaker, []).append(Take(words, samples, speech_blocks(samples)))
    return speakers


def _trimmed(samples: np.ndarray) -> np.ndarray:
    """Without most of the silence around a whole second of recording."""
    first, last = (b * BLOCK_SAMPLES for b in speech_blocks(samples))
    return samples[max(0, first - 1200) : last + 1200]


def own_names(language: str, other_words: dict[str, str]) -> Callable[[str], tuple[str, ...] | None]:
    """Name folders in a language: labels and words of the lexicon, then `other_words` by their pronunciation.

    Other words without a pronunciation are garbage, those whose pronunciation is empty are left out.
    """
    labels = WORD_TABLES[language].LABELS

    def one(word: str) -> str | None:
        word = labels.get(word, word)
        key = key_of(language, word)
        if key is None and word in other_words:
            key = f"/{other_words[word]}/" if other_words[word] else None
        return key

    def names(folder: str) -> tuple[str, ...] | None:
        if (whole := one(folder)) is not None:
            return (whole,)
        keys = [one(part) for part in folder.split("_")]
        return tuple(keys) if all(keys) else None

    return names


def foreign(without: tuple[str, ...] = ()) -> Callable[[str], tuple[str, ...] | None]:
    """Name every folder garbage, but leave some out."""
    return lambda folder: None if folder in without else (GARBAGE,)
