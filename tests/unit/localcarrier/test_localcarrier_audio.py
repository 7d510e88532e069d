"""Telephone audio in plain Python: mu-law, resampling, WAV, speech engines."""

from __future__ import annotations

import math
import shutil
import struct
import time
from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.localcarrier.verbs import Say
from ivr.localcarrier.voices import Voices
from ivr.sound import espeak, mulaw
from speech import wav
from speech.resample import resample


def tone(hz: float, rate_hz: int, seconds: float, level: int = 10_000) -> bytes:
    count = int(rate_hz * seconds)
    return array("h", (round(level * math.sin(2 * math.pi * hz * n / rate_hz)) for n in range(count))).tobytes()


def loudness(pcm16: bytes) -> float:
    samples = array("h", pcm16)
    return math.sqrt(sum(sample * sample for sample in samples) / max(1, len(samples)))


# ITU-T G.711, table 2a: the decoder outputs at the ends of the mu-law scale.
def test_the_ends_of_the_mu_law_scale():
    assert struct.unpack("<4h", mulaw.decode(b"\x00\x80\xff\x7f")) == (-32124, 32124, 0, 0)
    assert mulaw.encode(struct.pack("<3h", 0, 32767, -32768)) == b"\xff\x80\x00"


@given(st.binary(max_size=400))
def test_decoding_and_encoding_changes_nothing_but_negative_zero(codes):
    assert mulaw.encode(mulaw.decode(codes)) == codes.replace(b"\x7f", b"\xff")


@given(st.integers(-32124, 32124))
def test_the_quantisation_error_is_at_most_half_a_step(sample):
    (decoded,) = struct.unpack("<h", mulaw.decode(mulaw.encode(struct.pack("<h", sample))))
    assert abs(decoded - sample) <= (abs(sample) + 132) / 32


def test_a_mix_is_the_sum_and_silence_adds_nothing():
    one, other = mulaw.encode(tone(400, 8000, 0.02)), mulaw.encode(tone(400, 8000, 0.02))
    assert mulaw.mix([]) == mulaw.mix([mulaw.SILENCE] * 3) == mulaw.SILENCE
    assert mulaw.mix([mulaw.SILENCE, one]) == one
    both = mulaw.mix([one, other])
    assert loudness(mulaw.decode(both)) == pytest.approx(2 * loudness(mulaw.decode(one)), rel=0.05)


def test_the_end_of_a_sound_is_before_the_silence_after_it():
    codes = mulaw.encode(tone(400, 8000, 0.1)) + b"\xff" * 800
    assert 790 <= mulaw.loudest_end(codes) <= 800
    assert mulaw.loudest_end(b"\xff" * 800) == 0


@pytest.mark.parametrize("rate_hz", [11_025, 16_000, 22_050, 44_100, 48_000])
def test_resampling_keeps_speech_frequencies_and_their_level(rate_hz):
    out = resample(tone(1000, rate_hz, 0.5), rate_hz)
    assert abs(len(out) // 2 - 4000) <= 1
    assert array("h", out)[200:3800] == pytest.approx(array("h", tone(1000, 8000, 0.5))[200:3800], abs=60)


@pytest.mark.parametrize("hz", [5500, 7000, 10_000])
def test_what_8_khz_cannot_carry_is_filtered_out(hz):
    assert loudness(resample(tone(hz, 22_050, 0.3), 22_050)[400:-400]) < 0.02 * loudness(tone(hz, 22_050, 0.3))


def test_the_same_rate_is_left_alone():
    assert resample(b"\x01\x02", 8000) == b"\x01\x02"


def test_five_seconds_resample_in_well_under_their_time():
    source = tone(440, 22_050, 5)
    resample(source[:1000], 22_050)  # the filters are made once
    started = time.process_time()
    resample(source, 22_050)
    assert time.process_time() - started < 1.5  # about 0.2 s; the bound allows for a busy machine


def test_a_stereo_recording_keeps_its_sides_apart(tmp_path):
    left, right = mulaw.encode(tone(400, 8000, 0.1)), mulaw.encode(tone(900, 8000, 0.2))
    wav.write_stereo(tmp_path / "a.wav", left, right)
    pcm16, rate_hz = wav.read_pcm16((tmp_path / "a.wav").read_bytes())
    assert rate_hz == 8000
    assert pcm16[:1600] == mulaw.decode(left)
    assert set(pcm16[1600:]) == {0}


def test_mu_law_wav_files_and_those_that_do_not_know_their_length_are_read():
    codes = mulaw.encode(tone(400, 8000, 0.1))
    form = struct.pack("<HHIIHH", 7, 1, 8000, 8000, 1, 8)
    head = b"RIFF\xff\xff\xff\xffWAVEfmt " + struct.pack("<I", 16) + form + b"LIST\x03\x00\x00\x00abc\x00"
    assert wav.read_wav(head + b"data\xff\xff\xff\x7f" + codes) == codes


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"ID3 no wav", "not a RIFF"),
        (b"RIFF\x04\x00\x00\x00WAVE", "no sound"),
        (
            b"RIFF\xff\xff\xff\xffWAVEfmt \x10\x00\x00\x00"
            + struct.pack("<HHIIHH", 2, 1, 8000, 4000, 4, 4)
            + b"data\x00\x00\x00\x00",
            "format 2",
        ),
    ],
)
def test_what_is_no_wav_is_said_to_be_none(content, message):
    with pytest.raises(wav.WavError, match=message):
        wav.read_pcm16(content)


