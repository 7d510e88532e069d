"""The order of a child's work, and what is measured of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from speech.scheduling import OrderError, Schedule, ServiceRate, ahead


def drained(schedule: Schedule[str]) -> list[str]:
    """What is sent, where each answer comes at once."""
    order: list[str] = []
    while (work := schedule.next(0.0)) is not None:
        order.append(work)
        schedule.answered(int(work), 0.0)
    return order


def test_the_earliest_deadline_comes_first_and_the_earlier_of_two_equal_ones() -> None:
    schedule: Schedule[str] = Schedule()
    for stream, due_s in ((1, 3.0), (2, 1.0), (3, 2.0), (4, 1.0)):
        schedule.add(stream, due_s, str(stream))
    assert drained(schedule) == ["2", "4", "3", "1"]


def test_only_two_pieces_are_on_their_way_so_that_urgent_work_overtakes_the_rest() -> None:
    schedule: Schedule[str] = Schedule()
    for stream in range(1, 6):
        schedule.add(stream, 10.0, f"feed {stream}")
    assert [schedule.next(0.0), schedule.next(0.0), schedule.next(0.0)] == ["feed 1", "feed 2", None]
    schedule.add(9, 0.0, "finish")
    schedule.answered(1, 0.1)
    assert schedule.next(0.1) == "finish"
    assert len(schedule) == 5


def test_more_is_on_its_way_where_it_is_done_in_a_moment_and_never_for_longer_than_that() -> None:
    assert [ahead(service_s) for service_s in (0.0, 0.001, 0.002, 0.004, 0.02)] == [8, 8, 5, 2, 2]


def test_a_stream_has_one_piece_of_work_at_a_time_waiting_or_on_its_way() -> None:
    schedule: Schedule[str] = Schedule()
    schedule.add(1, 0.0, "first")
    with pytest.raises(OrderError):
        schedule.add(1, 1.0, "second")
    schedule.next(0.0)
    with pytest.raises(OrderError):
        schedule.add(1, 1.0, "second")
    schedule.answered(1, 0.0)
    schedule.add(1, 1.0, "second")
    assert 1 in schedule


def test_an_answer_out_of_order_is_an_error() -> None:
    schedule: Schedule[str] = Schedule()
    with pytest.raises(OrderError):
        schedule.answered(1, 0.0)
    for stream in (1, 2):
        schedule.add(stream, float(stream), "work")
        schedule.next(0.0)
    with pytest.raises(OrderError):
        schedule.answered(2, 0.0)


def test_what_is_dropped_is_not_sent_and_its_answer_is_for_nobody() -> None:
    schedule: Schedule[str] = Schedule()
    for stream in (1, 2, 3):
        schedule.add(stream, float(stream), str(stream))
    assert schedule.next(0.0) == "1"
    schedule.drop(1)
    schedule.drop(2)
    assert schedule.next(0.0) == "3"
    assert schedule.answered(1, 0.5).work is None
    assert schedule.answered(3, 0.5).work == "3"
    assert len(schedule) == 0


def test_a_stream_that_was_dropped_may_come_back_with_another_deadline() -> None:
    schedule: Schedule[str] = Schedule()
    schedule.add(1, 1.0, "old")
    schedule.drop(1)
    schedule.add(1, 5.0, "new")
    schedule.add(2, 3.0, "2")
    assert [schedule.next(0.0), schedule.next(0.0)] == ["2", "new"]


def test_service_is_counted_from_the_answer_before_where_the_child_was_busy_till_then() -> None:
    schedule: Schedule[str] = Schedule()
    for stream in (1, 2):
        schedule.add(stream, 0.25, "work")
        schedule.next(0.0)
    first, second = schedule.answered(1, 0.5), schedule.answered(2, 0.75)
    assert (first.service_s, first.late_s) == (0.5, 0.25)
    assert (second.service_s, second.late_s) == (0.25, 0.5)
    schedule.add(3, 9.0, "work")
    schedule.next(2.0)
    assert schedule.answered(3, 2.5).service_s == 0.5


def test_who_owes_an_answer_and_since_when_and_how_late_the_oldest_work_is() -> None:
    schedule: Schedule[str] = Schedule()
    assert (schedule.at_work(), schedule.owing_since_s(), schedule.late_s(9.0)) == ([], None, 0.0)
    for stream in (1, 2):
        schedule.add(stream, 1.0 + stream, "work")
        schedule.next(1.0)
    assert (schedule.at_work(), schedule.owing_since_s()) == ([1, 2], 1.0)
    assert (schedule.late_s(1.5), schedule.late_s(5.0)) == (0.0, 3.0)
    schedule.answered(1, 4.0)
    assert (schedule.at_work(), schedule.owing_since_s()) == ([2], 4.0)


@given(st.lists(st.tuples(st.sampled_from(["add", "send", "answer", "drop"]), st.integers(1, 6), st.integers(0, 9))))
def test_nothing_is_lost_sent_twice_or_sent_before_something_more_urgent(steps: list[tuple[str, int, int]]) -> None:
    schedule: Schedule[tuple[int, int]] = Schedule()
    waiting: dict[int, int] = {}
    sent: list[tuple[int, int] | None] = []
    streams: list[int] = []
    for step, stream, due in steps:
        if step == "add" and stream not in schedule:
            schedule.add(stream, float(due), (stream, due))
            waiting[stream] = due
        elif step == "send":
            work = schedule.next(0.0)
            if work is None:
                assert len(streams) == 2 or not waiting
                continue
            assert work[1] == min(waiting.values())
            assert waiting.pop(work[0]) == work[1]
            sent.append(work)
            streams.append(work[0])
        elif step == "answer" and streams:
            expected = sent.pop(0)
            assert schedule.answered(streams.pop(0), 1.0).work == expected
        elif step == "drop":
            schedule.drop(stream)
            waiting.pop(stream, None)
            sent = [None if work is not None and work[0] == stream else work for work in sent]
        assert len(schedule) == len(waiting) + len(streams)


def test_the_cost_of_audio_is_what_is_believed_until_something_is_measured() -> None:
    rate = ServiceRate(0.1)
    assert rate.cost == 0.1
    for second in range(60):
        rate.note(float(second), 0.02, 1.0)
    assert rate.cost == pytest.approx(0.02, rel=0.05)
    assert rate.busy(60.0) == pytest.approx(0.02, rel=0.1)


def test_work_without_audio_counts_to_the_cost_of_audio_and_idleness_to_nothing() -> None:
    rate = ServiceRate(0.1, over_s=10.0)
    for tenth in range(1000):
        rate.note(tenth / 10, 0.002, 0.1)
        rate.note(tenth / 10, 0.001, 0.0)
    cost = rate.cost
    assert cost == pytest.approx(0.03, rel=0.02)
    assert rate.busy(200.0) == pytest.approx(0.0, abs=0.001)
    # After a long silence a single slow answer is no measurement.
    rate.note(500.0, 0.5, 0.1)
    assert rate.cost == cost


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=1))
def test_cost_stays_between_what_was_believed_and_measured(pieces: list[tuple[float, float]]) -> None:
    rate = ServiceRate(0.1)
    for number, (gap_s, service_s) in enumerate(pieces):
        rate.note(number + gap_s, service_s, 1.0)
    costs = [0.1, *(service_s for _, service_s in pieces)]
    assert min(costs) - 1e-9 <= rate.cost <= max(costs) + 1e-9
