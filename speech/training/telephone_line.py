"""The G.711 mu-law telephone line and Kaldi's frames: what the model sees of a waveform."""

from __future__ import annotations

import numpy as np
import torch

from speech import mulaw


def round_trip_table() -> np.ndarray:
    """Return, for every 16-bit sample (index sample + 32768), the sample after coding to mu-law and back."""
    heard = np.array(mulaw.LINEAR, np.float32)[np.frombuffer(mulaw.CODES, np.uint8)]
    return np.roll(heard, 32768)


class TelephoneLine:
    """Codes a batch of waveforms to mu-law and back, exactly as a carrier does."""

    def __init__(self) -> None:
        """Prepare the table."""
        self._table = torch.from_numpy(round_trip_table())

    def __call__(self, samples: torch.Tensor) -> torch.Tensor:
        """Return 16-bit sample values (as floats) of waveforms in [-1, 1]."""
        index = (samples * 32768.0).round().clamp(-32768, 32767).long() + 32768
        return self._table[index]
