"""The promise, the dials towards it, and the people who keep it."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final, Literal

import msgspec

State = Literal[
    "scheduled",  # its time has not come
    "waiting",  # in line for an agent
    "agent_dialling",  # agent first: the agent's phone rings, or the whisper is played
    "agent_ready",  # the agent is in the conference, the customer is about to be dialled
    "customer_dialling",  # the agent waits, the customer's phone rings
    "customer_proving",  # customer first: the phone rings, or the person is asked to press 1
    "customer_ready",  # the customer is in the conference, an agent is about to be dialled
    "agent_joining",  # the customer waits, the agent's phone rings
    "talking",
    "wrap_up",
    "ended",
]
Order = Literal["agent_first", "customer_first"]
LegName = Literal["agent", "customer"]
UnreachedReason = Literal["busy", "no-answer", "failed", "canceled", "bad-number", "machine", "carrier-down"]

# The form of records as this release writes them. One of a later form is not touched: a field that we do not know would
# be lost. A stored record without a form is of the first.
FORMAT: Final = 1
# Before anybody has been rung for it.
QUIET: frozenset[State] = frozenset({"scheduled", "waiting"})


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
    """One dial towards the promise, under one fence. `agent_id` is empty while a customer waits for the next agent."""

    fence: int
    agent_id: str
    agent_leg: Leg | None = None
    customer_leg: Leg | None = None
    # How many offers to agents this attempt has made: each has addresses of its own.
    offer: int = 1
    # When a customer who was called first pressed 1.
    proved_at: datetime | None = None
    # The line went dead under a conversation.
    dropped: bool = False


class CallbackRequest(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One promise; it keeps its record through every attempt. Instants are UTC.

    `line` is the queue and the language. `arrived_at` is when the caller came; `rank_at` the place in line that
    follows from it and from a rule (`head_start_s` under the name `priority`).
    `starts_at` and `promised_by` are the promised window; `starts_at` is None for as soon as possible. The window that
    was named first stays in `first_promised_by`, whatever is promised later.
    `fence` rises with every claim: whoever acts under an older one acts for nobody. `looked_at` is the last change
    or the last look at the carrier; leases count from it.
    `attempt` is the latest one. `offers`, `dials` and `connects` count agents rung, customers rung, and conversations.
    """

    id: str
    number: str
    queue: str
    language: str
    topic: str
    dossier: dict[str, Any]
    created_at: datetime
    arrived_at: datetime
    rank_at: datetime
    promised_by: datetime
    first_promised_by: datetime
    starts_at: datetime | None = None
    due_at: datetime
    expires_at: datetime
    looked_at: datetime
    order: Order = "agent_first"
    # The zones in which the number that is to be called may be, for the calling hours there.
    number_zones: tuple[str, ...] = ()
    caller_number: str | None = None
    # Two words that the caller heard at booking, and hears first when we call.
    words: tuple[str, ...] = ()
    preferred_agent: str | None = None
    priority: str | None = None
    # Makes the number's mark on the ledger one that nobody can guess; gone with the record.
    salt: str = ""
    state: State = "scheduled"
    fence: int = 0
    attempt: Attempt | None = None
    offers: int = 0
    dials: int = 0
    connects: int = 0
    rescues: int = 0
    # How often each reason has ended a dial.
    unreached: dict[str, int] = {}
    # When somebody should next ask whether the promise can be kept; how often the customer was told a new time.
    review_at: datetime
    tellings: int = 0
    # Any agent of the queue's overflow may take it: its promise is at risk.
    widened: bool = False
    # The call that its customer has with us just now, while its dial is withdrawn.
    held_by_call: str | None = None
    first_dialled_at: datetime | None = None
    connected_at: datetime | None = None
    ended_at: datetime | None = None
    disposition: str | None = None
    format: int = 1

    @property
    def line(self) -> str:
        """The line that the request stands in."""
        return line_of(self.queue, self.language)

    @property
    def is_open(self) -> bool:
        """Whether the promise still is one."""
        return self.state != "ended"


class Shift(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """When an agent works, by the office's clock: a weekday (Monday is 0) and minutes after its midnight.

    One that ends at or before its start ends on the next day.
    """

    weekday: int
    from_minute: int
    to_minute: int


class Agent(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
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
    # The queue for which they are held, and since when they talk with a caller on the line.
    held_for: str | None = None
    joined_at: datetime | None = None
    # The holder for whom they talked with a caller on the line last: ends are reported in any order.
    talked_for: str | None = None
    leg_sid: str | None = None
    check_at: datetime | None = None
    idle_since: datetime
    not_before: datetime | None = None
    # When calls were given to them within the last hour, oldest first.
    given_at: tuple[datetime, ...] = ()
    format: int = 1

    def serves(self, queue: str, language: str) -> bool:
        """Whether the agent has the skill and the language."""
        return queue in self.queues and (not self.languages or language in self.languages)


class Waiter(msgspec.Struct, frozen=True, kw_only=True):
    """A caller who stays on the line; the place in line counts from `rank_at`."""

    call_sid: str
    rank_at: datetime


def line_of(queue: str, language: str) -> str:
    """The name of the line for a queue and a language."""
    return f"{queue}/{language}"


def parts_of(line: str) -> tuple[str, str]:
    """The queue and the language of a line."""
    queue, _, language = line.rpartition("/")
    return queue, language
