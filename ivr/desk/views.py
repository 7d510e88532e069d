"""Callbacks and agents as people and programs read them: plain values, with words beside the codes."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec

from callbacks.model import Agent, CallbackRequest, State
from callbacks.rules import RulesOf
from callbacks.shifts import is_free, on_shift, shifts_text, within_pace
from callbacks.slots import Slot
from callbacks.store import Versioned
from ivr.desk.when import length_words, time_words, window_words
from ivr.masking import mask_number

STATES: Final[dict[State, str]] = {
    "scheduled": "waits for its time",
    "waiting": "in line for an agent",
    "agent_dialling": "an agent's phone rings",
    "agent_ready": "an agent is there; the customer is rung next",
    "customer_dialling": "the customer's phone rings, an agent waits",
    "customer_proving": "the customer's phone rings",
    "customer_ready": "the customer waits for an agent",
    "agent_joining": "the customer waits, an agent's phone rings",
    "talking": "they talk",
    "wrap_up": "the agent says how it ended",
    "ended": "ended",
}
ENDS: Final = {
    "talked": "they talked",
    "unreached": "nobody was reached",
    "bad_number": "the number cannot be called",
    "cancelled": "cancelled",
    "expired": "its time ran out",
    "answered_live": "settled in the customer's own call",
    "booked_again": "the customer has booked anew",
}
# Ends by the customer's or the office's own will: nothing was broken by them before the promised time.
WITHDRAWN: Final = frozenset({"cancelled", "answered_live", "booked_again"})


class Clock(msgspec.Struct, frozen=True, kw_only=True):
    """The present instant, the office's zone, and what its queues say."""

    now: datetime
    zone: ZoneInfo
    rules_of: RulesOf

    def words(self, at: datetime) -> str:
        """An instant, such as "tomorrow 14:00"."""
        return time_words(at, self.zone, self.now)


class CallbackView(msgspec.Struct, frozen=True, kw_only=True):
    """A callback in a list. Instants are UTC; `..._words` are for people, by the office's clock.

    `starts` is null for as soon as possible. `late_s` are the seconds by which the customer's phone rang after the end
    of the window that was promised first, or by which that is over and it has not rung.
    """

    id: str
    version: int
    number: str
    queue: str
    language: str
    topic: str
    state: State
    state_words: str
    is_open: bool
    starts: datetime | None
    ends: datetime
    promised_words: str
    due: datetime
    late_s: int
    late_words: str
    offers: int
    dials: int
    connects: int
    disposition: str | None
    agent_id: str | None
    created: datetime
    ended: datetime | None


class CallbackDetail(CallbackView, frozen=True, kw_only=True):
    """All that is known of a callback: also what the caller has said, and the two words that they were told."""

    caller_number: str | None
    words: tuple[str, ...]
    dossier: dict[str, Any]
    order: str
    priority: str | None
    preferred_agent: str | None
    arrived: datetime
    expires: datetime
    unreached: dict[str, int]
    number_zones: tuple[str, ...]


class SlotView(msgspec.Struct, frozen=True, kw_only=True):
    """A window that can be promised, and to how many more."""

    starts: datetime
    ends: datetime
    words: str
    left: int


class AgentView(msgspec.Struct, frozen=True, kw_only=True):
    """An agent. `status` is one word for what they do just now: free, busy, break, away, off_shift, cooling_off, paced.

    `shifts` are as people write them; empty for whenever they are available.
    """

    id: str
    name: str
    number: str
    queues: tuple[str, ...]
    languages: tuple[str, ...]
    zone: str
    shifts: str
    days_off: tuple[str, ...]
    per_hour: int | None
    state: str
    status: str
    status_words: str


def view(known: Versioned[CallbackRequest], clock: Clock, *, full_numbers: bool) -> CallbackView:
    """A request for a list."""
    return CallbackView(**_fields(known, clock, full_numbers=full_numbers))


def detail(known: Versioned[CallbackRequest], clock: Clock) -> CallbackDetail:
    """A request with all that is known of it; what only the machinery needs (leases, salt) is left out."""
    request = known.record
    return CallbackDetail(
        **_fields(known, clock, full_numbers=True),
        caller_number=request.caller_number,
        words=request.words,
        dossier=request.dossier,
        order=request.order,
        priority=request.priority,
        preferred_agent=request.preferred_agent,
        arrived=request.arrived_at,
        expires=request.expires_at,
        unreached=request.unreached,
        number_zones=request.number_zones,
    )


