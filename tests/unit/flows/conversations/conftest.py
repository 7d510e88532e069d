"""What the tests of conversations play with."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from flows.conversations.model import Conversation
from flows.conversations.player import Played, play
from flows.loader import read_document
from flows.model import Flow

HERE = Path(__file__).resolve().parent


def _read(path: Path) -> Flow:
    return read_document(path.read_bytes(), str(path)).flow


@pytest.fixture(scope="session")
def orders() -> Flow:
    """A small shop: a menu, a number that is looked up, a callback, a person."""
    return _read(HERE / "orders.yaml")


@pytest.fixture(scope="session")
def everything() -> Flow:
    """One node of every kind, in two languages."""
    return _read(HERE / "everything.yaml")


Playing = Callable[..., Played]


@pytest.fixture
def playing(orders: Flow) -> Playing:
    """Plays steps against the example flow: `playing({"presses": "1"}, ..., speech=False)`."""

    def playing(*steps: dict[str, Any], flow: Flow = orders, **given: Any) -> Played:
        return play(flow, Conversation.model_validate({"name": "a call", "steps": steps, **given}))

    return playing
