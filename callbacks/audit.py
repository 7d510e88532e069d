"""The audit: is the ledger whole, does the store agree with it, and which promises were kept?

It reads page by page and holds the open requests, eight bytes of each ended one, and one figure for each promise that
was not kept: a million promises fit into a small machine's memory. It may run while people work; what looks
different is looked at again before it is reported, since the store goes on while we read.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, Final, Protocol, TypeVar

import msgspec

from callbacks import lifecycle
from callbacks.audit_report import Audit, Difference, Tally
from callbacks.journal import Journal
from callbacks.ledger import EMPTY, Head, Keyring, LedgerStore, PageError, decode_page
from callbacks.ledger_entries import FORGOTTEN, PUT_BACK, decoded, mark
from callbacks.ledger_fold import ENDED, Fold, Rebuilt, table_of
from callbacks.ledger_verify import Finding, Noted, Verifier, difference
from callbacks.model import CallbackRequest

BATCH: Final = 50
# Of each kind so many are listed; the counts are whole.
MOST_LISTED: Final = 1000
LOOKS: Final = 5
AT_ONCE: Final = 500
# A head that is far beyond the last page is not believed: so many empty batches are looked through.
MOST_GAPS: Final = 10_000
WHOLE_LIST: Final = 10**9
OVER: Final = frozenset({ENDED, FORGOTTEN})
PLAIN: Final = ("state", "fence", "offers", "dials", "connects", "rescues", "disposition")
INSTANTS: Final = ("starts_at", "promised_by", "first_promised_by")


Item = TypeVar("Item")


class RecordSource(Protocol):
    """What the audit reads of the store of requests."""

    def records_of(self, ids: Sequence[str]) -> list[CallbackRequest | None]:
        """The records of these ids, in their order; None for one that is not there."""

    def record_ids(self) -> Iterable[str]:
        """Every id there is, in any order, read a few at a time."""


def audit(
    ledger: LedgerStore,
    records: RecordSource,
    keyring: Keyring,
    now: datetime,
    *,
    journal: Journal | None = None,
    expect: Head | None = None,
) -> Audit:
    """Read the whole ledger and compare it with the store, with the journal's head and with one that you noted."""
    return _Auditor(ledger, records, keyring, journal, expect).run(now)


