"""The one script that changes callbacks in Redis, and what it is told: records, guards, commands. All or nothing."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

import msgspec

from callbacks.indexes import Index
from callbacks.redis_keys import (
    BACKLOG,
    DIALLING,
    ENDED,
    LATER,
    LEASE,
    LINES,
    OPEN,
    PREFIX,
    REQUESTS,
    REVIEW,
    SLOT_STARTS,
    SLOTS,
    number_key,
    score,
    scores,
    slot_field,
)
from callbacks.store import AROUND, Change, Outcome

# A change comes in msgpack. Records: key, version, data. Guards: what must hold; "unsold" says that since they
# were read, no counter of another line has risen around a time ("LINE START" is its field, a sorted set lists those),
# nor one of our own line where others have some there. Then commands, of which the second part is the number of their
# key. Whatever may be refused comes before the first write, so that nothing is half written.
_COMMIT: Final = """
local function commit(change)
  for _, record in ipairs(change.records) do
    if redis.call('HGET', KEYS[record[1]], 'c') == change.commit_id then return 'done' end
  end
  for _, record in ipairs(change.records) do
    if tonumber(redis.call('HGET', KEYS[record[1]], 'v') or '0') ~= record[2] then return 'conflict' end
  end
  for _, guard in ipairs(change.guards) do
    local kind, key = guard[1], KEYS[guard[2]]
    if kind == 'free' then
      local holder = redis.call('HGET', key, guard[3])
      if holder and holder ~= guard[4] then return 'conflict' end
    elseif kind == 'room' then
      if tonumber(redis.call('HGET', key, guard[3]) or '0') >= guard[4] then return guard[5] end
    elseif kind == 'version' then
      if tonumber(redis.call('HGET', key, 'v') or '0') ~= guard[3] then return 'conflict' end
    elseif kind == 'unsold' then
      local others, rose, rose_there = false, false, false
      for _, field in ipairs(redis.call('ZRANGE', KEYS[guard[3]], guard[4], guard[5], 'BYSCORE')) do
        local count = tonumber(redis.call('HGET', key, field) or '0')
        local there = string.match(field, '^(.*) ') ~= guard[6]
        others = others or there
        if count > (guard[7][field] or 0) then
          rose = true
          rose_there = rose_there or there
        end
      end
      if rose_there or (rose and others) then return 'conflict' end
    elseif tonumber(redis.call('GET', key) or '0') >= guard[3] then
      return 'quota'
    end
  end
  for _, record in ipairs(change.records) do
    redis.call('HSET', KEYS[record[1]], 'v', record[2] + 1, 'c', change.commit_id, 'd', record[3])
  end
  for _, command in ipairs(change.commands) do
    redis.call(command[1], KEYS[command[2]], unpack(command, 3))
  end
  for _, count in ipairs(change.counts) do
    local key, field = KEYS[count[1]], count[2]
    if redis.call('HINCRBY', key, field, count[3]) <= 0 then
      redis.call('HDEL', key, field)
      if count[4] then redis.call('ZREM', KEYS[count[4]], field) end
    elseif count[4] then
      redis.call('ZADD', KEYS[count[4]], count[5], field)
    end
  end
  return 'done'
end
"""
COMMIT: Final = f"{_COMMIT}return commit(cmsgpack.unpack(ARGV[1]))"
# The same for several changes; it ends with the first that cannot be.
COMMIT_IN_ORDER: Final = f"""{_COMMIT}
local outcomes = {{}}
for number, packed in ipairs(ARGV) do
  outcomes[number] = commit(cmsgpack.unpack(packed))
  if outcomes[number] ~= 'done' then break end
end
return outcomes
"""


class Keys:
    """The keys that one run of a script touches; it knows them by their numbers."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self._numbers: dict[str, int] = {}

    def number(self, key: str) -> int:
        if key not in self._numbers:
            self.names.append(key)
            self._numbers[key] = len(self.names)
        return self._numbers[key]


