"""What our own run of the kill -9 scoreboard reads in the carrier's log."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from ivr.localcarrier.wire import Event
from tests.benchmarks.crash import ours
from tests.benchmarks.crash.judge import Judge, Score
from tests.benchmarks.crash.office import MOST_AGENTS, MOST_CUSTOMERS, agent_number, customer_number

CUSTOMER = customer_number(0)


def started(sid: str, number: str, at: float) -> Event:
    return Event(0, at, "call_started", sid, {"to_number": number})


def closed(sid: str, at: float, **data: Any) -> Event:
    return Event(0, at, "call_closed", sid, {"script_done": True, **data})


def phones(*events: Event, log: Path = Path()) -> tuple[ours.Phones, Judge]:
    judge = Judge(["a"])
    reader = ours.Phones(log, judge, {CUSTOMER: "a"}, {"a": 100.0})
    for event in events:
        reader.take(event)
    return reader, judge


def test_a_customer_who_has_followed_their_script_has_been_called_back() -> None:
    reader, judge = phones(started("CA1", CUSTOMER, 101.0), closed("CA1", 105.0))
    assert judge.score() == Score(lost=0, double=0)
    assert reader.conversations == {"a": 1}
    assert judge.latest_s({"a": 100.0}) == 1.0


def test_a_customer_who_hears_nothing_has_not_been_called_back() -> None:
    _, judge = phones(started("CA1", CUSTOMER, 101.0), closed("CA1", 105.0, script_done=False))
    assert judge.score() == Score(lost=1, double=0)


def test_a_second_ring_is_a_double_even_when_only_one_conversation_comes_of_it() -> None:
    reader, judge = phones(started("CA1", CUSTOMER, 101.0), closed("CA1", 105.0), started("CA2", CUSTOMER, 106.0))
    assert judge.score() == Score(lost=0, double=1)
    assert reader.conversations == {"a": 1}


def test_a_ring_before_the_promised_time_is_outside_hours() -> None:
    _, judge = phones(started("CA1", CUSTOMER, 99.0), closed("CA1", 105.0))
    assert judge.score() == Score(lost=0, double=0, outside_hours=1)


def test_the_legs_of_agents_are_none_of_the_judges_business() -> None:
    _, judge = phones(started("CA1", agent_number(0), 101.0), closed("CA1", 105.0))
    assert judge.score() == Score(lost=1, double=0, never_rang=1)


def test_a_log_is_read_as_far_as_its_lines_are_whole(tmp_path: Path) -> None:
    log = tmp_path / "events.jsonl"
    lines = [msgspec.json.encode(event) for event in (started("CA1", CUSTOMER, 101.0), closed("CA1", 105.0))]
    log.write_bytes(lines[0] + b"\n" + lines[1][:20])
    reader, judge = phones(log=log)
    reader.read()
    assert (judge.dials, judge.score().lost) == (1, 1)
    with log.open("ab") as file:
        file.write(lines[1][20:] + b"\n")
    reader.read()
    reader.read()
    assert (judge.dials, judge.score()) == (1, Score(lost=0, double=0))


def test_agents_customers_and_the_office_have_numbers_of_their_own() -> None:
    numbers = [agent_number(index) for index in range(MOST_AGENTS)]
    numbers += [customer_number(index) for index in range(MOST_CUSTOMERS)]
    assert len({*numbers, "+442079460000", "+442079460999"}) == 999
    assert {len(number) for number in numbers} == {13}


def test_more_callbacks_than_there_are_numbers_are_refused() -> None:
    with pytest.raises(ValueError, match="numbers"):
        ours.run(jobs=MOST_CUSTOMERS + 1, kills=0, seed=1, say=print)