class _Auditor:
    def __init__(
        self,
        ledger: LedgerStore,
        records: RecordSource,
        keyring: Keyring,
        journal: Journal | None,
        expect: Head | None,
    ) -> None:
        self._ledger = ledger
        self._records = records
        self._journal = journal
        noted = [Noted(expect, "you")] if expect is not None else []
        if journal is not None:
            noted.append(Noted(journal.head(), "the journal"))
        self._verifier = Verifier(keyring, noted)
        self._tally = Tally()
        self._table = table_of(lifecycle.TABLE)
        self._fold = Fold(self._table, self._tally.add)
        # As the ledger has them, requests whose record looked different; None for one that it does not know.
        self._doubtful: dict[str, Rebuilt | None] = {}
        self._last = EMPTY
        self._pages = 0

    def run(self, now: datetime) -> Audit:
        self._read()
        for some in _batches(list(self._fold.open.values())):
            self._look(some)
        self._doubtful |= {name: None for name in self._records.record_ids() if not self._fold.knows(name)}
        differences = sorted(self._settle())
        tail = self._tail()
        for raw in tail:
            self._fold.add(raw, self._last.seq + 1)
        self._fold.judge_open(now)
        findings = [self._explained(finding) for finding in self._verifier.finish(self._head)]
        problems = self._fold.problems
        tally = self._tally
        return Audit(
            at=now,
            head=self._last,
            pages=self._pages,
            entries=self._fold.entries,
            unsealed=len(tail),
            overruled=self._fold.overruled,
            requests=self._fold.requests,
            promises=tally.count(),
            kept=tally.count("kept"),
            withdrawn=tally.count("withdrawn"),
            open=tally.count("open"),
            early=tally.lateness("early"),
            late=tally.lateness("late"),
            broken=tally.lateness("broken"),
            overdue=tally.lateness("overdue"),
            findings=tuple(findings[:MOST_LISTED]),
            problems=tuple(problems[:MOST_LISTED]),
            differences=tuple(differences[:MOST_LISTED]),
            not_listed=sum(max(0, len(found) - MOST_LISTED) for found in (findings, problems, differences)),
        )

    def _read(self) -> None:
        """Read the pages that were not read yet."""
        since, gaps = self._verifier.read_until, 0
        while True:
            pages = self._ledger.pages(since, BATCH)
            if not pages:
                self._head = self._ledger.head()
                gaps += 1
                if since >= self._head.seq or gaps > MOST_GAPS:
                    return
                since = min(since + BATCH, self._head.seq)
                continue
            since = pages[-1][0]
            over: list[Rebuilt] = []
            for seq, text in pages:
                page = self._verifier.take(seq, text)
                self._pages += 1
                if page is not None:
                    self._last = page.head
                    over += [known for raw in page.entries if (known := self._fold.add(raw, seq)) is not None]
            for some in _batches(over):
                self._look(some)

    def _look(self, some: list[Rebuilt]) -> None:
        """Compare requests with their records; note those that look different."""
        records = self._records.records_of([known.id for known in some])
        for known, record in zip(some, records, strict=True):
            if compare(known, record):
                self._doubtful[known.id] = known
            else:
                self._doubtful.pop(known.id, None)

    def _settle(self) -> list[Difference]:
        """Look again at what was different: the store has gone on while we read."""
        differences: list[Difference] = []
        for _ in range(LOOKS):
            if not self._doubtful:
                return []
            ids = list(self._doubtful)
            # Records first: then the ledger, read after them, has all that had happened to them.
            records = [record for some in _batches(ids) for record in self._records.records_of(some)]
            tail = self._tail()
            now_known = self._with_tail(ids, tail)
            differences = []
            for name, record in zip(ids, records, strict=True):
                words = compare(now_known.get(name), record, name)
                if words:
                    differences.append(Difference(name, words))
                else:
                    self._doubtful.pop(name, None)
        return differences

    def _with_tail(self, ids: list[str], tail: list[str]) -> dict[str, Rebuilt]:
        """Requests as the ledger has them, with the entries that are not sealed yet."""
        wanted = set(ids)
        scratch = Fold(self._table, lambda _: None)
        over = {name: known for name, known in self._doubtful.items() if known is not None and known.state in OVER}
        scratch.open = {name: msgspec.structs.replace(self._fold.open[name]) for name in ids if name in self._fold.open}
        for raw in tail:
            for made in decoded((raw,)):
                if made.id in wanted and (made.id not in over or made.event in {PUT_BACK, FORGOTTEN}):
                    ended = scratch.add(raw, 0)
                    over |= {ended.id: ended} if ended is not None else {}
        return over | scratch.open

    def _tail(self) -> list[str]:
        """All entries that are not sealed, and follow the last page that was read."""
        for _ in range(LOOKS):
            self._read()
            tail = self._ledger.unsealed(WHOLE_LIST)
            if self._ledger.head() == self._head:
                return tail
        return []

    def _explained(self, finding: Finding) -> Finding:
        """A finding with what the journal's copy of the page says of it."""
        if self._journal is None:
            return finding
        words = finding.words
        if finding.kind in {"another_history", "cut_off"}:
            words += self._set_aside_words()
        copies = dict(self._journal.pages(finding.page - 1, 1))
        stored = dict(self._ledger.pages(finding.page - 1, 1))
        if finding.page in copies and finding.kind in {"missing", "unreadable"}:
            words += "; the journal has a copy"
        elif finding.page in copies and copies[finding.page] != stored.get(finding.page):
            with contextlib.suppress(PageError):
                stands, was = decode_page(stored[finding.page]), decode_page(copies[finding.page])
                words += f" ({difference(stands, was)})"
        return msgspec.structs.replace(finding, words=words)

    def _set_aside_words(self) -> str:
        aside = self._journal.aside_since() if self._journal is not None else None
        if aside is None:
            return ""
        return f"; the journal set its pages from {aside} on aside when it found another history in the store"


def compare(known: Rebuilt | None, record: CallbackRequest | None, name: str = "") -> str:
    """In words, where a record is not what the ledger says; empty where they agree."""
    if known is None:
        return "" if record is None else f"{name} is in the store, but the ledger never heard of it"
    if known.state == FORGOTTEN:
        return "" if record is None else f"{known.id} was to be forgotten, but its record is there"
    if record is None:
        return f"the record of {known.id} is gone, and nobody noted why (it was {known.state})"
    parts = []
    for name in (*PLAIN, *INSTANTS):
        if not hasattr(record, name):
            continue
        value, noted = getattr(record, name), getattr(known, name)
        if name in INSTANTS and value is not None:
            value = value.timestamp()
        if value != noted:
            parts.append(f"{name} is {_shown(name, value)}, the ledger says {_shown(name, noted)}")
    if (
        known.who is not None
        and mark({"number": record.number, "salt": getattr(record, "salt", "")}) != known.who.hex()
    ):
        parts.append("its number is not the one that the callback was promised to")
    return f"{known.id}: {'; '.join(parts)}" if parts else ""


def _shown(name: str, value: Any) -> str:
    if name in INSTANTS and value is not None:
        return datetime.fromtimestamp(value, UTC).isoformat()
    return "nothing" if value is None else str(value)


def _batches(some: list[Item]) -> Iterator[list[Item]]:
    for since in range(0, len(some), AT_ONCE):
        yield some[since : since + AT_ONCE]
