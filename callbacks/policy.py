"""Whose turn it is and when to try again: pure decisions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec

from callbacks.model import Agent, CallbackRequest, UnreachedReason, parts_of
from callbacks.rules import QueueRules
from callbacks.shifts import is_free, on_shift

# Seconds to wait for a carrier that took no dial, the last one again and again: that is no try at the customer.
CARRIER_DOWN_S: Final = (15, 30, 60, 120, 300)
REASONS: Final[dict[str, UnreachedReason]] = {"busy": "busy", "failed": "failed", "canceled": "canceled"}


def unreached_reason(leg_status: str) -> UnreachedReason:
    """Why a customer's leg that is over, and was never answered by us, did not reach anybody."""
    return REASONS.get(leg_status, "no-answer")


def next_try(rules: QueueRules, request: CallbackRequest, reason: UnreachedReason, now: datetime) -> datetime | None:
    """When to ring a customer again after the dial that `request` counts already; None to give up."""
    waits = rules.retries.after(reason)
    times = request.unreached.get(reason, 0)
    if reason == "carrier-down":
        return now + timedelta(seconds=CARRIER_DOWN_S[min(times, len(CARRIER_DOWN_S)) - 1])
    if request.dials >= rules.most_dials or not 1 <= times <= len(waits):
        return None
    again_at = now + timedelta(minutes=waits[times - 1])
    return again_at if again_at < request.expires_at else None


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """Someone who waits for an agent: a caller in line (by call SID) or a callback request (by its id).

    `preferred` is waited for up to `grace_until`. `also` are queues whose agents may help.
    """

    key: str
    line: str
    rank_at: datetime
    preferred: str | None = None
    grace_until: datetime | None = None
    also: tuple[str, ...] = ()


def person_of(request: CallbackRequest, rules: QueueRules) -> Person:
    """A request that waits, as somebody in line."""
    return Person(
        key=request.id,
        line=request.line,
        rank_at=request.rank_at,
        preferred=request.preferred_agent,
        grace_until=request.due_at + timedelta(seconds=rules.preferred_grace_s),
        also=rules.overflow if request.widened else (),
    )


def may_take(agent: Agent, person: Person) -> bool:
    """Whether an agent has what it takes for somebody."""
    queue, language = parts_of(person.line)
    return agent.serves(queue, language) or any(agent.serves(other, language) for other in person.also)


def assign(people: Iterable[Person], agents: Sequence[Agent], now: datetime) -> dict[str, Agent]:
    """Who gets whom now: everybody in the order of rank, each the best free agent who is left.

    So nobody is served while somebody who came earlier, and whom one of these agents could serve, is not; except that a
    person with a preferred agent who works just now leaves the others to those behind, for a while.
    """
    free = sorted((agent for agent in agents if is_free(agent, now)), key=lambda agent: (agent.idle_since, agent.id))
    working = {agent.id: agent for agent in agents if agent.state == "available" and on_shift(agent, now)}
    pairs: dict[str, Agent] = {}
    for person in sorted(people, key=lambda person: (person.rank_at, person.key)):
        chosen = _best(person, free, working, now)
        if chosen is not None:
            pairs[person.key] = chosen
            free.remove(chosen)
        if not free:
            break
    return pairs


def _best(person: Person, free: Sequence[Agent], working: Mapping[str, Agent], now: datetime) -> Agent | None:
    able = [agent for agent in free if may_take(agent, person)]
    preferred = next((agent for agent in able if agent.id == person.preferred), None)
    if preferred is not None:
        return preferred
    awaited = working.get(person.preferred or "")
    in_grace = person.grace_until is not None and now < person.grace_until
    if in_grace and awaited is not None and may_take(awaited, person):
        return None
    return able[0] if able else None
