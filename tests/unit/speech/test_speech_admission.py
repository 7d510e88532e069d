"""Who is admitted: what fits into the time that the children have, with hysteresis."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from speech.admission import NO_LIMITS, Admission, Load, limits_for


def load(active: int = 0, *, idle: int = 0, children: int = 2, cost: float = 0.02, late_s: float = 0.0) -> Load:
    return Load(children=children, active=active, idle=idle, cost=cost, late_s=late_s)


def test_as_many_are_admitted_as_fit_into_the_children_s_time() -> None:
    admission = Admission()
    assert not admission.is_open
    assert admission.update(0.0, load())
    assert admission.places == 85
    admission.update(0.1, load(80))
    assert admission.places == 5
    assert not admission.update(0.2, load(84))
    assert admission.update(0.3, load(85))
    assert not admission.is_open


def test_streams_that_wait_for_a_person_count_a_quarter() -> None:
    admission = Admission()
    admission.update(0.0, load(0, idle=80))
    assert admission.places == 65


def test_after_it_closed_it_opens_where_there_is_clearly_room_again_and_not_at_once() -> None:
    admission = Admission()
    admission.update(0.0, load())
    admission.update(1.0, load(85))
    admission.update(3.5, load(80))
    assert not admission.is_open
    admission.update(4.0, load(74))
    assert admission.places == 11
    admission.update(5.0, load(85))
    admission.update(6.9, load(10))
    assert not admission.is_open
    assert admission.update(7.0, load(10))


def test_work_that_is_late_closes_and_has_to_be_done_before_it_opens() -> None:
    admission = Admission()
    admission.update(0.0, load(10))
    assert admission.update(1.0, load(10, late_s=0.4))
    admission.update(4.0, load(10, late_s=0.1))
    assert not admission.is_open
    assert admission.update(4.3, load(10, late_s=0.04))


def test_without_a_child_there_is_no_place_and_with_the_first_there_is_one_at_once() -> None:
    admission = Admission()
    admission.update(0.0, load(5, children=0))
    assert not admission.is_open
    assert admission.update(0.1, load(5, children=1))


def test_a_machine_that_is_only_just_fast_enough_hears_one_call_and_a_slower_one_none() -> None:
    admission = Admission()
    admission.update(0.0, load(children=1, cost=0.9))
    assert admission.places == 1
    admission.update(0.1, load(1, children=1, cost=0.9))
    assert admission.places == 0
    slow = Admission()
    slow.update(0.0, load(children=1, cost=1.1))
    assert slow.places == 0


def test_a_share_of_the_time_moves_both_limits() -> None:
    admission = Admission(limits_for(0.425))
    admission.update(0.0, load())
    assert admission.places == 42
    admission.update(1.0, load(43))
    admission.update(4.0, load(38))
    assert not admission.is_open
    admission.update(4.1, load(37))
    assert admission.is_open


def test_without_limits_everybody_is_admitted() -> None:
    admission = Admission(NO_LIMITS)
    admission.update(0.0, load(100_000, cost=5.0, late_s=60.0))
    assert admission.places > 1000


loads = st.builds(
    load,
    st.integers(0, 300),
    idle=st.integers(0, 300),
    children=st.integers(0, 8),
    cost=st.floats(0.001, 2.0),
    late_s=st.floats(0.0, 2.0),
)


@given(st.lists(st.tuples(st.floats(0.0, 3.0), loads)))
def test_who_is_admitted_never_needs_more_than_there_is_but_for_a_lone_call(steps: list[tuple[float, Load]]) -> None:
    admission, now_s = Admission(), 0.0
    for gap_s, given_load in steps:
        now_s += gap_s
        was = admission.is_open
        assert admission.update(now_s, given_load) == (admission.is_open != was)
        needed = given_load.cost * (given_load.active + 0.25 * given_load.idle + admission.places)
        lone = given_load.active + given_load.idle == 0 and admission.places <= 1
        assert not admission.places or lone or needed <= 0.85 * given_load.children + 1e-5


@given(st.integers(0, 400), st.integers(1, 8))
def test_a_storm_of_calls_is_admitted_up_to_what_fits_and_no_further(offered: int, children: int) -> None:
    admission, admitted = Admission(), 0
    for number in range(offered):
        admission.update(number / 1000, load(admitted, children=children))
        admitted += admission.is_open
    assert admitted == min(offered, int(0.85 * children / 0.02 + 1e-9))
