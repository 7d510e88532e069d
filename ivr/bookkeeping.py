"""A worker's bookkeeping: the ledger is sealed and copied into the journal, and nobody is dialled on a store that has
forgotten what it did.

| the store, as the journal knows it | what happens |
|---|---|
| whole | its new entries are sealed and copied; the worker dials |
| restored from a backup, emptied, or short of a second | it is filled up from the journal; the worker dials then |
| another history since some page | the same; the journal's own branch is kept aside as evidence |
| another history from the first page on | it may be another installation's: nothing until a person has looked |
| the journal cannot be used (its disk is full or broken) | sealed all the same; the worker dials, and health says so |

The last one is a choice: without a copy promises are kept as before, and a restored store would not be noticed.
"""

from __future__ import annotations

import sqlite3
import threading
from datetime import datetime
from typing import Final

import structlog

from callbacks.clerk import Clerk, Standing, compare
from callbacks.errors import ConflictError
from callbacks.journal import Journal, JournalError
from callbacks.ledger import PageError, decode_page
from callbacks.recovery import recover
from callbacks.redis_ledger import RedisLedger
from ivr import logs
from ivr.desk.ledger import journal_path, keyring_of
from ivr.redis_client import RedisError
from ivr.services import Services, utc_now

log = structlog.get_logger()

JOURNAL_FAULTS: Final = (sqlite3.Error, OSError, JournalError)
FILLING_UP: Final = "the store has lost what the journal knows; it is being filled up from it"


class Bookkeeping:
    """One worker's clerk and journal. It is called each second or so; a tick asks `why_not_dial` before it dials."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._ledger = RedisLedger(services.redis)
        self._store = services.callbacks.store
        self._keyring = keyring_of(services.settings)
        self._path = journal_path(services.settings)
        self._journal: Journal | None = None
        self._opening = threading.Lock()
        self._fault = logs.LastingFault(
            "the ledger is not copied into the journal; tried again and again", "the ledger is copied again"
        )

    def __call__(self) -> None:
        """Seal and copy, or fill the store up. A fault is logged when it begins and when it is over."""
        fault, now = None, utc_now()
        try:
            try:
                self._keep(self._open(), now)
            except JOURNAL_FAULTS as error:
                fault = f"{type(error).__name__}: {error}"
                self._services.heartbeats.journal_fails(fault)
                Clerk(self._ledger, self._store, self._keyring, Journal(":memory:")).seal(now)
        except RedisError as error:
            fault = f"{type(error).__name__}: {error}"
        except Exception:
            log.exception("bookkeeping failed")
            fault = "unexpected"
        self._fault.note(fault)

    def why_not_dial(self) -> str | None:
        """Why nobody may be dialled just now; None where all is well, and where the journal cannot be asked.

        Raises `RedisError` where the store does not answer.
        """
        try:
            journal = self._open()
            standing = compare(self._ledger, journal)
            if standing == "whole":
                # Another worker's journal may know more.
                others = self._services.heartbeats.why_idle("ledger")
                return others if others == FILLING_UP else None
            return FILLING_UP if self._is_ours(standing, journal) else self._what_to_do()
        except JOURNAL_FAULTS:
            return None

    def close(self) -> None:
        """Close the journal."""
        if self._journal is not None:
            self._journal.close()

    def _keep(self, journal: Journal, now: datetime) -> None:
        standing = Clerk(self._ledger, self._store, self._keyring, journal).tick(now)
        if standing == "whole" or not self._is_ours(standing, journal):
            return
        log.warning("the store has lost what the journal knows, and is being filled up", standing=standing)
        try:
            done = recover(self._ledger, self._store, journal, lambda name: self._store.forget([name]), now)
        except ConflictError as error:
            log.info("someone else writes the store just now; filled up in a moment", why=str(error))
            return
        self._services.heartbeats.worker_may_dial("ledger")
        log.warning(
            "the store is filled up",
            pages=done.pages,
            callbacks=len(done.records),
            booked_again=len(done.booked_again),
            without_record=len(done.without_record),
            forgotten=len(done.forgotten),
        )

    def _is_ours(self, standing: Standing, journal: Journal) -> bool:
        """Whether the two have the same first page. An empty store has none: it was ours, and lost all."""
        if standing == "behind":
            return True
        first = self._ledger.pages(0, 1)
        try:
            return bool(first) and decode_page(first[0][1]).hash == journal.hash_at(1)
        except PageError:
            return False

    def _what_to_do(self) -> str:
        return (
            f"the store's ledger and the journal {self._path} have nothing in common; where REDIS_URL or DATA_DIR is "
            "another installation's, set it right, or move the journal away; where the store was emptied and used "
            "since, run `ivr callbacks recover`"
        )

    def _open(self) -> Journal:
        """The journal, opened again where its file was moved away."""
        with self._opening:
            if self._journal is None or not self._path.exists():
                self._path.parent.mkdir(parents=True, exist_ok=True)
                self._journal = Journal(self._path)
            return self._journal
