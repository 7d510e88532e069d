"""The promise, one dial towards it, and the people who keep it."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

import msgspec

State = Literal["promised", "agent_dialling", "agent_ready", "customer_dialling", "talking", "wrap_up", "ended"]
LegName = Literal["agent", "customer"]
Order = Literal["agent_first", "customer_first"]
UnreachedReason = Literal["busy", "no-answer", "failed", "canceled", "bad-number", "machine"]


class Interval(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """From an instant up to another, which is not part of it."""

    starts: datetime
    ends: datetime


class Leg(msgspec.Struct, frozen=True, kw_only=True):
    """One carrier connection that we intend; written down before the carrier is asked. `sid` follows its answer."""

    to_number: str
    intended_at: datetime
    sid: str | None = None


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """One dial towards the promise, under one fence."""

    fence: int
    agent_id: str
    agent_leg: Leg
    customer_leg: Leg | None = None


class CallbackRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One promise; it keeps its record through every attempt. Instants are UTC.

    `fence` rises with every claim: whoever acts under an older one acts for nobody. `looked_at` is the last change
    or the last look at the carrier; leases count from it.
    `starts_at` is the beginning of the promised window, None for as soon as possible; `promised_by` is its end.
    `attempt` is the latest one. `offers`, `dials` and `connects` count agents rung, customers rung, and conversations.
    """

    id: str
    number: str
    queue: str
    dossier: dict[str, Any]
    created_at: datetime
    arrived_at: datetime
    promised_by: datetime
    starts_at: datetime | None = None
    due_at: datetime
    looked_at: datetime
    state: State = "promised"
    fence: int = 0
    attempt: Attempt | None = None
    offers: int = 0
    dials: int = 0
    connects: int = 0
    disposition: str | None = None
    connected_at: datetime | None = None
    ended_at: datetime | None = None


class Shift(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """When an agent works, by the office's clock: a weekday (Monday is 0) and minutes after its midnight.

    One that ends at or before its start ends on the next day.
    """

    weekday: int
    from_minute: int
    to_minute: int


class Agent(msgspec.Struct, frozen=True, kw_only=True):
    """Someone who talks with callers. `holder` names the call or the attempt that has them now.

    `queues` are the agent's skills; an empty `languages` means every language. Without `shifts` they work whenever
    they are available; `days_off` are dates in the office's zone. `per_hour` limits how many calls they are given.
    `state` is the agent's own word; whether they are free also depends on `holder`, `not_before` and the pace.
    """

    id: str
    name: str
    number: str
    queues: tuple[str, ...]
    languages: tuple[str, ...] = ()
    zone: str = "UTC"
    shifts: tuple[Shift, ...] = ()
    days_off: tuple[str, ...] = ()
    per_hour: int | None = None
    state: Literal["available", "break", "away"] = "available"
    holder: str | None = None
    leg_sid: str | None = None
    check_at: datetime | None = None
    idle_since: datetime
    not_before: datetime | None = None
    # When calls were given to them within the last hour, oldest first.
    given_at: tuple[datetime, ...] = ()

    def is_free(self, now: datetime) -> bool:
        """Whether this agent may be rung now."""
        cooling_off = self.not_before is not None and now < self.not_before
        return self.state == "available" and self.holder is None and not cooling_off


class Waiter(msgspec.Struct, frozen=True, kw_only=True):
    """A caller who stays on the line; the place in line counts from the arrival."""

    call_sid: str
    arrived_at: datetime


def line_of(queue: str, language: str) -> str:
    """The name of the line for a queue and a language."""
    return f"{queue}/{language}"


def parts_of(line: str) -> tuple[str, str]:
    """The queue and the language of a line."""
    queue, _, language = line.rpartition("/")
    return queue, language
