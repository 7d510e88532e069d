"""The figures of the model card, measured through libvosk with the phrase lists of a call, on held-out speakers.

Audio goes in as a call delivers it: 16-bit samples decoded from 8 kHz mu-law, in chunks of 200 ms.
"""

from __future__ import annotations

import json
import random
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import vosk

from speech.training.lexicon import COMMANDS, DIGITS, MENU, UNKNOWN_WORD, YES_NO
from speech.training.other_words import HELD_OUT
from speech.training.recordings import (
    ARABIC_ZIP,
    COMMANDS_ZIP,
    DIGITS_ZIP,
    HELD_OUT_ARABIC,
    Recording,
    mulaw_wav_to_pcm,
    read_files,
    recordings_of,
)
from speech.training.speakers import is_development

RATE_HZ = 8000
CHUNK_BYTES = 3200  # 200 ms
SECOND = 2 * RATE_HZ
LEAD = b"\0" * (SECOND // 4)
TAIL = b"\0" * (SECOND // 2)

UNIVERSAL = ("agent", "operator", "repeat")
DIGIT_LIST = (*DIGITS, "oh", *UNIVERSAL, UNKNOWN_WORD)
TEN_DIGITS = (*DIGITS, UNKNOWN_WORD)
YES_NO_LIST = (*YES_NO, *UNIVERSAL, UNKNOWN_WORD)
MENU_LIST = (*(w for w in MENU if w != "oh"), "call back", "one", "two", "three", UNKNOWN_WORD)
COMMAND_LIST = (*COMMANDS, UNKNOWN_WORD)


@dataclass
class Score:
    """What came out for one set of recordings. A file is right when the whole text is right.

    accepted: of recordings that should be rejected, those heard as listed words without any `[unk]`.
    """

    files: int = 0
    right: int = 0
    accepted: int | None = None
    per_speaker: dict[str, list[int]] = field(default_factory=dict)
    per_word: dict[str, list[int]] = field(default_factory=dict)
    confusions: Counter[tuple[str, str]] = field(default_factory=Counter)

    def add(self, recording: Recording, expected: str, heard: str, right: bool) -> None:
        """Count one file; `expected` is the row of the per-word table."""
        self.files += 1
        self.right += right
        for table, key in ((self.per_word, expected), (self.per_speaker, recording.speaker)):
            row = table.setdefault(key, [0, 0])
            row[0] += right
            row[1] += 1
        if not right:
            self.confusions[expected, heard or "nothing"] += 1

    @property
    def share(self) -> float:
        """Part of the files that is right."""
        return self.right / self.files if self.files else 0.0

    def as_json(self) -> dict[str, object]:
        """Return plain values for `model.json`."""
        return {
            "files": self.files,
            "speakers": len(self.per_speaker),
            "right": round(self.share, 4),
            **({} if self.accepted is None else {"accepted": round(self.accepted / max(1, self.files), 4)}),
            "per_word": {w: {"right": r, "of": n} for w, (r, n) in sorted(self.per_word.items())},
            "confusions": [[a, b, n] for (a, b), n in self.confusions.most_common(12)],
        }


@dataclass
class Measured:
    """All scores of a model by name, and the seconds of audio heard and of processor time spent on it."""

    scores: dict[str, Score]
    audio_s: float
    busy_s: float


class Recogniser:
    """A model folder, and one recogniser for each phrase list."""

    def __init__(self, folder: Path) -> None:
        """Load the model; raises Exception (libvosk's own) when it cannot."""
        vosk.SetLogLevel(-1)
        self._model = vosk.Model(str(folder))
        self._lists: dict[tuple[str, ...], vosk.KaldiRecognizer] = {}
        self.busy_s = 0.0
        self.audio_s = 0.0

    def hear(self, pcm: bytes, phrases: tuple[str, ...]) -> str:
        """Return the text heard in 16-bit samples, with a quarter of a second of silence before and half after."""
        if phrases not in self._lists:
            self._lists[phrases] = vosk.KaldiRecognizer(self._model, RATE_HZ, json.dumps(phrases))
        recogniser, texts = self._lists[phrases], []
        pcm = LEAD + pcm + TAIL
        started = time.perf_counter()
        for at in range(0, len(pcm), CHUNK_BYTES):
            ended = recogniser.AcceptWaveform(pcm[at : at + CHUNK_BYTES])
            texts += [json.loads(recogniser.Result())["text"]] if ended else []
        texts.append(json.loads(recogniser.FinalResult())["text"])
        recogniser.Reset()
        self.busy_s += time.perf_counter() - started
        self.audio_s += len(pcm) / SECOND
        return " ".join(t for t in texts if t)


def joined_strings(
    takes: Iterable[tuple[Recording, bytes]], count: int, seed: int, digits: int = 4
) -> list[tuple[Recording, list[str], bytes]]:
    """Join four-digit strings from single speakers' takes, with 100 to 400 ms of silence between.

    Args:
        takes: recordings with their PCM.
        count: number of strings, spread evenly over the speakers.
        seed: draws takes and pauses.
    """
    rng = random.Random(seed)  # noqa: S311 - reproducible draws, not secrets
    speakers: dict[str, list[tuple[Recording, bytes]]] = {}
    for recording, pcm in takes:
        speakers.setdefault(recording.speaker, []).append((recording, pcm))
    names, strings = sorted(speakers), []
    for i in range(count):
        picked = [rng.choice(speakers[names[i % len(names)]]) for _ in range(digits)]
        pcm = bytearray()
        for _, part in picked:
            pcm += part + b"\0\0" * rng.randint(RATE_HZ // 10, RATE_HZ * 4 // 10)
        strings.append((picked[0][0], [r.said for r, _ in picked], bytes(pcm)))
    return strings


def development_takes(path: Path, words: Iterable[str]) -> list[tuple[Recording, bytes]]:
    """Return what held-out speakers of a zip say of these words, with the samples."""
    words = {word.replace(" ", "_") for word in words}
    chosen = [r for r in recordings_of(path, is_development) if r.said in words]
    return [(r, mulaw_wav_to_pcm(wav)) for r, wav in read_files(path, chosen)]


def score_texts(ear: Recogniser, takes: Iterable[tuple[Recording, bytes]], phrases: tuple[str, ...]) -> Score:
    """Right is: exactly what was said."""
    score = Score()
    for recording, pcm in takes:
        heard, said = ear.hear(pcm, phrases), recording.said.replace("_", " ")
        score.add(recording, said, heard, heard == said)
    return score


def score_rejection(ear: Recogniser, takes: Iterable[tuple[Recording, bytes]], phrases: tuple[str, ...]) -> Score:
    """Right is: nothing but `[unk]`, or silence."""
    score, accepted = Score(), 0
    for recording, pcm in takes:
        heard = ear.hear(pcm, phrases)
        words = set(heard.split())
        score.add(recording, recording.said, heard, words <= {UNKNOWN_WORD})
        accepted += bool(words) and UNKNOWN_WORD not in words
    score.accepted = accepted
    return score


def score_strings(ear: Recogniser, takes: list[tuple[Recording, bytes]], count: int, seed: int) -> Score:
    """Right is: all four digits of a joined string, and nothing else."""
    score = Score()
    for recording, words, pcm in joined_strings(takes, count, seed):
        heard = ear.hear(pcm, TEN_DIGITS)
        score.add(recording, "string", f"{' '.join(words)} -> {heard}", heard.split() == words)
    return score


def evaluate(folder: Path, recordings: Path, voices: Path | None, seed: int = 0) -> Measured:
    """Measure a model folder.

    Args:
        folder: the model.
        recordings: the folder with the three zips.
        voices: the zip of synthetic voices, of which only the held-out ones are used; None leaves them out.
        seed: draws the joined strings.
    """
    ear = Recogniser(folder)
    people = development_takes(recordings / DIGITS_ZIP, DIGITS)
    crowd = development_takes(recordings / COMMANDS_ZIP, DIGITS)
    commands = development_takes(recordings / COMMANDS_ZIP, COMMANDS)
    foreign = development_takes(
        recordings / ARABIC_ZIP, {r.said for r in recordings_of(recordings / ARABIC_ZIP, is_development)}
    )
    unheard = [t for t in foreign if t[0].said in HELD_OUT_ARABIC]
    foreign = [t for t in foreign if t[0].said not in HELD_OUT_ARABIC]
    scores = {
        "digits, studio speaker": score_texts(ear, people, TEN_DIGITS),
        "digits, studio speaker, list with oh and universal words": score_texts(ear, people, DIGIT_LIST),
        "digits, crowd speakers": score_texts(ear, crowd, TEN_DIGITS),
        "digits, crowd speakers, list with oh and universal words": score_texts(ear, crowd, DIGIT_LIST),
        "four-digit strings, studio speaker": score_strings(ear, people, 300, seed),
        "four-digit strings, crowd speakers": score_strings(ear, crowd, 300, seed),
        "commands, crowd speakers": score_texts(ear, commands, COMMAND_LIST),
        "rejection: English commands, digit list": score_rejection(ear, commands, DIGIT_LIST),
        "rejection: foreign words, digit list": score_rejection(ear, foreign[::4], DIGIT_LIST),
        "rejection: foreign words never heard, digit list": score_rejection(ear, unheard, DIGIT_LIST),
        "rejection: digits, yes/no list": score_rejection(ear, people[::4] + crowd, YES_NO_LIST),
        "rejection: English commands, yes/no list": score_rejection(ear, commands, YES_NO_LIST),
        "rejection: English commands, menu list": score_rejection(ear, commands, MENU_LIST),
    }
    if voices is not None:
        scores |= _synthetic(ear, voices)
    return Measured(scores, ear.audio_s, ear.busy_s)


def _synthetic(ear: Recogniser, voices: Path) -> dict[str, Score]:
    def takes(words: Iterable[str]) -> list[tuple[Recording, bytes]]:
        return development_takes(voices, words)

    menu = [*(w for w in MENU if w != "oh"), "call back"]
    unheard = takes(HELD_OUT)[::4]  # 39 takes a word: the voices take turns
    return {
        "synthetic: digits": score_texts(ear, takes([*DIGITS, "oh"]), DIGIT_LIST),
        "synthetic: yes and no": score_texts(ear, takes(YES_NO), YES_NO_LIST),
        "synthetic: menu words": score_texts(ear, takes(menu), MENU_LIST),
        "synthetic: strings in one breath": score_texts(ear, takes(digit_strings(voices)), DIGIT_LIST),
        "rejection: synthetic words never heard, digit list": score_rejection(ear, unheard, DIGIT_LIST),
        "rejection: synthetic words never heard, menu list": score_rejection(ear, unheard, MENU_LIST),
        "rejection: synthetic words never heard, yes/no list": score_rejection(ear, unheard, YES_NO_LIST),
    }


def digit_strings(voices: Path) -> set[str]:
    """Return the strings of digits (`four_two`) that held-out synthetic voices say."""
    said = {recording.said for recording in recordings_of(voices, is_development)}
    return {s for s in said if "_" in s and set(s.split("_")) <= {*DIGITS, "oh"}}
