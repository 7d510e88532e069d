"""Both stores: what is asked of one is asked of the other."""

from __future__ import annotations

import pytest

from callbacks.memory_store import MemoryStore
from callbacks.redis_store import RedisStore
from callbacks.rules import Policy
from callbacks.service import Callbacks
from callbacks.store import Store
from tests.wishes import london


@pytest.fixture(params=["memory", "redis"])
def store(request: pytest.FixtureRequest) -> Store:
    """An empty store of callbacks."""
    if request.param == "memory":
        return MemoryStore(Policy())
    return RedisStore(request.getfixturevalue("redis_client"), Policy())


@pytest.fixture
def callbacks(store: Store) -> Callbacks:
    """The callbacks of a queue that never closes, over that store."""
    return Callbacks(store, Policy(), london)
