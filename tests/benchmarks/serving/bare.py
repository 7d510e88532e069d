"""The upper bound: so many processes that decode chunk after chunk, flat out, and do nothing else."""

from __future__ import annotations

import json
import multiprocessing
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import vosk

from speech import mulaw
from tests.benchmarks.serving.audio import CHUNK_MS, PHRASES, chunks

RATE_HZ = float(mulaw.RATE_HZ)
ALTERNATIVES = 6


class Bare(msgspec.Struct, frozen=True):
    """Seconds of audio for each second of all processes together, and for each second of their CPU."""

    streams: float
    per_cpu_second: float


def measure(model: Path, utterances: Sequence[bytes], processes: int, seconds: float) -> Bare:
    """Decode for so long in so many processes."""
    context = multiprocessing.get_context("spawn")
    # The processes begin together, when all have loaded the model.
    gate = context.Barrier(processes)
    results = context.SimpleQueue()
    workers = [
        context.Process(target=_work, args=(str(model), list(utterances), seconds, gate, results), daemon=True)
        for _ in range(processes)
    ]
    for worker in workers:
        worker.start()
    try:
        found = [results.get() for _ in workers]
    finally:
        for worker in workers:
            worker.join(10)
            worker.kill()
    audio_s = sum(each[0] for each in found)
    return Bare(sum(each[0] / each[1] for each in found), audio_s / sum(each[2] for each in found))


def _work(model_dir: str, utterances: list[bytes], seconds: float, gate: Any, results: Any) -> None:
    vosk.SetLogLevel(-1)
    model = vosk.Model(model_dir)
    phrases = json.dumps(PHRASES)
    pcm = [[mulaw.decode(chunk) for chunk in chunks(utterance)] for utterance in utterances]
    gate.wait(60)
    count, began, cpu = 0, time.perf_counter(), time.process_time()
    while True:
        for utterance in pcm:
            recogniser = vosk.KaldiRecognizer(model, RATE_HZ, phrases)
            recogniser.SetWords(True)
            recogniser.SetMaxAlternatives(ALTERNATIVES)
            for chunk in utterance:
                if recogniser.AcceptWaveform(chunk):
                    recogniser.Result()
                else:
                    recogniser.PartialResult()
                count += 1
                took_s = time.perf_counter() - began
                if took_s >= seconds:
                    results.put((count * CHUNK_MS / 1000, took_s, time.process_time() - cpu))
                    return
            recogniser.FinalResult()
