"""Shared by the tests of the edge."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from flows.model import Flow
from flows.prove import Proof
from ivr import publishing, turns
from ivr.lookups.deadline import Deadline
from ivr.lookups.service import MAX_TIMEOUT_S
from ivr.web import voice
from tests.patience import PATIENCE_S

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


@pytest.fixture(autouse=True)
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Turns and lookups may take as long as a slow machine needs, but where a test asks for a shorter time-out."""
    after = Deadline.after
    monkeypatch.setattr(turns, "EFFECTS_S", PATIENCE_S)
    monkeypatch.setattr(
        Deadline, "after", lambda timeout_s: after(PATIENCE_S if timeout_s >= MAX_TIMEOUT_S else timeout_s)
    )


@pytest.fixture
def unproved(monkeypatch: pytest.MonkeyPatch) -> None:
    """Flows are published without a proof, for tests of other things: a proof takes longer than all the rest."""

    def prove(flow: Flow) -> Proof:
        return Proof(
            flow.revision, states=0, transitions=0, questions=0, seconds_to_exit=0.0, slowest_node="", failures=()
        )

    monkeypatch.setattr(publishing, "prove", prove)
