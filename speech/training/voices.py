"""Synthetic speakers: espeak-ng, flite and festival say the words of a language, other words and strings of digits.

Nobody recorded most menu words for us, nor any Persian, so these voices are their only source. The result is a zip
like the recordings: `WORD/SPEAKER_TAKE.wav`, 8 kHz mu-law; several words in one breath are joined by `_`
(`four_two/espeak-en-us+m1_3.wav`). What is said is in `voices_english`, `voices_arabic` and `voices_persian`; how
a voice of another language says it is in `voices_accents`.
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
from functools import partial
from pathlib import Path

import numpy as np
import soundfile
from scipy.signal import resample_poly

from speech.lexicon.building import require
from speech.training import voices_arabic, voices_english, voices_persian
from speech.training.speakers import (
    HELD_OUT_ESPEAK_ACCENTS,
    HELD_OUT_ESPEAK_VARIANTS,
    HELD_OUT_FESTIVAL_VOICES,
    HELD_OUT_FLITE_VOICES,
    is_development,
)
from speech.training.voices_accents import (
    ESPEAK,
    ESPEAK_LANGUAGES,
    FESTIVAL,
    accent,
    letters,
    mnemonics,
    segments,
    without_final_r,
)
from speech.training.voices_language import Language, Text, texts

RATE_HZ = 8000
LANGUAGES: dict[str, Callable[[], Language]] = {
    "en": voices_english.language,
    "ar": voices_arabic.language,
    "fa": voices_persian.language,
}
VARIANTS = """
    m1 m2 m3 m4 m5 m6 m7 f1 f2 f3 f4 klatt klatt2 klatt4 adam anika antonio belinda boris caleb david edward
    edward2 gustave iven iven2 linda marcelo max michel miguel norbert pablo paul pedro quincy robert rob
    sandro steph steph2 steph3 victor zac Andy Annie Alicia Diogo Gene Henrique Hugo Jacky Lee Marco Mario
    Michael Nguyen Denis
""".split()  # noqa: SIM905 - sixty quoted strings would be no easier to read
FLITE_PITCH_HZ = {"kal16": (90, 125), "awb": (105, 150), "slt": (150, 205), "rms": (85, 120)}
TOOLS = {"espeak-ng": "espeak-ng", "flite": "flite", "festival": "festival"}
WORD_S = (0.13, 1.6)  # shorter is a fast voice that swallows sounds; longer is a fault of a synthesiser

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Line:
    """One thing that one voice says: what it is, as in the zip, and how it is made.

    command: espeak-ng's or flite's. scheme: festival's, `{wav}` stands for the file. tape: the wave is played that much
    faster, as a tape would be, which makes another speaker of a voice that knows no other way.
    """

    words: tuple[str, ...]
    speaker: str
    take: str
    command: tuple[str, ...] = ()
    scheme: str = ""
    tape: float = 1.0

    @property
    def name(self) -> str:
        """Path in the zip."""
        return f"{'_'.join(self.words)}/{self.speaker}_{self.take}.wav"


def _line(text: Text, speaker: str, take: str, **how: object) -> Line:
    return Line(tuple(word.text for word in text), speaker, take, **how)  # type: ignore[arg-type]


def espeak_lines(rng: random.Random, language: Language) -> Iterator[Line]:
    """Yield what the language's own espeak-ng voices say, and what those of other languages say with their accent."""
    variants = ["", *rng.sample(VARIANTS, min(language.variants, len(VARIANTS)))]
    voices = [(rng.choice(language.natives), variant) for variant in variants]
    voices += [(rng.choice(language.natives), variant) for variant in HELD_OUT_ESPEAK_VARIANTS]
    if language.code == "en":
        voices += [(held_out, v) for held_out in HELD_OUT_ESPEAK_ACCENTS[:1] for v in ("", "m1", "f2")]
    for code, variant in voices:
        yield from _espeak_voice(rng, language, code, variant, "native")
    for code in language.foreign:
        for variant in ["", *rng.sample(VARIANTS, language.foreign_variants)][-language.foreign_variants :]:
            yield from _espeak_voice(rng, language, code, variant, "foreign")


