"""What the callbacks need of a store: plain reads, and one way to change things, all or nothing."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar

import msgspec

from callbacks.model import Agent, CallbackRequest, Waiter

Record = TypeVar("Record")


class Versioned(msgspec.Struct, Generic[Record], frozen=True):
    """A record and the version under which it was read; 0 for one that is not stored yet."""

    record: Record
    version: int


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """Records to write, each only if nobody wrote it meanwhile; and what goes on the ledger with them.

    `commit_id` makes the change idempotent: a second arrival of the same change (a retry of the connection)
    answers as the first did and does nothing.
    """

    commit_id: str
    request: Versioned[CallbackRequest] | None = None
    agent: Versioned[Agent] | None = None
    ledger: dict[str, Any] | None = None


class Store(Protocol):
    """Requests, agents, the line and the ledger. All reads may be stale; `commit` finds out."""

    def commit(self, change: Change) -> bool:
        """Write all of a change, or nothing where a version no longer holds or another promise is open (False)."""

    def request(self, request_id: str) -> Versioned[CallbackRequest] | None: ...

    def requests(self, limit: int) -> list[CallbackRequest]:
        """Requests, the newest first."""

    def open_request_id(self, queue: str, number: str) -> str | None:
        """The one promise that is open for this number and queue."""

    def due(self, now: datetime, limit: int) -> list[Versioned[CallbackRequest]]:
        """Promised requests whose time has come, in the order of their turn."""

    def overdue_leases(self, now: datetime, limit: int) -> list[Versioned[CallbackRequest]]:
        """Requests in progress that a worker should look at."""

    def agent(self, agent_id: str) -> Versioned[Agent] | None: ...

    def agents(self) -> list[Versioned[Agent]]: ...

    def remove_agent(self, agent_id: str) -> bool: ...

    def keep_place(self, queue: str, waiter: Waiter, now: datetime) -> None:
        """Note that a caller is in line, and still there."""

    def leave_line(self, queue: str, call_sid: str) -> None: ...

    def waiters(self, queue: str, seen_since: datetime) -> list[Waiter]:
        """Callers in line who were seen at `seen_since` or later, by arrival."""

    def ledger(self, limit: int) -> list[dict[str, Any]]:
        """The last entries of the ledger, oldest first."""
