"""Flows by revision, so that a call keeps the flow that it began with.

zh:flow:REVISION   string  JSON of the flow
"""

from __future__ import annotations

from typing import Final

import redis

from flows.model import Flow

# A call lasts a day at most.
FLOW_TTL_S: Final = 2 * 24 * 3600


class FlowStore:
    """The flow that new calls begin with, and the earlier ones that calls in progress still need."""

    def __init__(self, client: redis.Redis, current: Flow) -> None:
        self._redis = client
        self.current = current
        self._kept = {current.revision: current}

    def keep_current(self) -> None:
        """Put the current flow where every process finds it; to be called when a call begins."""
        self._redis.set(f"zh:flow:{self.current.revision}", self.current.model_dump_json(), ex=FLOW_TTL_S)

    def of_revision(self, revision: str) -> Flow:
        """The flow of a call; the current one where the call's own is gone."""
        if revision not in self._kept:
            stored = self._redis.get(f"zh:flow:{revision}")
            if stored is None:
                return self.current
            self._kept[revision] = Flow.model_validate_json(stored)
        return self._kept[revision]
