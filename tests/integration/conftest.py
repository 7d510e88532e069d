"""Shared by the tests of the edge."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from ivr.web import voice

Waiting = list[tuple[float, Callable[[], None]]]


@pytest.fixture(autouse=True)
def waiting(monkeypatch: pytest.MonkeyPatch) -> Waiting:
    """What web would do after so many seconds, for a test to do.

    A timer that ran on would end a call of a later test: one worker's tests share a Redis server and the calls' names.
    """
    waiting: Waiting = []

    class TimerByHand(threading.Timer):
        def start(self) -> None:
            waiting.append((self.interval, self.function))

    monkeypatch.setattr(voice, "Timer", TimerByHand)
    return waiting
