"""Batches for training: strings joined from one speaker's takes, then rooms, noise, levels and the telephone line."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, replace

import numpy as np
import scipy.fft
import torch

from speech.lexicon.units import GARBAGE, Units
from speech.training.corpus import BLOCK_SAMPLES, Take
from speech.training.features import BANDS, LOG_FLOOR, RATE_HZ, SHIFT_SAMPLES, FrontEnd
from speech.training.spoken import by_phones, states_of
from speech.training.telephone_line import TelephoneLine

SPEECH_LEVEL = 0.08
# Of the core words, that many are trained as rows of phones: it is how phones learn what people sound like.
SPELLED_SHARE = 0.12
WARPS = np.linspace(0.86, 1.14, 15)  # vocal tract length, shorter to longer
SHIFTS = range(68, 93)  # samples between frames while training: speaking rate without pitch; 80 when recognising


@dataclass(frozen=True)
class Stage:
    """How hard a part of the training is. Everything is a range to draw from, or a share of the utterances.

    rate: of speaking; warps: first and last of `WARPS`; bend: deviation of the slow waves laid over spectra, natural
    logarithm; masked_bands and masked_frames: shares of utterances in which some are hidden; white, coloured, babble:
    shares of kinds of noise, the rest has none; noise_db: how far below the speech it is.
    """

    rate: tuple[float, float]
    warps: tuple[int, int]
    bend: float
    masked_bands: float
    masked_frames: float
    white: float
    coloured: float
    babble: float
    noise_db: tuple[float, float]


WILD = Stage((0.86, 1.16), (0, 15), 0.5, 0.5, 0.3, 0.3, 0.25, 0.2, (4, 50))
MILD = Stage((0.93, 1.08), (3, 12), 0.3, 0.2, 0.1, 0.3, 0.25, 0.2, (10, 50))
# Mild in all but noise: callers stand in the street.
NOISY = replace(MILD, white=0.4, babble=0.17, noise_db=(5, 40))


@dataclass
class Group:
    """One source of takes and its share of the utterances."""

    share: float
    takes: dict[str, list[Take]]


@dataclass
class Batch:
    """cepstra: (batch, frames, BANDS); words: units spoken; flat: (batch, outputs) states, words cut evenly.

    bounds: for every word the outputs (first, one past the last) in which the take it is from has speech.
    """

    cepstra: torch.Tensor
    words: list[list[str]]
    flat: torch.Tensor
    bounds: list[list[tuple[int, int]]]


@dataclass
class Utterance:
    """Samples with the words in them; `spans` are the samples each word's take covers, and its part of the take."""

    samples: np.ndarray
    words: list[str]
    spans: list[tuple[int, int, int, int]]  # begin, end, number of the word in its take, words in the take


