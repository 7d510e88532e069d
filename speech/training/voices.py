"""Synthetic speakers: espeak-ng, flite and festival say the vocabulary, other words and strings of digits.

Nobody recorded English "yes", "no" or the menu words for us, so these voices are their only source. The result is a zip
like the recordings: `WORD/SPEAKER_TAKE.wav`, 8 kHz mu-law; several words in one breath are joined by `_`
(`four_two/espeak-en-us+m1_3.wav`).
"""

from __future__ import annotations

import io
import logging
import math
import random
import subprocess
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from scipy.signal import resample_poly

from speech.training.lexicon import DIGITS, WORDS
from speech.training.other_words import HELD_OUT, TRAINED
from speech.training.speakers import (
    HELD_OUT_ESPEAK_ACCENTS,
    HELD_OUT_ESPEAK_VARIANTS,
    HELD_OUT_FLITE_VOICES,
    is_development,
)
from speech.training.tools import require

RATE_HZ = 8000
ACCENTS = ("en-us", "en-gb", "en-029", "en-gb-x-gbclan", "en-gb-x-rp", "en-gb-x-gbcwmd", "en-us-nyc")
VARIANTS = """
    m1 m2 m3 m4 m5 m6 m7 f1 f2 f3 f4 klatt klatt2 klatt3 klatt4 adam anika antonio belinda boris caleb david ed edward
    edward2 gustave iven iven2 iven3 iven4 linda marcelo max michel miguel norbert pablo paul pedro quincy robert rob
    sandro steph steph2 steph3 victor zac Andy Annie Alicia Diogo Gene Gene2 Henrique Hugo Jacky Lee Marco Mario
    Michael Nguyen Denis grandma grandpa kaukovalta
""".split()  # noqa: SIM905 - sixty quoted strings would be no easier to read
PHRASES = ("call back", "call me back", "yes no", "no no", "stay", "wait", "repeat", "help", "yes yes")
FLITE_VOICES = ("kal16", "awb", "slt", "rms")
FLITE_PITCH_HZ = {"kal16": (90, 105, 125), "awb": (110, 130, 150), "slt": (150, 175, 200), "rms": (85, 100, 120)}
FESTIVAL_VOICES = ("kal_diphone", "ked_diphone", "cmu_us_slt_arctic_hts")
TOOLS = {"espeak-ng": "espeak-ng", "flite": "flite", "festival": "festival"}

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Line:
    """One thing that one voice says: `text` as written to the synthesiser, `speaker` and `take` as in the zip."""

    text: str
    speaker: str
    take: str
    command: tuple[str, ...]

    @property
    def name(self) -> str:
        """Path in the zip."""
        return f"{self.text.replace(' ', '_')}/{self.speaker}_{self.take}.wav"


def _digit_string(rng: random.Random) -> str:
    digits = [rng.choice([*DIGITS, "oh"]) for _ in range(rng.choice([2, 3, 4, 4, 4, 5]))]
    if rng.random() < 0.3:  # repeated digits are what joins worst
        digits[1] = digits[0]
    return " ".join(digits)


def _texts(rng: random.Random, held_out: bool, rounds: int) -> Iterator[tuple[str, str]]:
    """Yield (text, take) for one voice: the vocabulary, some other words, phrases and strings of digits."""
    for word in WORDS:
        for take in range(1 if held_out else rounds):
            yield word, str(take)
    for word in HELD_OUT if held_out else rng.sample(TRAINED, 12 * rounds):
        yield word, "0"
    for i in range(10 if held_out else 5 * rounds):
        yield _digit_string(rng), f"s{i}"
    for phrase in rng.sample(PHRASES, 3):
        yield phrase, "p"


def espeak_lines(rng: random.Random) -> Iterator[Line]:
    """Yield what every espeak-ng voice says, trained ones first, then the held-out ones."""
    voices = [(accent, v) for v in ["", *VARIANTS] for accent in rng.sample(ACCENTS, 2)]
    voices += [(a, v) for a in HELD_OUT_ESPEAK_ACCENTS for v in ("", "m1", "f2", "m8")]
    voices += [(a, v) for v in HELD_OUT_ESPEAK_VARIANTS for a in ("en-us", "en-gb")]
    for accent, variant in voices:
        voice = f"{accent}+{variant}" if variant else accent
        speed, pitch = rng.choice([120, 140, 160, 175, 200, 220]), rng.choice([25, 40, 50, 50, 60, 75])
        for text, take in _texts(rng, is_development(f"espeak-{voice}"), 2):
            command = ["espeak-ng", "-v", voice, "-s", str(speed + rng.randint(-15, 15))]
            command += ["-p", str(pitch + rng.randint(-10, 10)), "--stdout"]
            command.append(text + rng.choice(["", ".", "!", "?"]) if " " not in text else _spoken(text, rng))
            yield Line(text, f"espeak-{voice}", take, tuple(command))