def _espeak_voice(rng: random.Random, language: Language, code: str, variant: str, kind: str) -> Iterator[Line]:
    voice = f"{code}+{variant}" if variant else code
    speed, pitch = rng.choice([110, 130, 150, 165, 180, 200]), rng.choice([25, 40, 50, 50, 60, 75])
    spelling = accent({**ESPEAK, **ESPEAK_LANGUAGES.get(code, {})}, rng)
    rhotic = _rhotic(rng, language)
    held_out = is_development(f"espeak-{voice}")
    for text, take in texts(rng, language, kind, held_out=held_out):
        command = ["espeak-ng", "-v", voice, "-s", str(speed + rng.randint(-20, 25))]
        command += ["-p", str(max(0, pitch + rng.randint(-12, 12))), "--stdout"]
        if kind == "native" and text[0].spoken:
            said = rng.choice([" ", " ", ", "]).join(word.spoken for word in text)
            said += rng.choice(["", ".", "!", "?"]) if len(text) == 1 else ""
        else:
            said = mnemonics([_phones(word.phones, rhotic) for word in text], spelling)
        yield _line(text, f"espeak-{voice}", take, command=(*command, said))


def _rhotic(rng: random.Random, language: Language) -> bool:
    """Draw whether every r is spoken; only English has speakers who leave some out."""
    return rng.random() < 0.6 or language.code != "en"


def _phones(phones: tuple[str, ...], rhotic: bool) -> tuple[str, ...]:
    return phones if rhotic else without_final_r(phones)


def flite_lines(rng: random.Random, language: Language) -> Iterator[Line]:
    """Yield what every flite voice says at six speeds and pitches; they know English only."""
    if language.code != "en":
        return
    for voice, (low, high) in FLITE_PITCH_HZ.items():
        for stretch in (0.75, 0.85, 0.95, 1.05, 1.2, 1.4):
            pitch = rng.randint(low, high)
            for text, take in texts(rng, language, "flite", held_out=voice in HELD_OUT_FLITE_VOICES):
                said = rng.choice([" ", " ", ", "]).join(word.spoken for word in text)
                command = ["flite", "-voice", voice, "--setf", f"duration_stretch={stretch}"]
                command += ["--setf", f"int_f0_target_mean={pitch}", "-t", said, "-o", "{wav}"]
                yield _line(text, f"flite-{voice}", f"{stretch * 100:.0f}x{pitch}x{take}", command=tuple(command))


def festival_lines(rng: random.Random, language: Language) -> Iterator[Line]:
    """Yield what every festival voice says, every take at its own speed and pitch."""
    for name in language.festival:
        voice = FESTIVAL[name]
        held_out = name in HELD_OUT_FESTIVAL_VOICES
        for number, (text, take) in enumerate(texts(rng, language, "festival", held_out=held_out)):
            # An accent a take, not a voice: there are few such voices, and what they vary in is worth having.
            spelling = accent(voice.phones, rng)
            rhotic = _rhotic(rng, language)
            words = [_phones(word.phones, rhotic) for word in text]
            speed, tape = rng.uniform(0.75, 1.35), 1.0
            if voice.silence:
                pitch_hz = voice.pitch_hz * rng.uniform(0.88, 1.15)
                said = segments(words, spelling, voice.silence, rng, pitch_hz=pitch_hz, speed=speed)
                scheme = f'(utt.save.wave (utt.synth (Utterance Segments {said})) "{{wav}}" \'riff)'
            else:
                tape = rng.uniform(0.9, 1.13)
                plain = rng.choice([" ", " ", ", "]).join(word.spoken for word in text)
                plain = letters(words, spelling, voice) if voice.phones else plain
                scheme = (
                    f"(Parameter.set 'Duration_Stretch {1 / speed:.2f})\n"
                    f'(utt.save.wave (utt.synth (Utterance Text "{plain}")) "{{wav}}" \'riff)'
                )
            yield _line(text, f"festival-{name}", f"{number}x{take}", scheme=scheme, tape=tape)


