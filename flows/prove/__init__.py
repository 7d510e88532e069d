"""Proofs about a flow: every state that a call can reach is visited, and each promise is checked in each of them.

How the state space is made finite, and what that leaves out, stands in `flows.prove.abstraction`.
"""

from __future__ import annotations

from flows.model import Flow
from flows.prove.explore import explore
from flows.prove.promises import check
from flows.prove.proof import PROMISES, Failure, Proof

__all__ = ["PROMISES", "Failure", "Proof", "prove"]


def prove(flow: Flow) -> Proof:
    """Explore the flow and check every promise; `Proof.failures` is empty where all of them hold."""
    return check(flow, explore(flow))
