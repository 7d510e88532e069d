"""What the benchmark says in the end: a table for people, one line of JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

import msgspec
from rich.console import Console
from rich.table import Table

from tests.benchmarks.crash.contest import Result
from tests.benchmarks.crash.judge import Score


class Ours(msgspec.Struct, frozen=True):
    """Our own half: the count of the kills and of all fault schedules together, and how many schedules those were.

    `killed` is the run under the kills alone.
    """

    score: Score
    schedules: int
    killed: Result | None = None


def json_line(ours: Ours | None, results: Iterable[Result], peers: Iterable[str]) -> str:
    """One line; null stands for whatever has not been measured, a figure never does."""
    scores = {result.name: result.score for result in results}
    own = (
        {
            "lost": ours.score.lost,
            "double": ours.score.double,
            "outside_hours": ours.score.outside_hours,
            "schedules": ours.schedules,
        }
        if ours is not None
        else None
    )
    return json.dumps({"ours": own, "peers": {name: _figures(scores.get(name)) for name in peers}})


def _figures(score: Score | None) -> dict[str, int | None]:
    return {
        "lost": score.lost if score is not None else None,
        "double": score.double if score is not None else None,
    }


def _spent(result: Result, jobs: int) -> tuple[str, str, str]:
    """The last columns: the worst lateness in s, CPU in ms for each callback, the whole run in s."""
    cpu_ms = (result.cpu_s + result.redis_cpu_s) / jobs * 1000
    return f"{result.latest_s:.1f}", f"{cpu_ms:.0f}", f"{result.took_s:.0f}"


def print_table(console: Console, ours: Ours | None, results: Sequence[Result], jobs: int, kills: int) -> None:
    """The scoreboard, and below it what its words mean."""
    table = Table(title=f"{jobs} due callbacks, {kills} kills with -9")
    for heading in ("", "lost", "no ring", "double", "latest s", "CPU ms", "took s"):
        table.add_column(heading, justify="right" if heading else "left")
    if ours is not None:
        score = ours.score
        spent = [""] * 3 if ours.killed is None else _spent(ours.killed, jobs)
        table.add_row("ours", str(score.lost), str(score.never_rang), str(score.double), *spent, style="bold")
    for result in results:
        name = f"{result.name} {result.version}".strip()
        if result.score is None:
            table.add_row(name, "error", *[""] * 5)
            continue
        table.add_row(
            name,
            str(result.score.lost),
            str(result.score.never_rang),
            str(result.score.double),
            *_spent(result, jobs),
        )
    console.print(table)
    console.print(
        "lost: by the end of the run no dial was seen through to the end of its conversation; no ring: those of them "
        "that were not even dialled; double: the phone rang more than once; latest: the worst time from due to the "
        "first dial; CPU: all workers' and Redis's, starts and idle time included, in ms for each callback."
    )
    if ours is not None and ours.killed is not None:
        console.print(
            "ours: each callback is two real calls of several seconds, over HTTP; CPU is that of gunicorn, too. The "
            "peers post two requests and sleep for 0.2 s in between."
        )
    if ours is None:
        console.print("ours: not measured in this run.")
    else:
        console.print(
            f"ours: {ours.schedules} fault schedules included, {ours.score.outside_hours} dials outside hours."
        )
    for result in results:
        if result.error:
            console.print(f"{result.name}: not measured: {result.error}", markup=False)
        elif result.failures:
            console.print(f"{result.name}: {result.failures} workers ended by themselves and were started again.")
