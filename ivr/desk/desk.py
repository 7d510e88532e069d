"""What every desk operation works with."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final, cast

import msgspec

from callbacks.errors import ConflictError
from callbacks.model import Agent, CallbackRequest
from callbacks.service import Callbacks
from callbacks.store import Change, Store, Versioned
from flows.model import Flow
from ivr.desk.errors import DeskError
from ivr.desk.views import Clock
from ivr.redis_desk import DeskReads
from ivr.services import Services, utc_now

RETRIES: Final = 8


class Desk(msgspec.Struct, frozen=True, kw_only=True):
    """`end_legs` ends what an attempt has on the line; `now` is the one clock of an operation."""

    callbacks: Callbacks
    reads: DeskReads
    flow: Callable[[], Flow]
    end_legs: Callable[[CallbackRequest], None]
    now: Callable[[], datetime] = utc_now

    @property
    def store(self) -> Store:
        """The store of requests and agents."""
        return self.callbacks.store

    def clock(self) -> Clock:
        """The office's clock at this instant."""
        return Clock(now=self.now(), zone=self.flow().zone, rules_of=self.callbacks.rules_of)

    def queues(self) -> tuple[str, ...]:
        """The queues there are: those of the flow, and those that somebody serves."""
        flow = self.flow()
        by_nodes = {str(name) for node in flow.all_nodes.values() if (name := getattr(node, "queue", None))}
        return tuple(
            sorted(
                {flow.queue, *flow.queues, *by_nodes}
                | {queue for known in self.store.agents() for queue in known.record.queues}
            )
        )

    def at_version(self, version: int | None) -> Callbacks:
        """The callbacks, for a change that is made only to that version of a request; to any without one.

        Such a change raises `DeskError` "changed" where somebody was faster.
        """
        if version is None:
            return self.callbacks
        pinned = cast(Store, _AtVersion(self.store, version))
        return Callbacks(pinned, self.callbacks.policy, self.callbacks.rules_of)

    def change_agent(self, agent_id: str, change: Callable[[Agent | None], Agent]) -> Agent:
        """Write what `change` makes of an agent, read again where somebody was faster; None is one to be added."""
        for _ in range(RETRIES):
            known = self.store.agent(agent_id)
            after = change(None if known is None else known.record)
            version = 0 if known is None else known.version
            made = Change(commit_id=uuid.uuid4().hex, agent=Versioned(after, version))
            if self.store.commit(made) == "done":
                return after
        raise ConflictError(f"could not change agent {agent_id}")


class _AtVersion:
    """A store whose requests are read under one version alone: so a change that reads, decides and commits is one
    to that version, or none."""

    def __init__(self, store: Store, version: int) -> None:
        self._store = store
        self._version = version

    def request(self, request_id: str) -> Versioned[CallbackRequest] | None:
        known = self._store.request(request_id)
        if known is not None and known.version != self._version:
            raise DeskError("changed", f"{request_id} was changed meanwhile: look at it again, then decide")
        return known

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


def desk_of(services: Services, *, end_legs: Callable[[CallbackRequest], None] | None = None) -> Desk:
    """The desk of an installation; without `end_legs` they are ended beside the request that asks for it."""

    def beside(request: CallbackRequest) -> None:
        services.beside(services.dispatcher.end_legs, request)

    return Desk(
        callbacks=services.callbacks,
        reads=DeskReads(services.redis),
        flow=lambda: services.flows.current,
        end_legs=end_legs or beside,
    )
