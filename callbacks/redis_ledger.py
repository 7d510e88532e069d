"""The ledger's part of the store on Redis. Every key has the hash tag `{cb}`, so a script stays in one slot.

zh:{cb}:unsealed       list  entries as JSON, oldest first; the script that writes a record appends them
zh:{cb}:pages          hash  number -> page (`ledger.encode_page`)
zh:{cb}:head           hash  seq, hash (of the last page)
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec
import redis

from callbacks.ledger import EMPTY, Head, Page, StoredPage, encode_page
from callbacks.model import CallbackRequest
from callbacks.redis_keys import PREFIX, REQUESTS, UNSEALED

PAGES: Final = f"{PREFIX}:pages"
HEAD: Final = f"{PREFIX}:head"

# KEYS: unsealed, pages, head. ARGV: the head before (seq, hash), the page (seq, hash, text).
_CHECK: Final = """
local head = redis.call('HMGET', KEYS[3], 'seq', 'hash')
local seq, hash = head[1] or '0', head[2] or '%s'
if seq == ARGV[3] and hash == ARGV[4] then return 1 end
if seq ~= ARGV[1] or hash ~= ARGV[2] then return 0 end
"""
_PUT: Final = """
redis.call('HSET', KEYS[2], ARGV[3], ARGV[5])
redis.call('HSET', KEYS[3], 'seq', ARGV[3], 'hash', ARGV[4])
return 1
"""
# Further ARGV: how many entries, and the SHA-1 of them, one a line. It tells apart, it does not protect.
APPEND: Final = (
    _CHECK % EMPTY.hash
    + """
local count = tonumber(ARGV[6])
local front = redis.call('LRANGE', KEYS[1], 0, count - 1)
if #front ~= count or redis.sha1hex(table.concat(front, '\\n')) ~= ARGV[7] then return 0 end
redis.call('LTRIM', KEYS[1], count, -1)
"""
    + _PUT
)
# Further ARGV: the entries.
RESTORE: Final = (
    _CHECK % EMPTY.hash
    + """
for i = 6, #ARGV do redis.call('LREM', KEYS[1], 0, ARGV[i]) end
"""
    + _PUT
)
# KEYS: unsealed. ARGV: entries.
ADD: Final = """
local known, added = {}, 0
for _, entry in ipairs(redis.call('LRANGE', KEYS[1], 0, -1)) do known[entry] = true end
for _, entry in ipairs(ARGV) do
  if not known[entry] then
    known[entry], added = true, added + 1
    redis.call('RPUSH', KEYS[1], entry)
  end
end
return added
"""


class RedisLedger:
    """Implements `ledger.LedgerStore`; `client` comes from the one factory and decodes responses."""

    def __init__(self, client: redis.Redis) -> None:
        self._redis = client
        self._append = client.register_script(APPEND)
        self._restore = client.register_script(RESTORE)
        self._add = client.register_script(ADD)

    def head(self) -> Head:
        seq, digest = self._redis.hmget(HEAD, ["seq", "hash"])
        return EMPTY if seq is None or digest is None else Head(int(seq), str(digest))

    def unsealed(self, limit: int) -> list[str]:
        return [str(entry) for entry in self._redis.lrange(UNSEALED, 0, limit - 1)]

    def append_page(self, page: Page, after: Head) -> bool:
        # Redis has no better hash in its scripts.
        front = hashlib.sha1("\n".join(page.entries).encode(), usedforsecurity=False).hexdigest()
        args = (*_page_args(page, after), len(page.entries), front)
        return bool(self._append(keys=[UNSEALED, PAGES, HEAD], args=args))

    def restore_page(self, page: Page, after: Head) -> bool:
        args = (*_page_args(page, after), *page.entries)
        return bool(self._restore(keys=[UNSEALED, PAGES, HEAD], args=args))

    def add_entries(self, entries: Sequence[str]) -> int:
        return int(self._add(keys=[UNSEALED], args=list(entries)))

    def pages(self, since: int, limit: int) -> list[StoredPage]:
        numbers = range(since + 1, since + limit + 1)
        found = self._redis.hmget(PAGES, [str(number) for number in numbers])
        return [(number, str(text)) for number, text in zip(numbers, found, strict=True) if text is not None]


class RedisRecords:
    """Implements `audit.RecordSource` over the store on Redis."""

    def __init__(self, client: redis.Redis) -> None:
        self._redis = client

    def records_of(self, ids: Sequence[str]) -> list[CallbackRequest | None]:
        with self._redis.pipeline(transaction=False) as pipe:
            for request_id in ids:
                pipe.hget(f"{PREFIX}:request:{request_id}", "d")
            found = pipe.execute()
        return [None if data is None else msgspec.json.decode(data, type=CallbackRequest) for data in found]

    def record_ids(self) -> Iterable[str]:
        return (str(member) for member, _ in self._redis.zscan_iter(REQUESTS, count=1000))


def _page_args(page: Page, after: Head) -> tuple[int | str, ...]:
    return (after.seq, after.hash, page.seq, page.hash, encode_page(page))
