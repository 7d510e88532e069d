"""Under what a request can be found, in the state that it is in: pure. Both stores go by it."""

from __future__ import annotations

from datetime import datetime

import msgspec

from callbacks.lease import lease_until
from callbacks.model import QUIET, CallbackRequest
from callbacks.rules import Policy


class Index(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that points to a request; None where it is not in that index.

    `open_for` is the number and topic of which there may be one open promise. `slot` is the line and the start of the
    promised window, `backlog` the queue of an open promise without one. `dialling` is the number that an attempt is
    about. What an open request is found by, so that nobody forgets it: `due_at`, `line` or `lease_at`.
    """

    id: str
    created_at: datetime
    numbers: tuple[str, ...]
    open_for: str | None = None
    due_at: datetime | None = None
    line: tuple[str, datetime] | None = None
    lease_at: datetime | None = None
    review_at: datetime | None = None
    slot: tuple[str, datetime] | None = None
    backlog: str | None = None
    dialling: str | None = None
    ended_at: datetime | None = None


def quota_keys(request: CallbackRequest) -> tuple[str, ...]:
    """What a request uses up one of: its number's quota, and that of who asked for it; each by the day (UTC)."""
    day = request.created_at.date().isoformat()
    callers = () if request.caller_number is None else (f"caller:{request.caller_number}:{day}",)
    return (f"number:{request.number}:{day}", *callers)


def index_of(policy: Policy, request: CallbackRequest) -> Index:
    """The index entries of a request."""
    is_open, is_quiet = request.is_open, request.state in QUIET
    has_window = request.starts_at is not None
    return Index(
        id=request.id,
        created_at=request.created_at,
        numbers=tuple(dict.fromkeys(n for n in (request.number, request.caller_number) if n is not None)),
        open_for=f"{request.number} {request.topic}" if is_open else None,
        due_at=request.due_at if request.state == "scheduled" else None,
        line=(request.line, request.rank_at) if request.state == "waiting" else None,
        lease_at=lease_until(policy, request),
        review_at=request.review_at if is_quiet else None,
        slot=(request.line, request.starts_at) if is_open and request.starts_at is not None else None,
        backlog=request.queue if is_open and not has_window else None,
        dialling=request.number if is_open and not is_quiet else None,
        ended_at=request.ended_at,
    )
