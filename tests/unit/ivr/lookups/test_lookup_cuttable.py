"""A connection that another thread cuts, at any moment."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest
import urllib3
from urllib3.connection import HTTPConnection

from ivr.lookups.cuttable import CUTTABLE_POOLS, Cut


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """A server that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening


def ask(listener: socket.socket) -> None:
    with CUTTABLE_POOLS["http"]("127.0.0.1", listener.getsockname()[1], retries=False) as pool:
        pool.urlopen("GET", "/", timeout=urllib3.Timeout(20))


def test_one_that_is_cut_before_it_begins_is_not_opened(listener: socket.socket) -> None:
    cut = Cut()
    cut.now()
    with cut.watching(), pytest.raises(urllib3.exceptions.ProtocolError):
        ask(listener)


def test_one_that_is_cut_while_it_is_being_opened_does_not_wait_for_an_answer(
    listener: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut = Cut()
    opened = HTTPConnection._new_conn

    def cut_meanwhile(connection: HTTPConnection) -> socket.socket:
        cut.now()
        return opened(connection)

    monkeypatch.setattr(HTTPConnection, "_new_conn", cut_meanwhile)
    with cut.watching(), pytest.raises(urllib3.exceptions.ProtocolError):
        ask(listener)
