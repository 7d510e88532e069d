"""Ten thousand random calls over the example flows: what the proof says holds in each state that they meet."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
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

EXAMPLES = sorted((Path(__file__).resolve().parents[4] / "flows" / "examples").rglob("*.yaml"))
FLOWS = [path for path in EXAMPLES if not path.name.endswith(".test.yaml")]
WALKS = 10_000


@cache
def flow_of(path: Path) -> Flow:
    return load_flow(path)


@cache
def explored(path: Path) -> Explored:
    return explore(flow_of(path))


@cache
def explored_keys(path: Path) -> frozenset[tuple[object, ...]]:
    return frozenset(key_of(place.state) for place in explored(path).places)


@pytest.mark.parametrize("path", FLOWS, ids=lambda path: path.stem)
def test_every_promise_holds_for_the_example(path: Path) -> None:
    proof = check(flow_of(path), explored(path))
    assert proof.failures == ()
    assert proof.questions > 10


@pytest.mark.parametrize("path", FLOWS, ids=lambda path: path.stem)
@settings(max_examples=WALKS // len(FLOWS), deadline=None, suppress_health_check=list(HealthCheck))
@given(choices=st.binary(max_size=25))
def test_no_random_call_leaves_a_state_without_the_exit_or_meets_one_that_the_proof_missed(
    path: Path, choices: bytes
) -> None:
    flow = flow_of(path)
    plain = without_values(flow)
    for state, did in walk(flow, choices):
        if any(isinstance(action, actions.Collect) for action in did):
            assert_zero_leads_to_a_person(flow, state)
        assert key_of(canonical(plain, state)) in explored_keys(path)


def assert_zero_leads_to_a_person(flow: Flow, state: CallState) -> None:
    assert not isinstance(state.stage, Ended)
    after, did = engine.advance(flow, state, events.KeysPressed(at=AT, keys=PERSON))
    assert isinstance(after.stage, TO_A_PERSON)
    assert any(isinstance(action, actions.SeekPerson) for action in did)
