"""The flow of a file, for development: a save counts for the next call, a bad one for none.

The file is looked at when a call begins. That costs a few microseconds, less than any answer of Redis in the same
request, so that neither a thread nor a limit on how often is worth having.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import structlog

from flows.loader import load_flow
from flows.model import Flow
from flows.problems import FlowError

log = structlog.get_logger()

# Editors write in several steps, and file systems count time in steps of some milliseconds: a file that changed
# only just now may change again without its status telling, and what is wrong with it may be half of a save.
SETTLED_NS: Final = 100_000_000

Status = tuple[int, int, int]


class FlowFile:
    """The last good content of a flow file."""

    def __init__(self, path: Path, now_ns: Callable[[], int] = time.time_ns) -> None:
        """Raises `FlowError` where the file is bad from the beginning."""
        self._path = path
        self._now_ns = now_ns
        self._lock = threading.Lock()
        # Before the file is read: a change in between is seen at the next look.
        self._seen: Status | None = self._settled(self._status())
        self._flow = load_flow(path)
        self._complaint: str | None = None

    @property
    def last(self) -> Flow:
        """The last good flow, without looking at the file."""
        return self._flow

    def latest(self) -> Flow:
        """The flow of the file as it is now; the last good one where it is bad, half-written or gone."""
        # A large flow takes seconds to read: the call that meets a new one first waits for it, the others do not.
        if self._lock.acquire(blocking=False):
            try:
                status = self._status()
                if status is None or status != self._seen:
                    self._read(status)
            finally:
                self._lock.release()
        return self._flow

    def _read(self, status: Status | None) -> None:
        self._seen = self._settled(status)
        try:
            flow = load_flow(self._path)
        except FlowError as error:
            # Half of a save is not worth a word; what is wrong for good is said once.
            if (self._seen is not None or status is None) and str(error) != self._complaint:
                self._complaint = str(error)
                log.error("flow file not usable; the last good flow stays", problems=self._complaint)
            return
        if flow.revision != self._flow.revision or self._complaint is not None:
            log.info("flow reloaded", file=str(self._path), revision=flow.revision)
        self._complaint = None
        self._flow = flow

    def _status(self) -> Status | None:
        try:
            status = self._path.stat()
        except OSError:
            return None
        return status.st_mtime_ns, status.st_size, status.st_ino

    def _settled(self, status: Status | None) -> Status | None:
        """The status if it may be relied on; None where the file is to be read again at the next look."""
        if status is None or abs(self._now_ns() - status[0]) < SETTLED_NS:
            return None
        return status