def _fields(known: Versioned[CallbackRequest], clock: Clock, *, full_numbers: bool) -> dict[str, Any]:
    request = known.record
    late = late_s(request, clock.now)
    return {
        "id": request.id,
        "version": known.version,
        "number": request.number if full_numbers else mask_number(request.number),
        "queue": request.queue,
        "language": request.language,
        "topic": request.topic,
        "state": request.state,
        "state_words": state_words(request, clock),
        "is_open": request.is_open,
        "starts": request.starts_at,
        "ends": request.promised_by,
        "promised_words": promised_words(request, clock),
        "due": request.due_at,
        "late_s": late,
        "late_words": late_words(request, late),
        "offers": request.offers,
        "dials": request.dials,
        "connects": request.connects,
        "disposition": request.disposition,
        "agent_id": (request.attempt.agent_id or None) if request.attempt is not None else None,
        "created": request.created_at,
        "ended": request.ended_at,
    }


def promised_words(request: CallbackRequest, clock: Clock) -> str:
    """What the customer was promised: "tomorrow 14:00-15:00", or "as soon as possible, by today 11:15"."""
    if request.starts_at is None:
        return f"as soon as possible, by {clock.words(request.promised_by)}"
    return window_words(request.starts_at, request.promised_by, clock.zone, clock.now)


def state_words(request: CallbackRequest, clock: Clock) -> str:
    """What becomes of it just now, or how it ended."""
    if request.state == "ended":
        rules = clock.rules_of(request.queue).dispositions.values()
        labels = {rule.code: rule.label for rule in rules}
        code = request.disposition or ""
        return ENDS.get(code) or labels.get(code) or code or STATES["ended"]
    if request.state == "scheduled" and request.held_by_call is not None:
        return "its customer is in a call with us"
    if request.state == "scheduled" and request.dials:
        return f"not reached yet; again {clock.words(request.due_at)}"
    return STATES[request.state]


def late_s(request: CallbackRequest, now: datetime) -> int:
    """By how many seconds the phone rang too late, or has not rung yet though it should have."""
    rang = request.first_dialled_at
    if rang is None:
        rang = request.ended_at or now
        if request.state == "ended" and request.disposition in WITHDRAWN and rang <= request.first_promised_by:
            return 0
    return max(0, int((rang - request.first_promised_by).total_seconds()))


def late_words(request: CallbackRequest, late: int) -> str:
    """Lateness in words; empty where there is none."""
    if request.first_dialled_at is None and request.state == "ended":
        unkept = request.disposition not in WITHDRAWN or late
        return "never rung" if unkept else ""
    if not late:
        return ""
    return f"overdue {length_words(late)}" if request.first_dialled_at is None else f"rang {length_words(late)} late"


def slot_view(slot: Slot, clock: Clock) -> SlotView:
    """A window for a list."""
    words = window_words(slot.starts, slot.ends, clock.zone, clock.now)
    return SlotView(starts=slot.starts, ends=slot.ends, words=words, left=slot.capacity_left)


def agent_view(agent: Agent, clock: Clock, *, full_numbers: bool) -> AgentView:
    """An agent for a list."""
    status, words = agent_status(agent, clock)
    return AgentView(
        id=agent.id,
        name=agent.name,
        number=agent.number if full_numbers else mask_number(agent.number) or "",
        queues=agent.queues,
        languages=agent.languages,
        zone=agent.zone,
        shifts=shifts_text(agent.shifts),
        days_off=agent.days_off,
        per_hour=agent.per_hour,
        state=agent.state,
        status=status,
        status_words=words,
    )


def agent_status(agent: Agent, clock: Clock) -> tuple[str, str]:
    """What an agent does just now, as a word for programs and in words for people."""
    now = clock.now
    if agent.holder is not None:
        since = "" if agent.joined_at is None else f" for {length_words((now - agent.joined_at).total_seconds())}"
        return "busy", f"in a call{since}"
    if is_free(agent, now):
        return "free", f"free for {length_words((now - agent.idle_since).total_seconds())}"
    if agent.state != "available":
        return agent.state, {"break": "on a break", "away": "away"}[agent.state]
    if not on_shift(agent, now):
        return "off_shift", "not on shift"
    if agent.not_before is not None and now < agent.not_before:
        left = length_words((agent.not_before - now).total_seconds())
        return "cooling_off", f"left alone for {left} after a missed call"
    if not within_pace(agent, now):
        recent = sum(now - at < timedelta(hours=1) for at in agent.given_at)
        return "paced", f"has had {recent} calls within the hour"
    return "free", "free"
