"""What the benchmarks of the callbacks share: measuring in turn, percentiles, a table, and one line of JSON."""

from __future__ import annotations

import json
import math
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
from rich.console import Console
from rich.table import Table


class Spread(msgspec.Struct, frozen=True):
    """How long something took, in milliseconds; `rate` is how often it fits into a second, one after the other."""

    count: int
    median_ms: float
    p99_ms: float
    rate: float


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` of them do not exceed; raises ValueError where there is none."""
    if not values:
        raise ValueError("no value")
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def spread(seconds: Sequence[float]) -> Spread:
    """The figures of some durations."""
    return Spread(
        count=len(seconds),
        median_ms=percentile(seconds, 0.5) * 1000,
        p99_ms=percentile(seconds, 0.99) * 1000,
        rate=len(seconds) / sum(seconds),
    )


def in_turn(repeats: int, **steps: Callable[[int], Callable[[], None] | None]) -> dict[str, list[float]]:
    """Seconds of wall time of each step, by name. They take turns, and who begins takes turns, too: so whatever else
    the machine does strikes all alike. What a step returns is called after it and not measured.
    """
    taken: dict[str, list[float]] = {name: [] for name in steps}
    names = list(steps)
    for number in range(repeats):
        for name in names if number % 2 == 0 else reversed(names):
            began = time.perf_counter()
            after = steps[name](number)
            taken[name].append(time.perf_counter() - began)
            if after is not None:
                after()
    return taken


def print_figures(
    title: str, headings: Sequence[str], rows: Sequence[Sequence[str]], figures: Mapping[str, Any]
) -> None:
    """A table for people and, with JSON=1 in the environment, a last line for programs."""
    table = Table(title=title)
    for heading in headings:
        table.add_column(heading, justify="right" if heading else "left")
    for row in rows:
        table.add_row(*row)
    Console().print(table)
    if os.environ.get("JSON") == "1":
        sys.stdout.write(json.dumps(figures) + "\n")


def say(line: str) -> None:
    """Progress, beside the table."""
    sys.stderr.write(f"{line}\n")
