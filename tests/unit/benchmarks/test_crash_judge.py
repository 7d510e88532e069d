"""The judge of the kill -9 scoreboard counts dials and conversations, and nothing else."""

from __future__ import annotations

import http.client

import pytest

from tests.benchmarks.crash.carrier import Carrier
from tests.benchmarks.crash.judge import Judge, Score


def test_a_callback_that_was_dialled_once_and_seen_through_is_neither_lost_nor_double() -> None:
    judge = Judge(["a"])
    judge.dial("a", 0.0)
    judge.finish("a")
    assert judge.score() == Score(lost=0, double=0)


def test_a_callback_that_was_never_dialled_is_lost_and_never_rang() -> None:
    assert Judge(["a", "b"]).score() == Score(lost=2, never_rang=2, double=0)


def test_a_callback_that_rang_and_was_not_seen_through_is_lost_though_it_rang() -> None:
    judge = Judge(["a"])
    judge.dial("a", 0.0)
    assert judge.score() == Score(lost=1, never_rang=0, double=0)


def test_a_second_dial_makes_a_callback_double_once_however_many_follow() -> None:
    judge = Judge(["a", "b"])
    sids = {judge.dial("a", 0.0), judge.dial("a", 1.0), judge.dial("a", 2.0), judge.dial("b", 0.0)}
    judge.finish("a")
    judge.finish("b")
    assert judge.score() == Score(lost=0, double=1)
    assert len(sids) == judge.dials == 4


def test_a_dial_outside_hours_is_counted() -> None:
    judge = Judge(["a"])
    judge.dial("a", 0.0, within_hours=False)
    judge.finish("a")
    assert judge.score() == Score(lost=0, double=0, outside_hours=1)


def test_the_latest_is_the_worst_first_dial() -> None:
    judge = Judge(["a", "b", "c"])
    judge.dial("a", 12.0)
    judge.dial("a", 99.0)
    judge.dial("b", 21.5)
    assert judge.latest_s({"a": 10.0, "b": 21.0, "c": 0.0}) == 2.0


def test_what_nobody_promised_or_dialled_is_refused() -> None:
    judge = Judge(["a"])
    with pytest.raises(KeyError):
        judge.dial("b", 0.0)
    with pytest.raises(KeyError):
        judge.finish("a")
    assert judge.dials == 0


def test_scores_of_two_parts_add_up() -> None:
    one = Score(lost=1, double=2, never_rang=1, outside_hours=3)
    assert one + Score(lost=4, double=0) == Score(lost=5, double=2, never_rang=1, outside_hours=3)


def post(carrier: Carrier, path: str) -> int:
    connection = http.client.HTTPConnection(carrier.address, timeout=10)
    try:
        connection.request("POST", path)
        return connection.getresponse().status
    finally:
        connection.close()


def test_the_carrier_tells_the_judge_what_it_is_asked_for() -> None:
    judge = Judge(["a"])
    with Carrier(judge) as carrier:
        assert post(carrier, "/done/a") == 404
        assert post(carrier, "/calls/a") == 201
        assert post(carrier, "/done/a") == 200
        assert post(carrier, "/calls/stranger") == 404
        assert post(carrier, "/elsewhere") == 404
    assert judge.score() == Score(lost=0, double=0)