@pytest.mark.parametrize(
    ("voice", "language", "spoken_with"),
    [
        ("man", "en-US", "en-us"),
        ("woman", "en-GB", "en-gb+f3"),
        ("Polly.Joanna-Neural", "en-US", "en-us+f3"),
        ("Polly.Zeina", "arb", "ar+f3"),
        ("man", "ar-AE", "ar"),
        ("man", "en-AU", "en-gb"),
    ],
)
def test_the_vendors_voices_have_their_nearest_in_espeak(voice, language, spoken_with):
    assert espeak.voice_for(voice, language) == spoken_with


def engines() -> list:
    found = []
    command = shutil.which("espeak-ng")
    found.append(pytest.param(command, id="command", marks=() if command else pytest.mark.skip("no espeak-ng")))
    try:
        import espeakng_loader  # noqa: F401
    except ImportError:
        found.append(pytest.param(None, id="library", marks=pytest.mark.skip("no espeakng_loader")))
    else:
        found.append(pytest.param(None, id="library"))
    return found


@pytest.mark.parametrize("command", engines())
@pytest.mark.parametrize("voice", ["en-us", "en-gb+f3", "en-gb-scotland", "ar"])
def test_both_engines_speak(command, voice):
    engine = espeak.CommandEngine(command) if command else espeak.LibraryEngine()
    try:
        pcm16 = espeak.synthesise("123", voice, "", 165, engine=engine)
    finally:
        engine.close()
    assert 0.4 < len(pcm16) / 16_000 < 4
    assert loudness(pcm16) > 300


@pytest.mark.parametrize("command", engines())
def test_faster_speech_is_shorter(command):
    engine = espeak.CommandEngine(command) if command else espeak.LibraryEngine()
    try:
        slow, fast = (espeak.synthesise("one two three four", "en", "", r, engine=engine) for r in (120, 300))
    finally:
        engine.close()
    assert len(fast) < 0.7 * len(slow)


@pytest.mark.parametrize("command", engines()[1:])
def test_a_crash_of_the_library_costs_one_prompt(command):
    engine = espeak.LibraryEngine()
    try:
        engine.speak(espeak.Speech("one", "en-us"))
        assert engine._child is not None
        engine._child.kill()
        engine._child.wait()
        assert engine.speak(espeak.Speech("two", "en-us"))[0]
        with pytest.raises(espeak.VoiceError, match="no voice"):
            engine.speak(espeak.Speech("three", "no-such-voice"))
    finally:
        engine.close()


class BrokenEngine:
    name = "broken"

    def speak(self, speech: espeak.Speech) -> tuple[bytes, int]:
        raise espeak.VoiceError(f"out of breath at {speech.text}")

    def close(self) -> None:
        return None


async def test_without_an_engine_speech_is_silence_as_long_as_the_text_and_one_warning():
    warnings: list[str] = []
    voices = Voices(None, fast_prompts=False, warn=warnings.append)
    short, long = await voices.prompt(Say("one")), await voices.prompt(Say("one two three four"))
    assert set(short + long) == {0xFF}
    assert len(long) == pytest.approx(4 * len(short), rel=0.05)
    assert len(warnings) == 1
    assert "espeak-ng" in warnings[0]


async def test_an_engine_that_fails_costs_the_sound_but_not_the_prompt():
    warnings: list[str] = []
    voices = Voices(BrokenEngine(), fast_prompts=False, warn=warnings.append)
    assert set(await voices.prompt(Say("one two"))) == {0xFF}
    assert warnings == ["out of breath at one two"]
    voices.close()


async def test_fast_prompts_are_30_ms_of_silence_a_word_in_whole_frames():
    voices = Voices(BrokenEngine(), fast_prompts=True, warn=pytest.fail)
    codes = await voices.prompt(Say("one two three"))
    assert codes == b"\xff" * 800  # 90 ms, rounded up to 100
    voices.close()