def telephone_wav(wav: bytes, words: int = 1, tape: float = 1.0) -> bytes | None:
    """Trim a synthesiser's WAV to its speech (50 ms margins) and code it as 8 kHz mu-law.

    None if it is empty, or cannot be that many words because it is too short or too long. tape: play it that much
    faster (1.1: a tenth), which raises pitch and formants with the speed.
    """
    try:
        samples, rate_hz = soundfile.read(io.BytesIO(wav))
    except soundfile.LibsndfileError:
        return None
    samples = samples if samples.ndim == 1 else samples[:, 0]
    rate_hz = round(rate_hz * tape / 100) * 100
    common = math.gcd(rate_hz, RATE_HZ)
    samples = resample_poly(samples, RATE_HZ // common, rate_hz // common)
    loud = np.flatnonzero(np.abs(samples) > 0.01 * np.abs(samples).max(initial=0))
    if not len(loud) or not WORD_S[0] * words <= (loud[-1] - loud[0]) / RATE_HZ <= WORD_S[1] * words + 0.5:
        return None
    samples = samples[max(0, loud[0] - 400) : loud[-1] + 400]
    out = io.BytesIO()
    soundfile.write(out, samples / np.abs(samples).max() * 0.6, RATE_HZ, format="WAV", subtype="ULAW")
    return out.getvalue()


def _run(line: Line) -> list[tuple[Line, bytes | None]]:
    with tempfile.NamedTemporaryFile(suffix=".wav") as wav:
        command = [wav.name if part == "{wav}" else part for part in line.command]
        done = subprocess.run(command, capture_output=True, check=False)
        return [(line, telephone_wav(Path(wav.name).read_bytes() or done.stdout, len(line.words), line.tape))]


def _run_festival(lines: list[Line]) -> list[tuple[Line, bytes | None]]:
    """Let one festival say many lines of one voice; a line that it cannot say is left out."""
    voice = FESTIVAL[lines[0].speaker.removeprefix("festival-")]
    made = []
    with tempfile.TemporaryDirectory() as folder:
        script = [f"({voice.start})"]
        for number, line in enumerate(lines):
            said = line.scheme.replace("{wav}", f"{folder}/{number}.wav")
            script.append(f"(unwind-protect (begin {said}) nil)")
        path = Path(folder) / "voices.scm"
        path.write_text("\n".join(script), encoding=voice.encoding)
        subprocess.run(["festival", "-b", str(path)], capture_output=True, check=False)  # noqa: S607 - `require` found it
        for number, line in enumerate(lines):
            wav = Path(folder) / f"{number}.wav"
            made.append((line, telephone_wav(wav.read_bytes(), len(line.words), line.tape) if wav.exists() else None))
    return made


def make_voices(path: Path, language: str, seed: int, progress: Callable[[str], None] = logger.info) -> int:
    """Make the zip of synthetic speakers of one language.

    Args:
        path: the zip to write (through a temporary name, so that a broken run leaves nothing).
        language: `en`, `ar` or `fa`.
        seed: draws voices, speeds, pitches and strings.
        progress: told a line now and then.

    Returns:
        The number of files in it.

    Raises:
        KeyError: another language.
        MissingToolError: a synthesiser is not installed.
    """
    require(TOOLS)
    table = LANGUAGES[language]()
    rng = random.Random(seed)  # noqa: S311 - reproducible draws, not secrets
    jobs = [partial(_run, line) for line in [*espeak_lines(rng, table), *flite_lines(rng, table)]]
    festival = list(festival_lines(rng, table))
    for voice in table.festival:
        own = [line for line in festival if line.speaker == f"festival-{voice}"]
        jobs += [partial(_run_festival, own[at : at + 120]) for at in range(0, len(own), 120)]
    part, count = path.with_suffix(".part"), 0
    silent: dict[str, bool] = {}
    with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as archive, ThreadPoolExecutor(2) as pool:
        for made in pool.map(lambda job: job(), jobs):
            for line, wav in made:
                silent.setdefault(line.speaker, True)
                if wav is not None:
                    archive.writestr(line.name, wav)
                    silent[line.speaker] = False
                    count += 1
                    if count % 2000 == 0:
                        progress(f"synthetic voices, {language}: {count} files")
    part.replace(path)
    for speaker in (speaker for speaker, nothing in silent.items() if nothing):
        logger.warning("synthetic voices, %s: %s said nothing; is its package installed?", language, speaker)
    return count
