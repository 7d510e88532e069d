"""Recovery: a store that was restored from a backup, or has lost its last second, is filled up from the journal.

A kept promise is not dialled again, and a lost one is back. Two cases (`clerk.compare`):

behind   The journal's pages continue the store's: they are appended again as they were, under the hashes that people
         may have noted. What was done on the old records meanwhile stands behind them, and was overruled.
forked   Another clerk has sealed pages since. They stay; the entries that they lack are sealed anew behind them, and
         the journal keeps its own branch aside, as evidence.

Records come before pages: what is missing of the pages is how we know that we are not done, so that after a crash in
the middle the next run does the rest. What is done already is found on the open list, and is not done twice.
Where both sides went on with a request, one that has ended stays ended; else the journal's counts, which knows what
was dialled.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Final, Protocol

import msgspec

from callbacks.clerk import Standing, compare, last_common
from callbacks.errors import ConflictError
from callbacks.journal import Journal
from callbacks.ledger import LedgerStore, StoredPage, decode_page
from callbacks.ledger_entries import (
    FORGOTTEN,
    PUT_BACK,
    RECOVERED,
    Entry,
    decoded,
    encode,
    entry,
    forgotten,
    late,
    replay,
)
from callbacks.model import CallbackRequest
from callbacks.store import Change, Outcome, Versioned

BATCH: Final = 20
# More than ever wait to be sealed: dialling has stopped.
WHOLE_LIST: Final = 10**9
BOOKED_AGAIN: Final = "booked_again"


class Records(Protocol):
    """What a recovery needs of the store of requests."""

    def request(self, request_id: str) -> Versioned[CallbackRequest] | None: ...

    def commit(self, change: Change) -> Outcome: ...


class Recovery(msgspec.Struct, frozen=True, kw_only=True):
    """What was put back. `booked_again`: promises whose customer has booked anew meanwhile; the new one holds.

    `without_record`: promises that began and ended within what was lost; the ledger has them, their records are gone.
    """

    found: Standing
    pages: int = 0
    records: tuple[str, ...] = ()
    booked_again: tuple[str, ...] = ()
    without_record: tuple[str, ...] = ()
    forgotten: tuple[str, ...] = ()


class _Branch(msgspec.Struct):
    """What the store did since the last page in common."""

    entries: set[str]
    moved: set[str]
    put_back: set[str]
    forgotten: set[str]


def recover(
    ledger: LedgerStore, records: Records, journal: Journal, forget: Callable[[str], None], now: datetime
) -> Recovery:
    """Fill the store up; running it again changes nothing.

    `forget` deletes a record by its id: a backup brings back people who had asked to be forgotten. Raises
    `ConflictError` where the store is too busy; run it again then.
    """
    found = compare(ledger, journal)
    if found == "whole":
        return Recovery(found=found)
    return _Recoverer(ledger, records, journal, now).run(found, forget)


class _Recoverer:
    def __init__(self, ledger: LedgerStore, records: Records, journal: Journal, now: datetime) -> None:
        self._ledger = ledger
        self._records = records
        self._journal = journal
        self._now = now
        self._common = last_common(ledger, journal)
        # Before the branch: who has put something back since, or changed it, is not overlooked.
        self._versions = self._read_versions()
        self._branch = self._read_branch()

    def run(self, found: Standing, forget: Callable[[str], None]) -> Recovery:
        touched, gone = self._lost()
        if found == "forked":
            moved = self._branch.moved
            self._add(late(raw) if made.id in moved else raw for raw, made in self._lost_entries())
        put_back: list[str] = []
        booked_again: list[str] = []
        without_record: list[str] = []
        for request_id, entries in touched.items():
            target = self._target(request_id, entries)
            if target is None:
                without_record.append(request_id)
            elif request_id not in self._branch.put_back:
                (put_back if self._put_back(*target) else booked_again).append(request_id)
        for request_id in gone:
            forget(request_id)
        self._add(
            encode(forgotten(request_id, "restored", self._now))
            for request_id in without_record
            if request_id not in self._branch.forgotten
        )
        pages = self._finish(found)
        self._ledger.add_entries([encode(self._note(pages, len(put_back)))])
        return Recovery(
            found=found,
            pages=pages,
            records=tuple(put_back),
            booked_again=tuple(booked_again),
            without_record=tuple(without_record),
            forgotten=tuple(sorted(gone)),
        )

    def _finish(self, found: Standing) -> int:
        if found == "forked":
            return self._journal.set_aside(self._common.seq)
        head = self._ledger.head()
        for _, text in self._lost_pages():
            page = decode_page(text)
            if not self._ledger.restore_page(page, head):
                raise ConflictError("someone else writes the ledger just now")
            head = page.head
        return head.seq - self._common.seq

    def _note(self, pages: int, put_back: int) -> dict[str, object]:
        return {
            "at": msgspec.to_builtins(self._now),
            "event": RECOVERED,
            "since": self._common.seq,
            "pages": pages,
            "records": put_back,
        }

    def _lost_pages(self) -> Iterator[StoredPage]:
        since = self._common.seq
        while pages := self._journal.pages(since, BATCH):
            yield from pages
            since = pages[-1][0]

    def _lost_entries(self) -> Iterator[tuple[str, Entry]]:
        for _, text in self._lost_pages():
            for raw in decode_page(text).entries:
                yield from ((raw, made) for made in decoded((raw,)))

    def _lost(self) -> tuple[dict[str, list[str]], set[str]]:
        """The requests that the lost entries are about, and those that were forgotten then.

        Their entries are held only where a record has to be brought up to them: one that the journal has dropped.
        """
        touched: dict[str, list[str]] = {}
        gone: set[str] = set()
        followed: set[str] = set()
        for raw, made in self._lost_entries():
            if made.event == FORGOTTEN:
                gone.add(made.id)
            if not made.id or made.late or raw in self._branch.entries:
                continue
            if made.id not in touched:
                touched[made.id] = []
                if self._journal.record(made.id) is None and self._records.request(made.id) is not None:
                    followed.add(made.id)
            if made.id in followed:
                touched[made.id].append(raw)
        return {name: entries for name, entries in touched.items() if name not in gone}, gone

    def _read_versions(self) -> dict[str, int]:
        """The versions of the records that the lost entries are about; 0 for one that is not there."""
        ids = {made.id for _, made in self._lost_entries() if made.id and not made.late}
        return {name: _version(self._records.request(name)) for name in sorted(ids)}

    def _read_branch(self) -> _Branch:
        entries: set[str] = set(self._ledger.unsealed(WHOLE_LIST))
        head, since = self._ledger.head(), self._common.seq
        while since < head.seq:
            for _, text in self._ledger.pages(since, BATCH):
                entries |= set(decode_page(text).entries)
            since += BATCH
        # What both have is no other way: only its page was lost.
        shared = {raw for raw, _ in self._lost_entries() if raw in entries}
        branch = _Branch(entries, set(), set(), set())
        for made in decoded(entries - shared):
            if made.event == PUT_BACK:
                branch.put_back.add(made.id)
            elif made.event == FORGOTTEN:
                branch.forgotten.add(made.id)
            elif made.id and not made.late:
                branch.moved.add(made.id)
        return branch

    def _target(self, request_id: str, entries: list[str]) -> tuple[CallbackRequest, int] | None:
        """What a record should be, and the version that it had then; None where nobody has it any more."""
        copied = self._journal.record(request_id)
        if copied is not None:
            return copied.record, copied.version
        known = self._records.request(request_id)
        if known is None:
            return None
        built, version = replay(msgspec.to_builtins(known.record), known.version, entries)
        return msgspec.convert(built, CallbackRequest), version

    def _put_back(self, target: CallbackRequest, version: int) -> bool:
        """Write a record as it was; False where it was ended instead, since its customer has booked anew."""
        known = self._records.request(target.id)
        if _version(known) == self._versions[target.id]:
            if known is not None and target.id in self._branch.moved and known.record.state == "ended":
                target = known.record
            if self._commit(target, known, f"{target.id}:{version}"):
                return True
            if _version(self._records.request(target.id)) == _version(known):
                # Nobody changed it, so its place is taken: the customer has another promise for the same matter.
                ended = msgspec.structs.replace(
                    target, state="ended", disposition=BOOKED_AGAIN, ended_at=self._now, looked_at=self._now
                )
                if self._commit(ended, known, f"{target.id}:{version}:ended"):
                    return False
        raise ConflictError(f"someone else changed {target.id} just now")

    def _commit(self, record: CallbackRequest, known: Versioned[CallbackRequest] | None, name: str) -> bool:
        before = 0 if known is None else known.version
        made = entry(None, record, PUT_BACK, at=self._now, version=before + 1)
        if made is None:
            raise TypeError(f"{PUT_BACK} belongs on the ledger")
        change = Change(
            commit_id=f"put back {name}:{before}:{self._common}",
            request=Versioned(record, before),
            before=None if known is None else known.record,
            entries=(encode(made),),
        )
        return self._records.commit(change) == "done"

    def _add(self, entries: Iterator[str]) -> None:
        new = [raw for raw in entries if raw not in self._branch.entries]
        for since in range(0, len(new), 500):
            self._ledger.add_entries(new[since : since + 500])


def _version(known: Versioned[CallbackRequest] | None) -> int:
    return 0 if known is None else known.version
