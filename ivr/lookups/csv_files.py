"""Lookups in CSV files. A file is read once and kept, with an index, until it changes."""

from __future__ import annotations

import csv
import io
import os
import threading
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from flows import actions
from flows.events import Value
from flows.sources import CsvSource
from ivr.lookups.deadline import Deadline
from ivr.lookups.errors import LookupFailedError
from ivr.lookups.files import inside, reason
from ivr.lookups.values import cell_key, saved, value_key

MAX_FILE_BYTES: Final = 5_000_000
# Measured: reading and indexing 5 MB takes about half a second, and fifteen times its size in memory.
MAX_CACHED_BYTES: Final = 10_000_000
MAX_CACHED_FILES: Final = 32
MAX_INDEXES: Final = 8

# What changes when a file does: device, inode, size, time of the last write, time of the last change.
Version = tuple[int, int, int, int, int]
# The columns asked for, and the kind of value that each is compared with.
IndexName = tuple[tuple[str, str], ...]


class CsvTable:
    """The rows of one version of a file, and for each set of columns asked for where the first row of a key is."""

    def __init__(self, header: list[str], rows: list[list[str]]) -> None:
        self._header = header
        self._rows = rows
        self._indexes: OrderedDict[IndexName, dict[tuple[object, ...], int]] = OrderedDict()
        self._lock = threading.Lock()

    def find(self, where: Mapping[str, Value], save: Mapping[str, str]) -> dict[str, Value] | None:
        """The columns `save` of the first row that equals `where`; None without one."""
        missing = {*where, *save.values()} - set(self._header)
        if missing:
            raise LookupFailedError(f"it has no column {', '.join(sorted(missing))}", code="setup")
        twice = {name for name in {*where, *save.values()} if self._header.count(name) > 1}
        if twice:
            raise LookupFailedError(f"it has two columns {', '.join(sorted(twice))}", code="setup")
        number = self._index(where).get(tuple(value_key(value) for value in where.values()))
        if number is None:
            return None
        row = self._rows[number]
        return {
            name: saved(self._cell(row, self._header.index(column)), f"column {column}")
            for name, column in save.items()
        }

    def _index(self, where: Mapping[str, Value]) -> dict[tuple[object, ...], int]:
        name = tuple((column, _kind(value)) for column, value in where.items())
        with self._lock:
            index = self._indexes.get(name)
            if index is None:
                index = {}
                likes = [(self._header.index(column), value) for column, value in where.items()]
                for number, row in enumerate(self._rows):
                    key = tuple(cell_key(self._cell(row, column), like) for column, like in likes)
                    index.setdefault(key, number)
                self._indexes[name] = index
                if len(self._indexes) > MAX_INDEXES:
                    self._indexes.popitem(last=False)
            self._indexes.move_to_end(name)
            return index

    @staticmethod
    def _cell(row: list[str], column: int) -> str:
        return row[column].strip() if column < len(row) else ""


class CsvFiles:
    """The CSV files in use, as they were read last; bounded."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tables: OrderedDict[Path, tuple[Version, CsvTable]] = OrderedDict()
        self._reading: dict[Path, threading.Lock] = {}

    def find(
        self, lookup: actions.Lookup, source: CsvSource, folder: Path, deadline: Deadline
    ) -> dict[str, Value] | None:
        """The values of the first row that fits; raises `LookupFailedError`."""
        path = inside(folder, source.file)
        return self._table(path, deadline).find(lookup.where, lookup.save)

    def _table(self, path: Path, deadline: Deadline) -> CsvTable:
        with self._lock:
            reading = self._reading.setdefault(path, threading.Lock())
        # One reads, the others wait for it.
        if not reading.acquire(timeout=deadline.left_s()):
            raise deadline.missed()
        try:
            version = _version(path.stat())
            with self._lock:
                known = self._tables.get(path)
                if known is not None and known[0] == version:
                    self._tables.move_to_end(path)
                    return known[1]
            version, table = _read(path)
            self._keep(path, version, table)
            return table
        except OSError as error:
            raise LookupFailedError(f"it cannot be read: {reason(error)}", code="setup") from None
        finally:
            reading.release()

    def _keep(self, path: Path, version: Version, table: CsvTable) -> None:
        with self._lock:
            self._tables[path] = version, table
            self._tables.move_to_end(path)
            while len(self._tables) > MAX_CACHED_FILES or self._cached_bytes() > MAX_CACHED_BYTES:
                dropped, _ = self._tables.popitem(last=False)
                self._reading.pop(dropped, None)

    def _cached_bytes(self) -> int:
        return sum(version[2] for version, _ in self._tables.values())


def _read(path: Path) -> tuple[Version, CsvTable]:
    # The version is that of the open file from before it is read: what changes meanwhile is read again next time.
    with path.open("rb") as content:
        version = _version(os.fstat(content.fileno()))
        if version[2] > MAX_FILE_BYTES:
            raise LookupFailedError(f"it is larger than {MAX_FILE_BYTES} bytes; use SQLite", code="setup")
        data = content.read(MAX_FILE_BYTES)
    try:
        text = data.decode("utf-8-sig")
        first = text.partition("\n")[0]
        # Spreadsheets write semicolons where the comma is the decimal sign.
        separator = next((sign for sign in ",;\t" if sign in first), ",")
        rows = [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator) if row]
    except UnicodeDecodeError:
        raise LookupFailedError("it is not in UTF-8", code="setup") from None
    except csv.Error as error:
        raise LookupFailedError(f"it is no CSV: {error}", code="setup") from None
    header = [name.strip() for name in rows[0]] if rows else []
    return version, CsvTable(header, rows[1:])


def _version(known: os.stat_result) -> Version:
    return known.st_dev, known.st_ino, known.st_size, known.st_mtime_ns, known.st_ctime_ns


def _kind(value: Value) -> str:
    if isinstance(value, bool):
        return "truth"
    return "number" if isinstance(value, int | float) else "text"
