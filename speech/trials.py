"""Recordings put through the recogniser as a call would: mu-law, chunk by chunk, with a little silence around.

Many are heard at once by processes of their own. The same recordings, list and seed give the same results on every
machine, whatever the number of processes.
"""

from __future__ import annotations

import itertools
import math
import os
import random
import threading
import time
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context, parent_process
from pathlib import Path
from typing import Any, Final

import msgspec

from speech import mulaw
from speech.doubt import Sound
from speech.errors import SpeechError
from speech.recognition import Hypothesis
from speech.recorded import RecordingError, read_mulaw

CHUNK_MS: Final = 100
LEAD_MS: Final = 250
TAIL_MS: Final = 500
# Source: ours. Parts this much quieter than the loudest one are pauses and the sound's ends, not its loud part.
LOUD_WITHIN_DB: Final = 18.0
# Below this many trials, starting a process takes longer than it saves.
TRIALS_WORTH_A_PROCESS: Final = 150
TRIALS_AT_ONCE: Final = 25
NOISE_SAMPLES: Final = 1 << 16
NICE: Final = 5


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """What is put through the recogniser, and what is said in it.

    `parts` are files of zips (zip, name), with a pause after each that is as long as `pauses_ms` says (none where it
    says nothing); `audio`, mu-law, is there instead for what lies in no zip.
    """

    said: tuple[str, ...]
    speaker: str
    parts: tuple[tuple[str, str], ...] = ()
    pauses_ms: tuple[int, ...] = ()
    audio: bytes = b""


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What was heard; `problem` names the file that could not be read, and why, and nothing was heard then."""

    trial: Trial
    hypotheses: tuple[Hypothesis, ...] = ()
    sound: Sound | None = None
    audio_s: float = 0.0
    busy_s: float = 0.0
    problem: str | None = None

    @property
    def text(self) -> str:
        """The likeliest words, with one space between; empty where nothing was heard."""
        return " ".join(word.text for word in self.hypotheses[0].words) if self.hypotheses else ""


class RecogniserFailedError(SpeechError):
    """The recogniser's process died; the message says of which model."""

    code = "speech.recogniser_failed"


def hear_all(
    model: Path,
    phrases: Sequence[str],
    trials: Sequence[Trial],
    *,
    snr_db: float | None = None,
    seed: int = 0,
    processes: int | None = None,
) -> Iterator[Outcome]:
    """Yield what is heard in each trial, in their order.

    Args:
        model: the folder of a model.
        phrases: what the recogniser may hear, `[unk]` with them.
        trials: what to hear.
        snr_db: white noise is added, this many dB below the loud part of the recording; None adds none.
        seed: draws the noise.
        processes: how many to use; None takes as many as there are cores and the trials are worth.

    Raises `RecogniserFailedError` where libvosk refuses the model or dies.
    """
    if processes is None:
        processes = min(os.cpu_count() or 1, math.ceil(len(trials) / TRIALS_WORTH_A_PROCESS))
    setup = (str(model), tuple(phrases), snr_db, seed)
    if processes <= 1:
        yield from _here(setup, trials)
        return
    pieces = [trials[at : at + TRIALS_AT_ONCE] for at in range(0, len(trials), TRIALS_AT_ONCE)]
    # A fresh interpreter: libvosk's threads do not survive a fork.
    pool = ProcessPoolExecutor(processes, get_context("spawn"), initializer=_start, initargs=setup)
    try:
        for outcomes in pool.map(_hear_piece, pieces):
            yield from outcomes
    except BrokenProcessPool:
        raise RecogniserFailedError(f"the recogniser died with the model at {model}") from None
    finally:
        pool.shutdown(cancel_futures=True)


def _here(setup: tuple[str, tuple[str, ...], float | None, int], trials: Iterable[Trial]) -> Iterator[Outcome]:
    try:
        booth = _Booth(*setup)
    except Exception as error:  # libvosk raises nothing finer
        raise RecogniserFailedError(f"the recogniser does not take the model at {setup[0]}: {error}") from error
    for trial in trials:
        yield booth.hear(trial)


_booth: _Booth | None = None


def _start(model: str, phrases: tuple[str, ...], snr_db: float | None, seed: int) -> None:
    """Load the model of a process that hears trials."""
    global _booth
    os.nice(NICE)
    threading.Thread(target=_leave_with_parent, daemon=True).start()
    _booth = _Booth(model, phrases, snr_db, seed)


