"""Threads that do the work of one source, so that nobody waits longer for it than allowed.

Python cannot end a thread from outside. Work that does not come back is abandoned: its thread goes on until it ends by
itself or the process does (the threads are daemons), and takes one of the source's few places until then.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final, Generic, TypeVar

from ivr.lookups.deadline import Deadline
from ivr.lookups.errors import LookupFailedError

T = TypeVar("T")

PLACES: Final = 8


class Crew:
    """At most `places` threads at once; those abandoned count until they end."""

    def __init__(self, places: int = PLACES) -> None:
        self._places = places
        self._changed = threading.Condition()
        self._busy = 0
        self._abandoned = 0

    def idle(self) -> bool:
        """Whether no thread is at work."""
        with self._changed:
            return self._busy == 0

    def run(self, work: Callable[[], T], deadline: Deadline, give_up: Callable[[], None] = lambda: None) -> T:
        """What `work` returns or raises; raises `LookupFailedError` when the deadline passes first.

        `give_up` is called, on this thread, when `work` is abandoned: it may help it to an end.
        """
        self._take_place(deadline)
        job = _Job(work, self._leave_place)
        try:
            threading.Thread(target=job.run, name="lookup", daemon=True).start()
        except RuntimeError:  # the machine has no thread left
            self._leave_place(abandoned=False)
            raise LookupFailedError("no thread can be started", code="busy", retryable=True) from None
        if job.done.wait(deadline.remaining_s()):
            return job.result()
        with self._changed:
            if not job.abandon():
                return job.result()
            self._abandoned += 1
        give_up()
        raise deadline.missed()

    def _take_place(self, deadline: Deadline) -> None:
        with self._changed:
            while self._busy >= self._places:
                if self._abandoned >= self._places:
                    raise LookupFailedError(
                        f"all {self._places} earlier questions hang; no more are taken until one ends",
                        code="busy",
                        retryable=True,
                    )
                if not self._changed.wait(deadline.left_s()):
                    raise LookupFailedError("too many questions at once", code="busy", retryable=True)
            self._busy += 1

    def _leave_place(self, *, abandoned: bool) -> None:
        with self._changed:
            self._busy -= 1
            self._abandoned -= abandoned
            self._changed.notify()


class _Job(Generic[T]):
    def __init__(self, work: Callable[[], T], leave: Callable[..., None]) -> None:
        self._work = work
        self._leave = leave
        self._lock = threading.Lock()
        self._abandoned = False
        self._finished = False
        self._value: T
        self._error: BaseException | None = None
        self.done = threading.Event()

    def run(self) -> None:
        try:
            self._value = self._work()
        except BaseException as error:  # whatever it is, it belongs to who asked
            self._error = error
        with self._lock:
            self._finished = True
            abandoned = self._abandoned
        self._leave(abandoned=abandoned)
        self.done.set()

    def abandon(self) -> bool:
        """Give the work up; False when it has just come to its end."""
        with self._lock:
            self._abandoned = not self._finished
            return self._abandoned

    def result(self) -> T:
        if self._error is not None:
            raise self._error
        return self._value
