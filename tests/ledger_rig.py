"""For the tests of the ledger: a store that forgets on demand, and requests that live through the lifecycle."""

from __future__ import annotations

import copy
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from callbacks import lifecycle_events as events
from callbacks.committing import Committer, new_entry
from callbacks.ledger import Keyring, LedgerStore
from callbacks.ledger_entries import encode, forgotten
from callbacks.memory_ledger import MemoryLedger
from callbacks.memory_store import MemoryStore
from callbacks.model import CallbackRequest
from callbacks.rules import Policy, QueueRules
from callbacks.store import Change, Store, Versioned

AT = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
KEYRING = Keyring.of(b"a secret")
POLICY = Policy()
RULES = QueueRules(name="shop")


def minutes(count: float) -> datetime:
    """So long after the first instant of a test."""
    return AT + timedelta(minutes=count)


def request(
    name: str, *, starts: float | None = None, by: float = 15, number: str = "+442079460123"
) -> CallbackRequest:
    """A promise made at `AT`: to call within `by` minutes, not before `starts` minutes."""
    return CallbackRequest(
        id=name,
        number=number,
        caller_number="+442079460199",
        queue="shop",
        language="en",
        topic="orders",
        dossier={"reason": "a parcel"},
        created_at=AT,
        arrived_at=AT,
        rank_at=AT,
        starts_at=None if starts is None else minutes(starts),
        promised_by=minutes(by),
        first_promised_by=minutes(by),
        due_at=AT if starts is None else minutes(starts),
        expires_at=minutes(by + 2880),
        looked_at=AT,
        review_at=minutes(by),
        words=("amber", "river"),
        salt=f"salt of {name}",
    )


class Rig:
    """A store and its ledger, in memory unless others are given; and backups of those in memory."""

    def __init__(self, store: Store | None = None, ledger: LedgerStore | None = None) -> None:
        self.memory = MemoryStore(POLICY)
        self.store = store or self.memory
        self.ledger = ledger or MemoryLedger(self.memory.entries)
        self.committer = Committer(self.store, POLICY, lambda _: RULES)

    def promise(self, record: CallbackRequest) -> None:
        """Book it."""
        change = Change(commit_id=f"promise {record.id}", request=Versioned(record, 0), entries=new_entry(record))
        assert self.store.commit(change) == "done"

    def apply(self, name: str, *happened: events.Event) -> CallbackRequest:
        """Let events happen to a request."""
        for event in happened:
            self.committer.apply(name, event)
        return self.record(name)

    def record(self, name: str) -> CallbackRequest:
        known = self.store.request(name)
        assert known is not None, name
        return known.record

    def forget(self, name: str, at: datetime = AT) -> None:
        """Delete a record, as privacy and retention do."""
        if self.store.request(name) is not None:
            self.store.forget([name])
            self.ledger.add_entries([encode(forgotten(name, "asked", at))])

    def backup(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """All that the store and its ledger hold."""
        return tuple(
            {name: copy.copy(value) for name, value in vars(part).items() if name not in {"_lock", "_policy"}}
            for part in (self.memory, self.ledger)
        )

    def restore(self, kept: tuple[dict[str, Any], dict[str, Any]]) -> None:
        """The store is what it was then."""
        for part, values in zip((self.memory, self.ledger), kept, strict=True):
            vars(part).update({name: copy.copy(value) for name, value in values.items()})
        self.ledger._unsealed = self.memory.entries


def dialled(at: float, fence: int = 1) -> tuple[events.Event, ...]:
    """An agent takes it and the customer's phone rings, after `at` minutes."""
    now = minutes(at)
    return (
        events.CameDue(at=now),
        events.Claimed(at=now, agent_id="desk", agent_number="+442079460100"),
        events.LegCreated(at=now, fence=fence, leg="agent", sid=f"CAagent{fence}"),
        events.AgentAccepted(at=now, fence=fence, sid=f"CAagent{fence}"),
        events.CustomerDialled(at=now, fence=fence),
        events.LegCreated(at=now, fence=fence, leg="customer", sid=f"CAcustomer{fence}"),
    )


def talked(at: float, fence: int = 1) -> tuple[events.Event, ...]:
    """The same, and they talk, and it ends."""
    now = minutes(at)
    return (
        *dialled(at, fence),
        events.CustomerAnswered(at=now, fence=fence, sid=f"CAcustomer{fence}"),
        events.CustomerLeft(at=now + timedelta(minutes=3), fence=fence),
        events.Disposed(at=now + timedelta(minutes=4), fence=fence, code="solved"),
    )


def unreached(at: float, reason: str, fence: int = 1) -> events.Event:
    return events.CustomerUnreached(at=minutes(at), fence=fence, reason=reason)


def plain(record: CallbackRequest) -> CallbackRequest:
    """A record without what the ledger does not keep."""
    return msgspec.structs.replace(record, looked_at=AT, review_at=AT)
