"""When a source is left alone."""

from __future__ import annotations

from ivr.lookups.breaker import FAILURES_TO_REST, REST_S, Breaker, admit, settled


def after(failures: int, now_s: float = 100.0) -> Breaker:
    breaker = Breaker()
    for _ in range(failures):
        admitted = admit(breaker, now_s)
        assert admitted is not None
        breaker = settled(admitted, answered=False, now_s=now_s)
    return breaker


def test_a_few_failures_change_nothing() -> None:
    assert admit(after(FAILURES_TO_REST - 1), 100.0) is not None


def test_five_failures_in_a_row_let_a_source_rest_for_twenty_seconds() -> None:
    resting = after(FAILURES_TO_REST)
    assert admit(resting, 100.0) is None
    assert admit(resting, 100.0 + REST_S - 0.01) is None
    assert admit(resting, 100.0 + REST_S) is not None


def test_an_answer_between_failures_starts_the_count_again() -> None:
    almost = settled(after(FAILURES_TO_REST - 1), answered=True, now_s=100.0)
    assert settled(almost, answered=False, now_s=100.0) == after(1)


def test_after_the_rest_one_tries_and_the_others_still_fail_at_once() -> None:
    trying = admit(after(FAILURES_TO_REST), 100.0 + REST_S)
    assert trying is not None
    assert admit(trying, 100.0 + REST_S + 1) is None


def test_a_trial_that_is_answered_ends_the_rest() -> None:
    trying = admit(after(FAILURES_TO_REST), 100.0 + REST_S)
    assert trying is not None
    assert settled(trying, answered=True, now_s=121.0) == Breaker()


def test_a_trial_that_fails_or_never_ends_is_followed_by_another_rest() -> None:
    trying = admit(after(FAILURES_TO_REST), 100.0 + REST_S)
    assert trying is not None
    failed = settled(trying, answered=False, now_s=121.0)
    for breaker in (trying, failed):
        assert admit(breaker, 100.0 + 2 * REST_S - 0.01) is None
        assert admit(breaker, 100.0 + 2 * REST_S) is not None


def test_a_late_failure_from_before_the_rest_does_not_make_it_longer() -> None:
    late = settled(after(FAILURES_TO_REST), answered=False, now_s=110.0)
    assert admit(late, 100.0 + REST_S) is not None
