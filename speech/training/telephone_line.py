"""The G.711 mu-law telephone line and Kaldi's frames: what the model sees of a waveform.

Source: ITU-T G.711 (mu-law companding, bias 33 at 14 bits = 132 at 16 bits, clip 32635).
"""

from __future__ import annotations

import numpy as np
import torch

_BIAS, _CLIP = 132, 32635


def decode_table() -> np.ndarray:
    """Return the 256 sixteen-bit samples that the mu-law codes stand for."""
    code = ~np.arange(256, dtype=np.int32) & 0xFF
    magnitude = (((code & 0x0F) << 3) + _BIAS << ((code >> 4) & 7)) - _BIAS
    return np.where(code & 0x80, -magnitude, magnitude).astype(np.int16)


def round_trip_table() -> np.ndarray:
    """Return, for every 16-bit sample (index sample + 32768), the sample after coding to mu-law and back."""
    samples = np.arange(-32768, 32768, dtype=np.int32)
    biased = np.minimum(np.abs(samples), _CLIP) + _BIAS
    exponent = np.floor(np.log2(biased)).astype(np.int32) - 7
    mantissa = (biased >> (exponent + 3)) & 0x0F
    magnitude = (((mantissa << 3) + _BIAS) << exponent) - _BIAS
    return (np.sign(samples) * magnitude).astype(np.float32)


class TelephoneLine:
    """Codes a batch of waveforms to mu-law and back, exactly as a carrier does."""

    def __init__(self) -> None:
        """Prepare the table."""
        self._table = torch.from_numpy(round_trip_table())

    def __call__(self, samples: torch.Tensor) -> torch.Tensor:
        """Return 16-bit sample values (as floats) of waveforms in [-1, 1]."""
        index = (samples * 32768.0).round().clamp(-32768, 32767).long() + 32768
        return self._table[index]
