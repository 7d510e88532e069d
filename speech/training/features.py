"""MFCC as Kaldi computes them with the model's `conf/mfcc.conf`.

Source: Kaldi feat/feature-mfcc.cc, feature-window.cc and mel-computations.cc: 25 ms frames (200 samples) every 10 ms,
mean removed, pre-emphasis 0.97, "povey" window (a Hann window to the power 0.85), power spectrum of 256 points,
triangular mel filters, logarithm floored at float epsilon, DCT-II, cepstral lifter 22. `--dither=0`, so that the
decoder is deterministic.
"""

from __future__ import annotations

import math

import numpy as np
import torch

RATE_HZ = 8000
FRAME_SAMPLES, SHIFT_SAMPLES, FFT_POINTS = 200, 80, 256
BANDS = 30
LOW_HZ, HIGH_HZ = 100, 3700
LIFTER = 22
LOG_FLOOR = float(np.finfo(np.float32).eps)

MFCC_CONF = f"""--sample-frequency={RATE_HZ}
--use-energy=false
--num-mel-bins={BANDS}
--num-ceps={BANDS}
--low-freq={LOW_HZ}
--high-freq={HIGH_HZ}
--cepstral-lifter={LIFTER}
--dither=0
"""


def mel(frequency_hz: np.ndarray | float) -> np.ndarray:
    """Return the mel value of a frequency. Source: Kaldi MelBanks::MelScale, 1127 ln(1 + f/700)."""
    return 1127.0 * np.log(1.0 + np.asarray(frequency_hz) / 700.0)


def mel_bank(warp: float = 1.0) -> np.ndarray:
    """Return the filters as (spectrum bins, bands); `warp` scales the frequencies, as another vocal tract would."""
    bins = mel(np.arange(FFT_POINTS // 2) * RATE_HZ / FFT_POINTS * warp)[:, None]
    edges = np.linspace(mel(LOW_HZ), mel(HIGH_HZ), BANDS + 2)
    left, centre, right = edges[:-2], edges[1:-1], edges[2:]
    return np.maximum(0, np.minimum((bins - left) / (centre - left), (right - bins) / (right - centre)))


def cosine_transform() -> np.ndarray:
    """Return the matrix from log mel bands to liftered cepstra, (bands, cepstra)."""
    k = np.arange(BANDS)
    matrix = math.sqrt(2 / BANDS) * np.cos(math.pi / BANDS * (k + 0.5)[:, None] * k)
    matrix[:, 0] /= math.sqrt(2)
    return matrix * (1 + 0.5 * LIFTER * np.sin(math.pi * k / LIFTER))


class FrontEnd:
    """Turns batches of 16-bit samples into log mel bands, and those into MFCC."""

    def __init__(self, warps: np.ndarray | None = None) -> None:
        """Prepare one filter bank for each warp (one plain bank by default)."""
        warps = np.ones(1) if warps is None else warps
        self._banks = torch.tensor(np.stack([mel_bank(w) for w in warps]), dtype=torch.float32)
        hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(FRAME_SAMPLES) / (FRAME_SAMPLES - 1))
        self._window = torch.tensor(hann**0.85, dtype=torch.float32)
        self._transform = torch.tensor(cosine_transform(), dtype=torch.float32)

    def log_mel(
        self, samples: torch.Tensor, bank: torch.Tensor | None = None, shift: int = SHIFT_SAMPLES
    ) -> torch.Tensor:
        """Return (batch, frames, bands) log energies of (batch, samples); `bank` names each row's filter bank."""
        frames = samples.unfold(1, FRAME_SAMPLES, shift)
        frames = frames - frames.mean(2, keepdim=True)
        previous = torch.cat([frames[..., :1], frames[..., :-1]], 2)
        frames = (frames - 0.97 * previous) * self._window
        spectrum = torch.fft.rfft(frames, FFT_POINTS)[..., : FFT_POINTS // 2]
        power = spectrum.real.square() + spectrum.imag.square()
        banks = self._banks[torch.zeros(len(samples), dtype=torch.long) if bank is None else bank]
        return torch.bmm(power, banks).clamp_min(LOG_FLOOR).log()

    def cepstra(self, log_mel: torch.Tensor) -> torch.Tensor:
        """Return the liftered cepstra of log mel bands."""
        return log_mel @ self._transform
