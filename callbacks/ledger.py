"""The ledger: what was promised and how it ended, in pages that a chain of hashes and a key hold together. Pure.

Each change of a request puts one *entry* (`ledger_entries`) on the open list, in the same script that writes the
record. A clerk seals the open list into *pages*: a page names the hash of the page before it, and carries an HMAC
under a key that is not in the store. So whoever can write to the store, but has no key, cannot change, remove, add or
reorder what is sealed without being noticed; that pages were cut off at the end shows against a head that was noted
elsewhere (the journal, or a person). Entries that wait to be sealed, a second's worth, are outside of this.

A page's hash is the SHA-256 of six header lines and then its entries, one JSON text a line (`canonical`), so that
anybody can compute it again without our code.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import zlib
from collections.abc import Mapping, Sequence
from typing import Final, Protocol

import msgspec

from callbacks.errors import CallbackError

FORMAT: Final = "zerohold ledger 1"
KEY_LABEL: Final = b"zerohold ledger key 1"
PAGE_ENTRIES: Final = 500
# A page of ours is far smaller; a stored one that unpacks to more is not read on.
MOST_PAGE_BYTES: Final = 16 * 2**20
START: Final = "0" * 64

# The number that a page is stored under, and its text (`encode_page`).
StoredPage = tuple[int, str]


class PageError(CallbackError):
    """The text is not a page."""

    code = "ledger_page"


class Head(msgspec.Struct, frozen=True):
    """The last page: its number (0 for an empty ledger) and its hash."""

    seq: int
    hash: str

    def __str__(self) -> str:
        return f"{self.seq}:{self.hash}"


EMPTY: Final = Head(0, START)


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """Sealed entries. `prev` is the hash of the page before, `at` when it was sealed, `key` the id of the key."""

    seq: int
    prev: str
    at: str
    key: str
    entries: tuple[str, ...]
    hash: str
    mac: str

    @property
    def head(self) -> Head:
        """The head of a ledger that ends with this page."""
        return Head(self.seq, self.hash)


class LedgerStore(Protocol):
    """What the ledger needs of a store. `head` and pages belong together: only the two scripts below change them."""

    def head(self) -> Head: ...

    def unsealed(self, limit: int) -> list[str]:
        """The oldest entries that are not sealed yet, as JSON."""

    def append_page(self, page: Page, after: Head) -> bool:
        """Append a page and take its entries off the front of the open list, all or nothing.

        False, and nothing has happened, where `after` is not the head any more or other entries stand in front.
        The same page a second time answers True and does nothing.
        """

    def restore_page(self, page: Page, after: Head) -> bool:
        """Append a page that the store has lost; those of its entries that are on the open list leave it."""

    def add_entries(self, entries: Sequence[str]) -> int:
        """Put entries on the open list that are not there yet; how many those were."""

    def pages(self, since: int, limit: int) -> list[StoredPage]:
        """The pages numbered from `since + 1` to `since + limit` that are there, as they are stored."""


class Keyring(msgspec.Struct, frozen=True):
    """The keys that pages are sealed under, by id; `current` seals, older ones only verify."""

    current: str
    keys: Mapping[str, bytes]

    @classmethod
    def of(cls, secret: bytes, *old_secrets: bytes) -> Keyring:
        """Keys derived from a secret of the installation, and from those that it had before."""
        derived = [derive_key(each) for each in (secret, *old_secrets)]
        return cls(key_id(derived[0]), {key_id(key): key for key in derived})


def derive_key(secret: bytes) -> bytes:
    """The ledger's key from a secret that also serves something else: HKDF-SHA256 with one block of output.

    Source: RFC 5869, sections 2.2 and 2.3; no salt.
    """
    return hmac.digest(hmac.digest(bytes(32), secret, "sha256"), KEY_LABEL + b"\x01", "sha256")


def key_id(key: bytes) -> str:
    """A short name for a key, which does not give it away."""
    return hashlib.sha256(b"id of " + key).hexdigest()[:8]


def canonical(page: Page) -> bytes:
    """The bytes that a page's hash is taken of."""
    lines = (FORMAT, str(page.seq), page.prev, page.at, page.key, str(len(page.entries)), *page.entries)
    return "\n".join(lines).encode("utf-8", "surrogatepass")


def seal(after: Head, entries: Sequence[str], keyring: Keyring, at: str) -> Page:
    """The page that follows `after`; raises `ValueError` for an entry of more than one line."""
    if any("\n" in entry for entry in entries):
        raise ValueError("an entry is one line of JSON")
    page = Page(seq=after.seq + 1, prev=after.hash, at=at, key=keyring.current, entries=tuple(entries), hash="", mac="")
    digest = hashlib.sha256(canonical(page)).hexdigest()
    return msgspec.structs.replace(page, hash=digest, mac=mac_of(keyring.keys[keyring.current], digest))


def mac_of(key: bytes, digest: str) -> str:
    """What only someone with the key can write under a page of this hash."""
    return hmac.digest(key, digest.encode("utf-8", "replace"), "sha256").hex()


class _Stored(msgspec.Struct, frozen=True, kw_only=True):
    seq: int
    prev: str
    at: str
    key: str
    hash: str
    mac: str
    zip: str


def encode_page(page: Page) -> str:
    """A page as it is stored: its entries are packed, since they are alike."""
    packed = base64.b64encode(zlib.compress("\n".join(page.entries).encode(), 6)).decode()
    stored = _Stored(seq=page.seq, prev=page.prev, at=page.at, key=page.key, hash=page.hash, mac=page.mac, zip=packed)
    return msgspec.json.encode(stored).decode()


_decoder: Final = msgspec.json.Decoder(_Stored)


def decode_page(text: str) -> Page:
    """The page of a stored text; raises `PageError`."""
    try:
        stored = _decoder.decode(text)
        unpacker = zlib.decompressobj()
        body = unpacker.decompress(base64.b64decode(stored.zip, validate=True), MOST_PAGE_BYTES)
        if not unpacker.eof or unpacker.unused_data:
            raise PageError("the packed entries are cut off, too long or followed by something")
        entries = tuple(body.decode().split("\n")) if body else ()
    except (msgspec.MsgspecError, UnicodeError, ValueError, zlib.error) as error:
        raise PageError(str(error)) from error
    return Page(
        seq=stored.seq,
        prev=stored.prev,
        at=stored.at,
        key=stored.key,
        entries=entries,
        hash=stored.hash,
        mac=stored.mac,
    )