class Script:
    """What the script shall do for one change."""

    def __init__(self, commit_id: str, keys: Keys) -> None:
        self._key = keys.number
        self._body: dict[str, Any] = {"commit_id": commit_id, "records": [], "guards": [], "commands": [], "counts": []}

    def packed(self) -> bytes:
        return msgspec.msgpack.encode(self._body)

    def write(self, key: str, version: int, record: msgspec.Struct) -> None:
        self._body["records"].append((self._key(key), version, msgspec.json.encode(record).decode()))

    def command(self, name: str, key: str, *arguments: str) -> None:
        self._body["commands"].append((name, self._key(key), *arguments))

    def count(self, key: str, field: str, by: int, listed_in: str | None = None, score: str = "") -> None:
        """Add to a counter that is gone at 0; `listed_in` is a sorted set that names it while it is there."""
        listed = () if listed_in is None else (self._key(listed_in), score)
        self._body["counts"].append((self._key(key), field, by, *listed))

    def must_be_free(self, key: str, field: str, holder: str) -> None:
        self._body["guards"].append(("free", self._key(key), field, holder))

    def must_have_room(self, key: str, field: str, limit: int, else_: Outcome) -> None:
        self._body["guards"].append(("room", self._key(key), field, limit, else_))

    def must_be(self, key: str, version: int) -> None:
        self._body["guards"].append(("version", self._key(key), version))

    def must_be_unsold(self, line: str, around: tuple[str, str], seen: dict[str, int]) -> None:
        self._body["guards"].append(("unsold", self._key(SLOTS), self._key(SLOT_STARTS), *around, line, seen))

    def quota(self, key: str, limit: int, kept_s: int) -> None:
        self._body["guards"].append(("quota", self._key(key), limit))
        self.command("INCR", key)
        self.command("EXPIRE", key, str(kept_s))


def guard_slot(script: Script, slot: tuple[str, datetime], change: Change) -> None:
    """What must hold for a promise that is new in a slot."""
    if change.slots_seen is not None:
        seen = {slot_field(line, starts): count for (line, starts), count in change.slots_seen.items()}
        script.must_be_unsold(slot[0], scores(slot[1] - AROUND, slot[1] + AROUND), seen)
    if change.slot_limit is not None:
        script.must_have_room(SLOTS, slot_field(*slot), change.slot_limit, "full")


def reindex(script: Script, before: Index | None, after: Index | None) -> None:
    """Commands that turn what points to the request as it was into what points to it now."""
    was, now = (_scored(index) for index in (before, after))
    for key in was.keys() - now.keys():
        script.command("ZREM", key, was[key][0])
    for key, (member, at) in now.items():
        if was.get(key) != (member, at):
            script.command("ZADD", key, at, member)
    if after is not None and after.line is not None:
        script.command("SADD", LINES, after.line[0])
    _reopen(script, before, after)
    old_slot, new_slot = (None if index is None else index.slot for index in (before, after))
    if old_slot != new_slot:
        for slot, by in ((old_slot, -1), (new_slot, 1)):
            if slot is not None:
                script.count(SLOTS, slot_field(*slot), by, SLOT_STARTS, str(int(slot[1].timestamp())))
    both = (before, after)
    _recount(script, BACKLOG, *(None if index is None else index.backlog for index in both))
    _recount(script, DIALLING, *(None if index is None else index.dialling for index in both))


def _recount(script: Script, key: str, was: str | None, now: str | None) -> None:
    if was != now:
        for field, by in ((was, -1), (now, 1)):
            if field is not None:
                script.count(key, field, by)


def _reopen(script: Script, before: Index | None, after: Index | None) -> None:
    was, now = (None if index is None else index.open_for for index in (before, after))
    if was is not None and was != now:
        script.command("HDEL", OPEN, was)
    if now is not None and after is not None:
        script.must_be_free(OPEN, now, after.id)
        if was != now:
            script.command("HSET", OPEN, now, after.id)


def _scored(index: Index | None) -> dict[str, tuple[str, str]]:
    """Sorted sets that hold the request: key -> (member, score)."""
    if index is None:
        return {}
    scored: dict[str, datetime | None] = {
        REQUESTS: index.created_at,
        LATER: index.due_at,
        LEASE: index.lease_at,
        REVIEW: index.review_at,
        ENDED: index.ended_at,
        **{number_key(number): index.created_at for number in index.numbers},
    }
    if index.line is not None:
        scored[f"{PREFIX}:line:{index.line[0]}"] = index.line[1]
    return {key: (index.id, score(at)) for key, at in scored.items() if at is not None}
