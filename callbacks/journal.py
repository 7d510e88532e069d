"""The journal: a worker's own copy of the sealed pages, and of the records of promises that are open.

It lies in the worker's data folder, apart from the store. A store that was restored from a backup, or has lost its last
second, is told by it (`clerk.compare`) and filled up from it (`recovery`). Pages name nobody; the records do, and
leave the journal with the end of their promise, or when its customer is forgotten.

Several processes may share one journal: SQLite's lock orders them.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec

from callbacks.errors import CallbackError
from callbacks.ledger import EMPTY, Head, StoredPage, decode_page
from callbacks.model import CallbackRequest
from callbacks.store import Versioned

FORMAT: Final = 1
BUSY_S: Final = 5.0

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS pages (seq INTEGER PRIMARY KEY, hash TEXT NOT NULL, text TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS aside (seq INTEGER, hash TEXT, text TEXT, PRIMARY KEY (seq, hash));
CREATE TABLE IF NOT EXISTS records (
  id TEXT PRIMARY KEY, version INTEGER NOT NULL, number TEXT NOT NULL, caller_number TEXT, data TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS records_number ON records (number);
CREATE INDEX IF NOT EXISTS records_caller ON records (caller_number);
"""


class JournalError(CallbackError):
    """The journal cannot be used, or a page does not continue it; nothing was written."""

    code = "journal"


class Journal:
    """A journal file; `:memory:` for none. Every method raises `sqlite3.Error` where the disk fails."""

    def __init__(self, path: Path | str) -> None:
        self._lock = threading.Lock()
        if str(path) != ":memory:":
            # Before SQLite makes it: its other files take over the mode of this one.
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
            os.chmod(path, 0o600)
        self._db = sqlite3.connect(path, timeout=BUSY_S, isolation_level=None, check_same_thread=False)
        self._db.execute("PRAGMA journal_mode = WAL")
        # A page that we say we have is on the disk; what is deleted is overwritten.
        self._db.execute("PRAGMA synchronous = FULL")
        self._db.execute("PRAGMA secure_delete = ON")
        found = int(self._db.execute("PRAGMA user_version").fetchone()[0])
        if found > FORMAT:
            raise JournalError(f"{path} was written by a newer version (format {found}, this one knows {FORMAT})")
        self._db.executescript(SCHEMA)
        self._db.execute(f"PRAGMA user_version = {FORMAT}")

    def close(self) -> None:
        self._db.close()

    def append(
        self,
        pages: Sequence[StoredPage],
        records: Iterable[Versioned[CallbackRequest]] = (),
        over: Iterable[str] = (),
    ) -> bool:
        """Add pages that continue the journal, with the records that they are about, as they are now.

        `over` are ids whose promise has ended or was forgotten: their records are dropped. False, and nothing has
        happened, where another process has added the first page meanwhile (its records may be newer than these).
        Raises `JournalError` for a page that does not continue the journal.
        """
        with self._writing() as db:
            head = self._head()
            for seq, text in pages:
                page = decode_page(text)
                if seq == pages[0][0] and seq <= head.seq and self._hash_at(seq) == page.hash:
                    return False
                if seq != page.seq or seq != head.seq + 1 or page.prev != head.hash:
                    raise JournalError(f"page {seq} does not continue the journal, which ends with page {head.seq}")
                db.execute("INSERT INTO pages VALUES (?, ?, ?)", (seq, page.hash, text))
                head = page.head
            for known in records:
                self._keep(known)
            db.executemany("DELETE FROM records WHERE id = ?", [(request_id,) for request_id in over])
        return True

    def head(self) -> Head:
        """The last page of the journal."""
        with self._lock:
            return self._head()

    def hash_at(self, seq: int) -> str | None:
        """The hash of one page; None for one that is not there."""
        with self._lock:
            return self._hash_at(seq)

    def pages(self, since: int, limit: int) -> list[StoredPage]:
        """The pages from `since + 1` on, at most `limit`."""
        with self._lock:
            found = self._db.execute(
                "SELECT seq, text FROM pages WHERE seq > ? ORDER BY seq LIMIT ?", (since, limit)
            ).fetchall()
        return [(int(seq), str(text)) for seq, text in found]

    def record(self, request_id: str) -> Versioned[CallbackRequest] | None:
        """The record of an open promise, as it was last seen."""
        with self._lock:
            row = self._db.execute("SELECT data, version FROM records WHERE id = ?", (request_id,)).fetchone()
        return None if row is None else Versioned(msgspec.json.decode(row[0], type=CallbackRequest), int(row[1]))

    def record_ids(self) -> list[str]:
        """The ids of all open promises that the journal knows."""
        with self._lock:
            return [str(row[0]) for row in self._db.execute("SELECT id FROM records ORDER BY id")]

    def forget(self, *, number: str | None = None, ids: Iterable[str] = ()) -> int:
        """Drop the records of a customer's number, and of these ids, from the file for good; how many those were."""
        with self._writing() as db:
            gone = db.execute("DELETE FROM records WHERE number = ? OR caller_number = ?", (number, number)).rowcount
            for request_id in ids:
                gone += db.execute("DELETE FROM records WHERE id = ?", (request_id,)).rowcount
        with self._lock:
            # Until then the old text is still in the write-ahead log.
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        return gone

    def set_aside(self, since: int) -> int:
        """Keep the pages after `since` as evidence only: the store's history went another way; how many those were."""
        with self._writing() as db:
            db.execute("INSERT OR IGNORE INTO aside SELECT seq, hash, text FROM pages WHERE seq > ?", (since,))
            return int(db.execute("DELETE FROM pages WHERE seq > ?", (since,)).rowcount)

    def aside_since(self) -> int | None:
        """The first page that was ever set aside."""
        with self._lock:
            first = self._db.execute("SELECT min(seq) FROM aside").fetchone()[0]
        return None if first is None else int(first)

    def _head(self) -> Head:
        row = self._db.execute("SELECT seq, hash FROM pages ORDER BY seq DESC LIMIT 1").fetchone()
        return EMPTY if row is None else Head(int(row[0]), str(row[1]))

    def _hash_at(self, seq: int) -> str | None:
        if seq == 0:
            return EMPTY.hash
        row = self._db.execute("SELECT hash FROM pages WHERE seq = ?", (seq,)).fetchone()
        return None if row is None else str(row[0])

    def _keep(self, known: Versioned[CallbackRequest]) -> None:
        record = known.record
        if record.state == "ended":
            self._db.execute("DELETE FROM records WHERE id = ?", (record.id,))
            return
        self._db.execute(
            "INSERT INTO records VALUES (?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET version = excluded.version, "
            "number = excluded.number, caller_number = excluded.caller_number, data = excluded.data",
            (
                record.id,
                known.version,
                record.number,
                getattr(record, "caller_number", None),
                msgspec.json.encode(record).decode(),
            ),
        )

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
                self._db.execute("COMMIT")
            except BaseException:
                # Of itself after some faults of the disk; else it would be in the way of the next.
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise
