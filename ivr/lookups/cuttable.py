"""HTTP connections that another thread can cut.

A time-out of a socket counts from byte to byte, so a server that drips could hold a thread for hours. Shutting the
socket down makes the blocked read return at once.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from typing import Any, Final

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection

_here = threading.local()


class Cut:
    """The connection that one lookup uses at present, and the means to end it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._connection: HTTPConnection | None = None
        self._over = False

    @contextlib.contextmanager
    def watching(self) -> Iterator[None]:
        """Whatever connection this thread uses meanwhile can be cut."""
        _here.cut = self
        try:
            yield
        finally:
            _here.cut = None
            with self._lock:
                self._connection = None

    def use(self, connection: HTTPConnection) -> None:
        """From now on this connection is the one to cut; raises `OSError` where it is over already."""
        with self._lock:
            self._connection = connection
            if self._over:
                raise OSError("the lookup was given up")

    def now(self) -> None:
        """End it: the thread that waits for this connection gets an error at once."""
        with self._lock:
            self._over = True
            sock = self._connection.sock if self._connection is not None else None
            if sock is not None:
                with contextlib.suppress(OSError):  # closed already
                    sock.shutdown(socket.SHUT_RDWR)


def _use(connection: HTTPConnection) -> None:
    cut: Cut | None = getattr(_here, "cut", None)
    if cut is not None:
        cut.use(connection)


class _HttpConnection(HTTPConnection):
    def connect(self) -> None:
        _use(self)
        super().connect()
        _use(self)  # it may have been over while there was no socket to shut down

    def request(self, *arguments: Any, **options: Any) -> None:
        _use(self)
        super().request(*arguments, **options)


class _HttpsConnection(HTTPSConnection):
    def connect(self) -> None:
        _use(self)
        super().connect()
        _use(self)

    def request(self, *arguments: Any, **options: Any) -> None:
        _use(self)
        super().request(*arguments, **options)


class _HttpPool(urllib3.HTTPConnectionPool):
    ConnectionCls = _HttpConnection


class _HttpsPool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _HttpsConnection


CUTTABLE_POOLS: Final = {"http": _HttpPool, "https": _HttpsPool}