def _leave_with_parent() -> None:
    """End this process when the one that started it is gone; a pool's workers would wait for work for ever."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(0)


def _hear_piece(trials: Sequence[Trial]) -> list[Outcome]:
    if _booth is None:
        raise RuntimeError("this process has no model")
    return [_booth.hear(trial) for trial in trials]


class _Booth:
    """One model, one list of phrases, one kind of noise."""

    def __init__(self, model: str, phrases: tuple[str, ...], snr_db: float | None, seed: int) -> None:
        from speech.vosk_recogniser import load_model

        self._model: Any = load_model(Path(model))
        self._phrases = phrases
        self._snr_db = snr_db
        self._seed = seed
        self._open: dict[str, zipfile.ZipFile] = {}
        self._noise: list[float] = []
        if snr_db is not None:
            draw = random.Random(seed)  # noqa: S311 - reproducible noise, no secret
            self._noise = [draw.gauss(0.0, 1.0) for _ in range(NOISE_SAMPLES)]

    def hear(self, trial: Trial) -> Outcome:
        """Put one trial through a recogniser of its own."""
        try:
            audio = trial.audio or self._joined(trial)
        except RecordingError as error:
            return Outcome(trial=trial, problem=f"{' + '.join(name for _, name in trial.parts)}: {error}")
        quiet = mulaw.SILENCE * mulaw.BYTES_PER_MS
        audio = quiet * LEAD_MS + audio + quiet * TAIL_MS
        if self._snr_db is not None:
            # By the files' names alone: wherever their zip lies, the noise is the same.
            names = " ".join(name for _, name in trial.parts)
            at = random.Random(f"{self._seed} {names}").randrange(NOISE_SAMPLES)  # noqa: S311
            audio = with_white_noise(audio, self._noise[at:] + self._noise[:at], self._snr_db)
        return self._heard(trial, audio)

    def _joined(self, trial: Trial) -> bytes:
        audio = bytearray()
        for index, (archive, name) in enumerate(trial.parts):
            if archive not in self._open:
                self._open[archive] = zipfile.ZipFile(archive)
            audio += read_mulaw(self._open[archive], name)
            if index < len(trial.pauses_ms):
                audio += mulaw.SILENCE * (mulaw.BYTES_PER_MS * trial.pauses_ms[index])
        return bytes(audio)

    def _heard(self, trial: Trial, audio: bytes) -> Outcome:
        from speech.vosk_recogniser import Recogniser

        began_s = time.process_time()
        recogniser = Recogniser(self._model, list(self._phrases))
        levels: list[float] = []
        step = CHUNK_MS * mulaw.BYTES_PER_MS
        for at in range(0, len(audio), step):
            levels += recogniser.feed(at // mulaw.BYTES_PER_MS, audio[at : at + step]).levels_dbfs
        hypotheses = tuple(recogniser.finish())
        return Outcome(
            trial=trial,
            hypotheses=hypotheses,
            sound=Sound(start_ms=0, levels_dbfs=tuple(levels)),
            audio_s=len(audio) / mulaw.RATE_HZ,
            busy_s=time.process_time() - began_s,
        )


def loud_level_dbfs(audio: bytes) -> float:
    """The mean level of those parts of mu-law audio that are not much quieter than the loudest, in dBFS."""
    levels = mulaw.levels_dbfs(audio)
    loudest = max(levels, default=mulaw.SILENCE_DBFS)
    powers = [10 ** (level / 10) for level in levels if level > loudest - LOUD_WITHIN_DB]
    return 10 * math.log10(sum(powers) / len(powers)) if powers else mulaw.SILENCE_DBFS


def with_white_noise(audio: bytes, noise: Sequence[float], snr_db: float) -> bytes:
    """Mu-law audio with noise added to all of it, so many dB below its loud part; `noise` is repeated as needed.

    Args:
        audio: mu-law.
        noise: samples of unit power.
        snr_db: signal to noise ratio.
    """
    amplitude = 32768 * 10 ** ((loud_level_dbfs(audio) - snr_db) / 20)
    linear, codes = mulaw.LINEAR, mulaw.CODES
    return bytes(
        codes[max(-32768, min(32767, round(linear[code] + amplitude * extra))) & 0xFFFF]
        for code, extra in zip(audio, itertools.cycle(noise), strict=False)
    )
