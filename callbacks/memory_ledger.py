"""The ledger's part of a store, in memory: the twin of `redis_ledger` under the same conformance suite."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterable, Sequence

from callbacks.ledger import EMPTY, Head, Page, StoredPage, encode_page
from callbacks.memory_store import MemoryStore
from callbacks.model import CallbackRequest


class MemoryLedger:
    """Implements `ledger.LedgerStore` for one process; `unsealed` is the list that a `MemoryStore` appends to."""

    def __init__(self, unsealed: list[str] | None = None) -> None:
        self._lock = threading.Lock()
        self._head = EMPTY
        self._pages: dict[int, str] = {}
        self._unsealed = [] if unsealed is None else unsealed

    def head(self) -> Head:
        return self._head

    def unsealed(self, limit: int) -> list[str]:
        return self._unsealed[:limit]

    def append_page(self, page: Page, after: Head) -> bool:
        with self._lock:
            if self._head == page.head:
                return True
            if self._head != after or tuple(self._unsealed[: len(page.entries)]) != page.entries:
                return False
            del self._unsealed[: len(page.entries)]
            self._put(page)
            return True

    def restore_page(self, page: Page, after: Head) -> bool:
        with self._lock:
            if self._head == page.head:
                return True
            if self._head != after:
                return False
            known = set(page.entries)
            self._unsealed[:] = [entry for entry in self._unsealed if entry not in known]
            self._put(page)
            return True

    def add_entries(self, entries: Sequence[str]) -> int:
        with self._lock:
            known = set(self._unsealed)
            new = [entry for entry in dict.fromkeys(entries) if entry not in known]
            self._unsealed += new
            return len(new)

    def pages(self, since: int, limit: int) -> list[StoredPage]:
        return [(seq, self._pages[seq]) for seq in range(since + 1, since + limit + 1) if seq in self._pages]

    def _put(self, page: Page) -> None:
        self._pages[page.seq] = encode_page(page)
        self._head = page.head


class MemoryRecords:
    """Implements `audit.RecordSource` over the store in memory."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    def records_of(self, ids: Sequence[str]) -> list[CallbackRequest | None]:
        found = (self._store.request(request_id) for request_id in ids)
        return [None if known is None else known.record for known in found]

    def record_ids(self) -> Iterable[str]:
        return [record.id for record in self._store.requests(sys.maxsize)]
