"""One lookup from the outside: timed, guarded, and left out where its source just failed."""

from __future__ import annotations

import itertools
import logging
from pathlib import Path
from types import SimpleNamespace

import pytest

from flows import actions
from flows.events import Value
from flows.sources import CsvSource, HttpSource, PythonSource, Source
from ivr.lookups import LookupFailedError, Lookups, csv_files, look_up, python_functions, service
from ivr.lookups.breaker import FAILURES_TO_REST, REST_S
from ivr.lookups.service import MAX_SOURCES, key_of, name_of

ORDERS = CsvSource(type="csv", file="orders.csv")
CLINIC = PythonSource(type="python", function="clinic:find")


def lookup(source: Source = ORDERS, number: Value = "4821") -> actions.Lookup:
    return actions.Lookup(source=source, where={"number": number}, save={"order_state": "state"}, timeout_s=1.5)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A flow's folder with a table."""
    (tmp_path / "orders.csv").write_text("number,state,phone\n4821,sent,\n")
    return tmp_path


@pytest.fixture
def quarters(monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock of the service's own: a quarter of a second passes from each look at it to the next."""
    instants = itertools.count(100.0, 0.25)
    monkeypatch.setattr(service, "time", SimpleNamespace(monotonic=lambda: next(instants)))


@pytest.mark.usefixtures("quarters")
def test_a_lookup_answers_with_values_or_none_and_the_time_it_took(folder: Path) -> None:
    found = look_up(lookup(), folder=folder)
    assert found.values == {"order_state": "sent"}
    assert found.took_ms == 250
    assert look_up(lookup(number="0000"), folder=folder).values is None


@pytest.mark.usefixtures("quarters")
def test_a_failed_lookup_tells_the_time_it_took(folder: Path) -> None:
    with pytest.raises(LookupFailedError) as failed:
        look_up(lookup(CsvSource(type="csv", file="missing.csv")), folder=folder)
    assert failed.value.took_ms == 250
    assert failed.value.code == "setup"
    assert str(failed.value) == "missing.csv: it cannot be read: No such file or directory"


@pytest.mark.parametrize("nothing", [None, "", " "])
def test_a_lookup_by_nothing_finds_nothing_though_a_cell_is_empty(folder: Path, nothing: Value) -> None:
    by_phone = actions.Lookup(source=ORDERS, where={"phone": nothing}, save={"order_state": "state"}, timeout_s=1.0)
    assert look_up(by_phone, folder=folder).values is None


class Clock:
    """A clock that is set by hand."""

    now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def test_a_source_that_keeps_failing_rests_and_is_tried_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def dead(*_: object) -> None:
        asked.append(1)
        raise LookupFailedError("clinic:find raised ConnectionError", code="unreachable", retryable=True)

    monkeypatch.setattr(python_functions, "find", dead)
    clock = Clock()
    lookups = Lookups(now_s=clock)
    for _ in range(FAILURES_TO_REST):
        with pytest.raises(LookupFailedError, match="ConnectionError"):
            lookups.look_up(lookup(CLINIC), folder=folder)
    with pytest.raises(LookupFailedError, match="rests") as resting:
        lookups.look_up(lookup(CLINIC), folder=folder)
    assert resting.value.code == "resting"
    assert resting.value.retryable
    assert len(asked) == FAILURES_TO_REST
    assert lookups.look_up(lookup(), folder=folder).values, "other sources do not suffer"
    clock.now_s += REST_S
    monkeypatch.setattr(python_functions, "find", lambda *_: {"order_state": "sent"})
    assert lookups.look_up(lookup(CLINIC), folder=folder).values == {"order_state": "sent"}
    assert lookups.look_up(lookup(CLINIC), folder=folder).values == {"order_state": "sent"}


def test_answers_that_cannot_be_used_do_not_let_a_source_rest(folder: Path) -> None:
    lookups = Lookups()
    for _ in range(FAILURES_TO_REST + 1):
        with pytest.raises(LookupFailedError, match="cannot be read"):
            lookups.look_up(lookup(CsvSource(type="csv", file="missing.csv")), folder=folder)
    (folder / "missing.csv").write_text("number,state\n4821,sent\n")
    assert lookups.look_up(lookup(CsvSource(type="csv", file="missing.csv")), folder=folder).values


def test_a_fault_of_ours_is_a_failure_that_names_the_place_and_no_value(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise KeyError("4821")

    monkeypatch.setattr(csv_files, "inside", broken)
    with pytest.raises(LookupFailedError, match="KeyError in broken, line") as failed:
        Lookups().look_up(lookup(), folder=folder)
    assert failed.value.code == "fault"
    assert "4821" not in str(failed.value)
    assert failed.value.__suppress_context__


def test_what_is_known_of_sources_is_bounded(folder: Path) -> None:
    lookups = Lookups()
    for number in range(MAX_SOURCES + 10):
        with pytest.raises(LookupFailedError):
            lookups.look_up(lookup(CsvSource(type="csv", file=f"{number}.csv")), folder=folder)
    assert len(lookups._sources) == MAX_SOURCES


def test_sources_are_told_apart_by_where_they_look(folder: Path) -> None:
    keys = {
        key_of(ORDERS, folder),
        key_of(ORDERS, folder / "other"),
        key_of(CsvSource(type="csv", file="other.csv"), folder),
        key_of(CLINIC, folder),
    }
    assert len(keys) == 4


def test_a_source_is_named_without_what_may_be_secret_in_its_address() -> None:
    url = "https://desk:secret@crm.example:8443/api/orders?key=secret"
    assert name_of(HttpSource(type="http", url=url)) == "https://crm.example:8443/api/orders"
    assert name_of(CLINIC) == "clinic:find"


def test_nothing_is_logged(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        look_up(lookup(), folder=folder)
    assert not caplog.records
