"""The configuration with which Kaldi takes telephone audio for a model of a higher rate."""

from __future__ import annotations

from speech.upsampling import allowing_upsampling


def test_everything_else_in_the_configuration_stays_as_it_is() -> None:
    assert allowing_upsampling("--sample-frequency=16000\n--num-ceps=40\n") == (
        "--sample-frequency=16000\n--num-ceps=40\n--allow-upsample=true\n"
    )


def test_what_the_model_says_of_it_is_overruled_and_not_said_twice() -> None:
    made = allowing_upsampling("--allow-upsample=false\n--num-ceps=40")
    assert made == "--num-ceps=40\n--allow-upsample=true\n"
    assert allowing_upsampling(made) == made
