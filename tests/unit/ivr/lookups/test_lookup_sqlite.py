"""Lookups in SQLite files."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import pytest

from flows import actions
from flows.events import Value
from flows.sources import SqliteSource
from ivr.lookups import sqlite_files
from ivr.lookups.deadline import Deadline
from ivr.lookups.errors import LookupFailedError

TABLE = """
CREATE TABLE orders (number TEXT, count INTEGER, price REAL, state TEXT, photo BLOB, loose, "odd "" name" TEXT);
INSERT INTO orders VALUES ('007', 3, 12.5, 'sent', x'00ff', 42, 'odd');
INSERT INTO orders VALUES ('7', 10000000000000, 1e300, 'packed', NULL, 'text', NULL);
INSERT INTO orders VALUES ('8', 0, 0, CAST(x'736563726574ff' AS TEXT), NULL, NULL, NULL);
CREATE VIEW sent AS SELECT number, state FROM orders WHERE state = 'sent';
CREATE VIEW endless AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n;
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A flow's folder with a database."""
    with closing(sqlite3.connect(tmp_path / "orders.db")) as connection:
        connection.executescript(TABLE)
    return tmp_path


def find(
    folder: Path,
    where: Mapping[str, Value],
    *columns: str,
    table: str = "orders",
    file: str = "orders.db",
    timeout_s: float = 60.0,
) -> dict[str, Value] | None:
    source = SqliteSource(type="sqlite", file=file, table=table)
    save = {f"value_{number}": column for number, column in enumerate(columns)}
    lookup = actions.Lookup(source=source, where=dict(where), save=save, timeout_s=timeout_s)
    return sqlite_files.find(lookup, source, folder, Deadline.after(timeout_s))


def test_values_keep_their_types(folder: Path) -> None:
    found = find(folder, {"number": "007"}, "count", "price", "state", "loose")
    assert found == {"value_0": 3, "value_1": 12.5, "value_2": "sent", "value_3": 42}
    assert [type(value) for value in found.values()] == [int, float, str, int]


def test_a_missing_row_is_none_and_nothing_to_save_is_found(folder: Path) -> None:
    assert find(folder, {"number": "9"}, "state") is None
    assert find(folder, {"number": "7"}) == {}


def test_a_null_is_none_and_a_long_number_its_digits(folder: Path) -> None:
    assert find(folder, {"number": "7"}, 'odd " name', "count") == {"value_0": None, "value_1": "10000000000000"}


def test_the_column_decides_how_numbers_and_texts_compare(folder: Path) -> None:
    assert find(folder, {"count": "3"}, "state") == {"value_0": "sent"}
    assert find(folder, {"number": 7}, "state") == {"value_0": "packed"}
    assert find(folder, {"number": "007", "count": 4}, "state") is None


def test_a_view_and_names_in_other_capitals_work(folder: Path) -> None:
    assert find(folder, {"NUMBER": "007"}, "State", table="sent") == {"value_0": "sent"}


def test_values_are_bound_and_never_part_of_the_statement(folder: Path) -> None:
    assert find(folder, {"number": "' OR 1=1 --"}, "state") is None
    assert find(folder, {'odd " name': "odd"}, "state") == {"value_0": "sent"}


@pytest.mark.parametrize(
    ("where", "column", "table", "file", "says"),
    [
        ({"number": "7"}, "state", "orders", "missing.db", "cannot be read: No such file"),
        ({"number": "7"}, "state", "orders", "../orders.db", "outside the flow's folder"),
        ({"number": "7"}, "state", "order", "orders.db", "has no table order"),
        ({"numbr": "7"}, "stat", "orders", "orders.db", "table orders has no column numbr, stat"),
        ({"number\" = '' OR 1 --": "7"}, "state", "orders", "orders.db", "has no column"),
        ({"number": "007"}, "photo", "orders", "orders.db", "column photo holds bytes"),
        ({"number": "7"}, "price", "orders", "orders.db", "column price: a number is beyond"),
        ({"number": "8"}, "state", "orders", "orders.db", "it cannot be searched"),
        ({"number": "7"}, "state", "orders", "text.db", "SQLITE_NOTADB"),
    ],
)
def test_what_cannot_be_searched_is_an_error_that_says_why_without_values(
    folder: Path, where: dict[str, Value], column: str, table: str, file: str, says: str
) -> None:
    (folder / "text.db").write_text("number,state\n" * 200)
    with pytest.raises(LookupFailedError, match=says) as failed:
        find(folder, where, column, table=table, file=file)
    assert "secret" not in str(failed.value)
    assert failed.value.__context__ is None or failed.value.__suppress_context__
    assert not failed.value.retryable


def test_a_query_without_end_is_stopped_within_its_thread(folder: Path) -> None:
    with pytest.raises(LookupFailedError) as failed:
        find(folder, {"i": -1}, "i", table="endless", timeout_s=0.05)
    assert failed.value.code == "timeout"


def test_the_file_cannot_be_written_to(folder: Path) -> None:
    with (
        closing(sqlite_files._open(folder / "orders.db", Deadline.after(60.0))) as connection,
        pytest.raises(sqlite3.OperationalError, match="readonly"),
    ):
        connection.execute("DELETE FROM orders")


def test_a_name_with_signs_of_an_address_is_the_files_own(folder: Path) -> None:
    (folder / "orders.db").rename(folder / "a?mode=rwc#b%20.db")
    assert find(folder, {"number": "7"}, "state", file="a?mode=rwc#b%20.db") == {"value_0": "packed"}
