"""The kill -9 scoreboard's JSON line has one shape, and null where nothing was measured; its plan is repeatable."""

from __future__ import annotations

import importlib.metadata
import json
import threading

import pytest
from rich.console import Console

from tests.benchmarks.crash.contest import Result, measure
from tests.benchmarks.crash.judge import Score
from tests.benchmarks.crash.peers import GROUPS, PEERS
from tests.benchmarks.crash.plan import SPREAD_S, plan
from tests.benchmarks.crash.report import Ours, json_line, print_table

NAMES = [peer.name for peer in PEERS]


def test_the_json_line_has_the_agreed_shape() -> None:
    results = [Result(name=name, score=Score(lost=number, double=number + 1)) for number, name in enumerate(NAMES)]
    line = json_line(Ours(Score(lost=0, double=0), schedules=10_000), results, NAMES)
    assert "\n" not in line
    assert json.loads(line) == {
        "ours": {"lost": 0, "double": 0, "outside_hours": 0, "schedules": 10_000},
        "peers": {
            "apscheduler": {"lost": 0, "double": 1},
            "rq": {"lost": 1, "double": 2},
            "huey": {"lost": 2, "double": 3},
            "dramatiq": {"lost": 3, "double": 4},
            "celery": {"lost": 4, "double": 5},
        },
    }


def test_what_was_not_measured_is_null_in_the_json_line() -> None:
    results = [Result(name="rq", error="it does not start"), Result(name="huey", score=Score(lost=3, double=0))]
    line = json.loads(json_line(None, results, NAMES))
    assert line["ours"] is None
    assert list(line["peers"]) == NAMES
    assert line["peers"]["huey"] == {"lost": 3, "double": 0}
    assert all(line["peers"][name] == {"lost": None, "double": None} for name in NAMES if name != "huey")


def test_the_table_says_what_is_not_measured_and_why() -> None:
    console = Console(record=True, width=100)
    print_table(console, None, [Result(name="rq", error="it does not [start]")], jobs=600, kills=4)
    text = console.export_text()
    assert "ours: not measured" in text
    assert "rq: not measured: it does not [start]" in text


def test_our_row_says_how_late_we_were_and_what_cpu_each_callback_took() -> None:
    console = Console(record=True, width=120)
    killed = Result(name="ours", score=Score(lost=0, double=0), latest_s=12.3, cpu_s=5.0, redis_cpu_s=1.0, took_s=99.0)
    print_table(console, Ours(Score(lost=0, double=0), 10_000, killed), [], jobs=600, kills=4)
    row = next(line for line in console.export_text().splitlines() if "ours" in line)
    assert row.split()[1::2] == ["ours", "0", "0", "0", "12.3", "10", "99"]


def test_a_peer_that_is_not_installed_is_an_error_with_its_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(library: str) -> str:
        raise importlib.metadata.PackageNotFoundError(library)

    monkeypatch.setattr(importlib.metadata, "version", missing)
    result = measure(PEERS[0], plan(1, 1, 1), lambda line: None, threading.Event())
    assert result.score is None
    assert "zerohold[bench]" in result.error


def test_a_plan_is_the_same_for_the_same_seed_and_kills_each_group_in_the_middle_of_the_work() -> None:
    first = plan(jobs=600, kills=4, seed=7)
    assert first == plan(jobs=600, kills=4, seed=7)
    assert first.kills != plan(jobs=600, kills=4, seed=8).kills
    assert len(first.due_s) == 600
    assert {kill.group for kill in first.kills} == set(range(GROUPS))
    moments = [kill.after_s for kill in first.kills]
    assert moments == sorted(moments)
    assert min(moments) > 0
    assert max(moments) < max(first.due_s.values()) < SPREAD_S
