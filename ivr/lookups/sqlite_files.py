"""Lookups in SQLite files, opened for reading only."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final
from urllib.parse import quote

from flows import actions
from flows.events import Value
from flows.sources import SqliteSource
from ivr.lookups.deadline import Deadline
from ivr.lookups.errors import LookupFailedError
from ivr.lookups.files import inside
from ivr.lookups.values import saved

# Steps of SQLite's virtual machine between two looks at the clock: about a tenth of a millisecond.
STEPS: Final = 10_000
# The share of the time that a lock is waited for; what is left is for saying so.
LOCK_SHARE: Final = 0.8


def find(lookup: actions.Lookup, source: SqliteSource, folder: Path, deadline: Deadline) -> dict[str, Value] | None:
    """The values of the first row that fits; raises `LookupFailedError`."""
    path = inside(folder, source.file)
    try:
        with closing(_open(path, deadline)) as connection:
            _check_columns(connection, source, {*lookup.where, *lookup.save.values()})
            return _first_row(connection, lookup, source)
    # An error's text can hold a value (one that is not UTF-8, for instance): only its name goes on.
    except sqlite3.Error as error:
        if deadline.passed():
            raise deadline.missed() from None
        name = getattr(error, "sqlite_errorname", type(error).__name__)
        locked = name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED"))
        raise LookupFailedError(
            f"it cannot be searched: {name}", code="unreachable" if locked else "setup", retryable=locked
        ) from None


def _open(path: Path, deadline: Deadline) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"file:{quote(str(path))}?mode=ro", uri=True, timeout=deadline.left_s() * LOCK_SHARE, isolation_level=None
    )
    connection.set_progress_handler(deadline.passed, STEPS)
    connection.execute("PRAGMA query_only = ON")
    # A file from elsewhere may bring views that call functions with effects.
    connection.execute("PRAGMA trusted_schema = OFF")
    return connection


def _check_columns(connection: sqlite3.Connection, source: SqliteSource, columns: set[str]) -> None:
    # SQLite takes a quoted name that is no column for a text, so each must be known.
    known = {
        str(row[0]).lower() for row in connection.execute("SELECT name FROM pragma_table_xinfo(?)", [source.table])
    }
    if not known:
        raise LookupFailedError(f"it has no table {source.table}", code="setup")
    missing = {column for column in columns if column.lower() not in known}
    if missing:
        raise LookupFailedError(f"table {source.table} has no column {', '.join(sorted(missing))}", code="setup")


def _first_row(connection: sqlite3.Connection, lookup: actions.Lookup, source: SqliteSource) -> dict[str, Value] | None:
    wanted = ", ".join(_quoted(column) for column in lookup.save.values()) or "1"
    fits = " AND ".join(f"{_quoted(column)} = ?" for column in lookup.where) or "1"
    statement = f"SELECT {wanted} FROM {_quoted(source.table)} WHERE {fits} LIMIT 1"  # noqa: S608  names are checked
    row = connection.execute(statement, list(lookup.where.values())).fetchone()
    if row is None:
        return None
    return {
        name: saved(value, f"column {column}") for (name, column), value in zip(lookup.save.items(), row, strict=False)
    }


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
