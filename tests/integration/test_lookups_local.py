"""Lookups on this machine: a function that hangs, a database that is locked, one file for many callers."""

from __future__ import annotations

import sqlite3
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

import pytest

from flows.events import Value
from flows.sources import CsvSource, PythonSource, SqliteSource
from ivr.lookups import LookupFailedError, Lookups
from ivr.lookups.crew import PLACES
from tests.integration.lookup_rig import SECRET, SLACK_S, ask
from tests.patience import until


@pytest.fixture
def lookups() -> Lookups:
    """The lookups of a process of its own."""
    return Lookups()


# ---------------------------------------------------------------- python


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A flow's folder; what Python remembers of its modules is forgotten at the end."""
    path, modules = list(sys.path), set(sys.modules)
    yield tmp_path
    sys.path[:] = path
    for name in set(sys.modules) - modules:
        del sys.modules[name]


def test_a_function_that_hangs_is_abandoned_and_soon_not_asked_any_more(folder: Path) -> None:
    (folder / "hanging.py").write_text(
        "import threading\nover = threading.Event()\nasked = []\n\n"
        "def find(number):\n    asked.append(number)\n    over.wait()\n"
    )
    source = PythonSource(type="python", function="hanging:find")
    # A clock on which every rest is over at once: the threads alone decide.
    instants = iter(range(0, 1_000_000, 100))
    lookups = Lookups(now_s=lambda: float(next(instants)))
    for _ in range(PLACES):
        with pytest.raises(LookupFailedError, match="no answer within") as failed:
            ask(lookups, source, folder, timeout_s=0.05)
        assert failed.value.took_ms < 50 + SLACK_S * 1000
    with pytest.raises(LookupFailedError, match=f"all {PLACES} earlier questions hang") as busy:
        ask(lookups, source, folder)
    assert busy.value.took_ms < SLACK_S * 1000
    hanging = sys.modules["hanging"]
    until(lambda: len(getattr(hanging, "asked", ())) == PLACES)
    hanging.over.set()


def test_a_module_that_hangs_while_it_is_imported_is_abandoned(folder: Path, lookups: Lookups) -> None:
    (folder / "slow_import.py").write_text("import threading\nover = threading.Event()\nover.wait()\n")
    with pytest.raises(LookupFailedError, match="no answer within"):
        ask(lookups, PythonSource(type="python", function="slow_import:find"), folder, timeout_s=0.1)
    slow_import = sys.modules["slow_import"]
    until(lambda: hasattr(slow_import, "over"))
    slow_import.over.set()


# ---------------------------------------------------------------- files


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """A database with one order."""
    path = tmp_path / "orders.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE orders (number TEXT, state TEXT)")
        connection.execute("INSERT INTO orders VALUES (?, 'sent')", [SECRET])
        connection.commit()
    return path


ORDERS: Final = SqliteSource(type="sqlite", file="orders.db", table="orders")


def test_a_locked_database_is_waited_for_within_the_time_out(database: Path, lookups: Lookups) -> None:
    with closing(sqlite3.connect(database, isolation_level=None)) as writer:
        writer.execute("BEGIN EXCLUSIVE")
        with pytest.raises(LookupFailedError, match="SQLITE_BUSY") as failed:
            ask(lookups, ORDERS, database.parent, timeout_s=1.4)
        assert failed.value.retryable
        assert failed.value.took_ms < 1400 + SLACK_S * 1000
        writer.execute("ROLLBACK")
    assert ask(lookups, ORDERS, database.parent).values == {"order_state": "sent"}


def test_a_database_in_wal_mode_is_read_while_another_process_writes(database: Path, lookups: Lookups) -> None:
    with closing(sqlite3.connect(database, isolation_level=None)) as writer:
        writer.execute("PRAGMA journal_mode = WAL")
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("UPDATE orders SET state = 'lost'")
        assert ask(lookups, ORDERS, database.parent).values == {"order_state": "sent"}
        writer.execute("COMMIT")
        assert ask(lookups, ORDERS, database.parent).values == {"order_state": "lost"}


def test_many_callers_at_once_share_one_reading_of_a_file(tmp_path: Path, lookups: Lookups) -> None:
    rows = "".join(f"{number},state {number}\n" for number in range(10_000))
    (tmp_path / "orders.csv").write_text("number,state\n" + rows)
    source = CsvSource(type="csv", file="orders.csv")
    results: list[dict[str, Value] | None] = []
    threads = [
        threading.Thread(target=lambda n=n: results.append(ask(lookups, source, tmp_path, number=n).values))
        for n in range(9_980, 10_000)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {str(values["order_state"]) for values in results if values} == {f"state {n}" for n in range(9_980, 10_000)}
    again = ask(lookups, source, tmp_path, number="9999")
    assert again.values == {"order_state": "state 9999"}
