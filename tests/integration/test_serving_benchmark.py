"""The serving benchmark runs as a whole, in a small size: its figures mean nothing, its shape does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from media_fixtures import needs_model, needs_redis, needs_voice

ROOT = Path(__file__).resolve().parents[2]

pytestmark = [
    # It measures in real time: beside other tests it would fail for want of a processor.
    pytest.mark.skipif(os.environ.get("ZEROHOLD_BENCHMARKS") is None, reason="run by hand, with ZEROHOLD_BENCHMARKS=1"),
    needs_model,
    needs_voice,
    pytest.mark.skipif(not Path("/proc/self/smaps_rollup").is_file(), reason="the benchmark reads Linux's /proc"),
]


def figures(part: str, *arguments: str) -> dict[str, Any]:
    command = [sys.executable, "-m", f"tests.benchmarks.serving.{part}", "--quick", *arguments]
    done = subprocess.run(
        command, cwd=ROOT, env=os.environ | {"JSON": "1"}, capture_output=True, text=True, timeout=240, check=False
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    assert found["part"] == part
    return found


def test_capacity_compares_the_pool_with_the_bare_loop_and_the_published_design() -> None:
    (found,) = figures("capacity", "--model", "shipped")["models"]
    assert min(found["bare_streams"]) > 0
    assert {"ours_streams", "published_streams", "ours_to_bare", "transport_share"} <= set(found)


def test_ingest_takes_in_all_that_is_offered() -> None:
    for each in figures("ingest")["rounds"]:
        assert each["taken"] > 0.7
        assert each["streams_lost"] == 0
        assert each["cpu_ms_per_stream_second"] > 0


@needs_redis
def test_overload_tells_every_call_whether_it_can_speak() -> None:
    found = figures("overload")
    for half in ("at_ease", "over"):
        told = ("admitted", "keys_from_first_prompt", "refused_at_socket")
        assert sum(found[half][name] for name in told) == found[half]["offered"] > 0
        assert found[half]["dropped"] == 0
    assert found["over"]["offered"] >= 3


def test_drift_reads_the_memory_of_the_recogniser() -> None:
    found = figures("drift")
    assert found["calls"] >= 8
    assert found["child_rss_kib"]["end"] > 1000
