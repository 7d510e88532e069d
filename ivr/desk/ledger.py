"""The ledger at the desk: its key, its journal, the audit, its entries, and recovery from the journal."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Final

from callbacks.audit import audit as audit_ledger
from callbacks.audit_report import Audit
from callbacks.journal import Journal
from callbacks.ledger import Head, Keyring, LedgerStore, decode_page
from callbacks.ledger_entries import encode, forgotten
from callbacks.recovery import Recovery, recover
from callbacks.redis_ledger import RedisLedger, RedisRecords
from ivr.desk.errors import DeskError
from ivr.services import Services
from ivr.settings import Settings

JOURNAL_FILE: Final = "journal.sqlite"
BATCH: Final = 50
WHOLE_LIST: Final = 10**9
FORGOTTEN_AT_ONCE: Final = 200


def keyring_of(settings: Settings) -> Keyring:
    """The key that pages are sealed under, from LEDGER_KEY or else the auth token; LEDGER_KEYS_OLD only verify."""
    secret = settings.ledger_key or settings.twilio_auth_token
    old = () if settings.ledger_keys_old is None else settings.ledger_keys_old.get_secret_value().split(",")
    return Keyring.of(secret.get_secret_value().strip().encode(), *(each.strip().encode() for each in old))


def journal_path(settings: Settings) -> Path:
    """Where a worker of this data folder keeps its journal."""
    return settings.data_dir / JOURNAL_FILE


@contextlib.contextmanager
def journal_of(settings: Settings) -> Iterator[Journal | None]:
    """The journal of this data folder; None where no worker has kept one here."""
    path = journal_path(settings)
    if not path.exists():
        yield None
        return
    with contextlib.closing(Journal(path)) as journal:
        yield journal


def parse_head(text: str) -> Head:
    """A head as the audit prints it, SEQ:HASH. Raises `DeskError`."""
    found = re.fullmatch(r"(\d{1,15}):([0-9a-f]{64})", text.strip().lower())
    if found is None:
        raise DeskError("invalid", f'expect: "{text}" is not SEQ:HASH, as an earlier audit has printed it')
    return Head(int(found[1]), found[2])


def audit(services: Services, now: datetime, *, expect: str | None = None) -> Audit:
    """Read the whole ledger and compare it with the store, the journal here, and a head that you noted."""
    head = None if expect is None else parse_head(expect)
    ledger, records = RedisLedger(services.redis), RedisRecords(services.redis)
    with journal_of(services.settings) as journal:
        return audit_ledger(ledger, records, keyring_of(services.settings), now, journal=journal, expect=head)


def entries(ledger: LedgerStore) -> Iterator[str]:
    """Every entry as a line of JSON, the oldest first: those on the pages, then those that are not sealed yet.

    Raises `callbacks.ledger.PageError` for a page that is none: `audit` tells what is the matter with it.
    """
    since = 0
    while True:
        while pages := ledger.pages(since, BATCH):
            for seq, text in pages:
                yield from decode_page(text).entries
                since = seq
        tail = ledger.unsealed(WHOLE_LIST)
        if ledger.head().seq <= since or not ledger.pages(since, 1):
            yield from tail
            return


def recover_from_journal(services: Services, now: datetime) -> Recovery:
    """Fill a store that was restored from a backup up from the journal here. Raises `DeskError` without one."""
    store, path = services.callbacks.store, journal_path(services.settings)
    with journal_of(services.settings) as journal:
        if journal is None:
            raise DeskError("no_journal", f"there is no journal at {path}: run this where a worker has its DATA_DIR")
        return recover(RedisLedger(services.redis), store, journal, lambda name: store.forget([name]), now)


def forget(services: Services, ids: list[str], why: str, now: datetime) -> None:
    """Delete requests; the ledger notes why, and what it says of them cannot be assigned to anybody any more.

    The note comes first: whoever stops in the middle finds the rest again.
    """
    ledger = RedisLedger(services.redis)
    for start in range(0, len(ids), FORGOTTEN_AT_ONCE):
        some = ids[start : start + FORGOTTEN_AT_ONCE]
        ledger.add_entries([encode(forgotten(name, why, now)) for name in some])
        services.callbacks.store.forget(some)
