"""Whose turn it is, when to try again and what to promise: pure decisions."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from typing import Literal

import msgspec

from callbacks.model import Agent, CallbackRequest, Waiter

UnreachedReason = Literal["busy", "no-answer", "failed", "canceled", "bad-number"]


def unreached_reason(leg_status: str) -> UnreachedReason:
    """Why a customer's leg that is over, and was never answered by us, did not reach anybody."""
    match leg_status:
        case "busy" | "failed" | "canceled":
            return leg_status
        case _:
            return "no-answer"


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """The figures that decisions rest on; seconds unless named otherwise."""

    max_dials: int = 3
    retry_busy_s: int = 300
    retry_no_answer_s: int = 900
    carrier_down_s: int = 15
    decline_cool_off_s: int = 60
    # A lease outlives the ringing and the whisper; its end is when a worker looks what became of the leg.
    agent_lease_s: int = 90
    customer_lease_s: int = 60
    unknown_outcome_s: int = 5
    talk_check_s: int = 60
    wrap_up_s: int = 60
    # A caller in line looks again every ten seconds; who has not for this long has hung up.
    line_patience_s: int = 30
    handling_s: int = 300
    promise_at_least_s: int = 900
    promise_round_to_s: int = 300


def promise_by(policy: Policy, now: datetime, ahead: int) -> datetime:
    """The end of the window that we promise, with `ahead` people in line before; rounded up to a time that can be said.

    Until there is a measured history of handling times, `handling_s` for each one ahead is the estimate.
    """
    wait_s = max(policy.promise_at_least_s, (ahead + 1) * policy.handling_s)
    by = now + timedelta(seconds=wait_s)
    excess_s = by.timestamp() % policy.promise_round_to_s
    if excess_s == 0:
        return by
    return by + timedelta(seconds=policy.promise_round_to_s - excess_s)


def next_try(policy: Policy, request: CallbackRequest, reason: UnreachedReason, now: datetime) -> datetime | None:
    """When to ring a customer again who was not reached; None to give up."""
    if reason == "bad-number" or request.dials >= policy.max_dials:
        return None
    wait_s = policy.retry_busy_s if reason == "busy" else policy.retry_no_answer_s
    return now + timedelta(seconds=wait_s)


def ahead_of(arrived_at: datetime, waiters: list[Waiter], due: list[CallbackRequest]) -> int:
    """How many arrived earlier and still wait: phone waiters and callback takers stand in one line."""
    return sum(waiter.arrived_at < arrived_at for waiter in waiters) + sum(
        request.arrived_at < arrived_at for request in due
    )


def wait_minutes(policy: Policy, *, waiting: int, free: int, staffed: int) -> int:
    """About how many minutes somebody who calls now would wait behind `waiting` others; 0 where a person is free.

    Until there is a measured history of handling times, each conversation is taken to last `handling_s`.
    """
    if free > waiting:
        return 0
    conversations = math.ceil((waiting - free + 1) / max(staffed, 1))
    return math.ceil(conversations * policy.handling_s / 60)


def choose_agent(agents: list[Agent], queue: str, now: datetime, ahead: int) -> Agent | None:
    """The free agent who has been idle longest, if there is one left after everyone `ahead` has had theirs."""
    free = sorted(
        (agent for agent in agents if queue in agent.queues and agent.is_free(now)),
        key=lambda agent: (agent.idle_since, agent.id),
    )
    return free[0] if len(free) > ahead else None


def named_agent(agents: list[Agent], agent_id: str, queue: str, now: datetime, ahead: int) -> Agent | None:
    """That one agent, if they are free and, where they serve the queue, not needed by everyone `ahead`."""
    wanted = next((agent for agent in agents if agent.id == agent_id and agent.is_free(now)), None)
    if wanted is None or queue not in wanted.queues:
        return wanted
    return wanted if choose_agent(agents, queue, now, ahead) is not None else None
