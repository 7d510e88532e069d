"""8 kHz telephone audio for a model of 16 kHz: Kaldi resamples it itself, as a stream, once the model's file allows it.

Five ways were measured on a sum of tones from 100 to 3,700 Hz, fed in pieces of 100 ms; "band" is the gain from 100 to
3,400 Hz (the telephone band, ITU-T G.712), "images" what appears above 4.3 kHz against what is below 4 kHz, "CPU" the
time for a second of audio (the recogniser itself took 20 ms).

    way                                        band           images     CPU
    audioop's ratecv (linear)                  -4.2 .. 0 dB   -12 dB     0.4 ms
    soxr 1.1, quality HQ (LGPL, needs numpy)    0.0 .. 0 dB   -79 dB     0.4 ms
    half-band filter in Python, 24 taps         0.0 .. 0 dB   -36 dB    73 ms
    half-band filter in Python, 48 taps         0.0 .. 0 dB   -73 dB   112 ms
    Kaldi's LinearResample (windowed sinc)     -1.3 .. 0.1 dB -25 dB     0.9 ms

Python filters cost several times what recognition costs. soxr is the best, and would bring two dependencies, one of
them copyleft, for audio that has nothing above 3.4 kHz anyway: the -1.3 dB are at 3.4 kHz alone (-0.1 dB at 3 kHz), and
what was measured as images mirrors the tones above 3.4 kHz, which a telephone line cuts off. So Kaldi does it, which is
already there. It keeps its state from one piece to the next.

Source: Kaldi, `OnlineGenericBaseFeature::MaybeCreateResampler`: 6 zero crossings, cut-off at 0.99 of half the lower
rate, and an error unless the configuration has `--allow-upsample=true`. Band and images are computed from its formula.
"""

from __future__ import annotations

from typing import Final

TELEPHONE_RATE_HZ: Final = 8000
_OPTION: Final = "--allow-upsample"


def allowing_upsampling(mfcc_conf: str) -> str:
    """The text of a model's `conf/mfcc.conf` with which Kaldi takes audio of a lower rate than the model's."""
    kept = [line for line in mfcc_conf.splitlines() if line.partition("=")[0].strip() != _OPTION]
    return "\n".join([*kept, f"{_OPTION}=true", ""])
