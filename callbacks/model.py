"""The promise, one dial towards it, and the people who keep it."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

import msgspec

State = Literal["promised", "agent_dialling", "agent_ready", "customer_dialling", "talking", "wrap_up", "ended"]
LegName = Literal["agent", "customer"]


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


class Agent(msgspec.Struct, frozen=True, kw_only=True):
    """Someone who talks with callers. `holder` names the call or the attempt that has them now.

    `state` is the agent's own word; whether they are free also depends on `holder` and `not_before`.
    """

    id: str
    name: str
    number: str
    queues: tuple[str, ...]
    state: Literal["available", "away"] = "available"
    holder: str | None = None
    leg_sid: str | None = None
    check_at: datetime | None = None
    idle_since: datetime
    not_before: datetime | None = None

    def is_free(self, now: datetime) -> bool:
        """Whether this agent may be rung now."""
        cooling_off = self.not_before is not None and now < self.not_before
        return self.state == "available" and self.holder is None and not cooling_off


class Waiter(msgspec.Struct, frozen=True, kw_only=True):
    """A caller who stays on the line; the place in line counts from the arrival."""

    call_sid: str
    arrived_at: datetime
