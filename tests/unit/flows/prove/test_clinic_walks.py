"""The example flow `clinic`: proved, and walked through at random."""

from __future__ import annotations

from tests.unit.flows.prove.example_walks import assert_proved, assert_walks_are_proved


def test_every_promise_holds_for_the_example() -> None:
    assert_proved("clinic")


def test_no_random_call_leaves_a_state_without_the_exit_or_meets_one_that_the_proof_missed() -> None:
    assert_walks_are_proved("clinic")