def resample(samples: np.ndarray, factor: float) -> np.ndarray:
    """Play faster by `factor`, pitch and all, through the spectrum."""
    n = scipy.fft.next_fast_len(len(samples), True)
    m = scipy.fft.next_fast_len(int(n / factor), True)
    spectrum = scipy.fft.rfft(samples, n)
    out = np.zeros(m // 2 + 1, np.complex64)
    k = min(len(spectrum), len(out))
    out[:k] = spectrum[:k]
    return (scipy.fft.irfft(out, m) * (m / n))[: int(len(samples) * m / n)].astype(np.float32)


class Augmenter:
    """Draws training batches without end."""

    def __init__(self, groups: list[Group], units: Units, seed: int) -> None:
        """Take the speakers to draw from; `stage` (an attribute) says how much is done to them."""
        self.stage = WILD
        self._random = random.Random(seed)  # noqa: S311 - reproducible draws, not secrets
        self._rng = np.random.default_rng(seed)
        self._units = units
        self._groups = groups
        self._speakers = [sorted(g.takes) for g in groups]
        # The square root keeps a voice with many takes from drowning the others.
        counts = [
            np.array([len(g.takes[s]) for s in who], float) ** 0.5
            for g, who in zip(groups, self._speakers, strict=True)
        ]
        self._weights = [c / c.sum() for c in counts]
        takes = [t for g in groups for v in g.takes.values() for t in v]
        self._garbage = [t for t in takes if t.words == (GARBAGE,)]
        self._babble = [t.samples for t in takes]
        self._line, self._front_end = TelephoneLine(), FrontEnd(WARPS)
        self._pool: list[list[Utterance]] = []

    def _utterance(self, count: int) -> Utterance:
        draw, rng = self._random, self._rng
        g = draw.choices(range(len(self._groups)), [group.share for group in self._groups])[0]
        takes = self._groups[g].takes[self._speakers[g][rng.choice(len(self._weights[g]), p=self._weights[g])]]
        rate = rng.uniform(*self.stage.rate)
        parts: list[np.ndarray] = []
        words: list[str] = []
        spans: list[tuple[int, int, int, int]] = []
        position, i = 0, 0
        while len(words) < count:
            take = draw.choice(takes)
            if i and draw.random() < 0.05:
                take = draw.choice(self._garbage)
            begin, end = (b * BLOCK_SAMPLES for b in take.speech)
            samples = take.samples
            cut = max(0, begin - draw.randint(0, 900))
            samples = samples[cut : end + draw.randint(0, 1000)]
            begin, end = begin - cut, end - cut
            factor = rate * rng.uniform(0.96, 1.04)
            samples = resample(samples, factor)
            begin, end = int(begin / factor), int(end / factor)
            loud = np.sqrt((samples[begin:end] ** 2).mean()) + 1e-5
            samples = samples * (SPEECH_LEVEL / loud * 10 ** (rng.uniform(-3, 3) / 20))
            gap = 0 if i and draw.random() < 0.35 else int(rng.uniform(0.0, 0.3) * RATE_HZ)
            parts += [np.zeros(gap, np.float32), samples]
            position += gap
            of = len(take.words)
            spans += [(position + begin, position + end, j, of) for j in range(of)]
            words += [by_phones(self._units.language, w) if draw.random() < SPELLED_SHARE else w for w in take.words]
            position += len(samples)
            i += 1
        return Utterance(np.concatenate(parts), words, spans)

    def _next(self, size: int) -> list[Utterance]:
        if not self._pool:  # utterances of like length together
            count = self._random.choice([1, 1, 1, 2, 3, 4])
            n = size if count == 1 else size // 2
            drawn = sorted((self._utterance(count) for _ in range(6 * n)), key=lambda u: len(u.samples))
            self._pool = [drawn[i : i + n] for i in range(0, 6 * n, n)]
            self._random.shuffle(self._pool)
        return self._pool.pop()

    def _room(self, samples: np.ndarray) -> np.ndarray:
        rng, length = self._rng, len(samples)
        n = scipy.fft.next_fast_len(length + 1200, True)
        tail = rng.standard_normal(1200) * np.exp(-np.arange(1200) / rng.uniform(60, 300)) * rng.uniform(0.03, 0.2)
        response = np.concatenate([[1], tail]).astype(np.float32)
        return scipy.fft.irfft(scipy.fft.rfft(samples, n) * scipy.fft.rfft(response, n), n)[:length]

    def _noise(self, length: int) -> np.ndarray:
        """White, coloured, babble or none at all, so far below the speech as the stage has it."""
        rng, stage, kind = self._rng, self.stage, self._random.random()
        if kind < stage.white:
            noise = rng.standard_normal(length, dtype=np.float32)
        elif kind < stage.white + stage.coloured:
            n = scipy.fft.next_fast_len(length, True)
            slope = (1 + np.arange(n // 2 + 1, dtype=np.float32)) ** np.float32(rng.uniform(0.2, 0.8))
            noise = scipy.fft.irfft(scipy.fft.rfft(rng.standard_normal(n, dtype=np.float32)) / slope, n)[:length]
        elif kind < stage.white + stage.coloured + stage.babble:
            voices = [self._random.choice(self._babble) for _ in range(self._random.randint(3, 6))]
            noise = sum(np.roll(np.resize(v, length), self._random.randint(0, length)) for v in voices)
        else:
            return np.zeros(length, np.float32)
        level = SPEECH_LEVEL * 10 ** (-rng.uniform(*stage.noise_db) / 20)
        return noise / (np.sqrt((noise**2).mean()) + 1e-9) * level

    def batch(self, size: int) -> Batch:
        """Draw `size` single words, or half as many strings."""
        draw, rng = self._random, self._rng
        utterances = self._next(size)
        count = len(utterances)
        starts = [draw.randint(400, 2400) for _ in utterances]
        length = max(len(u.samples) + s for u, s in zip(utterances, starts, strict=True)) + draw.randint(1600, 4000)
        clean, noise = np.zeros((count, length), np.float32), np.zeros((count, length), np.float32)
        for i, (u, start) in enumerate(zip(utterances, starts, strict=True)):
            clean[i, start : start + len(u.samples)] = u.samples
            if draw.random() < 0.2:
                clean[i] = self._room(clean[i])
            noise[i] = self._noise(length)
        if draw.random() < 0.6:  # the tilt of a handset
            clean[:, 1:] -= rng.uniform(-0.5, 0.6, (count, 1)).astype(np.float32) * clean[:, :-1]
        gain = (10 ** (rng.uniform(-24, 10, (count, 1)) / 20)).astype(np.float32)
        # A quarter has no noise floor at all: between words a digital line may carry exact zeros.
        floor = np.where(rng.random((count, 1)) < 0.25, 0, 10 ** rng.uniform(-4.5, -3, (count, 1)))
        mixed = (clean + noise) * gain + rng.standard_normal((count, length), dtype=np.float32) * floor
        shift = draw.choice(SHIFTS)
        samples = self._line(torch.from_numpy(mixed.astype(np.float32)))
        bank = torch.from_numpy(rng.integers(*self.stage.warps, size=count))
        bands = self._mask(self._equalise(self._front_end.log_mel(samples, bank, shift)))
        scale = SHIFT_SAMPLES / shift
        rate = scale / BLOCK_SAMPLES
        bounds = [
            [(int((b + start) * rate), int((e + start) * rate) + 1) for b, e, *_ in u.spans]
            for u, start in zip(utterances, starts, strict=True)
        ]
        flat = self._flat(utterances, bounds, bands.shape[1] * SHIFT_SAMPLES // BLOCK_SAMPLES)
        return Batch(self._front_end.cepstra(bands), [u.words for u in utterances], flat, bounds)

    def _equalise(self, bands: torch.Tensor) -> torch.Tensor:
        """Bend half of the spectra by a few slow cosines over the bands: other handsets, other mouths."""
        rng, k = self._rng, np.arange(1, 4)
        waves = np.cos(np.pi * (np.arange(BANDS) + 0.5)[:, None] * k / BANDS)
        size = rng.normal(0, self.stage.bend, (len(bands), 3)) * (rng.random((len(bands), 1)) < 0.5)
        bend = torch.tensor(size @ waves.T, dtype=torch.float32)[:, None]
        return torch.where(bands > math.log(LOG_FLOOR) + 1e-3, bands + bend, bands)

    def _mask(self, bands: torch.Tensor) -> torch.Tensor:
        """Hide a few bands and a few frames. Source: SpecAugment (Park et al. 2019), on telephone scale."""
        draw, mean = self._random, bands.mean(1)
        for i in range(len(bands)):
            if draw.random() < self.stage.masked_bands:
                width = draw.randint(1, 6)
                b = draw.randint(0, BANDS - width)
                bands[i, :, b : b + width] = mean[i, b : b + width].mean()
            if draw.random() < self.stage.masked_frames:
                width = draw.randint(3, 8)
                t = draw.randint(0, bands.shape[1] - width)
                bands[i, t : t + width] = mean[i]
        return bands

    def _flat(self, utterances: list[Utterance], bounds: list[list[tuple[int, int]]], length: int) -> torch.Tensor:
        flat = np.zeros((len(utterances), length), np.int64)
        for i, u in enumerate(utterances):
            for word, (first, last), (_, _, j, of) in zip(u.words, bounds[i], u.spans, strict=True):
                each, states = (last - first) / of, states_of(self._units, word)
                begin = first + int(j * each)
                end = max(first + int((j + 1) * each), begin + 1)
                for t in range(begin, min(end, length)):
                    flat[i, t] = states[(t - begin) * len(states) // (end - begin)]
        return torch.from_numpy(flat)