def _spoken(text: str, rng: random.Random) -> str:
    """Write a string as people read numbers out: run together, or with a comma's pause."""
    return text.replace(" ", rng.choice([" ", " ", ", "]))


def flite_lines(rng: random.Random) -> Iterator[Line]:
    """Yield what every flite voice says at five speeds and three pitches."""
    for voice in FLITE_VOICES:
        for stretch in (0.75, 0.9, 1.05, 1.2, 1.4):
            for pitch in FLITE_PITCH_HZ[voice]:
                for text, take in _texts(rng, voice in HELD_OUT_FLITE_VOICES, 1):
                    command = ["flite", "-voice", voice, "--setf", f"duration_stretch={stretch}"]
                    command += ["--setf", f"int_f0_target_mean={pitch}", "-t", _spoken(text, rng), "-o", "{wav}"]
                    yield Line(text, f"flite-{voice}", f"{stretch * 100:.0f}x{pitch}x{take}", tuple(command))


def festival_script(rng: random.Random, folder: Path) -> tuple[str, list[tuple[Line, Path]]]:
    """Write one festival script for all festival voices; return it with the files it will make."""
    script, made = [], []
    for voice in FESTIVAL_VOICES:
        script.append(f"(voice_{voice})")
        for stretch in (0.75, 0.9, 1.1, 1.3):
            script.append(f"(Parameter.set 'Duration_Stretch {stretch})")
            for text, take in _texts(rng, False, 1):
                wav = folder / f"{len(made)}.wav"
                made.append((Line(text, f"festival-{voice}", f"{stretch * 100:.0f}x{take}", ()), wav))
                script.append(f'(utt.save.wave (utt.synth (Utterance Text "{_spoken(text, rng)}")) "{wav}" \'riff)')
    return "\n".join(script), made


def telephone_wav(wav: bytes) -> bytes | None:
    """Trim a synthesiser's WAV to its speech (50 ms margins) and code it as 8 kHz mu-law; None if it is empty."""
    try:
        samples, rate_hz = soundfile.read(io.BytesIO(wav))
    except soundfile.LibsndfileError:
        return None
    samples = samples if samples.ndim == 1 else samples[:, 0]
    common = math.gcd(rate_hz, RATE_HZ)
    samples = resample_poly(samples, RATE_HZ // common, rate_hz // common)
    loud = np.flatnonzero(np.abs(samples) > 0.01 * np.abs(samples).max(initial=0))
    if len(loud) < 400:
        return None
    samples = samples[max(0, loud[0] - 400) : loud[-1] + 400]
    out = io.BytesIO()
    soundfile.write(out, samples / np.abs(samples).max() * 0.6, RATE_HZ, format="WAV", subtype="ULAW")
    return out.getvalue()


def _run(line: Line) -> tuple[Line, bytes | None]:
    with tempfile.NamedTemporaryFile(suffix=".wav") as wav:
        command = [wav.name if part == "{wav}" else part for part in line.command]
        done = subprocess.run(command, capture_output=True, check=False)
        return line, telephone_wav(Path(wav.name).read_bytes() or done.stdout)


def make_voices(path: Path, seed: int, progress: Callable[[str], None] = logger.info) -> int:
    """Make the zip of synthetic speakers.

    Args:
        path: the zip to write (through a temporary name, so that a broken run leaves nothing).
        seed: draws voices, speeds, pitches and strings.
        progress: told a line now and then.

    Returns:
        The number of files in it.

    Raises:
        MissingToolError: a synthesiser is not installed.
    """
    require(TOOLS)
    rng = random.Random(seed)  # noqa: S311 - reproducible draws, not secrets
    part, count = path.with_suffix(".part"), 0
    lines = [*espeak_lines(rng), *flite_lines(rng)]
    with (
        tempfile.TemporaryDirectory() as folder,
        zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as archive,
        ThreadPoolExecutor(2) as pool,
    ):
        script, made = festival_script(rng, Path(folder))
        (Path(folder) / "voices.scm").write_text(script, encoding="utf-8")
        festival = pool.submit(
            subprocess.run, ["festival", "-b", f"{folder}/voices.scm"], capture_output=True, check=False
        )
        for line, wav in pool.map(_run, lines):
            count += _store(archive, line, wav)
            if count % 2000 == 0:
                progress(f"synthetic voices: {count} of about {len(lines) + len(made)} files")
        festival.result()
        for line, wav_path in made:
            if wav_path.exists():
                count += _store(archive, line, telephone_wav(wav_path.read_bytes()))
    part.replace(path)
    return count


def _store(archive: zipfile.ZipFile, line: Line, wav: bytes | None) -> int:
    if wav is None:
        return 0
    archive.writestr(line.name, wav)
    return 1
