"""The front end: the telephone line and Kaldi's cepstra."""

import pytest

np = pytest.importorskip("numpy", reason="numpy comes with the training extra")
torch = pytest.importorskip("torch", reason="torch comes with the training extra")

from speech import mulaw  # noqa: E402
from speech.training import features, telephone_line  # noqa: E402 - only where the extra is installed


def test_what_has_been_through_the_line_once_passes_unchanged():
    table = telephone_line.round_trip_table()
    samples = np.array(mulaw.LINEAR)
    assert table[samples + 32768].tolist() == samples.tolist()


def test_coding_keeps_within_half_a_step_of_the_segment():
    samples = np.arange(-32000, 32001)
    error = np.abs(telephone_line.round_trip_table()[samples + 32768] - samples)
    assert (error <= np.abs(samples) / 32 + 5).all()


def test_digital_silence_stays_at_the_floor():
    front_end = features.FrontEnd()
    bands = front_end.log_mel(torch.zeros(1, 800))
    assert bands.shape == (1, 8, features.BANDS)
    assert bands.unique().tolist() == pytest.approx([np.log(features.LOG_FLOOR)], rel=1e-6)


def test_a_tone_is_loudest_in_its_own_band():
    centre_mel = np.linspace(features.mel(100), features.mel(3700), features.BANDS + 2)[1:-1]
    for band in (8, 15, 25):
        tone_hz = 700 * (np.exp(centre_mel[band] / 1127) - 1)
        tone = 8000 * np.sin(2 * np.pi * tone_hz * np.arange(1600) / features.RATE_HZ)
        bands = features.FrontEnd().log_mel(torch.tensor(tone, dtype=torch.float32)[None])
        assert bands.mean(1)[0].argmax().item() == band


def test_cepstra_and_bands_hold_the_same_information():
    transform = features.cosine_transform()
    assert np.linalg.matrix_rank(transform) == features.BANDS
