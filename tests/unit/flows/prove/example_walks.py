"""What each example flow is asked: its proof, and random calls that must meet nothing but what the proof has seen.

Each example has a file of tests of its own, since a file's tests run one after the other.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flows import actions, engine, events
from flows.engine.universal import PERSON
from flows.loader import load_flow
from flows.model import Flow
from flows.prove.abstraction import AT, canonical, key_of, without_values
from flows.prove.explore import Explored, explore
from flows.prove.promises import TO_A_PERSON, check
from flows.state import CallState, Ended
from tests.unit.flows.prove.walks import walk

EXAMPLES = Path(__file__).resolve().parents[4] / "flows" / "examples"
# Of each flow. By hand, before a release or after a change of the engine: ZEROHOLD_RANDOM_CALLS=10000.
RANDOM_CALLS = int(os.environ.get("ZEROHOLD_RANDOM_CALLS", "300"))


@cache
def flow_of(name: str) -> Flow:
    (path,) = EXAMPLES.rglob(f"{name}.yaml")
    return load_flow(path)


@cache
def explored(name: str) -> Explored:
    return explore(flow_of(name))


@cache
def explored_keys(name: str) -> frozenset[tuple[object, ...]]:
    return frozenset(key_of(place.state) for place in explored(name).places)


def assert_proved(name: str) -> None:
    proof = check(flow_of(name), explored(name))
    assert proof.failures == ()
    assert proof.questions > 10


def assert_walks_are_proved(name: str) -> None:
    """No random call leaves a state without the exit, or meets one that the proof has missed."""
    flow = flow_of(name)
    plain, keys = without_values(flow), explored_keys(name)

    @settings(max_examples=RANDOM_CALLS, deadline=None, suppress_health_check=list(HealthCheck))
    @given(choices=st.binary(max_size=25))
    def walked(choices: bytes) -> None:
        for state, did in walk(flow, choices):
            if any(isinstance(action, actions.Collect) for action in did):
                assert_zero_leads_to_a_person(flow, state)
            assert key_of(canonical(plain, state)) in keys

    call: Callable[[], None] = walked
    call()


def assert_zero_leads_to_a_person(flow: Flow, state: CallState) -> None:
    assert not isinstance(state.stage, Ended)
    after, did = engine.advance(flow, state, events.KeysPressed(at=AT, keys=PERSON))
    assert isinstance(after.stage, TO_A_PERSON)
    assert any(isinstance(action, actions.SeekPerson) for action in did)
