"""Measures the ledger on a private Redis: bytes for each promise, pages sealed, and what an audit takes.

    python -m tests.benchmarks.ledger [PROMISES]

Each promise is one that went well: ten events, with SIDs, salts and ids of its own.
"""

from __future__ import annotations

import hashlib
import json
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import msgspec
import redis

from callbacks.audit import audit
from callbacks.clerk import Clerk
from callbacks.journal import Journal
from callbacks.ledger_entries import mark
from callbacks.redis_ledger import PAGES, UNSEALED, RedisLedger, RedisRecords
from callbacks.redis_store import PREFIX, REQUESTS, RedisStore
from ivr.redis_client import connect
from ivr.redis_server import PrivateRedis
from tests.ledger_rig import AT, KEYRING, POLICY, Rig, request, talked

BATCH = 2000


def promises(count: int) -> Iterator[tuple[str, list[str], str]]:
    """For each promise its id, its entries and its record."""
    rig = Rig()
    rig.promise(request("cb0"))
    record = rig.apply("cb0", *talked(5))
    raws = "\n".join(rig.ledger.unsealed(100))
    text = msgspec.json.encode(record).decode()
    template = mark(msgspec.to_builtins(record)) or ""
    for number in range(count):
        noise = hashlib.sha256(str(number).encode()).hexdigest()
        name, salt, phone = f"cb{noise[:10]}", noise[10:42], f"+44207{number:07}"
        own = hashlib.sha256(f"{salt}{phone}".encode()).hexdigest()
        changes = {'"cb0"': f'"{name}"', "CAagent1": f"CA{noise[:32]}", "CAcustomer1": f"CA{noise[32:]}"}
        entries, data = raws.replace(template, own), text
        for old, new in {**changes, "salt of cb0": salt, "+442079460123": phone}.items():
            entries, data = entries.replace(old, new), data.replace(old, new)
        yield name, entries.split("\n"), data


def fill(client: redis.Redis, clerk: Clerk, count: int) -> dict[str, float]:
    """Promise, and seal as often as a second's worth has come together."""
    seconds, entries_bytes, entries_count = 0.0, 0, 0
    pipe = client.pipeline(transaction=False)
    for number, (name, entries, data) in enumerate(promises(count), start=1):
        pipe.rpush(UNSEALED, *entries)
        pipe.hset(f"{PREFIX}:request:{name}", mapping={"v": len(entries), "d": data})
        pipe.zadd(REQUESTS, {name: number})
        entries_bytes += sum(map(len, entries))
        entries_count += len(entries)
        if number % BATCH == 0 or number == count:
            pipe.execute()
            began = time.monotonic()
            while client.llen(UNSEALED):
                clerk.seal(AT + timedelta(hours=1))
            seconds += time.monotonic() - began
    return {"entries": entries_count, "entry_bytes": entries_bytes, "seal_s": seconds}


def main(count: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        server = PrivateRedis(Path(folder))
        server.start()
        try:
            client = connect(server.url)
            store, ledger = RedisStore(client, POLICY), RedisLedger(client)
            journal = Journal(Path(folder) / "journal.sqlite")
            clerk = Clerk(ledger, store, KEYRING, journal)
            filled = fill(client, clerk, count)
            began = time.monotonic()
            while clerk.copy():
                pass
            copied_s = time.monotonic() - began
            journal.close()
            journal = Journal(Path(folder) / "journal.sqlite")
            memory = int(client.memory_usage(PAGES, samples=0) or 0)
            before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            began = time.monotonic()
            result = audit(ledger, RedisRecords(client), KEYRING, AT + timedelta(hours=2), journal=journal)
            audited_s = time.monotonic() - began
            assert result.is_clean, result
            print(  # noqa: T201
                json.dumps(
                    {
                        "promises": count,
                        "kept": result.kept,
                        "pages": result.pages,
                        "entry_bytes_per_promise": round(filled["entry_bytes"] / count),
                        "redis_bytes_per_promise": round(memory / count),
                        "journal_bytes_per_promise": round((Path(folder) / "journal.sqlite").stat().st_size / count),
                        "sealed_entries_per_s": round(filled["entries"] / filled["seal_s"]),
                        "copied_entries_per_s": round(filled["entries"] / copied_s),
                        "audit_s": round(audited_s, 1),
                        "audit_mib_before": round(before / 1024),
                        "audit_mib_most": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
                    }
                )
            )
        finally:
            server.stop()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
