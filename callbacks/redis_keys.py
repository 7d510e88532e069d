"""The keys of callbacks in Redis. Every one has the hash tag `{cb}`, so that a script stays in one slot.


zh:{cb}:request:ID     hash  v (version), c (commit that wrote it), d (JSON; its `format` is that of the fields)
zh:{cb}:agent:ID       hash  the same
zh:{cb}:agents         set   ids
zh:{cb}:requests       zset  id -> created_at
zh:{cb}:open           hash  NUMBER TOPIC -> id of the one open promise
zh:{cb}:number:NUMBER  zset  id -> created_at: requests to or from the number
zh:{cb}:later          zset  id -> due_at (scheduled)
zh:{cb}:line:LINE      zset  id -> rank_at (waiting)
zh:{cb}:lines          set   every LINE that somebody ever stood in
zh:{cb}:lease          zset  id -> when to look at it (in progress)
zh:{cb}:review         zset  id -> when to ask whether it can be kept (scheduled or waiting)
zh:{cb}:slots          hash  LINE START -> promises in the slot (START in seconds since 1970)
zh:{cb}:slot_starts    zset  LINE START -> START
zh:{cb}:backlog        hash  QUEUE -> open promises without a window
zh:{cb}:dialling       hash  NUMBER -> requests to it that are in progress
zh:{cb}:ended          zset  id -> ended_at
zh:{cb}:quota:KEY      string with an expiry
zh:{cb}:talks:QUEUE    list  seconds, the newest first
zh:{cb}:phones:LINE    zset  call SID -> rank (one without a sign of life goes with the next caller's)
zh:{cb}:seen:LINE      zset  call SID -> last sign of life
zh:{cb}:do_not_call    set   numbers
zh:{cb}:unsealed       list  ledger entries that are not on a page yet (`callbacks/redis_ledger.py`)
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

PREFIX: Final = "zh:{cb}"
AGENTS: Final = f"{PREFIX}:agents"
REQUESTS: Final = f"{PREFIX}:requests"
OPEN: Final = f"{PREFIX}:open"
LATER: Final = f"{PREFIX}:later"
LINES: Final = f"{PREFIX}:lines"
LEASE: Final = f"{PREFIX}:lease"
REVIEW: Final = f"{PREFIX}:review"
SLOTS: Final = f"{PREFIX}:slots"
SLOT_STARTS: Final = f"{PREFIX}:slot_starts"
BACKLOG: Final = f"{PREFIX}:backlog"
DIALLING: Final = f"{PREFIX}:dialling"
ENDED: Final = f"{PREFIX}:ended"
DO_NOT_CALL: Final = f"{PREFIX}:do_not_call"
UNSEALED: Final = f"{PREFIX}:unsealed"


def slot_field(line: str, starts: datetime) -> str:
    """The counter of a window in a line."""
    return f"{line} {int(starts.timestamp())}"


def instant(score: float) -> datetime:
    """The instant that a score stands for, in UTC."""
    return datetime.fromtimestamp(score, UTC)


def score(at: datetime) -> str:
    """What an instant is sorted by: seconds since 1970."""
    return repr(at.timestamp())


def scores(since: datetime, until: datetime) -> tuple[str, str]:
    """The scores from an instant up to another, which is not among them."""
    return score(since), f"({score(until)}"


def request_key(request_id: str) -> str:
    """Where a request is kept."""
    return f"{PREFIX}:request:{request_id}"


def quota_key(key: str) -> str:
    """Where a quota is counted."""
    return f"{PREFIX}:quota:{key}"


def agent_key(agent_id: str) -> str:
    """Where an agent is kept."""
    return f"{PREFIX}:agent:{agent_id}"


def number_key(number: str) -> str:
    """Where the requests to or from a number are listed."""
    return f"{PREFIX}:number:{number}"
