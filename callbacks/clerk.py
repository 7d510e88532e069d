"""The clerk: seals what is on the open list, and copies the pages into the journal. Every worker has one."""

from __future__ import annotations

from datetime import datetime
from typing import Final, Literal, Protocol

import msgspec

from callbacks.journal import Journal, JournalError
from callbacks.ledger import EMPTY, PAGE_ENTRIES, Head, Keyring, LedgerStore, PageError, decode_page, seal
from callbacks.ledger_entries import FORGOTTEN, Entry, decoded
from callbacks.ledger_verify import Verifier
from callbacks.model import CallbackRequest
from callbacks.store import Versioned

# In one tick; the next comes at once. So much of a backlog is worked off in about a second.
MOST_PAGES: Final = 20

# "behind": the store has lost pages that the journal has. "forked": its history is another one since some page.
Standing = Literal["whole", "behind", "forked"]


class Records(Protocol):
    """What the clerk needs of the store of requests."""

    def request(self, request_id: str) -> Versioned[CallbackRequest] | None: ...


class Clerk:
    """One worker's clerk. Two at the same time get in nobody's way: of two pages in one place the store takes one."""

    def __init__(self, ledger: LedgerStore, records: Records, keyring: Keyring, journal: Journal) -> None:
        self._ledger = ledger
        self._records = records
        self._keyring = keyring
        self._journal = journal

    def tick(self, now: datetime) -> Standing:
        """Seal and copy. Where the answer is not "whole", nothing was done, and nobody may be dialled before
        `recovery.recover` has run: the store has forgotten what it did."""
        standing = compare(self._ledger, self._journal)
        if standing == "whole":
            self.seal(now)
            self.copy()
        return standing

    def seal(self, now: datetime) -> int:
        """Seal what is on the open list; how many entries."""
        sealed = 0
        for _ in range(MOST_PAGES):
            head = self._ledger.head()
            entries = self._ledger.unsealed(PAGE_ENTRIES)
            if not entries:
                break
            page = seal(head, entries, self._keyring, msgspec.to_builtins(now))
            if not self._ledger.append_page(page, head):
                break  # another clerk was faster
            sealed += len(entries)
        return sealed

    def copy(self) -> int:
        """Copy new pages into the journal, with the records that they are about; how many pages.

        Raises `JournalError` for a page that our key has not sealed, and copies none.
        """
        since = self._journal.head()
        pages = self._ledger.pages(since.seq, MOST_PAGES)
        if not pages:
            return 0
        verifier = Verifier(self._keyring, after=since)
        last: dict[str, Entry] = {}
        for seq, text in pages:
            page = verifier.take(seq, text)
            if page is None or verifier.findings:
                raise JournalError(f"the journal takes no such page: {verifier.findings[0].words}")
            last |= {entry.id: entry for entry in decoded(page.entries) if not entry.late}
        over = [name for name, entry in last.items() if entry.state == "ended" or entry.event == FORGOTTEN]
        still_open = last.keys() - set(over)
        # Read after the pages: a record is never older here than what they say of it.
        known = (self._records.request(request_id) for request_id in sorted(still_open) if request_id)
        copied = self._journal.append(pages, [record for record in known if record is not None], over)
        return len(pages) if copied else 0


def compare(ledger: LedgerStore, journal: Journal) -> Standing:
    """Whether the store's ledger still is the one that the journal is a copy of."""
    # In this order: the journal has no page that the store has not had before.
    ours = journal.head()
    theirs = ledger.head()
    if theirs.seq < ours.seq:
        return "behind" if journal.hash_at(theirs.seq) == theirs.hash else "forked"
    return "whole" if _hash_at(ledger, theirs, ours.seq) == ours.hash else "forked"


def last_common(ledger: LedgerStore, journal: Journal) -> Head:
    """The last page that the store and the journal have in common."""
    head = ledger.head()
    for seq in range(min(head.seq, journal.head().seq), 0, -1):
        digest = journal.hash_at(seq)
        if digest is not None and digest == _hash_at(ledger, head, seq):
            return Head(seq, digest)
    return EMPTY


def _hash_at(ledger: LedgerStore, head: Head, seq: int) -> str | None:
    if seq in {0, head.seq}:
        return EMPTY.hash if seq == 0 else head.hash
    for _, text in ledger.pages(seq - 1, 1):
        try:
            return decode_page(text).hash
        except PageError:
            return None
    return None
