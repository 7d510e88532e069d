"""How long a request in progress is left alone before a worker looks at it: pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from callbacks.model import QUIET, CallbackRequest, Leg
from callbacks.rules import Policy


def longest_lease(policy: Policy) -> timedelta:
    """No lease ends later than this from now; one that does was given before the clock was set back."""
    seconds = (policy.agent_lease_s, policy.customer_lease_s, policy.talk_check_s, policy.wrap_up_s)
    return timedelta(seconds=max(policy.unknown_outcome_s, *seconds))


def lease_until(policy: Policy, request: CallbackRequest) -> datetime | None:
    """When a worker should look; None for a request that is not in progress."""
    attempt = request.attempt
    if attempt is None or request.state in QUIET or request.state == "ended":
        return None
    match request.state:
        case "agent_dialling" | "agent_joining":
            return _leg_until(policy, attempt.agent_leg, request.looked_at, policy.agent_lease_s)
        case "customer_dialling" | "customer_proving":
            return _leg_until(policy, attempt.customer_leg, request.looked_at, policy.customer_lease_s)
        case "agent_ready" | "customer_ready":
            return request.looked_at  # at once: the other one is to be dialled
        case "wrap_up":
            return request.looked_at + timedelta(seconds=policy.wrap_up_s)
        case _:
            return request.looked_at + timedelta(seconds=policy.talk_check_s)


def _leg_until(policy: Policy, leg: Leg | None, looked_at: datetime, lease_s: int) -> datetime:
    if leg is None:
        return looked_at
    seconds = policy.unknown_outcome_s if leg.sid is None else lease_s
    return max(leg.intended_at, looked_at) + timedelta(seconds=seconds)
