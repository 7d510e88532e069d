"""What an audit found, as plain values: for people, and as JSON. Pure."""

from __future__ import annotations

import math
from array import array
from datetime import datetime

import msgspec

from callbacks.ledger import Head
from callbacks.ledger_fold import Outcome, Problem, Verdict
from callbacks.ledger_verify import Finding


class Difference(msgspec.Struct, frozen=True, order=True):
    """Where the store and the ledger disagree about a request."""

    id: str
    words: str


class Lateness(msgspec.Struct, frozen=True, kw_only=True):
    """How many promises, and by how many seconds: the middle one, the 99th in a hundred, and the worst."""

    count: int
    median_s: float = 0.0
    p99_s: float = 0.0
    worst_s: float = 0.0
    worst_id: str = ""


class Audit(msgspec.Struct, frozen=True, kw_only=True):
    """What an audit found. `head` is worth noting: the next audit may be told to expect it.

    `unsealed` entries were not under the key yet. `overruled` entries were made on old copies of records, before a
    recovery.
    """

    at: datetime
    head: Head
    pages: int
    entries: int
    unsealed: int
    overruled: int
    requests: int
    promises: int
    kept: int
    withdrawn: int
    open: int
    early: Lateness
    late: Lateness
    broken: Lateness
    overdue: Lateness
    findings: tuple[Finding, ...]
    problems: tuple[Problem, ...]
    differences: tuple[Difference, ...]
    not_listed: int

    @property
    def is_clean(self) -> bool:
        """Whether the ledger is whole and the store agrees with it (promises may have been broken)."""
        return not (self.findings or self.problems or self.differences)


class Tally:
    """Counts verdicts."""

    def __init__(self) -> None:
        self._counts: dict[Outcome, int] = {}
        self._seconds: dict[Outcome, array[float]] = {}
        self._worst: dict[Outcome, Verdict] = {}

    def add(self, verdict: Verdict) -> None:
        """Count one promise."""
        outcome = verdict.outcome
        self._counts[outcome] = self._counts.get(outcome, 0) + 1
        if outcome in {"early", "late", "broken", "overdue"}:
            self._seconds.setdefault(outcome, array("d")).append(verdict.seconds)
            worst = self._worst.get(outcome)
            if worst is None or verdict.seconds > worst.seconds:
                self._worst[outcome] = verdict

    def count(self, *outcomes: Outcome) -> int:
        """How many promises; all of them without an outcome."""
        return sum(self._counts.get(outcome, 0) for outcome in outcomes or self._counts)

    def lateness(self, outcome: Outcome) -> Lateness:
        """By how much."""
        seconds = sorted(self._seconds.get(outcome, ()))
        if not seconds:
            return Lateness(count=0)
        return Lateness(
            count=len(seconds),
            median_s=(seconds[(len(seconds) - 1) // 2] + seconds[len(seconds) // 2]) / 2,
            p99_s=seconds[math.ceil(len(seconds) * 0.99) - 1],
            worst_s=seconds[-1],
            worst_id=self._worst[outcome].id,
        )
