"""Seeded fault schedules on the local carrier: killed and stopped workers, lost replies, Redis away, clocks that jump.

`run` plays many of them, a process for each core; `play` plays one, which is how a bad seed is looked into:

    python -m tests.benchmarks.crash.schedules 4711
"""

from __future__ import annotations

import multiprocessing
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

import time_machine

from ivr import logs
from tests.benchmarks.crash.judge import Score
from tests.benchmarks.crash.schedules.installation import Installation, installation
from tests.benchmarks.crash.schedules.plan import drawn
from tests.benchmarks.crash.schedules.verdict import Verdict, judge
from tests.benchmarks.crash.schedules.world import World

SAID_EVERY: Final = 500
CHUNK: Final = 50


def play(seed: int, office: Installation) -> tuple[Verdict, World]:
    """Play the schedule of a seed; what the phones saw, and the world for whoever wants to know why."""
    schedule = drawn(seed)
    office.empty(on_redis=schedule.on_redis)
    with time_machine.travel(schedule.starts, tick=False) as traveller:
        world = World(schedule, office)
        with world.carrier:
            world.run(traveller)
            return judge(world.carrier, world.promised), world


def run(*, count: int, seed: int, say: Callable[[str], None]) -> Score:
    """Play `count` schedules, beginning with that of `seed`; what went wrong is said, by seed."""
    score = Score(lost=0, double=0)
    seeds = range(seed, seed + count)
    chunks = [seeds[start : start + CHUNK] for start in range(0, count, CHUNK)]
    done = 0
    with multiprocessing.get_context("spawn").Pool(os.cpu_count() or 1) as pool:
        for found in pool.imap_unordered(_play_some, chunks):
            for bad_seed, verdict in found:
                score += verdict.score
                for what in (*verdict.lost, *verdict.double, *verdict.outside_hours):
                    say(f"schedule {bad_seed}: {what}")
            done += CHUNK
            if done % SAID_EVERY == 0:
                say(f"{done} of {count} fault schedules")
    return score


def _play_some(seeds: range) -> list[tuple[int, Verdict]]:
    """Play some schedules in a process of the pool; those in which something went wrong."""
    logs.configure("schedules", "critical")
    with tempfile.TemporaryDirectory(prefix="zh-schedules-") as folder, installation(Path(folder)) as office:
        verdicts = ((each, play(each, office)[0]) for each in seeds)
        return [(each, verdict) for each, verdict in verdicts if verdict != Verdict()]
