"""The judge: counts what the phones saw, whatever the software that dialled them believes."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable, Mapping

import msgspec


class Score(msgspec.Struct, frozen=True, kw_only=True):
    """How many callbacks went wrong. `never_rang` is a part of `lost`: the rest rang, and nobody saw it through."""

    lost: int
    double: int
    never_rang: int = 0
    outside_hours: int = 0

    def __add__(self, other: Score) -> Score:
        """Both together, for parts that were measured one after the other."""
        return Score(
            lost=self.lost + other.lost,
            double=self.double + other.double,
            never_rang=self.never_rang + other.never_rang,
            outside_hours=self.outside_hours + other.outside_hours,
        )


class Judge:
    """Keeps count for the callbacks with the given ids; safe for threads.

    A dial that the carrier has accepted rings a phone, whether the worker that asked for it still lives or not: a
    second one for the same callback makes it double. A callback is lost unless one of its dials is seen through to the
    end of its conversation. Whose worker dies in between may still win: by asking the carrier what became of the dial.
    """

    def __init__(self, promised: Iterable[str]) -> None:
        self._promised = frozenset(promised)
        self._dials: Counter[str] = Counter()
        self._first_dials: dict[str, float] = {}
        self._finished: set[str] = set()
        self._outside_hours = 0
        self._lock = threading.Lock()

    def dial(self, callback_id: str, at: float, *, within_hours: bool = True) -> str:
        """Count one accepted dial and name it (its SID); raises KeyError for a callback that nobody promised.

        `at` is its moment in seconds, on the clock that the due times of `latest_s` are on.
        """
        with self._lock:
            self._check(callback_id)
            self._dials[callback_id] += 1
            self._first_dials.setdefault(callback_id, at)
            self._outside_hours += not within_hours
            return f"CA-{callback_id}-{self._dials[callback_id]}"

    def finish(self, callback_id: str) -> None:
        """Note a conversation that was seen through to its end; raises KeyError for what nobody promised or dialled."""
        with self._lock:
            self._check(callback_id)
            if callback_id not in self._dials:
                raise KeyError(callback_id)
            self._finished.add(callback_id)

    def _check(self, callback_id: str) -> None:
        if callback_id not in self._promised:
            raise KeyError(callback_id)

    @property
    def dials(self) -> int:
        """How many have been accepted by now, the second ones included."""
        with self._lock:
            return self._dials.total()

    def latest_s(self, due: Mapping[str, float]) -> float:
        """The worst time in seconds from a due time to the first dial; those that never rang do not count."""
        with self._lock:
            return max((at - due[callback_id] for callback_id, at in self._first_dials.items()), default=0.0)

    def score(self) -> Score:
        """The count as it is now."""
        with self._lock:
            return Score(
                lost=len(self._promised - self._finished),
                double=sum(count > 1 for count in self._dials.values()),
                never_rang=len(self._promised - self._dials.keys()),
                outside_hours=self._outside_hours,
            )
