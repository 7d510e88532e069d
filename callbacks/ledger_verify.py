"""Finds what somebody did to the ledger's pages, and says what it means. Pure.

Changed, removed, reordered and added pages show by the chain and by the key; a history that was written anew with the
key, or an end that was cut off, by heads that were noted outside of the store.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Sequence
from typing import Literal

import msgspec

from callbacks.ledger import EMPTY, Head, Keyring, Page, PageError, StoredPage, canonical, decode_page, mac_of

Kind = Literal[
    "unreadable",
    "missing",
    "extra",
    "misplaced",
    "edited",
    "unknown_key",
    "forged",
    "does_not_continue",
    "cut_off",
    "another_history",
    "head_is_wrong",
]


class Noted(msgspec.Struct, frozen=True):
    """A head that was written down outside of the store, and by whom ("the journal", "you")."""

    head: Head
    by: str


class Finding(msgspec.Struct, frozen=True, order=True):
    """Something that is wrong with the pages: where, what kind, and in words what it means."""

    page: int
    kind: Kind
    words: str


def verify(pages: Iterable[StoredPage], keyring: Keyring, head: Head, noted: Sequence[Noted] = ()) -> list[Finding]:
    """What is wrong with a ledger that says it ends at `head`; empty for one that is whole."""
    verifier = Verifier(keyring, noted)
    for seq, text in pages:
        verifier.take(seq, text)
    return verifier.finish(head)


class Verifier:
    """Looks at one page after the other, and holds none of them."""

    def __init__(self, keyring: Keyring, noted: Sequence[Noted] = (), after: Head = EMPTY) -> None:
        self._keyring = keyring
        self._noted = noted
        self._next = after.seq + 1
        self._last: Head | None = after  # None behind a page that could not be read
        self.findings: list[Finding] = []

    @property
    def read_until(self) -> int:
        """The number of the last page that was looked at, or found missing."""
        return self._next - 1

    def take(self, seq: int, text: str) -> Page | None:
        """Look at the next page; None where it cannot be read."""
        if seq < self._next:
            self._find(seq, "extra", f"there is a second page {seq}, which the clerk did not put there")
            return None
        if seq > self._next:
            self._gap(seq - 1)
        self._next = seq + 1
        try:
            page = decode_page(text)
        except PageError as error:
            self._find(seq, "unreadable", f"page {seq} cannot be read ({error}): what it said is lost")
            self._last = None
            return None
        self._look_at(page, seq)
        self._last = Head(seq, page.hash)
        for noted in self._noted:
            if noted.head.seq == seq and noted.head.hash != page.hash:
                self._another_history(noted)
        return page

    def finish(self, head: Head) -> list[Finding]:
        """All findings, now that there are no more pages."""
        ends_at = self._next - 1
        if head.seq > ends_at:
            self._gap(head.seq)
        elif head.seq < ends_at:
            self._find(ends_at, "head_is_wrong", f"the store says that its last page is {head.seq}; it is {ends_at}")
        elif self._last is not None and head.hash != self._last.hash:
            self._find(ends_at, "head_is_wrong", f"the store notes another hash for its last page, {ends_at}")
        for noted in self._noted:
            if noted.head.seq > ends_at:
                self._find(
                    ends_at,
                    "cut_off",
                    f"the ledger ends with page {ends_at}, but {noted.by} had page {noted.head.seq}: the end was cut "
                    "off, or the store was restored from a backup",
                )
        return sorted(self.findings)

    def _look_at(self, page: Page, seq: int) -> None:
        if page.seq != seq:
            self._find(seq, "misplaced", f"in the place of page {seq} stands page {page.seq}: pages were swapped")
        if hashlib.sha256(canonical(page)).hexdigest() != page.hash:
            self._find(
                seq,
                "edited",
                f"page {seq} is not what was sealed at {page.at}: something in it was changed, added or taken out, and "
                "nothing that it says can be relied on",
            )
        else:
            self._check_mac(page, seq)
        if self._last is not None and page.prev != self._last.hash:
            self._find(
                seq,
                "does_not_continue",
                f"page {seq} does not continue page {seq - 1}: one of them was replaced, or one between them taken out",
            )

    def _check_mac(self, page: Page, seq: int) -> None:
        key = self._keyring.keys.get(page.key)
        if key is None:
            self._find(
                seq,
                "unknown_key",
                f"page {seq} was sealed under a key that is not ours (id {page.key[:8]!r}): either the secret was "
                "changed and the old one is not configured, or somebody else sealed it",
            )
        elif not hmac.compare_digest(mac_of(key, page.hash).encode(), page.mac.encode("utf-8", "replace")):
            self._find(seq, "forged", f"page {seq} was written by someone without our key, under hashes that fit")

    def _gap(self, until: int) -> None:
        pages = f"page {until} is" if until == self._next else f"pages {self._next} to {until} are"
        self._find(self._next, "missing", f"{pages} missing: what happened then was taken out of the ledger")
        self._next = until + 1
        self._last = None

    def _another_history(self, noted: Noted) -> None:
        self._find(
            noted.head.seq,
            "another_history",
            f"page {noted.head.seq} is not the one that {noted.by} had: history was written anew from there or earlier",
        )

    def _find(self, page: int, kind: Kind, words: str) -> None:
        self.findings.append(Finding(page, kind, words))


def difference(stored: Page, copy: Page, most: int = 3) -> str:
    """In words, what a stored page says that a copy of it does not, and the other way round."""
    parts = []
    for name, these, those in (("now", stored, copy), ("before", copy, stored)):
        only = [entry for entry in these.entries if entry not in set(those.entries)]
        more = f" and {len(only) - most} more" if len(only) > most else ""
        parts += [f"{name}: {'; '.join(only[:most])}{more}"] if only else []
    return "; ".join(parts) or "the same entries, in another order or under another seal"
