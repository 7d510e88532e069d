"""The figures of the callbacks' benchmarks: percentiles, turns, and promises that are made up honestly."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from itertools import pairwise

import msgspec
import pytest

from callbacks.memory_store import MemoryStore
from callbacks.rules import Policy
from callbacks.service import Callbacks
from tests.benchmarks.callbacks.figures import in_turn, percentile, print_figures, spread
from tests.benchmarks.callbacks.filling import Part, promises
from tests.benchmarks.callbacks.punctuality import due_requests
from tests.benchmarks.callbacks.recovery import Trial, report
from tests.wishes import NOW, book, london


def test_a_percentile_is_a_value_that_so_many_do_not_exceed() -> None:
    values = [float(number) for number in range(100, 0, -1)]
    assert (percentile(values, 0.5), percentile(values, 0.99), percentile(values, 1.0)) == (50.0, 99.0, 100.0)
    assert percentile([7.0], 0.99) == 7.0


def test_nothing_has_no_percentile() -> None:
    with pytest.raises(ValueError, match="no value"):
        percentile([], 0.5)


def test_a_rate_is_what_fits_into_a_second() -> None:
    found = spread([0.01, 0.03])
    assert (found.count, found.median_ms, found.p99_ms, found.rate) == (2, 10.0, 30.0, 50.0)


def test_steps_take_turns_and_what_comes_after_each_is_done_before_the_next() -> None:
    log: list[str] = []

    def step(name: str) -> Callable[[int], Callable[[], None]]:
        def do(number: int) -> Callable[[], None]:
            log.append(f"{name}{number}")
            return lambda: log.append("after")

        return do

    taken = in_turn(2, a=step("a"), b=step("b"))
    assert log == ["a0", "after", "b0", "after", "b1", "after", "a1", "after"]
    assert [len(taken[name]) for name in ("a", "b")] == [2, 2]


def part(first: int, last: int, *, waits: int) -> Part:
    callbacks = Callbacks(MemoryStore(Policy()), Policy(), london)
    template = msgspec.json.encode(book(callbacks))
    return Part("", template, first, last, ("orders", "repairs"), ("en", "ar"), waits)


def test_promises_that_are_made_up_differ_and_wait_in_order_or_have_windows_ahead() -> None:
    made = list(promises(part(0, 400, waits=2)))
    assert len({each.id for each in made}) == len({each.number for each in made}) == 400
    waiting = [each for each in made if each.state == "waiting"]
    scheduled = [each for each in made if each.state == "scheduled"]
    assert len(waiting) == len(scheduled) == 200
    assert all(earlier.rank_at < later.rank_at for earlier, later in pairwise(waiting))
    assert all(each.starts_at == each.due_at > NOW for each in scheduled)
    assert {each.line for each in waiting} == {"orders/en", "orders/ar", "repairs/en", "repairs/ar"}


def test_the_parts_of_a_store_have_nothing_in_common() -> None:
    first, second = (list(promises(part(start, start + 50, waits=0))) for start in (0, 50))
    assert not {each.id for each in first} & {each.id for each in second}
    assert {each.state for each in first} == {"scheduled"}


def test_promises_fall_due_evenly() -> None:
    template = book(Callbacks(MemoryStore(Policy()), Policy(), london))
    made = list(due_requests(template, NOW.timestamp(), 20, per_second=10))
    assert [each.due_at - NOW for each in made[:3]] == [timedelta(seconds=number / 10) for number in range(3)]
    assert len({each.number for each in made}) == len({each.id for each in made}) == 20


def test_with_json_the_last_line_is_one_object(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("JSON", "1")
    print_figures("title", ("", "value"), [["row", "1"]], {"row": 1})
    assert json.loads(capsys.readouterr().out.splitlines()[-1]) == {"row": 1}


def test_recovery_reports_the_median_the_worst_and_phones_that_rang_twice(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("JSON", "1")
    report({"redis": [Trial(1.0, 1), Trial(2.0, 2), Trial(9.0, 1)]})
    figures = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert figures == {"redis": {"repeats": 3, "median_s": 2.0, "worst_s": 9.0, "rang_twice": 1}}
