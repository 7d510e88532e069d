"""Published flows: every revision that ever answered calls, and who published it, when and why.

zh:flows                 set   the names of flows that may have been published
zh:flow:{NAME}:current   hash  revision, flow (its JSON): what new calls begin with
zh:flow:{NAME}:history   list  one JSON entry for each publication or rollback, the oldest first; append-only
zh:flow:{NAME}:sources   hash  revision -> its YAML

A publication is one script that compares the current revision with the one that it was based on. The tag `{NAME}`
keeps it in one slot. Nothing here is ever removed; calls in progress have copies of their own (`ivr.redis_flows`).
"""

from __future__ import annotations

from datetime import datetime
from typing import Final, Literal, cast

import msgspec
import redis

from flows.loader import read_document
from flows.model import Flow
from ivr.flow_json import flow_from_json

NAMES: Final = "zh:flows"

# KEYS: current, history, sources. ARGV: the revision it is based on or "", revision, flow, source, entry.
_COMMIT: Final = """
if (redis.call('HGET', KEYS[1], 'revision') or '') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'revision', ARGV[2], 'flow', ARGV[3])
redis.call('HSET', KEYS[3], ARGV[2], ARGV[4])
redis.call('RPUSH', KEYS[2], ARGV[5])
return 1
"""


class Publication(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of a flow's history. `id` names the command, so that a second arrival of it changes nothing."""

    id: str
    kind: Literal["publish", "rollback"]
    flow: str
    revision: str
    based_on: str | None
    by: str
    at: datetime
    message: str


class NotPublishedError(Exception):
    """There is no such publication; the message says what to do."""

    code = "not_published"
    retryable = False


class OvertakenError(Exception):
    """Somebody else was faster; `since` is what they did, the oldest first. Nothing has changed, nothing is lost."""

    code = "overtaken"
    retryable = True

    def __init__(self, publication: Publication, current: str | None, since: list[Publication]) -> None:
        self.current = current
        self.since = since
        super().__init__(
            f"{publication.flow}: based on {publication.based_on or 'nothing'}, but {current or 'nothing'} is current"
        )


class Publications:
    """The published flows. Every method raises `redis.RedisError` where the server does not answer."""

    def __init__(self, client: redis.Redis) -> None:
        self._redis = client
        self._commit = client.register_script(_COMMIT)

    def heads(self) -> dict[str, str]:
        """The current revision of every published flow, by name."""
        names = sorted(cast(set[str], self._redis.smembers(NAMES)))
        revisions = {name: self.current_revision(name) for name in names}
        return {name: revision for name, revision in revisions.items() if revision is not None}

    def current_revision(self, name: str) -> str | None:
        """What new calls begin with; None where nothing is published. One small read."""
        return cast(str | None, self._redis.hget(_key(name, "current"), "revision"))

    def current(self, name: str) -> Flow | None:
        """The current flow; None where nothing is published.

        Raises `flows.problems.FlowError` where this version of Zerohold cannot read what another one published, and
        `NotPublishedError` where it would have to be read from YAML that is gone.
        """
        read = self._redis.hmget(_key(name, "current"), ["revision", "flow"])
        revision, stored = cast(list[str | None], read)
        if revision is None or stored is None:
            return None
        return flow_from_json(stored) or read_document(self.source(name, revision), revision).flow

    def history(self, name: str) -> list[Publication]:
        """What has been done, the oldest first."""
        entries = cast(list[str], self._redis.lrange(_key(name, "history"), 0, -1))
        return [msgspec.json.decode(entry, type=Publication) for entry in entries]

    def source(self, name: str, revision: str) -> bytes:
        """The YAML of a revision; raises `NotPublishedError` where it is not there."""
        source = cast(str | None, self._redis.hget(_key(name, "sources"), revision))
        if source is None:
            raise NotPublishedError(f"the YAML of {name} {revision} is not in Redis")
        return source.encode()

    def find(self, beginning: str) -> tuple[str, str]:
        """Flow name and whole revision of the one revision that begins so; raises `NotPublishedError`."""
        found = [
            (name, revision)
            for name in sorted(cast(set[str], self._redis.smembers(NAMES)))
            for revision in cast(list[str], self._redis.hkeys(_key(name, "sources")))
            if revision.startswith(beginning)
        ]
        if not found:
            raise NotPublishedError(f"no revision {beginning} has been published; see `ivr flow history`")
        if len(found) > 1:
            several = ", ".join(sorted(revision for _, revision in found))
            raise NotPublishedError(f"{beginning} may be any of {several}: write more of it")
        return found[0]

    def commit(self, publication: Publication, flow: Flow, source: bytes) -> None:
        """Make a flow the current one if the revision that it is based on still is; raises `OvertakenError`."""
        name = publication.flow
        self._redis.sadd(NAMES, name)
        keys = [_key(name, "current"), _key(name, "history"), _key(name, "sources")]
        entry = msgspec.json.encode(publication).decode()
        args: list[str] = [publication.based_on or "", flow.revision, flow.model_dump_json(), source.decode(), entry]
        if self._commit(keys=keys, args=args):
            return
        history = self.history(name)
        if any(known.id == publication.id for known in history):
            return  # the reply to the first arrival was lost
        known_at = [index for index, known in enumerate(history) if known.revision == publication.based_on]
        since = history[known_at[-1] + 1 :] if known_at else history
        raise OvertakenError(publication, self.current_revision(name), since)


def _key(name: str, what: str) -> str:
    return f"zh:flow:{{{name}}}:{what}"
