"""What the callbacks need of a store: plain reads, and one way to change things, all or nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, Generic, Literal, Protocol, TypeVar

import msgspec

from callbacks.model import Agent, CallbackRequest, Waiter

Record = TypeVar("Record")
# What became of a change: "conflict" where a version no longer held or another promise is open, "full" where the slot
# has been taken, "quota" where one is used up. Nothing was written but for "done".
Outcome = Literal["done", "conflict", "full", "quota"]
NotToRing = Literal["do_not_call", "dialling"]


class Versioned(msgspec.Struct, Generic[Record], frozen=True):
    """A record and the version under which it was read; 0 for one that is not stored yet."""

    record: Record
    version: int


class QuotaUse(msgspec.Struct, frozen=True, kw_only=True):
    """One more of something that is limited. The count is forgotten `kept_s` seconds after the last one, by the store's
    own clock: `key` says of which day it is."""

    key: str
    limit: int
    kept_s: int


class Talk(msgspec.Struct, frozen=True, kw_only=True):
    """How long a conversation in a queue took an agent, wrap-up included: the history of which waits are estimated."""

    queue: str
    seconds: float


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """Records to write, each only if nobody wrote it meanwhile; and what goes with them.

    `before` is the request as it was read, None for a new one. `entries` go on the ledger. `slot_limit` is the most
    promises that the request's slot may hold, itself included; it is asked only where the request is new in that slot.
    With `alone`, it is a conflict where another request to the same number is in progress. `slots_seen` is what
    `booked` said of the time around the slot when its limit was worked out: it is a conflict where another line has
    promised more since, for its agents may be the same.
    `commit_id` makes the change idempotent: a second arrival of the same change (a retry of the connection)
    answers as the first did and does nothing.
    """

    commit_id: str
    request: Versioned[CallbackRequest] | None = None
    before: CallbackRequest | None = None
    agent: Versioned[Agent] | None = None
    entries: tuple[str, ...] = ()
    alone: bool = False
    slot_limit: int | None = None
    slots_seen: Mapping[tuple[str, datetime], int] | None = None
    quotas: tuple[QuotaUse, ...] = ()
    talk: Talk | None = None


class Front(msgspec.Struct, frozen=True, kw_only=True):
    """The head of a line: those callbacks and callers who come first, in order.

    `horizon` is the last place, a rank and a key, of which it tells; None where the line is here as a whole.
    """

    line: str
    horizon: tuple[datetime, str] | None = None
    requests: tuple[Versioned[CallbackRequest], ...] = ()
    waiters: tuple[Waiter, ...] = ()


class Store(Protocol):
    """Requests, agents, the lines and the ledger. All reads may be stale; `commit` finds out."""

    def commit(self, change: Change) -> Outcome:
        """Write all of a change, or nothing."""

    def commit_in_order(self, changes: Sequence[Change]) -> list[Outcome]:
        """Write one change after the other, up to the first that cannot be; what became of each up to there.

        Nobody else writes anything in between.
        """

    def commit_each(self, changes: Sequence[Change]) -> list[Outcome]:
        """Write changes that have nothing to do with each other; what became of each."""

    # ------------------------------------------------------------ requests

    def request(self, request_id: str) -> Versioned[CallbackRequest] | None: ...

    def requests(self, limit: int, *, open_only: bool = False) -> list[CallbackRequest]:
        """Requests, the newest first."""

    def requests_of(self, number: str) -> list[Versioned[CallbackRequest]]:
        """Every request that is to this number or was asked for from it, the oldest first."""

    def open_request_id(self, topic: str, number: str) -> str | None:
        """The one promise that is open for this number and topic."""

    def came_due(self, now: datetime, limit: int) -> list[Versioned[CallbackRequest]]:
        """Scheduled requests whose time has come, the earliest first."""

    def overdue_leases(self, now: datetime, limit: int) -> list[Versioned[CallbackRequest]]:
        """Requests in progress that a worker should look at; after a clock was set back, those of before that too."""

    def to_review(self, now: datetime, limit: int) -> list[Versioned[CallbackRequest]]:
        """Promises of which somebody should ask whether they can be kept."""

    def booked(self, since: datetime, until: datetime) -> Mapping[tuple[str, datetime], int]:
        """How many promises each slot holds: (line, start of the window) -> count."""

    def dialling(self, number: str) -> int:
        """How many requests to this number are in progress."""

    def not_to_ring(self, numbers: Sequence[str]) -> Mapping[str, NotToRing]:
        """Those of some numbers that are on the list of those that are never called, or that are being rung."""

    def backlog(self, queue: str) -> int:
        """How many promises without a window are open in a queue."""

    # ------------------------------------------------------------ the lines

    # A caller is in line whose last sign of life is less than `Policy.line_patience_s` from now: before, or after it
    # where another machine's clock is ahead, or this one was set back.

    def fronts(self, limit: int, now: datetime) -> list[Front]:
        """The first `limit` requests and callers of every line that has some."""

    def ahead(self, line: str, rank_at: datetime, now: datetime) -> int:
        """How many stand in a line before a rank."""

    def keep_place(self, line: str, waiter: Waiter, now: datetime) -> None:
        """Note that a caller is in line, and still there; forget those who have hung up without a word."""

    def leave_line(self, line: str, call_sid: str) -> None: ...

    # ------------------------------------------------------------ agents

    def agent(self, agent_id: str) -> Versioned[Agent] | None: ...

    def agents(self) -> list[Versioned[Agent]]:
        """Everybody, by id."""

    def remove_agent(self, agent_id: str) -> bool: ...

    def talks(self, queue: str) -> tuple[float, ...]:
        """The lengths of the last conversations of a queue in seconds, the newest first; at most `TALKS_KEPT`."""

    # ------------------------------------------------------------ people's wishes and data

    def on_do_not_call(self, number: str) -> bool: ...

    def do_not_call(self, number: str, *, listed: bool) -> None:
        """Put a number on the list of those that are never called, or take it off."""

    def do_not_call_list(self) -> list[str]: ...

    def ended_before(self, instant: datetime, limit: int) -> list[str]:
        """Ids of requests that ended before an instant, the oldest first."""

    def forget(self, request_ids: Sequence[str]) -> None:
        """Delete requests with all that points to them; what the ledger says of them cannot be assigned any more."""


TALKS_KEPT: Final = 200
# How far from a window, on either side, others may begin that compete with it.
AROUND: Final = timedelta(days=1)
