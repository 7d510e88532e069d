"""Flows by revision, so that a call keeps the flow that it began with.

zh:flow:REVISION   string  JSON of the flow, for two days after the last call that began with it

These copies are apart from what is published (`ivr.redis_publications`): whatever happens there, a call in progress
has its own flow.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Final, Protocol

import redis
import structlog

from flows.model import Flow
from flows.problems import FlowError
from ivr.flow_json import flow_from_json
from ivr.redis_publications import NotPublishedError, Publications

log = structlog.get_logger()

# A call lasts a day at most.
FLOW_TTL_S: Final = 2 * 24 * 3600
# A process has few revisions in use at a time; an editor who saves all day makes many.
KEPT: Final = 16


class FlowSource(Protocol):
    """Where the flow for new calls comes from: a file, or what is published."""

    def latest(self) -> Flow:
        """The flow that a call begins with now; the last good one where there is no newer good one."""

    @property
    def last(self) -> Flow:
        """The same without looking."""


class PublishedFlow:
    """The published flow of a name, followed from publication to publication."""

    def __init__(self, publications: Publications, name: str) -> None:
        """Raises `NotPublishedError`, and `FlowError` for one that cannot be read."""
        self._publications = publications
        self._name = name
        flow = publications.current(name)
        if flow is None:
            raise NotPublishedError(
                f'FLOW_NAME: no flow "{name}" has been published; start without FLOW_NAME and run '
                '`ivr flow publish FILE --message "..."` first'
            )
        self._flow = flow
        # The revision that could not be used, None where there is none at all: said once.
        self._refused: str | None = flow.revision

    @property
    def last(self) -> Flow:
        """The flow that was current when we last looked."""
        return self._flow

    def latest(self) -> Flow:
        """Look whether there is a newer one: one small read. Raises `redis.RedisError`."""
        revision = self._publications.current_revision(self._name)
        if revision not in (self._flow.revision, self._refused):
            self._follow(revision)
        return self._flow

    def _follow(self, revision: str | None) -> None:
        try:
            flow = self._publications.current(self._name)
        except (FlowError, NotPublishedError) as error:
            self._refused = revision
            log.error("published flow not usable; the last one stays", revision=revision, problems=str(error))
            return
        if flow is None:
            self._refused = revision
            log.error("the published flow is gone from Redis; the last one stays", flow=self._name)
            return
        self._refused = flow.revision
        self._flow = flow
        log.info("flow changed", flow=flow.name, revision=flow.revision)


class FlowStore:
    """The flow that new calls begin with, and the earlier ones that calls in progress still need."""

    def __init__(self, client: redis.Redis, source: FlowSource) -> None:
        self._redis = client
        self._source = source
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, Flow] = OrderedDict()
        self._remember(source.last)

    @property
    def current(self) -> Flow:
        """The flow that a call would begin with now; without Redis, the last one known."""
        try:
            return self._source.latest()
        except redis.RedisError:
            return self._source.last

    @property
    def last(self) -> Flow:
        """The last flow known, without looking anywhere: for where looking may be what failed."""
        return self._source.last

    def for_new_call(self) -> Flow:
        """The flow that a call begins with, put where every process finds it. Raises `redis.RedisError`."""
        flow = self._source.latest()
        self._remember(flow)
        if not self._redis.expire(_key(flow.revision), FLOW_TTL_S):
            self._redis.set(_key(flow.revision), flow.model_dump_json(), ex=FLOW_TTL_S)
        return flow

    def find(self, revision: str) -> Flow | None:
        """The flow of a revision that calls in progress may have; None where it is gone."""
        with self._lock:
            known = self._kept.get(revision)
        if known is not None:
            return known
        flow = copy_of(self._redis, revision)
        if flow is not None:
            self._remember(flow)
        return flow

    def of_revision(self, revision: str) -> Flow:
        """The flow of a call; the current one, which has another revision, where the call's own is gone."""
        return self.find(revision) or self.for_new_call()

    def _remember(self, flow: Flow) -> None:
        with self._lock:
            self._kept[flow.revision] = flow
            self._kept.move_to_end(flow.revision)
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)


def copy_of(client: redis.Redis, revision: str) -> Flow | None:
    """The flow of a revision that calls began with in the last days; None where it is gone or cannot be read."""
    stored = client.get(_key(revision))
    return flow_from_json(str(stored)) if stored is not None else None


def _key(revision: str) -> str:
    return f"zh:flow:{revision}"
